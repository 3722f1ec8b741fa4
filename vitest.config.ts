import { configDefaults, defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Tests that kill, starve and flood processes of their own: they take all of the machine for minutes. */
const hard = ['test/main/engine/{crash,faults,fuzz,powerLoss}/**/*.test.ts'];

/** They take minutes each. Begun last, one of them would go on alone; a fresh clone knows no durations. */
const long = [
  /retain\/years\.test\.ts$/,
  /randomKills\.test\.ts$/,
  /crashSweep\.test\.ts$/,
  /fuzz\.test\.ts$/,
];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const at = long.findIndex((name) => name.test(moduleId));
      return at === -1 ? long.length : at;
    };
    return (await super.sort(files)).toSorted((a, b) => rank(a) - rank(b));
  }
}

export default defineConfig({
  test: {
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
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
