/** How fast one core cuts, seals and verifies, on the engine's own modules. */
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PackingChain } from '../../src/main/engine/backup/packingChain.ts';
import { ChunkIndex, createChunkIndex } from '../../src/main/engine/chunk/chunkIndex.ts';
import { findCut, gearTable, MAX_CHUNK_BYTES } from '../../src/main/engine/chunk/gear.ts';
import { deriveKeys } from '../../src/main/engine/keys/masterKey.ts';
import { createHeader, openHeader } from '../../src/main/engine/pack/header.ts';
import type { SealedPack } from '../../src/main/engine/pack/packWriter.ts';
import { bodyOfSegment, sealSegment } from '../../src/main/engine/pack/segment.ts';
import { verifyPack } from '../../src/main/engine/pack/verify.ts';
import { median } from '../statistics.ts';
import type { Figures } from './page.ts';

const MIB = 2 ** 20;
const ROUNDS = 5;
const CUT_BYTES = 64 * MIB;
const SEGMENTS = 64;
const TEXT_BYTES = 64 * MIB;
const SEALS = 4000;

export function measureSpeeds(): Figures {
  const keys = deriveKeys({ epoch: 1, key: randomBytes(32) });
  const dir = mkdtempSync(join(tmpdir(), 'permafrost-figures-'));
  try {
    const packing = rounds(() => packAndVerify(keys, dir));
    return new Map([
      [
        'cutting',
        rate(
          rounds(() => cpuSeconds(() => cutAll(gearTable(keys.cdc)))),
          CUT_BYTES,
        ),
      ],
      [
        'sealing',
        rate(
          rounds(() => sealSome(keys)),
          SEGMENTS * MIB,
        ),
      ],
      ['verifying a pack from disk', whole(median(packing.map(({ mibPerSecond }) => mibPerSecond)))],
      ['verifying, of the CPU time of packing', whole(median(packing.map(({ share }) => 100 * share)))],
      ...repeatedNonces(keys),
    ]);
  } finally {
    rmSync(dir, { recursive: true });
  }
}

function rounds<T>(act: () => T): T[] {
  act(); // what is compiled on the way is not measured
  return Array.from({ length: ROUNDS }, act);
}

function cpuSeconds(act: () => void): number {
  const before = process.cpuUsage();
  act();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

function rate(seconds: readonly number[], bytes: number): number {
  return whole(bytes / MIB / median(seconds));
}

const noise = randomBytes(CUT_BYTES);

function cutAll(gear: Int32Array): void {
  for (let at = 0; at < noise.length;) {
    at = findCut(gear, noise, at, Math.min(at + MAX_CHUNK_BYTES, noise.length));
  }
}

type Keys = ReturnType<typeof deriveKeys>;

function sealSome(keys: Keys): number {
  const { bytes } = createHeader(keys, randomBytes(16));
  const { seal } = openHeader(bytes, keys);
  const bodies = Array.from({ length: SEGMENTS }, (_, n) => {
    const { first, end } = bodyOfSegment(n);
    return noise.subarray(0, end - first);
  });
  return cpuSeconds(() => {
    for (const [n, body] of bodies.entries()) sealSegment(seal, n, n === SEGMENTS - 1, body);
  });
}

/** Text as sources are: it compresses to about a fourth. */
function text(): Buffer {
  const words = Array.from({ length: 4096 }, (_, i) =>
    createHash('sha256')
      .update(String(i))
      .digest('base64')
      .slice(0, 3 + (i % 9)),
  );
  const picks = randomBytes(TEXT_BYTES / 3);
  let at = 0;
  const lines: string[] = [];
  for (let bytes = 0; bytes < TEXT_BYTES;) {
    const line = Array.from(
      { length: 8 },
      () => words[((picks[at++] ?? 0) * 256 + (picks[at++] ?? 0)) % 4096],
    ).join(' ');
    lines.push(line);
    bytes += line.length + 1;
  }
  return Buffer.from(lines.join('\n')).subarray(0, TEXT_BYTES);
}

const source = text();
const FILE_BYTES = 64 * 1024;

function packAndVerify(keys: Keys, stagingDir: string): { mibPerSecond: number; share: number } {
  const packs: SealedPack[] = [];
  const index = new ChunkIndex(createChunkIndex({ expected: 10_000, nextNumber: 1 }).memory);
  const options = { keys, writer: randomBytes(16), stagingDir, packBytes: 64 * MIB, index };
  const packing = cpuSeconds(() => {
    const chain = new PackingChain(options, (pack) => packs.push(pack));
    for (let at = 0; at < source.length; at += FILE_BYTES) chain.take(source, at, at + FILE_BYTES, 'long');
    chain.finish();
  });
  const verifying = cpuSeconds(() => {
    for (const { path } of packs) verifyPack(path, keys);
  });
  const bytes = packs.reduce((sum, { size }) => sum + size, 0);
  for (const { path } of packs) rmSync(path);
  return { mibPerSecond: bytes / MIB / verifying, share: verifying / packing };
}

/** A nonce is a segment's number: it repeats under one key only if two packs get the same key. */
function repeatedNonces(keys: Keys): [string, number][] {
  const seen = new Set<string>();
  for (let i = 0; i < SEALS; i++) {
    const { bytes } = createHeader(keys, Buffer.alloc(16));
    seen.add(openHeader(bytes, keys).seal.key.export().toString('hex'));
  }
  return [
    ['packs sealed to look for repeated nonces', SEALS],
    ['repeated nonces', SEALS - seen.size],
  ];
}

function whole(value: number): number {
  return Math.round(value);
}
