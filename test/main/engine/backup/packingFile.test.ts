import { createHash } from 'node:crypto';
import {
  appendFileSync,
  chmodSync,
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { FileTask, PackedFile } from '../../../../src/main/engine/backup/packing.ts';
import { PackingChain } from '../../../../src/main/engine/backup/packingChain.ts';
import {
  FilePacker,
  joinStripes,
  type PackedStripe,
} from '../../../../src/main/engine/backup/packingFile.ts';
import { createChunkIndex } from '../../../../src/main/engine/chunk/chunkIndex.ts';
import {
  cutStripe,
  MIN_READ_BUFFER_BYTES,
  STRIPE_BYTES,
  stripesOf,
} from '../../../../src/main/engine/chunk/stripes.ts';
import { chunkNumbers, countChunks } from '../../../../src/main/engine/entry.ts';
import { pseudoRandom } from '../chunk/sample.ts';
import { keys, MIB, prose, tempFolder, writer } from '../pack/samplePack.ts';
import { PackReader, taskFor, writeFiles } from './packingSample.ts';

/** A chain with its packer, and a reader of what comes out. */
function setUp(options: { packBytes?: number; mayGoOn?: () => void; stagingDir?: string } = {}) {
  const index = createChunkIndex({ expected: 1000, nextNumber: 1 });
  const reader = new PackReader(index);
  const { packBytes = 4 * MIB, mayGoOn, stagingDir = tempFolder() } = options;
  const chain = new PackingChain({ keys, writer, stagingDir, packBytes, index }, reader.take);
  const packer = new FilePacker(chain, mayGoOn);
  const pack = (task: FileTask): PackedFile => packer.packFile({ ...task, ino: task.found.ino });
  return { chain, packer, pack, reader, stagingDir };
}

const hashOf = (bytes: Buffer) => createHash('sha256').update(bytes).digest();

describe('packing files', () => {
  it('stores any files so that they can be put together again', () => {
    const content = fc.oneof(
      fc.tuple(fc.nat(300), fc.nat()).map(([n, seed]) => pseudoRandom(n, seed)),
      fc.tuple(fc.nat(3_000_000), fc.nat()).map(([n, seed]) => pseudoRandom(n, seed)),
      fc.tuple(fc.nat(400_000), fc.nat()).map(([n, seed]) => prose(n, seed)),
      fc.nat(2_500_000).map((n) => Buffer.alloc(n)),
    );
    fc.assert(
      fc.property(fc.array(content, { minLength: 1, maxLength: 8 }), (contents) => {
        const folder = tempFolder();
        const { chain, pack, reader } = setUp();
        const packed = writeFiles(folder, contents).map(pack);
        chain.finish();
        contents.forEach((bytes, i) => {
          expect(reader.contentOf(packed[i]).equals(bytes)).toBe(true);
          expect(packed[i]).toMatchObject({ key: i, inconsistent: false, found: { size: bytes.length } });
        });
      }),
      { numRuns: 10 },
    );
  });

  it('reports the whole-file hash over the ids, and nothing stored for an empty file', () => {
    const { chain, pack, reader } = setUp();
    const [empty, some] = writeFiles(tempFolder(), [Buffer.alloc(0), prose(1000, 1)]).map(pack);
    chain.finish();
    expect(empty).toMatchObject({
      newBytes: 0,
      content: { runs: new Uint32Array(0), hash: hashOf(Buffer.alloc(0)) },
    });
    const id = reader.packs[0]!.index.subarray(24, 24 + 32);
    expect(some).toMatchObject({ newBytes: 1000, content: { runs: Uint32Array.of(1, 1), hash: hashOf(id) } });
  });

  it('stores what is known only once', () => {
    const { chain, pack, reader } = setUp();
    const bytes = pseudoRandom(3_000_000, 1);
    const packed = writeFiles(tempFolder(), [bytes, bytes, bytes]).map(pack);
    chain.finish();
    const [first, second, third] = packed.map((file) => (file.kind === 'packed' ? file : undefined));
    expect(first?.newBytes).toBe(bytes.length);
    expect([second?.newBytes, third?.newBytes]).toEqual([0, 0]);
    expect(second?.content).toEqual(first?.content);
    expect(reader.chunks).toBe(countChunks(first!.content.runs));
  });

  it('needs one chunk for a file full of holes, cut as any other bytes would be', () => {
    const path = join(tempFolder(), 'sparse');
    writeFileSync(path, '');
    truncateSync(path, 300 * MIB);
    const { chain, pack, reader } = setUp();
    const packed = pack(taskFor(path));
    chain.finish();
    expect(packed).toMatchObject({ kind: 'packed', newBytes: MIB, found: { size: 300 * MIB } });
    expect(reader.chunks).toBe(1);

    const bytes = Buffer.concat([pseudoRandom(70_000, 1), Buffer.alloc(3 * MIB), pseudoRandom(70_000, 2)]);
    writeFileSync(path, bytes);
    const lengths: number[] = [];
    const readAt = (into: Uint8Array, position: number) => bytes.copy(into, 0, position);
    const stripe = { first: 0, end: bytes.length, size: bytes.length };
    cutStripe(stripe, chain.gear, Buffer.alloc(MIN_READ_BUFFER_BYTES), readAt, (_buffer, start, end) =>
      lengths.push(end - start),
    );
    const again = pack(taskFor(path));
    expect(again.kind === 'packed' && countChunks(again.content.runs)).toBe(lengths.length);
  });

  it('begins a new pack when one is full, and pads only the last', () => {
    const { chain, pack, reader } = setUp();
    pack(writeFiles(tempFolder(), [pseudoRandom(9_000_000, 1)])[0]!);
    chain.finish();
    chain.finish();
    expect(reader.packs.map(({ size }) => size / MIB)).toEqual([4, 4, expect.any(Number)]);
    expect(reader.packs.at(-1)!.size).toBeLessThan(4 * MIB);
  });

  it('leaves nothing in the staging folder when it is abandoned', () => {
    const { chain, pack, stagingDir } = setUp();
    pack(writeFiles(tempFolder(), [pseudoRandom(700_000, 1)])[0]!);
    expect(readdirSync(stagingDir)).toHaveLength(1);
    chain.abandon();
    expect(readdirSync(stagingDir)).toEqual([]);
  });

  it('lets the failure of the staging folder end the run, not the file', () => {
    const { pack, stagingDir } = setUp();
    rmSync(stagingDir, { recursive: true });
    const [task] = writeFiles(tempFolder(), [pseudoRandom(700_000, 1)]);
    expect(() => pack(task!)).toThrow(expect.objectContaining({ kind: 'unwritable' }));
  });

  it('reads a path longer than the system takes', () => {
    const { chain, pack, reader } = setUp();
    const top = tempFolder();
    const name = 'n'.repeat(200);
    // Made from below, as no call takes the whole path.
    const script = `import os\nfor _ in range(30):\n os.mkdir('${name}'); os.chdir('${name}')\nopen('file', 'w').write('deep')\nprint(os.stat('file').st_ino)`;
    const made = spawnSync('python3', ['-c', script], { cwd: top, encoding: 'utf8' });
    onTestFinished(() => void spawnSync('rm', ['-rf', name], { cwd: top }));
    const path = Buffer.from(join(top, ...Array.from({ length: 30 }, () => name), 'file'));
    expect(path.length).toBeGreaterThan(4096);
    const found = { ...taskFor(top).found, ino: Number(made.stdout) };
    const packed = pack({ key: 1, path, found, lifetime: 'long' });
    chain.finish();
    expect(reader.contentOf(packed).toString()).toBe('deep');
  });
});

describe('files that are not what the scan found', () => {
  const folder = tempFolder();
  const { pack } = setUp();

  function afterScan(change: (path: string) => void): PackedFile {
    const path = join(folder, 'file');
    rmSync(path, { recursive: true, force: true });
    writeFileSync(path, 'content');
    const task = taskFor(path);
    change(path);
    return pack(task);
  }

  const mkfifo = (path: string) => void spawnSync('mkfifo', [path]);
  const replace = (make: (path: string) => void) => (path: string) => {
    renameSync(path, `${path} before`);
    make(path);
  };

  it.each<[string, string, (path: string) => void]>([
    ['gone', 'vanished', (path) => rmSync(path)],
    ['a link', 'changed', replace((path) => symlinkSync('/etc/hostname', path))],
    ['another file', 'changed', replace((path) => writeFileSync(path, 'content'))],
    ['a FIFO', 'unsupported', replace(mkfifo)],
    ['a folder', 'unsupported', replace((path) => mkdirSync(path))],
  ])('are reported: %s', (_what, problem, change) => {
    expect(afterScan(change)).toEqual({
      kind: 'failed',
      key: 1,
      problem,
      message: expect.any(String) as string,
    });
  });

  it('are reported when the folder above is gone or is a file', () => {
    const path = join(folder, 'above', 'file');
    mkdirSync(join(folder, 'above'));
    writeFileSync(path, 'x');
    const task = taskFor(path);
    rmSync(join(folder, 'above'), { recursive: true });
    expect(pack(task)).toMatchObject({ problem: 'vanished' });
    writeFileSync(join(folder, 'above'), 'x');
    expect(pack(task)).toMatchObject({ problem: 'vanished' });
  });

  it('are reported as unreadable with the reason', () => {
    const path = Buffer.from(join(folder, 'n'.repeat(300)));
    const task = { ...taskFor(folder), path };
    expect(pack(task)).toMatchObject({ problem: 'unreadable', message: 'It cannot be read (ENAMETOOLONG).' });
    if (process.getuid?.() !== 0) {
      const result = afterScan((file) => chmodSync(file, 0));
      expect(result).toMatchObject({
        problem: 'unreadable',
        message: expect.stringContaining('EACCES') as string,
      });
    }
  });
});

describe('files that change while they are read', () => {
  /** Packs a file of 1.5 MB while `change` is called before the n-th chunk. */
  function packWhile(change: (path: string, chunk: number) => void) {
    const [task] = writeFiles(tempFolder(), [pseudoRandom(1_500_000, 1)]);
    const path = Buffer.from(task!.path).toString();
    let chunk = 0;
    const made = setUp({ mayGoOn: () => change(path, chunk++) });
    const packed = made.pack(task!);
    made.chain.finish();
    if (packed.kind !== 'packed') throw new Error(packed.message);
    return { packed, content: made.reader.contentOf(packed), path };
  }

  function overwrite(path: string, at: number, text: string): void {
    const fd = openSync(path, 'r+');
    writeSync(fd, text, at);
    closeSync(fd);
  }

  it('are read again until they stand still', () => {
    const { packed, content, path } = packWhile((file, chunk) => {
      if (chunk === 3) overwrite(file, 10, 'changed');
    });
    expect(packed).toMatchObject({ inconsistent: false, settled: false });
    expect(content.equals(readFileSync(path))).toBe(true);
  });

  it('are kept as they were read the third time, and marked', () => {
    let writes = 0;
    const { packed, content } = packWhile((file) => overwrite(file, 10, `changed ${writes++}`));
    expect(packed).toMatchObject({ inconsistent: true, settled: false, found: { size: 1_500_000 } });
    expect(content).toHaveLength(1_500_000);
    expect(writes).toBeGreaterThanOrEqual(9);
    expect(writes).toBeLessThan(40);
  });

  it('come to an end though they keep growing', () => {
    const { packed, content } = packWhile((file) => appendFileSync(file, Buffer.alloc(200_000, 'x')));
    expect(packed).toMatchObject({ inconsistent: true, found: { size: content.length } });
  });

  it('are saved shorter when they have shrunk', () => {
    const { packed, content } = packWhile((file, chunk) => {
      if (chunk === 2) truncateSync(file, 500);
    });
    expect(packed).toMatchObject({ inconsistent: false, found: { size: 500 } });
    expect(content).toHaveLength(500);
  });

  it('are noticed when only their time changed', () => {
    const { packed } = packWhile((file, chunk) => {
      if (chunk === 2) utimesSync(file, 1, 1);
    });
    expect(packed).toMatchObject({ inconsistent: false, found: { mtime: { s: 1, ns: 0 } } });
  });
});

describe('big files in stripes', () => {
  const path = join(tempFolder(), 'big');
  const size = 2 * STRIPE_BYTES + 5 * MIB;
  writeFileSync(path, '');
  truncateSync(path, size);
  for (const at of [
    0,
    30 * MIB,
    STRIPE_BYTES - 2 * MIB,
    STRIPE_BYTES + 30 * MIB,
    2 * STRIPE_BYTES - 3 * MIB,
  ]) {
    const fd = openSync(path, 'r+');
    writeSync(fd, pseudoRandom(6 * MIB, at + 1), 0, 6 * MIB, at);
    closeSync(fd);
  }
  const task = taskFor(path);
  const { chain, packer, pack, reader } = setUp({ packBytes: 16 * MIB });
  const pieces = stripesOf(size).map((stripe) =>
    packer.packStripe({ path: task.path, ino: task.found.ino, lifetime: 'long', stripe }),
  );
  const joined = joinStripes(1, size, pieces);

  it('are the same file as when they are read in one go', () => {
    const whole = pack(task);
    chain.finish();
    if (whole.kind !== 'packed' || joined?.kind !== 'packed') throw new Error('not packed');
    expect(whole.newBytes).toBe(0);
    expect(whole.content.hash).toEqual(joined.content.hash);
    expect([...chunkNumbers(whole.content.runs)]).toEqual([...chunkNumbers(joined.content.runs)]);
    expect(joined.found).toEqual(whole.found);
    expect(reader.contentOf(joined).equals(readFileSync(path))).toBe(true);
  });

  it('are given up as such when a stripe does not belong to the others', () => {
    const [first, ...rest] = pieces as (PackedStripe & { kind: 'packed' })[];
    const later = { ...first!.after, mtime: { s: 5, ns: 0 } };
    expect(joinStripes(1, size, [{ ...first!, after: later }, ...rest])).toBeNull();
    expect(joinStripes(1, size, [{ ...first!, before: later, after: later }, ...rest])).toBeNull();
    expect(joinStripes(1, size, [{ ...first!, bytes: first!.bytes - 1 }, ...rest])).toBeNull();
    expect(joinStripes(1, size, rest)).toBeNull();
    expect(joinStripes(1, size - 1, pieces)).toBeNull();
  });

  it('fail as a whole when a stripe does', () => {
    const failure = {
      kind: 'failed',
      problem: 'unreadable',
      message: 'The disk cannot read all of it (EIO).',
    } as const;
    expect(joinStripes(4, size, [pieces[0]!, failure])).toEqual({ ...failure, key: 4 });
    const gone = packer.packStripe({
      path: Buffer.from('/nowhere/at all'),
      ino: 1,
      lifetime: 'long',
      stripe: stripesOf(1)[0]!,
    });
    expect(gone).toMatchObject({ kind: 'failed', problem: 'vanished' });
  });
});
