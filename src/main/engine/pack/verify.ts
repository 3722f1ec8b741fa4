/**
 * Reads a staged pack back from disk and proves all of it: only then does `sealed` mean anything (invariant I3).
 *
 * One pass over the file: each segment is hashed and opened, each frame decompressed, each chunk's id worked out anew,
 * and the bytes between frames and index must be zero. Held in memory: a stretch of the file, one frame, the index.
 */
import { closeSync, fstatSync, openSync } from 'node:fs';
import { prepareKey, sha256 } from '../crypto.ts';
import { EngineError, errorCode } from '../failure.ts';
import type { KeySet } from '../keys/masterKey.ts';
import { MAX_FRAME_BYTES } from './codec.ts';
import { damaged } from './damaged.ts';
import { HEADER_BYTES } from './header.ts';
import { chunkAt, frameAt } from './index.ts';
import { bodyOf, readExactly } from './packFile.ts';
import { decodeFrame, isChunk, openPack, type PackTail, readTail } from './packReader.ts';
import { bodyLength, SEGMENT_BYTES, segmentCount } from './segment.ts';

/** Segments read at a time. */
const STRETCH_SEGMENTS = 4;

export interface VerifiedPack extends PackTail {
  readonly packId: string;
  readonly header: Buffer;
  /** SHA-256 of each MiB as it was read, back to back: what the target must find as well. */
  readonly leaves: Buffer;
}

/** @throws EngineError `corrupt`, saying what is wrong */
export function verifyPack(path: string, keys: KeySet): VerifiedPack {
  try {
    const fd = openSync(path, 'r');
    try {
      return verifyOpenFile(fd, keys);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    throw notAsWritten(path, error);
  }
}

function notAsWritten(path: string, error: unknown): unknown {
  const code = errorCode(error);
  if (code === undefined && !(error instanceof EngineError)) return error;
  const why = error instanceof EngineError ? error.message : `It cannot be read (${code ?? ''}).`;
  return new EngineError(
    'corrupt',
    `The staged pack ${path} is not what was written. ${why}`,
    'Run it again; if it happens once more, check the disk and the memory of this computer.',
    { safe: 'Nothing of this pack was sent; what was already stored stays stored.', cause: error },
  );
}

function verifyOpenFile(fd: number, keys: KeySet): VerifiedPack {
  const segments = segmentCount(fstatSync(fd).size);
  if (segments === undefined) throw damaged('A staged pack has a length that no pack has');
  const header = readExactly(fd, Buffer.alloc(HEADER_BYTES), 0);
  const pack = openPack(header, keys);
  const { packId } = pack.header;
  const tail = readTail(bodyLength(segments), bodyOf(fd, pack, segments), `pack ${packId}`);
  const contents = new ContentsCheck(tail, keys, packId);
  const leaves: Buffer[] = [];
  const stretch = Buffer.allocUnsafe(Math.min(STRETCH_SEGMENTS, segments) * SEGMENT_BYTES);
  for (let n = 0; n < segments; n++) {
    const at = (n % STRETCH_SEGMENTS) * SEGMENT_BYTES;
    if (at === 0) {
      const wanted = Math.min(STRETCH_SEGMENTS, segments - n) * SEGMENT_BYTES;
      readExactly(fd, stretch.subarray(0, wanted), n * SEGMENT_BYTES);
    }
    const stored = stretch.subarray(at, at + SEGMENT_BYTES);
    leaves.push(sha256(stored));
    contents.push(pack.openSegment(n, n === segments - 1, stored));
  }
  contents.finish();
  return { ...tail, packId, header, leaves: Buffer.concat(leaves) };
}

/** Takes the body in order and holds it against the index. */
class ContentsCheck {
  readonly #tail: PackTail;
  readonly #packId: string;
  readonly #idKey;
  /** The part of a frame that lay in the segment before. */
  readonly #begun = Buffer.allocUnsafe(MAX_FRAME_BYTES);
  #begunBytes = 0;
  #frame = 0;
  #chunk = 0;
  #position = 0;

  constructor(tail: PackTail, keys: KeySet, packId: string) {
    this.#tail = tail;
    this.#packId = packId;
    this.#idKey = prepareKey(keys.id);
  }

  push(body: Buffer): void {
    const { framesEnd, indexOffset } = this.#tail.trailer;
    const start = this.#position;
    this.#position += body.length;
    if (start < framesEnd) this.#takeFrames(body.subarray(0, framesEnd - start));
    const gap = body.subarray(Math.max(0, framesEnd - start), Math.max(0, indexOffset - start));
    if (!gap.equals(Buffer.alloc(gap.length)))
      throw damaged(`Pack ${this.#packId} has something in its padding`);
  }

  finish(): void {
    const { frames, chunks } = this.#tail.index;
    if (this.#frame !== frames || this.#chunk !== chunks)
      throw new RangeError('the body was not handed in whole');
  }

  #takeFrames(body: Buffer): void {
    for (let at = 0; at < body.length;) {
      const missing = frameAt(this.#tail.index, this.#frame).storedBytes - this.#begunBytes;
      const piece = body.subarray(at, at + missing);
      at += piece.length;
      if (piece.length === missing && this.#begunBytes === 0) {
        this.#checkFrame(piece);
        continue;
      }
      piece.copy(this.#begun, this.#begunBytes);
      this.#begunBytes += piece.length;
      if (piece.length < missing) return;
      const whole = this.#begun.subarray(0, this.#begunBytes);
      this.#begunBytes = 0;
      this.#checkFrame(whole);
    }
  }

  #checkFrame(stored: Buffer): void {
    const { index } = this.#tail;
    const raw = decodeFrame(
      frameAt(index, this.#frame),
      stored,
      `Frame ${this.#frame} of pack ${this.#packId}`,
    );
    for (let offset = 0; offset < raw.length; this.#chunk++) {
      const { id, length } = chunkAt(index, this.#chunk);
      if (!isChunk(this.#idKey, id, raw.subarray(offset, offset + length))) {
        throw damaged(`Chunk ${this.#chunk} of pack ${this.#packId} is not what was read from its file`);
      }
      offset += length;
    }
    this.#frame++;
  }
}
