import { defineConfig } from 'vitest/config';

/** The tests that go by seeds, with ten times as many of them and every state of a power cut: for a night, not for each change. */
export default defineConfig({
  test: {
    include: [
      'test/main/engine/crash/randomKills.test.ts',
      'test/main/engine/fuzz/**/*.test.ts',
      'test/main/engine/powerLoss/**/*.test.ts',
    ],
    env: { PERMAFROST_SOAK: '1', PERMAFROST_POWER_LOSS: 'all' },
    testTimeout: 6 * 3_600_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
  },
});
