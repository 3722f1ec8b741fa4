/** The last 64 bytes of a pack's body: what kind of pack it is, and where its index lies (docs/format.md §4.3). */
import { type Codec, isCodec, MAX_FRAME_BYTES, NONE } from './codec.ts';
import { damaged } from './damaged.ts';

export const TRAILER_BYTES = 64;
export const FRAME_RECORD_BYTES = 24;
export const CHUNK_RECORD_BYTES = 48;
export const MAX_CHUNKS = 262_144;
export const MAX_INDEX_BYTES = 64 * 1024 * 1024;

const MAGIC = Buffer.from('PFTAIL\r\n');

export type PackKind = 'data' | 'manifest' | 'catalog';
const kinds: readonly PackKind[] = ['data', 'manifest', 'catalog'];

/** The number that stands for a kind in trailers and descriptions. */
export function kindNumber(kind: PackKind): number {
  return kinds.indexOf(kind) + 1;
}

export function kindOfNumber(number: number): PackKind | undefined {
  return kinds[number - 1];
}

export interface Trailer {
  readonly kind: PackKind;
  readonly indexCodec: Codec;
  readonly indexStoredBytes: number;
  readonly frames: number;
  readonly chunks: number;
  /** Frames lie from 0 to here. */
  readonly framesEnd: number;
  readonly indexOffset: number;
  /** What the frames come to, decompressed. */
  readonly rawBytes: number;
}

export function indexBytes(counts: { readonly frames: number; readonly chunks: number }): number {
  return FRAME_RECORD_BYTES * counts.frames + CHUNK_RECORD_BYTES * counts.chunks;
}

export function encodeTrailer(trailer: Trailer): Buffer {
  const bytes = Buffer.alloc(TRAILER_BYTES);
  MAGIC.copy(bytes, 0);
  bytes.writeUInt16LE(kindNumber(trailer.kind), 8);
  bytes.writeUInt8(trailer.indexCodec, 10);
  bytes.writeUInt32LE(trailer.indexStoredBytes, 12);
  bytes.writeUInt32LE(indexBytes(trailer), 16);
  bytes.writeUInt32LE(trailer.frames, 20);
  bytes.writeUInt32LE(trailer.chunks, 24);
  bytes.writeBigUInt64LE(BigInt(trailer.framesEnd), 32);
  bytes.writeBigUInt64LE(BigInt(trailer.indexOffset), 40);
  bytes.writeBigUInt64LE(BigInt(trailer.rawBytes), 48);
  return bytes;
}

/**
 * Reads a trailer and holds it against the length of the body it ends. What it returns is within all limits of the
 * format, so the index may be fetched and decompressed without asking again how large it gets.
 * @throws EngineError `corrupt`
 */
export function parseTrailer(bytes: Buffer, bodyLength: number, what: string): Trailer {
  if (bytes.length !== TRAILER_BYTES) throw new RangeError('a trailer has 64 bytes');
  const kind = kindOfNumber(bytes.readUInt16LE(8));
  const indexCodec = bytes.readUInt8(10);
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC) || kind === undefined || !isCodec(indexCodec)) {
    throw damaged(`${what} ends with something else than a trailer`);
  }
  const trailer = {
    kind,
    indexCodec,
    indexStoredBytes: bytes.readUInt32LE(12),
    frames: bytes.readUInt32LE(20),
    chunks: bytes.readUInt32LE(24),
    framesEnd: Number(bytes.readBigUInt64LE(32)),
    indexOffset: Number(bytes.readBigUInt64LE(40)),
    rawBytes: Number(bytes.readBigUInt64LE(48)),
  };
  const zeros = bytes.readUInt8(11) === 0 && bytes.readUInt32LE(28) === 0 && bytes.readBigUInt64LE(56) === 0n;
  const rawIndexBytes = bytes.readUInt32LE(16);
  if (!zeros || rawIndexBytes !== indexBytes(trailer) || !isPossible(trailer, rawIndexBytes, bodyLength)) {
    throw damaged(`The trailer of ${what} contradicts itself`);
  }
  return trailer;
}

/** Numbers above 2^53 were rounded when they were read, but are far above each limit that they are held against. */
function isPossible(trailer: Trailer, rawIndexBytes: number, bodyLength: number): boolean {
  const { frames, chunks, indexStoredBytes, indexOffset } = trailer;
  return (
    chunks <= MAX_CHUNKS &&
    frames <= chunks &&
    rawIndexBytes <= MAX_INDEX_BYTES &&
    indexStoredBytes <= rawIndexBytes &&
    (trailer.indexCodec !== NONE || indexStoredBytes === rawIndexBytes) &&
    indexOffset + indexStoredBytes === bodyLength - TRAILER_BYTES &&
    trailer.framesEnd <= indexOffset &&
    trailer.rawBytes <= frames * MAX_FRAME_BYTES
  );
}
