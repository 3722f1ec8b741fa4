import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mergeRanges, planRanges, type SegmentRange } from '../../../../src/main/engine/restore/ranges.ts';

/** Every node of the hash tree over `n` leaves, by the rule of glacier-api.md §8.3, not by splitting. */
function nodes(n: number): SegmentRange[] {
  const all: SegmentRange[] = [];
  for (let size = 1; size < 2 * n; size *= 2) {
    for (let first = 0; first < n; first += size) all.push({ first, end: Math.min(first + size, n) });
  }
  return all;
}

/** Cheapest cover by brute force over all sets of disjoint nodes: dynamic programming over positions. */
function bruteForce(
  needed: readonly SegmentRange[],
  n: number,
  perRequest: number,
  perSegment: number,
): number {
  const wanted = (i: number) => needed.some((r) => r.first <= i && i < r.end);
  const best = Array.from({ length: n + 1 }, () => Infinity);
  best[n] = 0;
  const all = nodes(n);
  for (let at = n - 1; at >= 0; at--) {
    if (!wanted(at)) best[at] = best[at + 1]!;
    for (const node of all) {
      if (node.first !== at) continue;
      best[at] = Math.min(best[at]!, best[node.end]! + perRequest + perSegment * (node.end - node.first));
    }
  }
  return best[0]!;
}

const needs = (n: number) =>
  fc
    .array(fc.record({ first: fc.nat({ max: n - 1 }), length: fc.integer({ min: 1, max: 5 }) }), {
      maxLength: 8,
    })
    .map((list) => mergeRanges(list.map((r) => ({ first: r.first, end: Math.min(n, r.first + r.length) }))));

const scene = fc
  .integer({ min: 1, max: 70 })
  .chain((n) =>
    fc.tuple(fc.constant(n), needs(n), fc.integer({ min: 0, max: 20 }), fc.integer({ min: 1, max: 9 })),
  );

describe('planRanges', () => {
  it('costs what the cheapest cover by tree nodes costs, found by brute force', () => {
    fc.assert(
      fc.property(scene, ([n, needed, perRequest, perSegment]) => {
        const plan = planRanges(needed, n, { perRequest, perSegment });
        const cost = plan.reduce((sum, r) => sum + perRequest + perSegment * (r.end - r.first), 0);
        expect(cost).toBe(bruteForce(needed, n, perRequest, perSegment));
      }),
      { numRuns: 1000 },
    );
  });

  it('covers all that is needed by ascending tree nodes that do not overlap', () => {
    fc.assert(
      fc.property(scene, ([n, needed, perRequest, perSegment]) => {
        const plan = planRanges(needed, n, { perRequest, perSegment });
        const valid = nodes(n);
        let end = 0;
        for (const range of plan) {
          expect(range.first).toBeGreaterThanOrEqual(end);
          expect(valid).toContainEqual(range);
          end = range.end;
        }
        for (const need of needed) {
          for (let i = need.first; i < need.end; i++) {
            expect(plan.some((r) => r.first <= i && i < r.end)).toBe(true);
          }
        }
      }),
    );
  });

  it('asks for nothing when nothing is needed', () => {
    expect(planRanges([], 256, { perRequest: 5, perSegment: 1 })).toEqual([]);
  });

  it('takes the whole archive as one range when all of it is needed', () => {
    expect(planRanges([{ first: 0, end: 7 }], 7, { perRequest: 5, perSegment: 1 })).toEqual([
      { first: 0, end: 7 },
    ]);
  });
});
