import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { padmeSegments } from '../../../../src/main/engine/pack/padme.ts';

describe('padmé', () => {
  it.each([
    [1, 1],
    [2, 2],
    [7, 7],
    [8, 8],
    [9, 10],
    [17, 18],
    [100, 104],
    [129, 144],
    [255, 256],
    [1000, 1024],
    [3000, 3072],
    [4096, 4096],
  ])('makes %i segments %i', (needed, padded) => {
    expect(padmeSegments(needed)).toBe(padded);
  });

  it('rounds up, by an eighth at most, to a number with the low bits zero that the format names', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 4096 }), (needed) => {
        const padded = padmeSegments(needed);
        expect(padded).toBeGreaterThanOrEqual(needed);
        expect(padded).toBeLessThanOrEqual(needed * 1.125);
        const exponent = Math.floor(Math.log2(padded));
        const zeroBits = exponent - (Math.floor(Math.log2(exponent)) + 1);
        expect(exponent <= 1 || padded % 2 ** zeroBits === 0).toBe(true);
        expect(padmeSegments(padded)).toBe(padded);
      }),
    );
  });

  it('refuses what is no number of segments', () => {
    for (const wrong of [0, -1, 1.5, Number.NaN]) expect(() => padmeSegments(wrong)).toThrow(RangeError);
  });
});
