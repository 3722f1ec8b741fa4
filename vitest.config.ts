import { configDefaults, defineConfig } from 'vitest/config';

/** Tests that kill, starve and flood processes of their own: they take all of the machine for minutes. */
const hard = ['test/main/engine/{crash,faults,fuzz,powerLoss}/**/*.test.ts'];

export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: [
      {
        test: {
          name: 'quick',
          include: ['test/**/*.test.ts'],
          exclude: [...configDefaults.exclude, ...hard, 'test/e2e/**', 'test/foreign/**'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'hard',
          include: hard,
          testTimeout: 300_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
