import fc from 'fast-check';
import { expect, it } from 'vitest';
import { AT_LATEST_MS, dueAfter, hinted, noHints, taken } from '../../../../src/main/engine/watch/settle.ts';

const SETTLED = 120_000;

it('is due when nothing has changed for a while, and an hour after the first change at the latest', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 10 * AT_LATEST_MS }), { minLength: 1 }), (moments) => {
      const due = dueAfter(moments.reduce(hinted, noHints), SETTLED);
      expect(due).toBe(Math.min(Math.max(...moments) + SETTLED, Math.min(...moments) + AT_LATEST_MS));
    }),
  );
  expect(dueAfter(noHints, SETTLED)).toBeNull();
});

it('a run takes what came before it began, and nothing else', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1e6 }), fc.integer({ min: 1, max: 1e6 }), (hint, began) => {
      const after = taken(hinted(noHints, hint), began);
      expect(dueAfter(after, SETTLED) !== null).toBe(hint >= began);
    }),
  );
});
