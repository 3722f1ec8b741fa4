import { defineConfig } from 'vitest/config';

/**
 * The real renderer in a real Chromium against the serve host and the simulator; needs `npm run build`. The steps of a
 * story build on each other: after the first that fails, the others say nothing.
 */
export default defineConfig({
  test: {
    include: ['test/e2e/**/*.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    maxWorkers: 1,
    bail: 1,
  },
});
