/**
 * Reads packs: from a header and keys to segments, from the tail to the index, from stored frames to checked chunks.
 *
 * Nothing here fetches anything. The caller brings bytes, in any order and only those it paid for, and gets them back
 * checked; everything that is not as it should be is an EngineError `corrupt` (docs/format.md §6).
 */
import { equalBytes, hmac, type PreparedKey } from '../crypto.ts';
import type { KeySet } from '../keys/masterKey.ts';
import { decompress } from './codec.ts';
import { damaged } from './damaged.ts';
import { openHeader, type PackHeader } from './header.ts';
import { checkIndex, chunkAt, type FrameRecord, type PackIndex } from './index.ts';
import { openSegment } from './segment.ts';
import { indexBytes, parseTrailer, type Trailer, TRAILER_BYTES } from './trailer.ts';

export interface OpenPack {
  readonly header: PackHeader;
  /**
   * The part of the body that lies in segment `n` of the archive.
   * @param last whether it is the archive's last segment
   * @param stored the segment as stored, 1 MiB
   */
  openSegment(n: number, last: boolean, stored: Buffer): Buffer;
}

/**
 * @param header the first 128 bytes of the archive, or the copy in a manifest
 * @param keys of the header's key epoch (see `parseHeader`)
 * @throws EngineError `corrupt` when they do not fit each other
 */
export function openPack(header: Buffer, keys: KeySet): OpenPack {
  const opened = openHeader(header, keys);
  const { packId } = opened.header;
  return {
    header: opened.header,
    openSegment(n, last, stored) {
      const plaintext = openSegment(opened.seal, n, last, stored);
      if (plaintext === null) throw damaged(`MiB ${n} of pack ${packId} is damaged`);
      return plaintext;
    },
  };
}

export interface PackTail {
  readonly trailer: Trailer;
  readonly index: PackIndex;
}

/**
 * Finds out what is in a pack from the end of its body: the trailer, then the index that it names.
 * @param read gives the body's bytes from `first` to `end`; called twice at most
 * @param what the pack in words, for failures
 */
export function readTail(
  bodyBytes: number,
  read: (first: number, end: number) => Buffer,
  what: string,
): PackTail {
  const trailer = parseTrailer(read(bodyBytes - TRAILER_BYTES, bodyBytes), bodyBytes, what);
  const { indexOffset, indexStoredBytes } = trailer;
  const stored = indexStoredBytes === 0 ? Buffer.alloc(0) : read(indexOffset, indexOffset + indexStoredBytes);
  return { trailer, index: decodeIndex(trailer, stored, what) };
}

/** The index from its bytes as stored, for who fetches them in a way of their own. */
export function decodeIndex(trailer: Trailer, stored: Buffer, what: string): PackIndex {
  const raw = decompress(trailer.indexCodec, stored, indexBytes(trailer), `The index of ${what}`);
  return checkIndex(raw, trailer, what);
}

/** The raw bytes of a frame from those stored. Under codec `none` they are the same bytes, not a copy. */
export function decodeFrame(frame: Omit<FrameRecord, 'offset'>, stored: Buffer, what: string): Buffer {
  if (stored.length !== frame.storedBytes) throw new RangeError('these are not the bytes of the frame');
  return decompress(frame.codec, stored, frame.rawBytes, what);
}

/**
 * Proves that bytes are the chunk they are taken for.
 * @param idKey `prepareKey(keys.id)`
 */
export function isChunk(idKey: PreparedKey, id: Buffer, bytes: Buffer): boolean {
  return equalBytes(hmac(idKey, bytes), id);
}

/** Numbers of the chunks in each frame: chunk `first[i]` to `first[i + 1]`, exclusive, are in frame `i`. */
export function firstChunks(index: PackIndex): Uint32Array {
  const first = new Uint32Array(index.frames + 1);
  for (let i = 0; i < index.chunks; i++) {
    const frame = chunkAt(index, i).frame;
    first[frame + 1] = i + 1;
  }
  return first;
}
