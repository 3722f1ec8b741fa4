/**
 * The index of a pack: which frames lie where, and which chunks are in them (docs/format.md §4.4).
 *
 * It is kept as the bytes that are stored, records of fixed size, and read in place: a full pack may have a quarter
 * of a million chunks, and an object for each would take ten times the room.
 */
import { type Codec, isCodec, MAX_FRAME_BYTES, NONE } from './codec.ts';
import { damaged } from './damaged.ts';
import { CHUNK_RECORD_BYTES, FRAME_RECORD_BYTES, indexBytes } from './trailer.ts';

/** Chunks in a frame at most. */
export const MAX_FRAME_CHUNKS = 4096;
const ID_BYTES = 32;

export interface FrameRecord {
  /** Where it starts in the body. */
  readonly offset: number;
  readonly storedBytes: number;
  readonly rawBytes: number;
  readonly codec: Codec;
}

export interface ChunkRecord {
  /** 32 bytes; a view into the index. */
  readonly id: Buffer;
  readonly frame: number;
  /** Where it starts in the frame's raw bytes. */
  readonly offset: number;
  readonly length: number;
}

export interface PackIndex {
  /** As in the pack, decompressed. */
  readonly bytes: Buffer;
  readonly frames: number;
  readonly chunks: number;
}

/** A chunk to be recorded: its id and how long it is. */
export interface ChunkName {
  readonly id: Buffer;
  readonly length: number;
}

export function frameAt(index: PackIndex, i: number): FrameRecord {
  if (i < 0 || i >= index.frames) throw new RangeError(`there is no frame ${i}`);
  const at = i * FRAME_RECORD_BYTES;
  const { bytes } = index;
  const codec = bytes.readUInt8(at + 16);
  if (!isCodec(codec)) throw new RangeError('the index was not checked');
  return {
    offset: Number(bytes.readBigUInt64LE(at)),
    storedBytes: bytes.readUInt32LE(at + 8),
    rawBytes: bytes.readUInt32LE(at + 12),
    codec,
  };
}

export function chunkAt(index: PackIndex, i: number): ChunkRecord {
  if (i < 0 || i >= index.chunks) throw new RangeError(`there is no chunk ${i}`);
  const at = index.frames * FRAME_RECORD_BYTES + i * CHUNK_RECORD_BYTES;
  const { bytes } = index;
  return {
    id: bytes.subarray(at, at + ID_BYTES),
    frame: bytes.readUInt32LE(at + 32),
    offset: bytes.readUInt32LE(at + 36),
    length: bytes.readUInt32LE(at + 40),
  };
}

/** Collects frames as they are written. Holds 24 bytes a frame and 48 a chunk. */
export class IndexBuilder {
  #frameRecords: Buffer = Buffer.alloc(64 * FRAME_RECORD_BYTES);
  #chunkRecords: Buffer = Buffer.alloc(256 * CHUNK_RECORD_BYTES);
  frames = 0;
  chunks = 0;
  framesEnd = 0;
  rawBytes = 0;

  /** Records a frame behind the last one, with its chunks in order. */
  add(frame: {
    readonly codec: Codec;
    readonly storedBytes: number;
    readonly chunks: readonly ChunkName[];
  }): void {
    let offset = 0;
    for (const { id, length } of frame.chunks) {
      const at = this.chunks * CHUNK_RECORD_BYTES;
      this.#chunkRecords = withRoom(this.#chunkRecords, at + CHUNK_RECORD_BYTES);
      id.copy(this.#chunkRecords, at);
      this.#chunkRecords.writeUInt32LE(this.frames, at + 32);
      this.#chunkRecords.writeUInt32LE(offset, at + 36);
      this.#chunkRecords.writeUInt32LE(length, at + 40);
      offset += length;
      this.chunks++;
    }
    const at = this.frames * FRAME_RECORD_BYTES;
    this.#frameRecords = withRoom(this.#frameRecords, at + FRAME_RECORD_BYTES);
    this.#frameRecords.writeBigUInt64LE(BigInt(this.framesEnd), at);
    this.#frameRecords.writeUInt32LE(frame.storedBytes, at + 8);
    this.#frameRecords.writeUInt32LE(offset, at + 12);
    this.#frameRecords.writeUInt8(frame.codec, at + 16);
    this.frames++;
    this.framesEnd += frame.storedBytes;
    this.rawBytes += offset;
  }

  finish(): PackIndex {
    const bytes = Buffer.concat([
      this.#frameRecords.subarray(0, this.frames * FRAME_RECORD_BYTES),
      this.#chunkRecords.subarray(0, this.chunks * CHUNK_RECORD_BYTES),
    ]);
    return { bytes, frames: this.frames, chunks: this.chunks };
  }
}

function withRoom(records: Buffer, needed: number): Buffer {
  if (needed <= records.length) return records;
  const larger = Buffer.alloc(2 * records.length);
  records.copy(larger);
  return larger;
}

/** What an index must come to, from a trailer or a manifest. */
export interface IndexTotals {
  readonly frames: number;
  readonly chunks: number;
  readonly framesEnd: number;
  readonly rawBytes: number;
}

/**
 * Takes the index of a pack from anywhere and checks all that the format says of it: afterwards each frame and chunk
 * lies where it says and nowhere else.
 * @throws EngineError `corrupt`
 */
export function checkIndex(bytes: Buffer, totals: IndexTotals, what: string): PackIndex {
  const index = { bytes, frames: totals.frames, chunks: totals.chunks };
  if (bytes.length !== indexBytes(index) || !framesFit(index, totals) || !chunksFillFrames(index)) {
    throw damaged(`The index of ${what} contradicts itself`);
  }
  return index;
}

function framesFit(index: PackIndex, totals: IndexTotals): boolean {
  const { bytes } = index;
  let offset = 0;
  let rawTotal = 0;
  for (let at = 0; at < index.frames * FRAME_RECORD_BYTES; at += FRAME_RECORD_BYTES) {
    const storedBytes = bytes.readUInt32LE(at + 8);
    const rawBytes = bytes.readUInt32LE(at + 12);
    const codec = bytes.readUInt8(at + 16);
    const fits =
      bytes.readBigUInt64LE(at) === BigInt(offset) &&
      isCodec(codec) &&
      bytes.readUIntLE(at + 17, 6) === 0 &&
      bytes.readUInt8(at + 23) === 0 &&
      rawBytes <= MAX_FRAME_BYTES &&
      storedBytes >= 1 &&
      storedBytes <= rawBytes &&
      (codec !== NONE || storedBytes === rawBytes);
    if (!fits) return false;
    offset += storedBytes;
    rawTotal += rawBytes;
  }
  return offset === totals.framesEnd && rawTotal === totals.rawBytes;
}

function chunksFillFrames(index: PackIndex): boolean {
  const { bytes } = index;
  let chunk = 0;
  for (let frame = 0; frame < index.frames; frame++) {
    const rawBytes = bytes.readUInt32LE(frame * FRAME_RECORD_BYTES + 12);
    let offset = 0;
    const first = chunk;
    for (; offset < rawBytes; chunk++) {
      if (chunk === index.chunks || chunk - first === MAX_FRAME_CHUNKS) return false;
      const at = index.frames * FRAME_RECORD_BYTES + chunk * CHUNK_RECORD_BYTES;
      const length = bytes.readUInt32LE(at + 40);
      const fits =
        bytes.readUInt32LE(at + 32) === frame &&
        bytes.readUInt32LE(at + 36) === offset &&
        length >= 1 &&
        bytes.readUInt32LE(at + 44) === 0;
      if (!fits) return false;
      offset += length;
    }
    if (offset !== rawBytes) return false;
  }
  return chunk === index.chunks;
}
