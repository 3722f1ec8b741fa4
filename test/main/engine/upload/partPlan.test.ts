import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  MAX_PARTS,
  partBytesFor,
  planParts,
  smallestPartBytes,
} from '../../../../src/main/engine/upload/partPlan.ts';

const MIB = 1024 * 1024;
const LARGEST = 10_000 * 4096 * MIB;

describe('part plan', () => {
  it.each([
    [1, MIB],
    [10_485_760_000, MIB],
    [10_485_760_001, 2 * MIB],
    [1e12, 128 * MIB],
    [5e12, 512 * MIB],
    [LARGEST, 4096 * MIB],
  ])('needs for %i bytes parts of at least %i', (size, partBytes) => {
    expect(smallestPartBytes(size)).toBe(partBytes);
  });

  it('keeps the preferred size wherever it is legal', () => {
    expect(partBytesFor(256 * MIB, 16 * MIB)).toBe(16 * MIB);
    expect(partBytesFor(1e12, 16 * MIB)).toBe(128 * MIB);
  });

  it('covers the archive without gaps, in at most 10,000 parts', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: LARGEST }), fc.integer({ min: 0, max: 12 }), (size, power) => {
        const partBytes = partBytesFor(size, MIB * 2 ** power);
        const parts = planParts(size, partBytes);
        let end = 0;
        for (const part of parts) {
          if (part.offset !== end || part.length > partBytes || part.length < 1)
            expect.fail(JSON.stringify(part));
          end += part.length;
        }
        expect(end).toBe(size);
        expect(parts.length).toBeLessThanOrEqual(MAX_PARTS);
        expect(parts.slice(0, -1).every((part) => part.length === partBytes)).toBe(true);
      }),
    );
  });

  it('refuses what no service takes', () => {
    expect(() => planParts(0, MIB)).toThrow(RangeError);
    expect(() => planParts(5, 3 * MIB)).toThrow(RangeError);
    expect(() => planParts(10_485_760_001, MIB)).toThrow(RangeError);
    expect(() => smallestPartBytes(LARGEST + 1)).toThrow(RangeError);
  });
});
