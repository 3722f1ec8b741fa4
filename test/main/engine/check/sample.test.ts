import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planSample, type SampleArchive } from '../../../../src/main/engine/check/sample.ts';
import { isTreeHashAligned } from '../../../../src/main/engine/upload/alignment.ts';

const MIB = 1024 * 1024;
const free = { perRequest: 0, perSegment: 0 };
const price = { perRequest: 0.00003, perSegment: 0.0001 };

const archives = fc
  .array(
    fc.record({
      segments: fc.integer({ min: 1, max: 300 }),
      provenAt: fc.option(fc.integer({ min: 1, max: 50 })),
    }),
    { maxLength: 12 },
  )
  .map((all) => all.map((one, id): SampleArchive<number> => ({ id, ...one })));
const percents = fc.double({ min: 0.01, max: 100, noNaN: true });
const dices = fc
  .infiniteStream(fc.nat())
  .map((stream) => (below: number) => Number(stream.next().value) % below);

function segmentsOf(ranges: readonly { readonly first: number; readonly end: number }[]): number {
  return ranges.reduce((sum, { first, end }) => sum + end - first, 0);
}

describe('a sample', () => {
  it('is exactly the share that was asked for, in disjoint nodes of hash trees', () => {
    fc.assert(
      fc.property(archives, percents, dices, (all, percent, dice) => {
        const ranges = planSample(all, percent, { price: free, maxUsd: 0, dice });
        const total = all.reduce((sum, { segments }) => sum + segments, 0);
        expect(segmentsOf(ranges)).toBe(Math.min(total, Math.ceil((total * percent) / 100)));
        for (const [at, { id, first, end }] of ranges.entries()) {
          const size = (all[id]?.segments ?? 0) * MIB;
          expect(isTreeHashAligned({ first: first * MIB, end: end * MIB }, size)).toBe(true);
          const others = ranges.filter((range, i) => i !== at && range.id === id);
          expect(others.every((range) => range.end <= first || range.first >= end)).toBe(true);
        }
      }),
    );
  });

  it('costs no more than allowed, and is all of it when that is enough', () => {
    fc.assert(
      fc.property(
        archives,
        percents,
        fc.double({ min: 0, max: 0.2, noNaN: true }),
        dices,
        (all, percent, maxUsd, dice) => {
          const ranges = planSample(all, percent, { price, maxUsd, dice });
          const usd = ranges.length * price.perRequest + segmentsOf(ranges) * price.perSegment;
          expect(usd).toBeLessThanOrEqual(maxUsd + 1e-12);
          const total = all.reduce((sum, { segments }) => sum + segments, 0);
          const wanted = Math.min(total, Math.ceil((total * percent) / 100));
          if (wanted > 0 && maxUsd >= wanted * (price.perRequest + price.perSegment))
            expect(segmentsOf(ranges)).toBe(wanted);
        },
      ),
    );
  });

  it('takes what was never proven first, then what was not for the longest time', () => {
    const all = [
      { id: 'new', segments: 4, provenAt: 9 },
      { id: 'never', segments: 4, provenAt: null },
      { id: 'old', segments: 4, provenAt: 3 },
    ];
    const ranges = planSample(all, 16, { price: free, maxUsd: 0, dice: () => 0 });
    expect(ranges.map(({ id }) => id)).toEqual(['never', 'old']);
    const whole = planSample(all, 100, { price: free, maxUsd: 0, dice: () => 0 });
    expect(whole).toEqual([
      { id: 'never', first: 0, end: 4 },
      { id: 'old', first: 0, end: 4 },
      { id: 'new', first: 0, end: 4 },
    ]);
  });

  it('lies anywhere in an archive', () => {
    const seen = new Set<number>();
    const all = [{ id: 1, segments: 8, provenAt: null }];
    for (let side = 0; side < 8; side++) {
      const [range] = planSample(all, 10, { price: free, maxUsd: 0, dice: () => side });
      seen.add(range?.first ?? -1);
    }
    expect([...seen].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });
});
