import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findCut, gearTable } from '../../../../src/main/engine/chunk/gear.ts';
import {
  cutStripe,
  MIN_READ_BUFFER_BYTES,
  STRIPE_BYTES,
  stripesOf,
  type ReadAt,
  type Stripe,
} from '../../../../src/main/engine/chunk/stripes.ts';
import { pseudoRandom } from './sample.ts';

const gear = gearTable(Buffer.alloc(32, 7));
const file = pseudoRandom(9_000_000, 11);
// A stretch without any cut, so that the maximum is reached as well.
file.fill(1, 2_500_000, 5_200_000);

const readWhole: ReadAt = (into, position) => file.copy(into, 0, position);
/** Reads at most `most` bytes at a time, as a file system may. */
const readShort =
  (most: number): ReadAt =>
  (into, position) =>
    file.copy(into, 0, position, Math.min(file.length, position + most));

function chunksOf(stripe: Stripe, readAt: ReadAt, bufferBytes = MIN_READ_BUFFER_BYTES): Buffer[] {
  const chunks: Buffer[] = [];
  const total = cutStripe(stripe, gear, Buffer.allocUnsafe(bufferBytes), readAt, (buffer, start, end) => {
    chunks.push(Buffer.from(buffer.subarray(start, end)));
  });
  expect(total).toBe(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  return chunks;
}

describe('stripes', () => {
  it('cover a file without gap or overlap', () => {
    fc.assert(
      fc.property(fc.nat(2 ** 40), (size) => {
        fc.pre(size / STRIPE_BYTES < 1000);
        const stripes = stripesOf(size);
        stripes.forEach((stripe, i) => expect(stripe.first).toBe(stripes[i - 1]?.end ?? 0));
        expect(stripes.at(-1)?.end).toBe(size);
      }),
    );
    expect(stripesOf(0)).toEqual([{ first: 0, end: 0, size: 0 }]);
    expect(stripesOf(STRIPE_BYTES)).toHaveLength(1);
    expect(stripesOf(STRIPE_BYTES + 1)).toHaveLength(2);
  });

  it('cut a file of one stripe as if it lay in memory whole', () => {
    const expected: number[] = [];
    for (let at = 0; at < file.length;) {
      const cut = findCut(gear, file, at, file.length);
      expected.push(cut - at);
      at = cut;
    }
    const stripe = { first: 0, end: file.length, size: file.length };
    expect(chunksOf(stripe, readWhole).map((chunk) => chunk.length)).toEqual(expected);
  });

  it('cut alike however the bytes come in', () => {
    const length = fc.integer({ min: 1_000_000, max: 4_000_000 });
    const bufferBytes = fc.integer({ min: MIN_READ_BUFFER_BYTES, max: 12_000_000 });
    fc.assert(
      fc.property(length, fc.integer({ min: 5_000, max: 2_000_000 }), bufferBytes, (nominal, most, room) => {
        const stripe = { first: nominal, end: 2 * nominal, size: file.length };
        const fed = chunksOf(stripe, readShort(most), room);
        const whole = chunksOf(stripe, readWhole);
        expect(fed.map((chunk) => chunk.length)).toEqual(whole.map((chunk) => chunk.length));
        expect(Buffer.concat(fed).equals(Buffer.concat(whole))).toBe(true);
      }),
      { numRuns: 12 },
    );
  });

  it('join to the file again, wherever their borders are', () => {
    fc.assert(
      fc.property(fc.integer({ min: 300_000, max: 9_500_000 }), (nominal) => {
        const stripes: Stripe[] = [];
        for (let first = 0; first < file.length; first += nominal) {
          stripes.push({ first, end: Math.min(first + nominal, file.length), size: file.length });
        }
        const chunks = stripes.flatMap((stripe) => chunksOf(stripe, readWhole));
        expect(Buffer.concat(chunks).equals(file)).toBe(true);
        expect(Math.max(...chunks.map((chunk) => chunk.length))).toBeLessThanOrEqual(1024 * 1024);
      }),
      { numRuns: 12 },
    );
  });

  it('end with the file when it is shorter than it was, and with the size asked for when it is longer', () => {
    const shorter = { first: 0, end: file.length + 5_000_000, size: file.length + 5_000_000 };
    expect(Buffer.concat(chunksOf(shorter, readWhole)).equals(file)).toBe(true);
    const longer = { first: 0, end: 700_000, size: 700_000 };
    expect(Buffer.concat(chunksOf(longer, readWhole)).equals(file.subarray(0, 700_000))).toBe(true);
    expect(chunksOf({ first: 0, end: 0, size: 0 }, readWhole)).toEqual([]);
  });

  it('take the word of whoever knows a cut', () => {
    const stripe = { first: 0, end: 300_000, size: 300_000 };
    const lengths: number[] = [];
    const take = (_buffer: Buffer, start: number, end: number) => lengths.push(end - start);
    const knownCut = (_buffer: Buffer, start: number, end: number) =>
      end - start > 100_000 ? start + 100_000 : null;
    cutStripe(stripe, gear, Buffer.alloc(MIN_READ_BUFFER_BYTES), readWhole, take, knownCut);
    expect(lengths.slice(0, 2)).toEqual([100_000, 100_000]);
  });
});
