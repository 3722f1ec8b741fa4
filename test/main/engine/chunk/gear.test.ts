import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  AVERAGE_CHUNK_BYTES,
  findBoundary,
  findCut,
  gearTable,
  MAX_CHUNK_BYTES,
  MIN_CHUNK_BYTES,
} from '../../../../src/main/engine/chunk/gear.ts';
import { pseudoRandom } from './sample.ts';

const gear = gearTable(Buffer.alloc(32, 7));

function cuts(bytes: Buffer, table = gear): number[] {
  const ends: number[] = [];
  for (let at = 0; at < bytes.length;) {
    at = findCut(table, bytes, at, bytes.length);
    ends.push(at);
  }
  return ends;
}

/** The rule of docs/format.md §7, one byte at a time and with nothing clever. */
function plainCut(bytes: Buffer, start: number): number {
  const last = Math.min(bytes.length, start + MAX_CHUNK_BYTES);
  for (let end = start + MIN_CHUNK_BYTES + 1; end <= last; end++) {
    let hash = 0;
    for (let i = end - 32; i < end; i++) hash = ((hash << 1) + gear[bytes[i]!]!) | 0;
    const bits = end - start <= AVERAGE_CHUNK_BYTES ? 20 : 16;
    if (hash >>> (32 - bits) === 0) return end;
  }
  return last;
}

describe('gear', () => {
  it('cuts where it always did', () => {
    const bytes = pseudoRandom(3_000_000, 1);
    expect(gear[0]).toBe(992_525_930);
    expect(cuts(bytes)).toEqual([
      356_700, 709_744, 1_059_061, 1_213_225, 1_297_910, 1_616_673, 1_797_418, 2_085_966, 2_394_100,
      2_534_758, 2_919_751, 3_000_000,
    ]);
  });

  it('cuts by the rule of the format', () => {
    for (const seed of [2, 3]) {
      const bytes = pseudoRandom(1_400_000, seed);
      let at = 0;
      for (const end of cuts(bytes)) {
        expect(end).toBe(plainCut(bytes, at));
        at = end;
      }
    }
  });

  it('keeps lengths between minimum and maximum, near the average', () => {
    const bytes = pseudoRandom(64 * 1024 * 1024, 4);
    const ends = cuts(bytes);
    const lengths = ends.map((end, i) => end - (ends[i - 1] ?? 0)).slice(0, -1);
    expect(Math.min(...lengths)).toBeGreaterThan(MIN_CHUNK_BYTES);
    expect(Math.max(...lengths)).toBeLessThanOrEqual(MAX_CHUNK_BYTES);
    const average = bytes.length / ends.length;
    expect(average).toBeGreaterThan(AVERAGE_CHUNK_BYTES * 0.8);
    expect(average).toBeLessThan(AVERAGE_CHUNK_BYTES * 1.5);
  });

  it('leaves short files whole', () => {
    for (const length of [1, MIN_CHUNK_BYTES - 1, MIN_CHUNK_BYTES]) {
      expect(findCut(gear, Buffer.alloc(length), 0, length)).toBe(length);
    }
  });

  it('decides alike with less or more in sight, from the maximum on', () => {
    const bytes = pseudoRandom(4_000_000, 5);
    fc.assert(
      fc.property(fc.nat(1_500_000), fc.integer({ min: MAX_CHUNK_BYTES, max: 2_000_000 }), (start, sight) => {
        const whole = findCut(gear, bytes, start, bytes.length);
        expect(findCut(gear, bytes, start, start + sight)).toBe(whole);
        const moved = Buffer.from(bytes.subarray(start, start + sight));
        expect(start + findCut(gear, moved, 0, moved.length)).toBe(whole);
      }),
      { numRuns: 30 },
    );
  });

  it('finds its way back to the same cuts after an insertion', () => {
    const bytes = pseudoRandom(8_000_000, 6);
    const edited = Buffer.concat([
      bytes.subarray(0, 3_000_000),
      Buffer.from('inserted'),
      bytes.subarray(3_000_000),
    ]);
    const before = new Set(cuts(bytes).map((end) => bytes.length - end));
    const after = cuts(edited).map((end) => edited.length - end);
    const moved = after.filter((distance) => !before.has(distance) && distance <= 5_000_000);
    expect(moved.length).toBeLessThan(6);
    expect(after.filter((distance) => before.has(distance)).length).toBeGreaterThan(15);
  });

  it('cuts elsewhere under another key', () => {
    const bytes = pseudoRandom(3_000_000, 1);
    expect(cuts(bytes, gearTable(Buffer.alloc(32, 8)))).not.toEqual(cuts(bytes));
  });

  it('finds a boundary that depends on nothing before the start', () => {
    const bytes = pseudoRandom(3_000_000, 9);
    const alone = Buffer.from(bytes.subarray(1_000_000));
    const found = findBoundary(gear, bytes, 1_000_000, bytes.length);
    expect(found).toBe(1_000_000 + findBoundary(gear, alone, 0, alone.length));
    expect(found - 1_000_000).toBeLessThanOrEqual(MAX_CHUNK_BYTES);
    expect(findBoundary(gear, bytes, 10, 20)).toBe(20);
    expect(findBoundary(gear, Buffer.alloc(MAX_CHUNK_BYTES * 2, 1), 5, MAX_CHUNK_BYTES * 2)).toBe(
      5 + MAX_CHUNK_BYTES,
    );
  });
});
