/** A pack as docs/format.md §3 and §4 tell it: header, segments, trailer, index, frames, chunks. */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { inflateRawSync, zstdDecompressSync } from 'node:zlib';
import type { ToldPack } from './strangerManifest.ts';
import { demand, hkdf, Refused, subkey, unseal, type MasterKeys } from './strangerKeys.ts';

export const MIB = 1024 * 1024;
const HEADER_BYTES = 128;
const TAG_BYTES = 16;
const TRAILER_BYTES = 64;
const MOST_SEGMENTS = 4096;
const MOST_CHUNKS = 262_144;
const MOST_CHUNKS_IN_FRAME = 4096;
const MOST_INDEX_BYTES = 64 * MIB;

export type PackKind = 'data' | 'manifest' | 'catalog';
const KINDS: readonly (PackKind | undefined)[] = [undefined, 'data', 'manifest', 'catalog'];

export interface Frame {
  readonly offset: number;
  readonly stored: number;
  readonly raw: number;
  readonly codec: number;
  readonly chunks: readonly Chunk[];
}

export interface Chunk {
  /** Hex. */
  readonly id: string;
  readonly offset: number;
  readonly length: number;
}

/** What the end of a pack tells of it. */
interface Table {
  readonly kind: PackKind;
  readonly frames: readonly Frame[];
  /** Where the frames end and where the index begins in the body; zeros lie between. */
  readonly padding: readonly [number, number];
}

export interface Pack extends Table {
  /** Hex. */
  readonly id: string;
  readonly epoch: number;
  readonly writer: string;
  readonly header: Buffer;
  readonly sealed: SealedBody;
  readonly idKey: Buffer;
}

interface SealedBody {
  readonly archive: Buffer;
  readonly key: Buffer;
  readonly headerHash: Buffer;
  readonly segments: number;
  readonly opened: Map<number, Buffer>;
}

/** Opens header, trailer and index; the segments before those of the index are not looked at. */
export function openPack(archive: Buffer, masters: MasterKeys): Pack {
  const opened = openHeader(archive, archive.subarray(0, HEADER_BYTES), masters);
  return { ...opened, ...tableOf(opened.sealed) };
}

/** Opens a data pack by the header and the frames that its manifest has of it, whatever became of its own. */
export function openPackAsTold(archive: Buffer, told: ToldPack, masters: MasterKeys): Pack {
  const opened = openHeader(archive, Buffer.from(told.header, 'base64'), masters);
  let end = 0;
  const frames = told.frames.map(([stored, raw, codec, ids, lengths]): Frame => {
    const offset = end;
    end += stored;
    return { offset, stored, raw, codec, chunks: chunksAsTold(Buffer.from(ids, 'base64'), lengths) };
  });
  return { ...opened, kind: 'data', frames, padding: [end, end] };
}

function chunksAsTold(ids: Buffer, lengths: readonly number[]): Chunk[] {
  let end = 0;
  return lengths.map((length, i) => {
    const offset = end;
    end += length;
    return { id: ids.toString('hex', 32 * i, 32 * i + 32), offset, length };
  });
}

function openHeader(archive: Buffer, header: Buffer, masters: MasterKeys): Omit<Pack, keyof Table> {
  const segments = archive.length / MIB;
  demand(Number.isInteger(segments) && segments >= 1 && segments <= MOST_SEGMENTS, 'no whole MiBs');
  demand(header.subarray(0, 8).equals(Buffer.from('PFPACK\r\n')), 'not a pack');
  demand(header.readUInt16LE(8) === 1 && header.readUInt16LE(10) === 1, 'another format or suite');
  demand(allZero(header.subarray(112)), 'the end of the header is not zero');
  const epoch = header.readUInt32LE(12);
  const master = masters.get(epoch);
  demand(master !== undefined, `no key of epoch ${epoch}`);
  const info = Buffer.concat([Buffer.from('pack/v1'), header.subarray(0, 48)]);
  const derived = hkdf(subkey(master, 'pack'), header.subarray(48, 80), info, 64);
  demand(timingSafeEqual(derived.subarray(32), header.subarray(80, 112)), 'the commitment differs');

  const headerHash = createHash('sha256').update(header).digest();
  const sealed = { archive, key: derived.subarray(0, 32), headerHash, segments, opened: new Map() };
  return {
    id: header.toString('hex', 32, 48),
    epoch,
    writer: header.toString('hex', 16, 32),
    header,
    sealed,
    idKey: subkey(master, 'id'),
  };
}

/** Opens every segment and decodes every frame; the padding must be zeros. */
export function checkWhole(pack: Pack): void {
  for (let n = 0; n < pack.sealed.segments; n++) segment(pack.sealed, n);
  demand(allZero(bodyRange(pack.sealed, ...pack.padding)), 'the padding is not zero');
  for (const frame of pack.frames) {
    const raw = decodeFrame(pack, frame);
    for (const chunk of frame.chunks) cutChunk(pack, raw, chunk);
  }
}

/** The frame's raw bytes. */
export function decodeFrame(pack: Pack, { offset, stored, raw, codec }: Frame): Buffer {
  return decode(bodyRange(pack.sealed, offset, offset + stored), codec, raw);
}

/** The chunk out of its frame's raw bytes, checked against its id. */
export function cutChunk(pack: Pack, frameRaw: Buffer, { id, offset, length }: Chunk): Buffer {
  const chunk = frameRaw.subarray(offset, offset + length);
  demand(createHmac('sha256', pack.idKey).update(chunk).digest('hex') === id, `chunk ${id} differs`);
  return chunk;
}

/** All chunks joined in the order of the index: the content of a manifest pack. */
export function joinedChunks(pack: Pack): Buffer {
  const parts = pack.frames.flatMap((frame) => {
    const raw = decodeFrame(pack, frame);
    return frame.chunks.map((chunk) => cutChunk(pack, raw, chunk));
  });
  return Buffer.concat(parts);
}

/** SHA-256 tree hash over leaves of 1 MiB, hex. */
export function treeHash(archive: Buffer): string {
  let level: Buffer[] = [];
  for (let at = 0; at < archive.length; at += MIB) level.push(sha256(archive.subarray(at, at + MIB)));
  while (level.length > 1) {
    const above: Buffer[] = [];
    for (let i = 0; i < level.length; i += 2) {
      const pair = level.slice(i, i + 2);
      above.push(pair.length === 2 ? sha256(Buffer.concat(pair)) : pair[0]!);
    }
    level = above;
  }
  return level[0]!.toString('hex');
}

export function sha256(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest();
}

/** Where segment n's plaintext begins in the body. */
function bodyOffset(n: number): number {
  return n === 0 ? 0 : n * (MIB - TAG_BYTES) - HEADER_BYTES;
}

function segment(sealed: SealedBody, n: number): Buffer {
  const known = sealed.opened.get(n);
  if (known !== undefined) return known;
  const nonce = Buffer.alloc(12);
  nonce.writeUInt32LE(n, 7);
  nonce.writeUInt8(n === sealed.segments - 1 ? 1 : 0, 11);
  const from = n * MIB + (n === 0 ? HEADER_BYTES : 0);
  const bytes = sealed.archive.subarray(from, (n + 1) * MIB);
  const plain = unseal(sealed.key, nonce, bytes, sealed.headerHash, `segment ${n}`);
  sealed.opened.set(n, plain);
  return plain;
}

/** The bytes `from` … `to` of the body; opens only the segments they lie in. */
function bodyRange(sealed: SealedBody, from: number, to: number): Buffer {
  const parts: Buffer[] = [];
  for (let n = 0; n < sealed.segments; n++) {
    const start = bodyOffset(n);
    const end = bodyOffset(n + 1);
    if (start >= to || end <= from) continue;
    parts.push(segment(sealed, n).subarray(Math.max(from - start, 0), to - start));
  }
  return Buffer.concat(parts);
}

function tableOf(sealed: SealedBody): Table {
  const bodyBytes = bodyOffset(sealed.segments);
  const trailer = bodyRange(sealed, bodyBytes - TRAILER_BYTES, bodyBytes);
  demand(trailer.subarray(0, 8).equals(Buffer.from('PFTAIL\r\n')), 'no trailer');
  const kind = KINDS[trailer.readUInt16LE(8)];
  demand(kind !== undefined, 'another kind of pack');
  const zeros = Buffer.concat([trailer.subarray(11, 12), trailer.subarray(28, 32), trailer.subarray(56)]);
  demand(allZero(zeros), 'the trailer has bytes that should be zero');
  const stored = trailer.readUInt32LE(12);
  const raw = trailer.readUInt32LE(16);
  const frameCount = trailer.readUInt32LE(20);
  const chunkCount = trailer.readUInt32LE(24);
  const framesEnd = Number(trailer.readBigUInt64LE(32));
  const indexAt = Number(trailer.readBigUInt64LE(40));
  const rawSum = Number(trailer.readBigUInt64LE(48));
  demand(chunkCount <= MOST_CHUNKS && raw <= MOST_INDEX_BYTES, 'the index is too large');
  demand(raw === 24 * frameCount + 48 * chunkCount, 'the length of the index differs from its counts');
  demand(indexAt + stored === bodyBytes - TRAILER_BYTES && framesEnd <= indexAt, 'the index lies elsewhere');

  const index = decode(bodyRange(sealed, indexAt, indexAt + stored), trailer.readUInt8(10), raw);
  const frames = framesOf(index, frameCount, chunkCount);
  const last = frames.at(-1);
  demand((last === undefined ? 0 : last.offset + last.stored) === framesEnd, 'the frames end elsewhere');
  demand(frames.reduce((sum, frame) => sum + frame.raw, 0) === rawSum, 'the frames have another raw length');
  return { kind, frames, padding: [framesEnd, indexAt] };
}

function framesOf(index: Buffer, frameCount: number, chunkCount: number): Frame[] {
  const chunksAt = 24 * frameCount;
  const frames: Frame[] = [];
  let nextChunk = 0;
  let nextOffset = 0;
  for (let n = 0; n < frameCount; n++) {
    const at = 24 * n;
    const offset = Number(index.readBigUInt64LE(at));
    const stored = index.readUInt32LE(at + 8);
    const raw = index.readUInt32LE(at + 12);
    demand(offset === nextOffset, 'there is a gap between frames');
    demand(raw >= 1 && raw <= MIB, 'a frame is empty or too long');
    demand(allZero(index.subarray(at + 17, at + 24)), 'a frame record has bytes that should be zero');
    const chunks: Chunk[] = [];
    let filled = 0;
    while (filled < raw) {
      demand(nextChunk < chunkCount, 'a frame lacks chunks');
      const chunk = chunkOf(index, chunksAt + 48 * nextChunk, n);
      demand(chunk.offset === filled && chunk.length >= 1, 'there is a gap between chunks');
      filled += chunk.length;
      chunks.push(chunk);
      nextChunk++;
    }
    demand(filled === raw && chunks.length <= MOST_CHUNKS_IN_FRAME, 'the chunks do not fit their frame');
    frames.push({ offset, stored, raw, codec: index.readUInt8(at + 16), chunks });
    nextOffset += stored;
  }
  demand(nextChunk === chunkCount, 'there are chunks without a frame');
  return frames;
}

function chunkOf(index: Buffer, at: number, frame: number): Chunk {
  demand(index.readUInt32LE(at + 32) === frame, 'the chunks are out of order');
  demand(index.readUInt32LE(at + 44) === 0, 'a chunk record has bytes that should be zero');
  return {
    id: index.toString('hex', at, at + 32),
    offset: index.readUInt32LE(at + 36),
    length: index.readUInt32LE(at + 40),
  };
}

/** Decodes to exactly `raw` bytes, or refuses. */
function decode(stored: Buffer, codec: number, raw: number): Buffer {
  demand(stored.length >= 1 && stored.length <= raw, 'what is stored is longer than what it stands for');
  const decoded = decompress(stored, codec, raw);
  demand(decoded.length === raw, 'a frame has another raw length');
  return decoded;
}

function decompress(stored: Buffer, codec: number, raw: number): Buffer {
  if (codec === 0) return stored;
  const limit = { maxOutputLength: raw };
  try {
    if (codec === 1) return zstdDecompressSync(stored, limit);
    if (codec === 2) return inflateRawSync(stored, limit);
  } catch {
    throw new Refused('a frame does not decode');
  }
  throw new Refused(`codec ${codec} is not known`);
}

function allZero(bytes: Buffer): boolean {
  return bytes.equals(Buffer.alloc(bytes.length));
}
