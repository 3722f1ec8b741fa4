/**
 * Where files are cut: content-defined chunking with a keyed gear hash (docs/format.md §7).
 *
 * The hash is shifted by one bit for each byte, so it knows just the last 32 of them: whether a place is fit for a cut
 * depends on the 32 bytes before it, and an insertion moves the cuts near it and no others. A chunk is looked through
 * from its minimum on; before the average a cut is 16 times as unlikely as after it, which draws lengths together.
 */
import { hkdf } from '../crypto.ts';

export const MIN_CHUNK_BYTES = 64 * 1024;
export const AVERAGE_CHUNK_BYTES = 256 * 1024;
export const MAX_CHUNK_BYTES = 1024 * 1024;

/** Bytes the hash remembers. */
const WINDOW = 32;
/** The top 20 bits, and the top 16: a cut is where they are zero. */
const STRICT_MASK = -1 << 12;
const EASY_MASK = -1 << 16;

/** The 256 words of a target, from its key `cdc`. */
export function gearTable(cdcKey: Uint8Array): Int32Array {
  const bytes = hkdf(cdcKey, Buffer.alloc(0), Buffer.from('gear'), 1024);
  return Int32Array.from({ length: 256 }, (_, i) => bytes.readInt32LE(4 * i));
}

/**
 * Where the chunk that starts at `start` ends. `end` is where the bytes at hand end: the caller sees to it that they
 * reach `MAX_CHUNK_BYTES` beyond `start`, or to the end of the file.
 */
export function findCut(gear: Int32Array, bytes: Uint8Array, start: number, end: number): number {
  const last = Math.min(end, start + MAX_CHUNK_BYTES);
  const first = start + MIN_CHUNK_BYTES;
  if (last <= first) return last;
  const middle = Math.min(last, start + AVERAGE_CHUNK_BYTES);
  const early = scan(gear, bytes, first, middle, STRICT_MASK);
  if (early !== -1 || middle === last) return early === -1 ? last : early;
  const late = scan(gear, bytes, middle, last, EASY_MASK);
  return late === -1 ? last : late;
}

/**
 * The first place from `start` on that is fit for a cut, at most `MAX_CHUNK_BYTES` away. It depends on nothing before
 * `start`, so two readers who begin there agree on it. `end` as for `findCut`.
 */
export function findBoundary(gear: Int32Array, bytes: Uint8Array, start: number, end: number): number {
  const last = Math.min(end, start + MAX_CHUNK_BYTES);
  const first = start + WINDOW;
  if (last <= first) return last;
  const found = scan(gear, bytes, first, last, EASY_MASK);
  return found === -1 ? last : found;
}

/** The first cut in (`from`, `to`] whose masked hash is zero, or -1. Reads the 32 bytes before `from`, too. */
function scan(gear: Int32Array, bytes: Uint8Array, from: number, to: number, mask: number): number {
  let hash = 0;
  for (let i = from - WINDOW; i < from; i++) hash = ((hash << 1) + word(gear, bytes, i)) | 0;
  let at = from;
  // Two bytes a step: the second hash needs only the one before the first, so the two are worked out side by side.
  for (const pairs = to - 1; at < pairs; at += 2) {
    const one = word(gear, bytes, at);
    const two = word(gear, bytes, at + 1);
    if ((((hash << 1) + one) & mask) === 0) return at + 1;
    hash = ((hash << 2) + (one << 1) + two) | 0;
    if ((hash & mask) === 0) return at + 2;
  }
  if (at < to && (((hash << 1) + word(gear, bytes, at)) & mask) === 0) return to;
  return -1;
}

function word(gear: Int32Array, bytes: Uint8Array, at: number): number {
  return gear[bytes[at] as number] as number;
}
