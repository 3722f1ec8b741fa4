import { chmodSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PackWriter, type SealedPack } from '../../../../src/main/engine/pack/packWriter.ts';
import { verifyPack } from '../../../../src/main/engine/pack/verify.ts';
import { treeHash } from '../../../../src/main/engine/upload/treeHash.ts';
import { pseudoRandom } from '../chunk/sample.ts';
import {
  idOf,
  keys,
  masterKey,
  MIB,
  prose,
  sampleChunks,
  tempFolder,
  writePack,
  writer,
} from './samplePack.ts';
import { readAsStranger } from './strangerReader.ts';

const dir = tempFolder();
const open = (packBytes = 4 * MIB, stagingDir = dir) =>
  new PackWriter({ kind: 'data', keys, writer, stagingDir, packBytes });

describe('pack writer', () => {
  it('writes what a stranger reads with the format and the master key', () => {
    const chunks = sampleChunks();
    const sealed = writePack({ dir, chunks });
    const read = readAsStranger(readFileSync(sealed.path), masterKey);
    expect(read.kind).toBe(1);
    expect(read.packId).toBe(sealed.packId);
    expect(new Set(read.codecs)).toEqual(new Set([0, 1]));
    const found = new Map(read.chunks.map(({ id, bytes }) => [id, bytes]));
    expect(found.size).toBe(chunks.length);
    for (const chunk of chunks) expect(found.get(idOf(chunk).toString('hex'))?.equals(chunk)).toBe(true);
  });

  it('reports the file as it lies there', () => {
    const chunks = sampleChunks();
    const sealed = writePack({ dir, chunks });
    const file = readFileSync(sealed.path);
    expect(sealed.size).toBe(file.length);
    expect(sealed.header).toEqual(file.subarray(0, 128));
    expect(sealed.treeHash).toEqual(treeHash(file));
    expect(sealed.rawBytes).toBe(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
    expect(sealed.index).toHaveLength(24 * sealed.frames + 48 * sealed.chunks);
    expect(sealed.path).toBe(join(dir, `${sealed.packId}.pack`));
    expect(statSync(sealed.path).mode & 0o777).toBe(0o600);
    expect(readdirSync(dir).filter((name) => name.endsWith('.tmp'))).toEqual([]);
    const verified = verifyPack(sealed.path, keys);
    expect(verified).toMatchObject({ packId: sealed.packId, header: sealed.header, leaves: sealed.leaves });
    expect(verified.index.bytes).toEqual(sealed.index);
  });

  it('reads back equal for any chunks', () => {
    const chunk = fc.tuple(fc.integer({ min: 1, max: 400_000 }), fc.nat(), fc.boolean());
    fc.assert(
      fc.property(
        fc.array(chunk, { minLength: 1, maxLength: 12 }),
        fc.constantFrom('full' as const, 'padme' as const),
        (list, shape) => {
          const chunks = list.map(([n, seed, noisy]) => (noisy ? pseudoRandom(n, seed) : prose(n, seed)));
          const sealed = writePack({ dir, chunks, shape });
          const read = readAsStranger(readFileSync(sealed.path), masterKey).chunks.map(({ bytes }) => bytes);
          const sorted = (all: Buffer[]) => [...all].sort(Buffer.compare);
          expect(Buffer.concat(sorted(read)).equals(Buffer.concat(sorted(chunks)))).toBe(true);
          expect(verifyPack(sealed.path, keys).leaves).toEqual(sealed.leaves);
          rmSync(sealed.path);
        },
      ),
      { numRuns: 15 },
    );
  });

  it('fills segments to the last byte', () => {
    // Around the length where frame, index and trailer just fit in one segment, then just do not.
    const sizes: number[] = [];
    for (let length = 1_048_432 - 64 - 24 - 48; length < 1_048_432 - 64; length += 3) {
      const chunk = pseudoRandom(length, 3);
      const sealed = writePack({ dir, chunks: [chunk] });
      sizes.push(sealed.size / MIB);
      const read = readAsStranger(readFileSync(sealed.path), masterKey);
      expect(read.chunks[0]!.bytes.equals(chunk)).toBe(true);
      verifyPack(sealed.path, keys);
      rmSync(sealed.path);
    }
    expect(sizes).toEqual([...sizes].sort());
    expect(new Set(sizes)).toEqual(new Set([1, 2]));
  });

  it('makes a full pack of the size it should have, and refuses the frame that does not fit', () => {
    const pack = open();
    const noise = pseudoRandom(900_000, 1);
    const frame = {
      codec: 0,
      stored: noise,
      rawBytes: noise.length,
      chunks: [{ id: idOf(noise), length: noise.length }],
    } as const;
    let taken = 0;
    while (pack.addFrame(frame)) taken++;
    expect(taken).toBe(4);
    expect(pack.addFrame(frame)).toBe(false);
    const sealed = pack.seal('full');
    expect(sealed).toMatchObject({ size: 4 * MIB, frames: 4, chunks: 4 });
    expect(verifyPack(sealed.path, keys).index.frames).toBe(4);
  });

  it('pads the last pack with zeros to few different sizes', () => {
    const chunks = Array.from({ length: 9 }, (_, i) => pseudoRandom(MIB, i + 1));
    const sealed = writePack({ dir, chunks, packBytes: 64 * MIB });
    expect(sealed.size).toBe(10 * MIB);
    const { body } = readAsStranger(readFileSync(sealed.path), masterKey);
    expect(
      body
        .subarray(9 * MIB, body.length - sealed.index.length - 64)
        .equals(Buffer.alloc(body.length - sealed.index.length - 64 - 9 * MIB)),
    ).toBe(true);
  });

  it('is never larger than a full pack, however it is padded', () => {
    const chunks = Array.from({ length: 8 }, (_, i) => pseudoRandom(MIB, i + 1));
    expect(writePack({ dir, chunks, packBytes: 9 * MIB }).size).toBe(9 * MIB);
  });

  it('holds a quarter of a million chunks and no more', () => {
    const pack = open(64 * MIB);
    const id = idOf(Buffer.from('x'));
    const chunks = Array.from({ length: 4096 }, () => ({ id, length: 1 }));
    const frame = { codec: 0, stored: Buffer.alloc(4096, 'x'), rawBytes: 4096, chunks } as const;
    for (let i = 0; i < 64; i++) expect(pack.addFrame(frame)).toBe(true);
    expect(
      pack.addFrame({ ...frame, stored: Buffer.from('x'), rawBytes: 1, chunks: chunks.slice(0, 1) }),
    ).toBe(false);
    const sealed = pack.seal('padme');
    expect(sealed.chunks).toBe(262_144);
  });

  it('seals the same chunks under another key each time', () => {
    const [one, two] = [0, 1].map(() => writePack({ dir, chunks: sampleChunks() })) as [
      SealedPack,
      SealedPack,
    ];
    expect(one.index).toEqual(two.index);
    const [a, b] = [readFileSync(one.path), readFileSync(two.path)];
    for (let at = 128; at < a.length; at += 4096)
      expect(a.subarray(at, at + 64).equals(b.subarray(at, at + 64))).toBe(false);
  });

  it('leaves nothing behind when it is abandoned', () => {
    const folder = tempFolder();
    const pack = open(4 * MIB, folder);
    expect(readdirSync(folder)).toEqual([`${pack.packId}.tmp`]);
    pack.abandon();
    pack.abandon();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('says that the staging folder is to blame', () => {
    expect(() => open(4 * MIB, join(dir, 'missing'))).toThrow(
      expect.objectContaining({ kind: 'unwritable' }),
    );
    const gone = tempFolder();
    const pack = open(4 * MIB, gone);
    pack.addFrame({
      codec: 0,
      stored: Buffer.from('x'),
      rawBytes: 1,
      chunks: [{ id: idOf(Buffer.from('x')), length: 1 }],
    });
    rmSync(gone, { recursive: true });
    expect(() => pack.seal('padme')).toThrow(expect.objectContaining({ kind: 'unwritable' }));
    pack.abandon();
    if (process.getuid?.() !== 0) {
      const closed = tempFolder();
      chmodSync(closed, 0o500);
      expect(() => open(4 * MIB, closed)).toThrow(expect.objectContaining({ kind: 'unwritable' }));
    }
  });

  it('refuses what makes no pack', () => {
    for (const packBytes of [0, 100, MIB, 4097 * MIB, 3.5 * MIB])
      expect(() => open(packBytes)).toThrow(RangeError);
    const pack = open();
    expect(() => pack.seal('padme')).toThrow(RangeError);
    pack.abandon();
  });
});
