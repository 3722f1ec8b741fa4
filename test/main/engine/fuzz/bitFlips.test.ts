/**
 * Single bits that turn over: in a manifest, behind its seal and on it, and in the archives of a snapshot. Each is found
 * out, and costs no more than the files of its MiB. `npm run soak` turns more bits of the seal.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { compareTrees } from '../../../../src/main/cli/demo/compareTrees.ts';
import { ManifestWriter, readManifest } from '../../../../src/main/engine/backup/manifest.ts';
import { prepareKey } from '../../../../src/main/engine/crypto.ts';
import { EngineError } from '../../../../src/main/engine/failure.ts';
import { HEADER_BYTES } from '../../../../src/main/engine/pack/header.ts';
import { chunkAt, frameAt } from '../../../../src/main/engine/pack/index.ts';
import { decodeFrame, isChunk, openPack, readTail } from '../../../../src/main/engine/pack/packReader.ts';
import { PackWriter } from '../../../../src/main/engine/pack/packWriter.ts';
import { bodyLength } from '../../../../src/main/engine/pack/segment.ts';
import { keys, MIB, tempFolder, writer } from '../pack/samplePack.ts';
import { Scene } from '../scene.ts';
import { figure } from '../../../figures.ts';

const idKey = prepareKey(keys.id);
/** Between two bits of the seal that are tried; a prime, so that all places in a byte come up. */
const STEP = process.env.PERMAFROST_SOAK === undefined ? 16_381 : 61;

function smallManifest(): Buffer {
  const pack = new PackWriter({
    kind: 'manifest',
    keys,
    writer,
    stagingDir: tempFolder(),
    packBytes: 4 * MIB,
  });
  const manifest = new ManifestWriter(pack, idKey);
  const id = '0'.repeat(32);
  manifest.add({
    ...{
      kind: 'head',
      snapshot: id,
      base: true,
      parent: null,
      plan: { id, name: 'docs', createdAt: 1 },
      writer: id,
    },
    ...{ epoch: 1, previous: null, host: 'here', platform: 'linux', startedAt: 1, endedAt: 2 },
  });
  manifest.add({ kind: 'folder', number: 0, parent: 0, name: Buffer.alloc(0) });
  const file = { size: 3, chunks: 1, ids: Buffer.alloc(32, 3), hash: Buffer.alloc(32, 4) };
  const marks = { sparse: false, inode: null, inconsistent: false };
  const common = { name: Buffer.from('a'), mode: 0o644, uid: 1, gid: 1, mtime: { s: 1, ns: 2 } };
  manifest.add({ kind: 'put', entry: { type: 'file', ...common, ...file, ...marks } });
  return readFileSync(manifest.finish().path);
}

/** What the body says, if it is sound: trailer, index and each chunk are proven. */
function linesOf(body: Buffer): string {
  const { index } = readTail(body.length, (first, end) => body.subarray(first, end), 'the manifest');
  const chunks: Buffer[] = [];
  for (let i = 0; i < index.chunks; i++) {
    const { id, frame, offset, length } = chunkAt(index, i);
    const record = frameAt(index, frame);
    const stored = body.subarray(record.offset, record.offset + record.storedBytes);
    const chunk = decodeFrame(record, stored, 'a frame').subarray(offset, offset + length);
    if (!isChunk(idKey, id, chunk)) throw new EngineError('corrupt', 'another chunk', '');
    chunks.push(chunk);
  }
  return JSON.stringify([...readManifest(chunks)]);
}

/** Whether it was refused as what it is. */
function isRefused(read: () => unknown): boolean {
  try {
    read();
    return false;
  } catch (error) {
    if (error instanceof EngineError && error.kind === 'corrupt') return true;
    throw error;
  }
}

it('any bit of a manifest, sealed again with the right key: it is refused, or says the same', () => {
  const bytes = smallManifest();
  const body = openPack(bytes.subarray(0, HEADER_BYTES), keys).openSegment(0, true, bytes);
  expect(body).toHaveLength(bodyLength(1));
  const { trailer } = readTail(body.length, (first, end) => body.subarray(first, end), 'the manifest');
  const sound = linesOf(body);
  let refused = 0;
  let harmless = 0;
  const places = [
    { first: 0, end: trailer.framesEnd },
    { first: trailer.indexOffset, end: body.length },
  ];
  for (const { first, end } of places) {
    for (let bit = 8 * first; bit < 8 * end; bit++) {
      body[bit >> 3] = (body[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      if (isRefused(() => linesOf(body))) refused++;
      else {
        expect(linesOf(body), `bit ${bit}`).toBe(sound);
        harmless++;
      }
      body[bit >> 3] = (body[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    }
  }
  // Compressors have a bit here and there that nobody reads.
  expect(harmless).toBeLessThan(refused / 50);
});

it('a bit of the seal of a manifest, anywhere: it is refused', () => {
  const bytes = smallManifest();
  const header = Buffer.from(bytes.subarray(0, HEADER_BYTES));
  const pack = openPack(header, keys);
  for (let bit = 8 * HEADER_BYTES; bit < 8 * bytes.length; bit += STEP) {
    bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    expect(
      isRefused(() => pack.openSegment(0, true, bytes)),
      `bit ${bit}`,
    ).toBe(true);
    bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  }
  pack.openSegment(0, true, bytes);
});

const FILES = 90;
/** Each is one chunk; nine of them are stored together, as one frame of 540,000 bytes, and lost together. */
const FILE_BYTES = 60_000;
const FILES_IN_FRAME = 9;
/** First byte of each field of a header. */
const headerFields = [0, 8, 10, 12, 16, 32, 48, 80, 112];

it('a bit of each MiB and header field of an archive: files of that MiB are lost, and named, and no others', async () => {
  const scene = new Scene();
  try {
    mkdirSync(join(scene.source, 'many'));
    for (let i = 0; i < FILES; i++)
      writeFileSync(join(scene.source, 'many', `${i}`), randomBytes(FILE_BYTES));
    await scene.setUp();
    expect(await scene.backup()).toMatchObject({ state: 'done' });
    const folder = scene.path('attic', 'archives');
    // Manifests are not read for a restore while the catalog is there.
    const archives = await scene.ask('check:archives', { target: 'attic' });
    const packs = archives.filter(({ holds }) => holds === 'data').map(({ archive }) => archive);
    let flips = 0;
    let lost = 0;
    let beyond = 0;
    for (const pack of packs) {
      const path = join(folder, pack);
      const sound = readFileSync(path);
      for (let n = 0; n < sound.length / MIB; n++) {
        const failed = await lostBy(scene, path, sound, n * MIB + 1000 + 90_001 * (n % 8));
        // Two frames lie in a MiB, or one and a piece of one at each end.
        beyond += Math.max(0, failed - 3 * FILES_IN_FRAME);
        expect(failed).toBeLessThanOrEqual(3 * FILES_IN_FRAME);
        lost += failed;
        flips++;
      }
      for (const at of headerFields) {
        // A copy of the header is in the catalog, and in the manifest.
        expect(await lostBy(scene, path, sound, at), `byte ${at}`).toBe(0);
        flips++;
      }
    }
    // Each MiB was hit, and so each file at least once.
    expect(lost).toBeGreaterThanOrEqual(FILES);
    figure('bits turned in archives', flips);
    figure('files lost beyond the MiB of a turned bit', beyond);
    process.stdout.write(`${flips} bits of ${packs.length} archives: ${lost} files lost in all, no others\n`);
  } finally {
    await scene.remove();
  }
}, 120_000);

/** Turns a bit over, restores, and turns it back; resolves to how many files were lost. The others are as they were. */
async function lostBy(scene: Scene, path: string, sound: Buffer, at: number): Promise<number> {
  const damaged = Buffer.from(sound);
  damaged[at] = (damaged[at] ?? 0) ^ 0x10;
  writeFileSync(path, damaged);
  const to = scene.path('out');
  const order = await scene.restore({ to });
  writeFileSync(path, sound);
  const { differences } = await compareTrees(scene.source, join(to, 'source'));
  rmSync(to, { recursive: true });
  const named = order.problems.map((problem) => problem.path.split('/').at(-1)).sort();
  const missing = differences.map((difference) => difference.path.split('/').at(-1)).sort();
  expect(named).toEqual(missing);
  expect(order.failedFiles).toBe(named.length);
  return named.length;
}
