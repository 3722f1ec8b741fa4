import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { median, pairwiseRatio } from '../../bench/statistics.ts';

const positive = fc.double({ min: 0.001, max: 1e6, noNaN: true });

describe('median', () => {
  it.each([
    [[3], 3],
    [[9, 1, 5], 5],
    [[1, 2, 10, 3], 2.5],
    [[10, 9, 100, 1], 9.5],
  ])('of %j is %d', (values, expected) => {
    expect(median(values)).toBe(expected);
  });

  it('does not depend on the order and leaves half on either side', () => {
    fc.assert(
      fc.property(fc.array(positive, { minLength: 1 }), (values) => {
        const middle = median(values);
        expect(median(values.toReversed())).toBe(middle);
        expect(values.filter((value) => value < middle).length).toBeLessThanOrEqual(values.length / 2);
        expect(values.filter((value) => value > middle).length).toBeLessThanOrEqual(values.length / 2);
      }),
    );
  });

  it('of nothing is a mistake', () => {
    expect(() => median([])).toThrow(RangeError);
  });
});

describe('pairwise ratio', () => {
  it('compares neighbours, so that a slow hour that meets both changes nothing', () => {
    expect(pairwiseRatio([1, 2, 30], [2, 4, 60])).toEqual({ median: 2, least: 2, most: 2 });
  });

  it('is the other way round when the two change places', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(positive, positive), { minLength: 1, maxLength: 9 }), (pairs) => {
        const odd = pairs.length % 2 === 0 ? pairs.slice(1) : pairs;
        const [ours, theirs] = [odd.map(([a]) => a), odd.map(([, b]) => b)];
        const [there, back] = [pairwiseRatio(ours, theirs), pairwiseRatio(theirs, ours)];
        expect(there.median * back.median).toBeCloseTo(1);
        expect(there.least * back.most).toBeCloseTo(1);
      }),
    );
  });

  it('refuses rounds that have no partner', () => {
    expect(() => pairwiseRatio([1], [1, 2])).toThrow(RangeError);
    expect(() => pairwiseRatio([], [])).toThrow(RangeError);
  });
});
