import {
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import type { FileTask, PackedFile } from '../../../../src/main/engine/backup/packing.ts';
import {
  type PackingPool,
  type PackingPoolOptions,
  startPackingPool,
} from '../../../../src/main/engine/backup/packingPool.ts';
import { createChunkIndex } from '../../../../src/main/engine/chunk/chunkIndex.ts';
import { STRIPE_BYTES } from '../../../../src/main/engine/chunk/stripes.ts';
import { EngineError } from '../../../../src/main/engine/failure.ts';
import { pseudoRandom } from '../chunk/sample.ts';
import { keys, MIB, prose, tempFolder, writer } from '../pack/samplePack.ts';
import { PackReader, taskFor, writeFiles } from './packingSample.ts';

const opened: PackingPool[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((pool) => pool.close()));
});

function setUp(change: Partial<PackingPoolOptions> = {}) {
  const index = createChunkIndex({ expected: 1000, nextNumber: 1 });
  const reader = new PackReader(index);
  const files = new Map<number, PackedFile>();
  const stagingDir = tempFolder();
  const pool = startPackingPool({
    ...{ workers: 2, keys, writer, stagingDir, packBytes: 4 * MIB, index },
    onSealed: (pack) => {
      reader.take(pack);
      return Promise.resolve();
    },
    onPacked: (batch) => batch.forEach((file) => files.set(file.key, file)),
    ...change,
  });
  opened.push(pool);
  return { pool, reader, files, stagingDir };
}

/** 40 MB in 40 files: enough for two threads. */
const noise = Array.from({ length: 40 }, (_, i) => pseudoRandom(1_000_000, i + 1));

async function addAll(pool: PackingPool, tasks: readonly FileTask[]): Promise<void> {
  for (let i = 0; i < tasks.length; i += 50) await pool.add(tasks.slice(i, i + 50));
}

describe('packing pool', () => {
  it('packs files of all sizes with several threads, each once', async () => {
    const { pool, reader, files, stagingDir } = setUp();
    const small = Array.from({ length: 400 }, (_, i) => prose(i * 37, i + 1));
    const contents = [...small, ...noise, ...small, Buffer.alloc(3 * MIB)];
    await addAll(pool, writeFiles(tempFolder(), contents));
    await pool.flush();
    expect(files.size).toBe(contents.length);
    contents.forEach((bytes, i) => expect(reader.contentOf(files.get(i)).equals(bytes)).toBe(true));
    const newBytes = [...files.values()].reduce(
      (sum, file) => sum + (file.kind === 'packed' ? file.newBytes : 0),
      0,
    );
    expect(newBytes).toBe(reader.packs.reduce((sum, { rawBytes }) => sum + rawBytes, 0));
    expect(readdirSync(stagingDir)).toEqual([]);
  });

  it('makes one pack of a small backup, and goes on after a flush', async () => {
    const { pool, reader, files } = setUp({ workers: 4 });
    const contents = Array.from({ length: 100 }, (_, i) => prose(2000, i + 1));
    const tasks = writeFiles(tempFolder(), contents);
    await addAll(pool, tasks.slice(0, 60));
    await pool.flush();
    expect(reader.packs).toHaveLength(1);
    await addAll(pool, tasks.slice(60));
    await pool.flush();
    await pool.flush();
    expect(reader.packs).toHaveLength(2);
    contents.forEach((bytes, i) => expect(reader.contentOf(files.get(i)).equals(bytes)).toBe(true));
  });

  it('keeps what is not expected to last in packs of its own', async () => {
    const packs: string[][] = [];
    const index = createChunkIndex({ expected: 1000, nextNumber: 1 });
    const { pool, files } = setUp({
      index,
      workers: 1,
      onSealed: (pack) => {
        packs.push(Array.from({ length: pack.chunks }, () => pack.packId));
        return Promise.resolve();
      },
    });
    const tasks = writeFiles(
      tempFolder(),
      Array.from({ length: 20 }, (_, i) => pseudoRandom(10_000, 2 * i + 1)),
    );
    await pool.add(tasks.map((task, i) => ({ ...task, lifetime: i % 2 === 0 ? 'short' : 'long' })));
    await pool.flush();
    expect(packs.map(({ length }) => length)).toEqual([10, 10]);
    expect(files.size).toBe(20);
  });

  it('reads the stripes of a big file with several threads and joins them in order', async () => {
    const path = join(tempFolder(), 'big');
    writeFileSync(path, '');
    truncateSync(path, 3 * STRIPE_BYTES + 12_345);
    const fd = openSync(path, 'r+');
    for (let at = 10 * MIB; at < 3 * STRIPE_BYTES; at += 40 * MIB)
      writeSync(fd, pseudoRandom(5 * MIB, at), 0, 5 * MIB, at);
    closeSync(fd);
    const { pool, reader, files } = setUp();
    await pool.add([taskFor(path, 9)]);
    await pool.flush();
    expect(files.get(9)).toMatchObject({
      kind: 'packed',
      inconsistent: false,
      found: { size: 3 * STRIPE_BYTES + 12_345 },
    });
    expect(reader.contentOf(files.get(9)).equals(readFileSync(path))).toBe(true);
  });

  it('reads a big file again that is not the size it was found with', async () => {
    const path = join(tempFolder(), 'big');
    writeFileSync(path, '');
    truncateSync(path, STRIPE_BYTES + 5_000_000);
    const task = taskFor(path, 3);
    truncateSync(path, STRIPE_BYTES + 7_000_000);
    const { pool, reader, files } = setUp();
    await pool.add([task]);
    await pool.flush();
    expect(files.get(3)).toMatchObject({ inconsistent: false, found: { size: STRIPE_BYTES + 7_000_000 } });
    expect(reader.contentOf(files.get(3))).toHaveLength(STRIPE_BYTES + 7_000_000);
  });

  it('reports files that cannot be read and goes on with the others', async () => {
    const { pool, reader, files } = setUp();
    const tasks = writeFiles(tempFolder(), [prose(500, 1), prose(600, 2), prose(700, 3)]);
    rmSync(Buffer.from(tasks[1]!.path));
    await pool.add(tasks);
    await pool.flush();
    expect(files.get(1)).toMatchObject({ kind: 'failed', problem: 'vanished' });
    expect(reader.contentOf(files.get(2)).equals(prose(700, 3))).toBe(true);
  });

  it('stages no more packs than it has threads until it is told that they are taken care of', async () => {
    const release: (() => void)[] = [];
    const { pool, stagingDir, files } = setUp({
      onSealed: (pack) =>
        new Promise((resolve) => {
          release.push(() => {
            rmSync(pack.path);
            resolve();
          });
        }),
    });
    let done = false;
    const packing = addAll(pool, writeFiles(tempFolder(), noise))
      .then(() => pool.flush())
      .then(() => (done = true));
    const staged = () => readdirSync(stagingDir).filter((name) => name.endsWith('.pack')).length;
    while (release.length < 2) await sleep(5);
    await sleep(300);
    expect(staged()).toBe(2);
    expect(done).toBe(false);
    while (!done) {
      expect(staged()).toBeLessThanOrEqual(2);
      release.splice(0).forEach((go) => go());
      await sleep(2);
    }
    await packing;
    expect(files.size).toBe(noise.length);
  });

  it('holds back who adds faster than it packs', async () => {
    let sealed: (() => void) | undefined;
    const { pool } = setUp({ workers: 1, onSealed: () => new Promise((resolve) => (sealed = resolve)) });
    const tasks = writeFiles(tempFolder(), noise);
    let added = 0;
    const adding = (async () => {
      for (const task of tasks) {
        await pool.add([task]);
        added++;
      }
    })();
    const stopped = expect(adding).rejects.toMatchObject({ name: 'AbortError' });
    while (sealed === undefined) await sleep(5);
    await sleep(200);
    expect(added).toBeLessThan(20);
    await pool.close();
    await stopped;
  });

  it('waits for what is done with its reports', async () => {
    let recorded = 0;
    const { pool } = setUp({
      onPacked: async (batch) => {
        await sleep(50);
        recorded += batch.length;
      },
    });
    await pool.add(writeFiles(tempFolder(), [prose(500, 1), prose(600, 2)]));
    await pool.flush();
    expect(recorded).toBe(2);
  });

  it('ends with the failure of whoever takes its packs or reports', async () => {
    const failure = new EngineError('no-space', 'There is no space left.', 'Free some space.');
    const tasks = writeFiles(tempFolder(), noise);
    const one = setUp({ onSealed: () => Promise.reject(failure) });
    await expect(addAll(one.pool, tasks).then(() => one.pool.flush())).rejects.toBe(failure);
    await expect(one.pool.add(tasks)).rejects.toBe(failure);
    const two = setUp({ onPacked: () => Promise.reject(failure) });
    await expect(addAll(two.pool, tasks).then(() => two.pool.flush())).rejects.toBe(failure);
    await Promise.all([one.pool.close(), two.pool.close()]);
    expect(readdirSync(two.stagingDir).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it('ends with the failure of the staging folder', async () => {
    const { pool } = setUp({ stagingDir: join(tempFolder(), 'missing') });
    await pool.add(writeFiles(tempFolder(), [prose(500, 1)]));
    await expect(pool.flush()).rejects.toMatchObject({ kind: 'unwritable' });
    await expect(pool.flush()).rejects.toBeInstanceOf(EngineError);
  });

  it('ends with a clear failure when a thread dies or trips over a bug', async () => {
    const tasks = writeFiles(tempFolder(), [prose(500, 1)]);
    const dying = setUp({ keys: { ...keys, cdc: null as unknown as Buffer } }).pool;
    await dying.add(tasks);
    const died = { kind: 'bug', message: expect.stringContaining('packing thread ended') as string };
    await expect(dying.flush()).rejects.toMatchObject(died);
    const tripping = setUp({ writer: Buffer.alloc(3) }).pool;
    await tripping.add(tasks);
    await expect(tripping.flush()).rejects.toMatchObject({ kind: 'bug' });
  });

  it('stops in the middle of its work without leaving anything half-done', async () => {
    const { pool, stagingDir } = setUp({ packBytes: 64 * MIB });
    const adding = addAll(pool, writeFiles(tempFolder(), noise)).then(() => pool.flush());
    const stopped = expect(adding).rejects.toMatchObject({ name: 'AbortError' });
    while (readdirSync(stagingDir).length === 0) await sleep(2);
    await Promise.all([pool.close(), pool.close()]);
    await stopped;
    expect(readdirSync(stagingDir)).toEqual([]);
    await expect(pool.add([])).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('stops while a thread waits for its pack to be taken care of, which stays', async () => {
    let path = '';
    const { pool } = setUp({
      onSealed: (pack) => {
        path = pack.path;
        return new Promise<void>(() => undefined);
      },
    });
    await pool.add(writeFiles(tempFolder(), [prose(500, 1)]));
    const flushing = expect(pool.flush()).rejects.toMatchObject({ name: 'AbortError' });
    while (path === '') await sleep(2);
    const start = performance.now();
    await pool.close();
    await flushing;
    expect(performance.now() - start).toBeLessThan(2_000);
    expect(existsSync(path)).toBe(true);
  });

  it('needs no thread to be closed unused', async () => {
    const { pool } = setUp();
    await pool.flush();
    await pool.close();
  });
});
