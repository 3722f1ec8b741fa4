/**
 * Segments: a pack is cut in pieces of exactly 1 MiB, each sealed by itself (docs/format.md §4.1), so that a piece
 * fetched alone can be checked and opened, and a piece is a leaf of the archive's tree hash.
 *
 * What the segments hold, joined, is the body. Its offsets are what trailer and index speak of; the functions below
 * turn them into segments and back.
 */
import { gcmOpen, gcmSeal, NONCE_BYTES, type Sealed, TAG_BYTES } from '../crypto.ts';
import { HEADER_BYTES, type PackSeal } from './header.ts';

export const SEGMENT_BYTES = 1024 * 1024;
export const MAX_SEGMENTS = 4096;

/** Body bytes in a segment that has no header in front of it. */
const FULL_BODY_BYTES = SEGMENT_BYTES - TAG_BYTES;

/** From `first` to `end`, exclusive. */
export interface Span {
  readonly first: number;
  readonly end: number;
}

/** Length of the body of a pack of so many segments. */
export function bodyLength(segments: number): number {
  return segments * FULL_BODY_BYTES - HEADER_BYTES;
}

/** How many segments it takes to hold a body of at least `bytes`. */
export function segmentsFor(bytes: number): number {
  return Math.max(1, Math.ceil((bytes + HEADER_BYTES) / FULL_BODY_BYTES));
}

/** Which bytes of the body segment `n` holds. */
export function bodyOfSegment(n: number): Span {
  return { first: n === 0 ? 0 : n * FULL_BODY_BYTES - HEADER_BYTES, end: bodyLength(n + 1) };
}

/** The segments that hold the body's bytes `first` to `end`, which must not be empty. */
export function segmentsOfBody(first: number, end: number): Span {
  if (first < 0 || end <= first) throw new RangeError(`${first} to ${end} is no part of a body`);
  return { first: segmentAt(first), end: segmentAt(end - 1) + 1 };
}

function segmentAt(offset: number): number {
  return Math.floor((offset + HEADER_BYTES) / FULL_BODY_BYTES);
}

/** How many segments an archive of `size` bytes has. Undefined when no pack has that size. */
export function segmentCount(size: number): number | undefined {
  const segments = size / SEGMENT_BYTES;
  return Number.isInteger(segments) && segments >= 1 && segments <= MAX_SEGMENTS ? segments : undefined;
}

/**
 * Seals the body's part that belongs in segment `n`. The caller sees to it that a key never seals a number twice.
 * Together with the header in segment 0, ciphertext and tag are 1 MiB.
 */
export function sealSegment(seal: PackSeal, n: number, last: boolean, plaintext: Buffer): Sealed {
  const { first, end } = bodyOfSegment(n);
  if (plaintext.length !== end - first) throw new RangeError(`segment ${n} has another length`);
  return gcmSeal(seal.key, nonceOf(n, last), seal.headerHash, plaintext);
}

/**
 * Opens segment `n` as it lies in the archive, 1 MiB; null when a bit of it, its number, its place at the end or its
 * pack differ. The header in front of segment 0 is not looked at: a good copy of it may come from elsewhere.
 */
export function openSegment(seal: PackSeal, n: number, last: boolean, stored: Buffer): Buffer | null {
  if (stored.length !== SEGMENT_BYTES) return null;
  const ciphertext = stored.subarray(n === 0 ? HEADER_BYTES : 0, SEGMENT_BYTES - TAG_BYTES);
  return gcmOpen(
    seal.key,
    nonceOf(n, last),
    seal.headerHash,
    ciphertext,
    stored.subarray(SEGMENT_BYTES - TAG_BYTES),
  );
}

/** Unique under the pack's key by counting. The last flag makes a pack that was cut short fail at its new end. */
function nonceOf(n: number, last: boolean): Buffer {
  const nonce = Buffer.alloc(NONCE_BYTES);
  nonce.writeUInt32LE(n, 7);
  nonce[11] = last ? 1 : 0;
  return nonce;
}
