import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createHeader } from '../../../../src/main/engine/pack/header.ts';
import {
  bodyLength,
  bodyOfSegment,
  openSegment,
  SEGMENT_BYTES,
  sealSegment,
  segmentCount,
  segmentsFor,
  segmentsOfBody,
} from '../../../../src/main/engine/pack/segment.ts';
import { pseudoRandom } from '../chunk/sample.ts';
import { keys, writer } from './samplePack.ts';

const { bytes: header, seal } = createHeader(keys, writer);

function storedSegment(n: number, last: boolean, plaintext: Buffer): Buffer {
  const { ciphertext, tag } = sealSegment(seal, n, last, plaintext);
  return Buffer.concat(n === 0 ? [header, ciphertext, tag] : [ciphertext, tag]);
}

const bodyOf = (n: number) => pseudoRandom(bodyOfSegment(n).end - bodyOfSegment(n).first, n + 1);

describe('segments', () => {
  it('hold what the format says', () => {
    expect(bodyLength(1)).toBe(1_048_432);
    expect(bodyLength(256)).toBe(256 * 1_048_560 - 128);
    expect(bodyOfSegment(0)).toEqual({ first: 0, end: 1_048_432 });
    expect(bodyOfSegment(1)).toEqual({ first: 1_048_432, end: 2_096_992 });
  });

  it('cover the body without gap or overlap', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4096 }), (n) => {
        expect(bodyOfSegment(n).first).toBe(bodyOfSegment(n - 1).end);
        expect(bodyOfSegment(n - 1).end).toBe(bodyLength(n));
      }),
    );
  });

  it('are found for any part of the body', () => {
    fc.assert(
      fc.property(fc.nat(bodyLength(40)), fc.integer({ min: 1, max: 5_000_000 }), (first, length) => {
        const span = segmentsOfBody(first, first + length);
        expect(bodyOfSegment(span.first).first).toBeLessThanOrEqual(first);
        expect(bodyOfSegment(span.first).end).toBeGreaterThan(first);
        expect(bodyOfSegment(span.end - 1).first).toBeLessThan(first + length);
        expect(bodyOfSegment(span.end - 1).end).toBeGreaterThanOrEqual(first + length);
      }),
    );
    expect(() => segmentsOfBody(5, 5)).toThrow(RangeError);
    expect(() => segmentsOfBody(-1, 5)).toThrow(RangeError);
  });

  it('are just enough for a body', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 32 - 1 }), (bytes) => {
        const segments = segmentsFor(bytes);
        expect(bodyLength(segments)).toBeGreaterThanOrEqual(bytes);
        expect(segments === 1 || bodyLength(segments - 1) < bytes).toBe(true);
      }),
    );
    expect(segmentsFor(0)).toBe(1);
  });

  it('make the sizes that packs may have', () => {
    expect(segmentCount(SEGMENT_BYTES)).toBe(1);
    expect(segmentCount(4096 * SEGMENT_BYTES)).toBe(4096);
    for (const size of [0, 1, SEGMENT_BYTES - 1, SEGMENT_BYTES + 1, 4097 * SEGMENT_BYTES, -SEGMENT_BYTES]) {
      expect(segmentCount(size)).toBeUndefined();
    }
  });

  it('open again, at their own place only', () => {
    for (const n of [0, 1, 4095]) {
      for (const last of [false, true]) {
        const body = bodyOf(n);
        const stored = storedSegment(n, last, body);
        expect(stored).toHaveLength(SEGMENT_BYTES);
        expect(openSegment(seal, n, last, stored)?.equals(body)).toBe(true);
        expect(openSegment(seal, n, !last, stored)).toBeNull();
        expect(openSegment(seal, n + 1, last, stored)).toBeNull();
      }
    }
  });

  it('open with the header damaged in the archive, if a good copy of it is at hand', () => {
    const body = bodyOf(0);
    const stored = storedSegment(0, true, body);
    stored.fill(0, 0, 128);
    expect(openSegment(seal, 0, true, stored)?.equals(body)).toBe(true);
  });

  it('do not open when a bit is flipped, when they are short, or in another pack', () => {
    const stored = storedSegment(1, false, bodyOf(1));
    fc.assert(
      fc.property(fc.nat(SEGMENT_BYTES * 8 - 1), (bit) => {
        const damaged = Buffer.from(stored);
        damaged[bit >> 3]! ^= 1 << (bit & 7);
        expect(openSegment(seal, 1, false, damaged)).toBeNull();
      }),
      { numRuns: 50 },
    );
    expect(openSegment(seal, 1, false, stored.subarray(1))).toBeNull();
    expect(openSegment(seal, 1, false, Buffer.alloc(0))).toBeNull();
    expect(openSegment(createHeader(keys, writer).seal, 1, false, stored)).toBeNull();
  });

  it('are sealed whole or not at all', () => {
    expect(() => sealSegment(seal, 1, false, Buffer.alloc(10))).toThrow(RangeError);
  });
});
