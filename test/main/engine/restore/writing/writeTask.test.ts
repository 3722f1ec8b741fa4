/** What a writing thread does with one task, on real packs and real files. */
import { closeSync, fstatSync, mkdirSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sha256 } from '../../../../../src/main/engine/crypto.ts';
import { chunkAt, frameAt } from '../../../../../src/main/engine/pack/index.ts';
import type { SealedPack } from '../../../../../src/main/engine/pack/packWriter.ts';
import { verifyPack } from '../../../../../src/main/engine/pack/verify.ts';
import {
  holdShared,
  holdTop,
  type FolderHandle,
} from '../../../../../src/main/engine/restore/writing/folderHandle.ts';
import { TaskWriter } from '../../../../../src/main/engine/restore/writing/writeTask.ts';
import type {
  FrameTask,
  OwnFile,
  Use,
  Written,
  WritingTask,
} from '../../../../../src/main/engine/restore/writing/writingTask.ts';
import { pseudoRandom } from '../../chunk/sample.ts';
import { idOf, keys, MIB, otherKeys, prose, tempFolder, writePack } from '../../pack/samplePack.ts';

const wishes = { ownership: false, specialBits: false };
const metadata = { mode: 0o640, mtime: { s: 1_600_000_000, ns: 123_456_000 }, uid: 1, gid: 1 };

let dir: string;
let temporary: FolderHandle;

beforeEach(() => {
  dir = tempFolder();
  mkdirSync(join(dir, 'temporary'), { mode: 0o700 });
  temporary = holdTop(Buffer.from(join(dir, 'temporary')), 'descriptors');
});

afterEach(() => {
  temporary.close();
});

interface Made {
  readonly file: number;
  readonly chunks: readonly Buffer[];
  readonly sparse?: boolean;
}

/** Chunks by their place in `chunks`; where each goes, in `usesOf`. */
function taskOf(
  pack: SealedPack,
  chunks: readonly Buffer[],
  files: readonly Made[],
  usesOf: (chunk: number) => Use[],
): WritingTask {
  const { index } = verifyPack(pack.path, keys);
  const frames: FrameTask[] = [];
  const ids: Buffer[] = [];
  for (let f = 0; f < index.frames; f++) {
    const { offset, storedBytes, rawBytes, codec } = frameAt(index, f);
    const wanted = [];
    for (let c = 0; c < index.chunks; c++) {
      const chunk = chunkAt(index, c);
      const uses = chunk.frame === f ? usesOf(chunks.findIndex((bytes) => idOf(bytes).equals(chunk.id))) : [];
      if (uses.length === 0) continue;
      wanted.push({ offset: chunk.offset, length: chunk.length, uses });
      ids.push(Buffer.from(chunk.id));
    }
    if (wanted.length > 0)
      frames.push({ start: offset, stored: storedBytes, raw: rawBytes, codec, chunks: wanted });
  }
  const own: OwnFile[] = files.map(({ file, chunks: pieces, sparse = false }) => ({
    ...{ file, name: `name-${file}`, path: `docs/${file}`, sparse, metadata },
    size: pieces.reduce((sum, { length }) => sum + length, 0),
  }));
  return {
    pack: { header: pack.header, segments: pack.size / MIB, keys },
    first: 0,
    stored: Uint8Array.from(readFileSync(pack.path)),
    frames,
    ids: Uint8Array.from(Buffer.concat(ids)),
    files: own,
    hashes: Uint8Array.from(
      Buffer.concat(files.map(({ chunks: pieces }) => sha256(...pieces.map((piece) => idOf(piece))))),
    ),
  };
}

function write(task: WritingTask): Written {
  return new TaskWriter(temporary, wishes).write(task);
}

function contentOf(descriptor: number): Buffer {
  const bytes = Buffer.alloc(fstatSync(descriptor).size);
  readSync(descriptor, bytes, 0, bytes.length, 0);
  return bytes;
}

describe('a file that lies in one stretch', () => {
  const small = prose(3000, 1);
  const large = pseudoRandom(700_000, 2);
  const zeros = Buffer.alloc(300_000);
  const chunks = [small, large, zeros];

  it('is written, given its metadata and handed over open, whatever the order of its pieces', () => {
    const pack = writePack({ dir, chunks });
    const files = [
      { file: 7, chunks: [large, small] },
      { file: 9, chunks: [zeros, zeros, small], sparse: true },
    ];
    const uses: Use[][] = [
      [
        { own: 0, at: large.length },
        { own: 1, at: 2 * zeros.length },
      ],
      [{ own: 0, at: 0 }],
      [
        { own: 1, at: zeros.length },
        { own: 1, at: 0 },
      ],
    ];
    const { files: results, pieces } = write(taskOf(pack, chunks, files, (chunk) => uses[chunk] ?? []));
    expect(pieces).toEqual([]);
    expect(results.map(({ file }) => file)).toEqual([7, 9]);
    for (const [i, result] of results.entries()) {
      if (result.failure !== undefined) expect.fail(result.failure.message);
      expect(contentOf(result.descriptor)).toEqual(Buffer.concat(files[i]?.chunks ?? []));
      const stat = fstatSync(result.descriptor, { bigint: true });
      expect(result).toMatchObject({ problems: [], dev: stat.dev, ino: stat.ino, size: Number(stat.size) });
      expect(Number(stat.mode) & 0o7777).toBe(0o640);
      expect(stat.mtimeNs / 1000n).toBe(1_600_000_000_123_456n);
      closeSync(result.descriptor);
    }
    expect(readdirSync(join(dir, 'temporary')).sort()).toEqual(['name-7', 'name-9']);
  });

  it('fails, and leaves nothing, when a segment it lies in is damaged; the others are whole', () => {
    const many = Array.from({ length: 8 }, (_, i) => pseudoRandom(500_000, 11 + 2 * i));
    const pack = writePack({ dir, chunks: many });
    const files = many.map((bytes, file) => ({ file, chunks: [bytes] }));
    const task = taskOf(pack, many, files, (chunk) => [{ own: chunk, at: 0 }]);
    task.stored[MIB + 77] = (task.stored[MIB + 77] ?? 0) ^ 1;
    const { files: results } = write(task);
    const failed = results.filter(({ failure }) => failure !== undefined).map(({ file }) => file);
    // A MiB holds two of them and a piece of one or two more.
    expect(failed.length).toBeGreaterThanOrEqual(2);
    expect(failed.length).toBeLessThanOrEqual(4);
    for (const result of results) {
      if (result.failure !== undefined) continue;
      expect(contentOf(result.descriptor)).toEqual(many[result.file]);
      closeSync(result.descriptor);
    }
    expect(readdirSync(join(dir, 'temporary'))).toHaveLength(many.length - failed.length);
  });

  it('fails when its pieces are not those of its whole-file hash, or not all of it', () => {
    const pack = writePack({ dir, chunks });
    const asked = [
      { file: 1, chunks: [large, small] },
      { file: 2, chunks: [large, small] },
    ];
    const uses: Use[][] = [
      [{ own: 0, at: 0 }],
      [
        { own: 0, at: small.length },
        { own: 1, at: 0 },
      ],
    ];
    const { files: results } = write(taskOf(pack, chunks, asked, (chunk) => uses[chunk] ?? []));
    expect(results.map(({ failure }) => failure?.kind)).toEqual(['corrupt', 'corrupt']);
    expect(readdirSync(join(dir, 'temporary'))).toEqual([]);
  });
});

it.each(['descriptors', 'paths'] as const)(
  'a thread writes into a folder that another holds by %s',
  (hold) => {
    const held = holdTop(Buffer.from(join(dir, 'temporary')), hold);
    const shared = holdShared(held.shared);
    const bytes = prose(5000, 9);
    const pack = writePack({ dir, chunks: [bytes] });
    const task = taskOf(pack, [bytes], [{ file: 3, chunks: [bytes] }], () => [{ own: 0, at: 0 }]);
    const [result] = new TaskWriter(shared, wishes).write(task).files;
    shared.close();
    if (result === undefined || result.failure !== undefined) expect.fail('it was not written');
    expect(contentOf(result.descriptor)).toEqual(bytes);
    closeSync(result.descriptor);
    // Still the other thread's.
    expect(held.descriptor === undefined || fstatSync(held.descriptor).isDirectory()).toBe(true);
    held.close();
  },
);

describe('a piece of a file that is held open elsewhere', () => {
  it('is written to its place and proven there; one that is not what its id says is told', () => {
    const bytes = [pseudoRandom(200_000, 3), pseudoRandom(200_000, 5)];
    const pack = writePack({ dir, chunks: bytes });
    const descriptor = openSync(join(dir, 'held'), 'w+');
    const at = 123_456;
    const piece = (file: number, offset: number): Use => ({
      ...{ file, at: offset, descriptor, sparse: false, path: 'docs/held' },
    });
    const task = taskOf(pack, bytes, [], (chunk) => [piece(chunk, at + chunk * 200_000)]);
    task.ids[32] = (task.ids[32] ?? 0) ^ 1;
    const { pieces } = write(task);
    expect(pieces).toMatchObject([
      { file: 0, failure: null },
      { file: 1, failure: { kind: 'corrupt' } },
    ]);
    expect(contentOf(descriptor).subarray(at, at + 200_000)).toEqual(bytes[0]);
    closeSync(descriptor);
  });
});

it('a task under the wrong key, or what no disk takes, ends all of it and keeps nothing open', () => {
  const bytes = prose(5000, 5);
  const pack = writePack({ dir, chunks: [bytes] });
  const task = taskOf(pack, [bytes], [{ file: 0, chunks: [bytes] }], () => [{ own: 0, at: 0 }]);
  const wrongKey = { ...task, pack: { ...task.pack, keys: otherKeys } };
  expect(() => write(wrongKey)).toThrow(expect.objectContaining({ kind: 'corrupt' }) as Error);
  const full = openSync('/dev/full', 'w');
  const noSpace = taskOf(pack, [bytes], [], () => [
    { file: 0, at: 0, descriptor: full, sparse: false, path: 'docs/full' },
  ]);
  expect(() => write(noSpace)).toThrow(expect.objectContaining({ kind: 'no-space' }) as Error);
  closeSync(full);
  expect(readdirSync(join(dir, 'temporary'))).toEqual([]);
});
