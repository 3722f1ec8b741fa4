/**
 * A reader written from docs/format.md alone, with nothing of ours in it: what it gets out of a pack is what a
 * stranger gets. It throws on whatever it does not understand.
 */
import { createDecipheriv, createHash, createHmac, hkdfSync } from 'node:crypto';
import { inflateRawSync, zstdDecompressSync } from 'node:zlib';

const MIB = 1024 * 1024;

export interface StrangersPack {
  kind: number;
  packId: string;
  body: Buffer;
  codecs: number[];
  chunks: { id: string; bytes: Buffer }[];
}

export function readAsStranger(file: Buffer, masterKey: Buffer): StrangersPack {
  const subkey = (label: string) =>
    Buffer.from(hkdfSync('sha256', masterKey, '', `permafrost/v1/${label}`, 32));
  const body = openBody(file, subkey('pack'));
  const trailer = body.subarray(body.length - 64);
  if (trailer.toString('latin1', 0, 8) !== 'PFTAIL\r\n') throw new Error('no trailer');
  const framesCount = trailer.readUInt32LE(20);
  const chunksCount = trailer.readUInt32LE(24);
  const indexAt = Number(trailer.readBigUInt64LE(40));
  const index = inflate(
    trailer[10]!,
    body.subarray(indexAt, indexAt + trailer.readUInt32LE(12)),
    trailer.readUInt32LE(16),
  );
  const codecs: number[] = [];
  const frames: Buffer[] = [];
  for (let i = 0; i < framesCount; i++) {
    const record = index.subarray(24 * i, 24 * i + 24);
    const at = Number(record.readBigUInt64LE(0));
    codecs.push(record[16]!);
    frames.push(
      inflate(record[16]!, body.subarray(at, at + record.readUInt32LE(8)), record.readUInt32LE(12)),
    );
  }
  const chunks = [];
  for (let i = 0; i < chunksCount; i++) {
    const record = index.subarray(24 * framesCount + 48 * i, 24 * framesCount + 48 * i + 48);
    const offset = record.readUInt32LE(36);
    const bytes = frames[record.readUInt32LE(32)]!.subarray(offset, offset + record.readUInt32LE(40));
    const id = record.toString('hex', 0, 32);
    if (createHmac('sha256', subkey('id')).update(bytes).digest('hex') !== id)
      throw new Error('a chunk with another id');
    chunks.push({ id, bytes });
  }
  return { kind: trailer.readUInt16LE(8), packId: file.toString('hex', 32, 48), body, codecs, chunks };
}

function openBody(file: Buffer, packKey: Buffer): Buffer {
  const header = file.subarray(0, 128);
  if (header.toString('latin1', 0, 8) !== 'PFPACK\r\n' || header.readUInt32LE(8) !== 0x0001_0001)
    throw new Error('no pack');
  const info = Buffer.concat([Buffer.from('pack/v1'), header.subarray(0, 48)]);
  const derived = Buffer.from(hkdfSync('sha256', packKey, header.subarray(48, 80), info, 64));
  if (!derived.subarray(32).equals(header.subarray(80, 112))) throw new Error('another key');
  const associated = createHash('sha256').update(header).digest();
  const pieces: Buffer[] = [];
  for (let n = 0; n < file.length / MIB; n++) {
    const nonce = Buffer.alloc(12);
    nonce.writeUInt32LE(n, 7);
    nonce[11] = (n + 1) * MIB === file.length ? 1 : 0;
    const decipher = createDecipheriv('aes-256-gcm', derived.subarray(0, 32), nonce);
    decipher.setAAD(associated);
    decipher.setAuthTag(file.subarray((n + 1) * MIB - 16, (n + 1) * MIB));
    pieces.push(
      decipher.update(file.subarray(n === 0 ? 128 : n * MIB, (n + 1) * MIB - 16)),
      decipher.final(),
    );
  }
  return Buffer.concat(pieces);
}

function inflate(codec: number, stored: Buffer, rawLength: number): Buffer {
  const raw = codec === 0 ? stored : codec === 1 ? zstdDecompressSync(stored) : inflateRawSync(stored);
  if (raw.length !== rawLength) throw new Error('another length');
  return raw;
}
