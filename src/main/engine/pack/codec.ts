/**
 * Frames as they are stored: none, zstd or deflate (docs/format.md §3). Readers know all three; writers use zstd, or
 * deflate on a Node without it, and only where it saves something.
 */
import * as zlib from 'node:zlib';
import { noteGarbage } from '../garbage.ts';
import { damaged } from './damaged.ts';

export type Codec = 0 | 1 | 2;
export const NONE = 0;
export const ZSTD = 1;
export const DEFLATE = 2;

/** Raw bytes of a frame at most. */
export const MAX_FRAME_BYTES = 1024 * 1024;

const ZSTD_LEVEL = 3;
const DEFLATE_LEVEL = 6;
/** Output comes in pieces of this size and is joined: zlib's dead objects keep one each (see garbage.ts). */
const PIECE_BYTES = 64 * 1024;
const hasZstd = typeof zlib.zstdCompressSync === 'function';

/** A gain below this share is not worth the time it takes to undo it. */
const LEAST_GAIN = 1 / 64;

export interface Compressed {
  readonly codec: Codec;
  /** Under codec `none` the very bytes handed in. */
  readonly stored: Buffer;
}

export function isCodec(value: number): value is Codec {
  return value === NONE || value === ZSTD || value === DEFLATE;
}

/** The smallest form of `raw` that is worth having; never longer than `raw`. */
export function compress(raw: Buffer): Compressed {
  if (looksRandom(raw)) return { codec: NONE, stored: raw };
  const codec = hasZstd ? ZSTD : DEFLATE;
  const stored = hasZstd
    ? zlib.zstdCompressSync(raw, {
        chunkSize: PIECE_BYTES,
        params: { [zlib.constants.ZSTD_c_compressionLevel]: ZSTD_LEVEL },
      })
    : zlib.deflateRawSync(raw, { chunkSize: PIECE_BYTES, level: DEFLATE_LEVEL });
  noteGarbage(2 * stored.length);
  return stored.length <= raw.length * (1 - LEAST_GAIN) ? { codec, stored } : { codec: NONE, stored: raw };
}

/**
 * Undoes `compress` for bytes from anywhere. Takes at most `rawLength` bytes of memory for the result, however much
 * the input claims to be; under codec `none` the result is the input.
 * @param what the thing in words, for the failure
 * @throws EngineError `corrupt` when it does not come to exactly `rawLength` bytes
 */
export function decompress(codec: Codec, stored: Buffer, rawLength: number, what: string): Buffer {
  if (codec === NONE) {
    if (stored.length !== rawLength) throw damaged(`${what} has another length than its index says`);
    return stored;
  }
  if (rawLength === 0) throw damaged(`${what} is compressed though there is nothing in it`);
  let raw: Buffer;
  try {
    // The cap counts what comes out, while it comes out: input that swells is cut off there.
    const limits = { maxOutputLength: rawLength, chunkSize: PIECE_BYTES };
    raw = codec === ZSTD ? zlib.zstdDecompressSync(stored, limits) : zlib.inflateRawSync(stored, limits);
  } catch (cause) {
    throw damaged(`${what} cannot be decompressed`, cause);
  }
  noteGarbage(2 * raw.length);
  if (raw.length !== rawLength) throw damaged(`${what} has another length than its index says`);
  return raw;
}

const SAMPLES = 16;
const SAMPLE_BYTES = 256;

/**
 * Whether a look at 4 KiB from all over `raw` finds every byte value about as often as any other, as in what is
 * compressed or encrypted already. Such bytes are not worth the attempt.
 *
 * The sum of squared counts is smallest for equal counts. For random bytes it comes to n + n²/256, give or take half
 * a per cent; a tenth more still means that an ideal coder of single bytes would save less than two per cent.
 */
export function looksRandom(raw: Uint8Array): boolean {
  const seen = SAMPLES * SAMPLE_BYTES;
  if (raw.length < 2 * seen) return false;
  const counts = new Uint16Array(256);
  const step = Math.floor((raw.length - SAMPLE_BYTES) / (SAMPLES - 1));
  for (let sample = 0; sample < SAMPLES; sample++) {
    const first = sample * step;
    for (let i = first; i < first + SAMPLE_BYTES; i++) {
      const value = raw[i] ?? 0;
      counts[value] = (counts[value] ?? 0) + 1;
    }
  }
  let squares = 0;
  for (const count of counts) squares += count * count;
  return squares < 1.1 * (seen + (seen * seen) / 256);
}
