import fc from 'fast-check';
import { expect, it } from 'vitest';
import { fractionDone } from '../../src/renderer/fraction.ts';

it('is the part of the time that has passed', () => {
  expect(fractionDone(30_000, 90, null)).toBe(0.25);
});

it('is unknown until somebody can tell, and then stays known', () => {
  expect(fractionDone(30_000, null, null)).toBeNull();
  expect(fractionDone(30_000, null, 0.4)).toBe(0.4);
});

it('never falls and never reaches the end', () => {
  const left = fc.option(fc.double({ min: 0, max: 1e6, noNaN: true }));
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(1_000_000), left)), (steps) => {
      let shown: number | null = null;
      for (const [elapsedMs, secondsLeft] of steps) {
        const next: number | null = fractionDone(elapsedMs, secondsLeft, shown);
        if (shown !== null) expect(next).toBeGreaterThanOrEqual(shown);
        if (next !== null) expect(next).toBeLessThan(1);
        shown = next;
      }
    }),
  );
});
