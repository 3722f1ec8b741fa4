/**
 * A file as chunks, stripe by stripe.
 *
 * A big file is cut in stripes of about 64 MiB that different threads can read at the same time. A stripe runs from
 * the first place fit for a cut at or after a multiple of 64 MiB to the next such place; whoever reads either side of
 * it finds it by looking at the same bytes. So the chunks of a file depend on its content alone, not on who read it.
 */
import { findBoundary, findCut, MAX_CHUNK_BYTES } from './gear.ts';

export const STRIPE_BYTES = 64 * 1024 * 1024;

/** Least size of the buffer that `cutStripe` reads into; more saves moving bytes. */
export const MIN_READ_BUFFER_BYTES = 3 * MAX_CHUNK_BYTES;

/** Nominal borders, in bytes of the file. */
export interface Stripe {
  /** A multiple of `STRIPE_BYTES`. */
  readonly first: number;
  /** The next multiple, or the size of the file. */
  readonly end: number;
  /** Size of the file. */
  readonly size: number;
}

/** The stripes of a file in order; one for an empty file. */
export function stripesOf(size: number): readonly Stripe[] {
  const stripes: Stripe[] = [];
  for (let first = 0; first < size || first === 0; first += STRIPE_BYTES) {
    stripes.push({ first, end: Math.min(first + STRIPE_BYTES, size), size });
  }
  return stripes;
}

/** Fills `into` from `position` of the file on; returns how many bytes it put there, 0 only at the end of the file. */
export type ReadAt = (into: Uint8Array, position: number) => number;

/** Gets a chunk's bytes, which are the reader's again afterwards. */
export type TakeChunk = (buffer: Buffer, start: number, end: number) => void;

/** How long the chunk is that starts with nothing but zero bytes, if that is known to be so without a look at each. */
export type KnownCut = (buffer: Buffer, start: number, end: number) => number | null;

/**
 * Cuts a stripe and hands on its chunks in order. Reads each byte once, save for up to 1 MiB behind its end, and
 * nothing at or behind `stripe.size`, so that a file that keeps growing comes to an end.
 * @returns bytes handed on; a file that has shrunk gives fewer
 */
export function cutStripe(
  stripe: Stripe,
  gear: Int32Array,
  buffer: Buffer,
  readAt: ReadAt,
  take: TakeChunk,
  knownCut: KnownCut = () => null,
): number {
  if (buffer.length < MIN_READ_BUFFER_BYTES) throw new RangeError('the read buffer is too small');
  const view = new SlidingView(buffer, stripe.first, readAt, stripe.size);
  view.fill();
  let start = stripe.first === 0 ? 0 : findBoundary(gear, buffer, 0, view.filled);
  let handedOn = 0;
  for (;;) {
    // Two chunks' worth in sight: one for the chunk, one more to find the border of a stripe that ends within it.
    if (view.filled - start < 2 * MAX_CHUNK_BYTES) {
      view.moveTo(start);
      start = 0;
      view.fill();
    }
    const end = Math.min(view.filled, borderAfter(stripe, gear, view, start));
    if (start >= end) return handedOn;
    const cut = knownCut(buffer, start, end) ?? findCut(gear, buffer, start, end);
    take(buffer, start, cut);
    handedOn += cut - start;
    start = cut;
  }
}

/** Where the stripe ends, in the buffer, if that is near enough to matter for the chunk at `start`. */
function borderAfter(stripe: Stripe, gear: Int32Array, view: SlidingView, start: number): number {
  if (stripe.end >= stripe.size) return Infinity;
  if (view.border !== null) return view.border - view.base;
  const nominal = stripe.end - view.base;
  if (nominal > start + MAX_CHUNK_BYTES) return Infinity;
  const border = findBoundary(gear, view.buffer, nominal, view.filled);
  view.border = view.base + border;
  return border;
}

/** A buffer over a moving part of a file. */
class SlidingView {
  readonly buffer: Buffer;
  /** Position in the file of the buffer's first byte. */
  base: number;
  /** Bytes of the buffer that hold something. */
  filled = 0;
  /** Position in the file where the stripe ends, once it is known. */
  border: number | null = null;
  readonly #readAt: ReadAt;
  readonly #size: number;
  #atEnd = false;

  constructor(buffer: Buffer, base: number, readAt: ReadAt, size: number) {
    this.buffer = buffer;
    this.base = base;
    this.#readAt = readAt;
    this.#size = size;
  }

  /** Drops what lies before `at`. */
  moveTo(at: number): void {
    this.buffer.copyWithin(0, at, this.filled);
    this.base += at;
    this.filled -= at;
  }

  /** Reads until the buffer is full or the file has no more. */
  fill(): void {
    while (!this.#atEnd && this.filled < this.buffer.length) {
      const position = this.base + this.filled;
      const room = Math.min(this.buffer.length - this.filled, this.#size - position);
      const got =
        room <= 0 ? 0 : this.#readAt(this.buffer.subarray(this.filled, this.filled + room), position);
      this.filled += got;
      this.#atEnd = got === 0 || position + got >= this.#size;
    }
  }
}
