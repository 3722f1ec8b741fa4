/**
 * A pack as a file: its index from its tail, and its chunks in order, each checked before it is given out. Everything that
 * is not as it should be is an EngineError `corrupt`.
 *
 * The file may have gaps where nothing was fetched: only what is asked for is read. Held in memory: two segments, one
 * frame, the index.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { type PreparedKey, prepareKey } from '../crypto.ts';
import type { KeySet } from '../keys/masterKey.ts';
import { damaged } from './damaged.ts';
import { HEADER_BYTES, type PackHeader, parseHeader } from './header.ts';
import { chunkAt, frameAt } from './index.ts';
import {
  decodeFrame,
  firstChunks,
  isChunk,
  type OpenPack,
  openPack,
  type PackTail,
  readTail,
} from './packReader.ts';
import { bodyLength, bodyOfSegment, SEGMENT_BYTES, segmentCount, segmentsOfBody } from './segment.ts';

export class PackFile {
  readonly header: PackHeader;
  /** Its first 128 bytes. */
  readonly headerBytes: Buffer;
  readonly tail: PackTail;
  readonly #fd: number;
  readonly #read: (first: number, end: number) => Buffer;
  readonly #idKey: PreparedKey;

  private constructor(fd: number, size: number, keysOf: (epoch: number) => KeySet) {
    const segments = segmentCount(size);
    if (segments === undefined) throw damaged('An archive has a length that no pack has');
    this.#fd = fd;
    this.headerBytes = readExactly(fd, Buffer.alloc(HEADER_BYTES), 0);
    const keys = keysOf(parseHeader(this.headerBytes).keyEpoch);
    const pack = openPack(this.headerBytes, keys);
    this.header = pack.header;
    this.#read = bodyOf(fd, pack, segments);
    this.tail = readTail(bodyLength(segments), this.#read, `pack ${this.header.packId}`);
    this.#idKey = prepareKey(keys.id);
  }

  /**
   * Reads header and index. The caller closes it.
   * @param size of the archive
   * @param keysOf gives the keys of an epoch, or throws
   */
  static open(path: string, size: number, keysOf: (epoch: number) => KeySet): PackFile {
    const fd = openSync(path, 'r');
    try {
      return new PackFile(fd, size, keysOf);
    } catch (error) {
      closeSync(fd);
      throw error;
    }
  }

  /** All chunks in order. Each is a buffer of its own frame: it stays as it is. */
  *chunks(): Generator<Buffer> {
    const { index } = this.tail;
    const first = firstChunks(index);
    const { packId } = this.header;
    for (let i = 0; i < index.frames; i++) {
      const frame = frameAt(index, i);
      const stored = this.#read(frame.offset, frame.offset + frame.storedBytes);
      const raw = decodeFrame(frame, stored, `Frame ${i} of pack ${packId}`);
      for (let n = first[i] ?? 0; n < (first[i + 1] ?? 0); n++) {
        const { id, offset, length } = chunkAt(index, n);
        const bytes = raw.subarray(offset, offset + length);
        if (!isChunk(this.#idKey, id, bytes)) throw damaged(`Chunk ${n} of pack ${packId} is damaged`);
        yield bytes;
      }
    }
  }

  close(): void {
    closeSync(this.#fd);
  }
}

/** Segments kept open: a frame often begins in the one in which that before it ended. */
const KEPT_SEGMENTS = 2;

/** Reads any part of the body of a pack that lies in a file. */
export function bodyOf(fd: number, pack: OpenPack, segments: number): (first: number, end: number) => Buffer {
  const kept = new Map<number, Buffer>();
  const open = (n: number): Buffer => {
    const known = kept.get(n);
    if (known !== undefined) return known;
    const stored = readExactly(fd, Buffer.allocUnsafe(SEGMENT_BYTES), n * SEGMENT_BYTES);
    const plaintext = pack.openSegment(n, n === segments - 1, stored);
    kept.set(n, plaintext);
    const [oldest] = kept.keys();
    if (kept.size > KEPT_SEGMENTS && oldest !== undefined) kept.delete(oldest);
    return plaintext;
  };
  return (first, end) => {
    const span = segmentsOfBody(first, end);
    const pieces: Buffer[] = [];
    for (let n = span.first; n < span.end; n++) {
      const start = bodyOfSegment(n).first;
      pieces.push(open(n).subarray(Math.max(0, first - start), end - start));
    }
    return Buffer.concat(pieces);
  };
}

export function readExactly(fd: number, into: Buffer, position: number): Buffer {
  for (let filled = 0; filled < into.length;) {
    const got = readSync(fd, into, filled, into.length - filled, position + filled);
    if (got === 0) throw damaged('A pack is shorter than it was');
    filled += got;
  }
  return into;
}
