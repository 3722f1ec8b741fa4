import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EngineError } from '../../../../src/main/engine/failure.ts';
import {
  openDestination,
  type Placed,
  type Result,
  type TreeOptions,
  type TreeWriter,
} from '../../../../src/main/engine/restore/treeWriter.ts';
import type { Hold } from '../../../../src/main/engine/restore/writing/folderHandle.ts';
import type { Metadata } from '../../../../src/main/engine/restore/writing/metadata.ts';
import { withShortPath } from '../../../../src/main/engine/scan/longPath.ts';
import { asOrdinaryUser, bytes, tempTree } from '../scan/tempTree.ts';

const ORDER = 'a'.repeat(32);
const PLAIN: Metadata = { mode: 0o640, mtime: { s: 1_600_000_000, ns: 123_456_789 }, uid: 7, gid: 8 };
const HOLDS: Hold[] = process.platform === 'linux' ? ['descriptors', 'paths'] : ['paths'];

const names = (path: string): Buffer[] => path.split('/').map(bytes);
const kindOf = (kind: string) => expect.objectContaining({ kind }) as unknown as Error;

interface Place {
  readonly folder: string;
  readonly guard: string;
  readonly writer: TreeWriter;
}

/** A destination, and beside it a folder in which nothing may ever happen. */
function place(options: Partial<TreeOptions> = {}): Place {
  const top = tempTree();
  const guard = join(top, 'guard');
  mkdirSync(guard);
  writeFileSync(join(guard, 'file'), 'precious');
  const folder = join(top, 'restored');
  return { folder, guard, writer: openDestination(Buffer.from(folder), { order: ORDER, ...options }) };
}

function again({ folder }: Place, options: Partial<TreeOptions> = {}): TreeWriter {
  return openDestination(Buffer.from(folder), { order: ORDER, ...options });
}

function expectUntouched(guard: string): void {
  expect(readdirSync(guard)).toEqual(['file']);
  expect(readFileSync(join(guard, 'file'), 'utf8')).toBe('precious');
}

async function putFile(
  writer: TreeWriter,
  path: string | Buffer[],
  content: string | Buffer,
  metadata = PLAIN,
) {
  const whole = Buffer.from(content);
  const at = typeof path === 'string' ? names(path) : path;
  const file = writer.beginFile(at, whole.length, false);
  file.write(whole, 0);
  const [result] = await writer.finish([{ file, metadata }]);
  return result!;
}

function placed(result: Result): Placed {
  if (result.state === 'failed') throw result.failure;
  return result.placed;
}

describe.each(HOLDS)('a tree written through %s', (hold) => {
  test('comes out as it was, and ends with nothing of ours left in it', async () => {
    const { folder, writer } = place({ hold });
    writer.makeFolder(names('docs'));
    writer.makeFolder(names('docs/deep'));
    const result = await putFile(writer, 'docs/deep/file', 'content');
    expect(result.state).toBe('verified');
    expect(writer.linkFile(names('docs/other'), placed(result)).state).toBe('verified');
    expect(writer.makeSymlink(names('docs/link'), bytes('../no\xffwhere'), PLAIN).state).toBe('verified');
    const folderMode = { ...PLAIN, mode: 0o750 };
    expect(writer.finishFolder(names('docs/deep'), folderMode)).toEqual([]);
    expect(writer.finishFolder(names('docs'), folderMode)).toEqual([]);
    await writer.end();

    const stat = lstatSync(join(folder, 'docs/deep/file'), { bigint: true });
    expect(readFileSync(join(folder, 'docs/deep/file'), 'utf8')).toBe('content');
    expect(stat.mode & 0o7777n).toBe(0o640n);
    expect(stat.mtimeNs / 1000n).toBe(1_600_000_000_123_456n);
    expect(lstatSync(join(folder, 'docs/other'), { bigint: true }).ino).toBe(stat.ino);
    expect(readlinkSync(join(folder, 'docs/link'), { encoding: 'buffer' })).toEqual(bytes('../no\xffwhere'));
    for (const path of ['docs', 'docs/deep', 'docs/link']) {
      expect(lstatSync(join(folder, path), { bigint: true }).mtimeNs / 1000n).toBe(1_600_000_000_123_456n);
    }
    expect(statSync(join(folder, 'docs')).mode & 0o7777).toBe(0o750);
    expect(statSync(folder).mode & 0o7777).toBe(0o700);
    expect(readdirSync(folder)).toEqual(['docs']);
  });

  test('a file has no final name before it is finished, and can be read back', async () => {
    const { folder, writer } = place({ hold });
    const file = writer.beginFile(names('file'), 6, false);
    file.write(Buffer.from('def'), 3);
    expect(readdirSync(folder)).toEqual([`.permafrost-${ORDER}`]);
    file.write(Buffer.from('abc'), 0);
    const back = Buffer.alloc(10);
    expect(file.read(back, 1)).toBe(5);
    expect(back.toString('latin1', 0, 5)).toBe('bcdef');
    const temporary = readdirSync(join(folder, `.permafrost-${ORDER}`));
    expect(statSync(join(folder, `.permafrost-${ORDER}`, temporary[0]!)).mode & 0o777).toBe(0o600);
    await writer.finish([{ file, metadata: PLAIN }]);
    expect(readFileSync(join(folder, 'file'), 'utf8')).toBe('abcdef');
    expect(readdirSync(join(folder, `.permafrost-${ORDER}`))).toEqual([]);
    writer.close();
  });

  test('a discarded file leaves nothing', async () => {
    const { folder, writer } = place({ hold });
    const file = writer.beginFile(names('file'), 3, false);
    file.write(Buffer.from('bad'), 0);
    file.discard();
    await writer.end();
    expect(readdirSync(folder)).toEqual([]);
  });

  test('names that lead elsewhere are refused everywhere', async () => {
    const spot = place({ hold });
    const { writer, guard } = spot;
    const source = placed(await putFile(writer, 'file', 'x'));
    const bad = ['..', '.', '', 'a/b', '../guard/new', '/etc', 'nul\0'].map(bytes);
    for (const name of bad) {
      for (const path of [[name], [name, bytes('new')], [bytes('a'), name]]) {
        expect(() => writer.makeFolder(path)).toThrow(EngineError);
        expect(writer.linkFile(path, source).state).toBe('failed');
        expect(writer.makeSymlink(path, bytes('x'), PLAIN).state).toBe('failed');
        expect(writer.finishFolder(path, PLAIN)).toHaveLength(1);
      }
      expect(() => writer.beginFile([name], 1, false)).toThrow(kindOf('unsupported'));
      expect((await putFileResult(writer, [name, bytes('new')])).state).toBe('failed');
    }
    expectUntouched(guard);
    await writer.end();
    expect(readdirSync(spot.folder)).toEqual(['file']);
  });

  test('a link where a folder is expected is never gone through', async () => {
    const { folder, guard, writer } = place({ hold });
    symlinkSync(guard, join(folder, 'planted'));
    mkdirSync(join(folder, 'real'));
    symlinkSync(guard, join(folder, 'real', 'inner'));
    const source = placed(await putFile(writer, 'file', 'x'));
    for (const path of ['planted/new', 'real/inner/new']) {
      expect((await putFileResult(writer, names(path))).state).toBe('failed');
      expect(() => writer.makeFolder(names(path))).toThrow(kindOf('conflict'));
      expect(writer.linkFile(names(path), source).state).toBe('failed');
      expect(writer.makeSymlink(names(path), bytes('x'), PLAIN).state).toBe('failed');
    }
    expect(writer.finishFolder(names('planted'), { ...PLAIN, mode: 0o777 })).toHaveLength(1);
    // A folder that should stand there is made beside it.
    expect(writer.makeFolder(names('planted'))).toMatchObject({ renamed: true });
    await putFile(writer, 'planted/new', 'mine');
    expect(readFileSync(join(folder, 'planted (conflict 2)/new'), 'utf8')).toBe('mine');
    expect(statSync(guard).mode & 0o777).not.toBe(0o777);
    expectUntouched(guard);
    writer.close();
  });

  test('a folder swapped for a link between two steps does not lead out', async () => {
    const { folder, guard, writer } = place({ hold });
    for (const path of ['a', 'a/b', 'a/b/c']) writer.makeFolder(names(path));
    const file = writer.beginFile(names('a/b/c/late'), 4, false);
    file.write(Buffer.from('late'), 0);
    renameSync(join(folder, 'a/b'), join(folder, 'moved'));
    mkdirSync(join(guard, 'c'));
    symlinkSync(guard, join(folder, 'a/b'));
    await writer.finish([{ file, metadata: PLAIN }]); // where it lands is the folder it was made for, or nowhere
    try {
      writer.makeFolder(names('a/b/c/d'));
    } catch (error) {
      expect(error).toBeInstanceOf(EngineError);
    }
    writer.makeSymlink(names('a/b/c/link'), bytes('x'), PLAIN);
    writer.finishFolder(names('a/b/c'), { ...PLAIN, mode: 0o777 });
    expect(readdirSync(join(guard, 'c'))).toEqual([]);
    expect(statSync(join(guard, 'c')).mode & 0o777).not.toBe(0o777);
    rmSync(join(guard, 'c'), { recursive: true });
    expectUntouched(guard);
    writer.close();
  });

  test('what is in the way stays as it is, and the new one is numbered', async () => {
    const { folder, writer } = place({ hold });
    writeFileSync(join(folder, 'file'), 'before');
    writeFileSync(join(folder, 'file (conflict 2)'), 'before too');
    mkdirSync(join(folder, 'folder-here'));
    execFileSync('mkfifo', [join(folder, 'fifo')]);
    symlinkSync('nowhere', join(folder, 'dangling'));
    writeFileSync(join(folder, 'file-here'), 'before');
    for (const name of ['file', 'folder-here', 'fifo', 'dangling']) {
      expect(placed(await putFile(writer, name, 'restored'))).toMatchObject({ renamed: true });
    }
    expect(writer.makeFolder(names('file-here'))).toEqual({
      name: bytes('file-here (conflict 2)'),
      renamed: true,
    });
    await putFile(writer, 'file-here/inside', 'restored');
    writer.finishFolder(names('file-here'), { ...PLAIN, mode: 0o711 });
    expect(placed(writer.makeSymlink(names('file'), bytes('x'), PLAIN)).name.toString()).toBe(
      'file (conflict 4)',
    );
    await writer.end();
    expect(readFileSync(join(folder, 'file'), 'utf8')).toBe('before');
    expect(readFileSync(join(folder, 'file (conflict 2)'), 'utf8')).toBe('before too');
    expect(readFileSync(join(folder, 'file (conflict 3)'), 'utf8')).toBe('restored');
    expect(readFileSync(join(folder, 'folder-here (conflict 2)'), 'utf8')).toBe('restored');
    expect(readFileSync(join(folder, 'fifo (conflict 2)'), 'utf8')).toBe('restored');
    expect(readlinkSync(join(folder, 'dangling'))).toBe('nowhere');
    expect(existsSync(join(folder, 'nowhere'))).toBe(false);
    expect(readFileSync(join(folder, 'file-here (conflict 2)/inside'), 'utf8')).toBe('restored');
    expect(statSync(join(folder, 'file-here (conflict 2)')).mode & 0o777).toBe(0o711);
  });

  test('names are kept byte for byte, up to the longest', async () => {
    const { folder, writer } = place({ hold });
    const odd = [
      '\xff\xfe',
      'caf\xe9',
      'new\nline',
      'x'.repeat(255),
      'a\\b',
      ' ',
      '-rf',
      'e\xcc\x81',
      '\xc3\xa9',
    ];
    for (const name of odd) {
      writer.makeFolder([bytes(name)]);
      await putFile(writer, [bytes(name), bytes(name)], name);
    }
    await writer.end();
    const sorted = odd.toSorted();
    expect(readdirSync(folder, { encoding: 'latin1' }).sort()).toEqual(sorted);
    for (const name of odd) {
      const inside = Buffer.concat([Buffer.from(`${folder}/`), bytes(name)]);
      expect(readdirSync(inside, { encoding: 'latin1' })).toEqual([name]);
    }
  });

  test('a longest name that is taken is cut to be numbered', async () => {
    const { folder, writer } = place({ hold });
    const name = 'é'.repeat(127);
    writeFileSync(join(folder, name), '');
    const result = placed(await putFile(writer, [Buffer.from(name)], 'x'));
    expect(result.name.length).toBeLessThanOrEqual(255);
    expect(result.name.toString()).toMatch(/^é+ \(conflict 2\)$/);
    writer.close();
  });

  test('set-id bits and owners are left out unless asked for', async () => {
    const wild = { ...PLAIN, mode: 0o6755 };
    const careful = place({ hold });
    await putFile(careful.writer, 'file', 'x', wild);
    careful.writer.makeFolder(names('folder'));
    careful.writer.finishFolder(names('folder'), { ...PLAIN, mode: 0o3755 });
    expect(statSync(join(careful.folder, 'file')).mode & 0o7777).toBe(0o755);
    expect(statSync(join(careful.folder, 'folder')).mode & 0o7777).toBe(0o755);
    expect(statSync(join(careful.folder, 'file')).uid).toBe(process.geteuid?.());
    careful.writer.close();

    const asked = place({ hold, specialBits: true, ownership: process.geteuid?.() === 0 });
    await putFile(asked.writer, 'file', 'x', wild);
    const stat = statSync(join(asked.folder, 'file'));
    expect(stat.mode & 0o7777).toBe(0o6755);
    if (process.geteuid?.() === 0) expect([stat.uid, stat.gid]).toEqual([7, 8]);
    asked.writer.close();
  });

  test('metadata that cannot be kept is told, and the file is there all the same', async () => {
    const { folder, writer } = place({ hold });
    const result = await putFile(writer, 'file', 'x', { ...PLAIN, mtime: { s: 2 ** 45, ns: 123_456_789 } });
    expect(result.state).toBe('metadata-problems');
    expect(readFileSync(join(folder, 'file'), 'utf8')).toBe('x');
    writer.close();
  });

  test('an order goes on where it was killed', async () => {
    const spot = place({ hold });
    const first = spot.writer;
    first.makeFolder(names('docs'));
    const source = placed(await putFile(first, 'docs/done', 'done'));
    first.linkFile(names('docs/name2'), source);
    first.makeSymlink(names('docs/link'), bytes('done'), PLAIN);
    const begun = first.beginFile(names('docs/begun'), 6, false);
    begun.write(Buffer.from('beg'), 0);
    first.close(); // and nothing else: what a kill leaves
    begun.close();

    const second = again(spot, { hold });
    expect(second.resumed).toBe(true);
    expect(second.makeFolder(names('docs'))).toEqual({ name: bytes('docs'), renamed: false });
    const isDone = async (read: (into: Uint8Array, at: number) => number) => {
      const into = Buffer.alloc(10);
      return await Promise.resolve(into.toString('latin1', 0, read(into, 0)) === 'done');
    };
    const found = await second.findFinished(names('docs/done'), 4, PLAIN, isDone);
    expect(found?.state).toBe('verified');
    expect(await second.findFinished(names('docs/begun'), 6, PLAIN, isDone)).toBeUndefined();
    expect(await second.findFinished(names('docs/nowhere'), 6, PLAIN, isDone)).toBeUndefined();
    const file = second.beginFile(names('docs/begun'), 6, false);
    expect(file.resumed).toBe(true);
    const back = Buffer.alloc(3);
    file.read(back, 0);
    expect(back.toString()).toBe('beg');
    file.write(Buffer.from('gun'), 3);
    await second.finish([{ file, metadata: PLAIN }]);
    expect(placed(second.linkFile(names('docs/name2'), placed(found!))).renamed).toBe(false);
    expect(placed(second.makeSymlink(names('docs/link'), bytes('done'), PLAIN)).renamed).toBe(false);
    await second.end();
    expect(readdirSync(join(spot.folder, 'docs')).sort()).toEqual(['begun', 'done', 'link', 'name2']);
    expect(readFileSync(join(spot.folder, 'docs/begun'), 'utf8')).toBe('beggun');
  });

  test('a numbered file is found again, the one in its way is not taken for it', async () => {
    const spot = place({ hold });
    writeFileSync(join(spot.folder, 'file'), 'also');
    await putFile(spot.writer, 'file', 'mine');
    spot.writer.close();
    const second = again(spot, { hold });
    const found = await second.findFinished(names('file'), 4, PLAIN, async (read) => {
      const into = Buffer.alloc(4);
      read(into, 0);
      return await Promise.resolve(into.toString() === 'mine');
    });
    expect(placed(found!)).toMatchObject({ name: bytes('file (conflict 2)'), renamed: true });
    second.close();
  });

  test('a file that was named but not yet tidied up when the kill came is finished', async () => {
    const spot = place({ hold });
    const file = spot.writer.beginFile(names('file'), 1, false);
    file.write(Buffer.from('x'), 0);
    const [temporary] = readdirSync(join(spot.folder, `.permafrost-${ORDER}`));
    execFileSync('ln', [join(spot.folder, `.permafrost-${ORDER}`, temporary!), join(spot.folder, 'file')]);
    file.close();
    spot.writer.close();
    const second = again(spot, { hold });
    expect(
      placed((await second.findFinished(names('file'), 1, PLAIN, async () => Promise.resolve(true)))!),
    ).toMatchObject({ renamed: false });
    const anew = second.beginFile(names('file'), 1, false);
    expect(anew.resumed).toBe(false);
    anew.write(Buffer.from('y'), 0);
    expect(readFileSync(join(spot.folder, 'file'), 'utf8')).toBe('x');
    anew.discard();
    await second.end();
    expect(readdirSync(spot.folder)).toEqual(['file']);
  });

  test('temporary names that are not our files are replaced, not opened', async () => {
    const spot = place({ hold });
    const temp = join(spot.folder, `.permafrost-${ORDER}`);
    for (const plant of ['symlink', 'fifo', 'hard link'] as const) {
      const file = spot.writer.beginFile(names('file'), 3, false);
      const [name] = readdirSync(temp);
      file.discard();
      if (plant === 'symlink') symlinkSync(join(spot.guard, 'file'), join(temp, name!));
      else if (plant === 'fifo') execFileSync('mkfifo', [join(temp, name!)]);
      else execFileSync('ln', [join(spot.guard, 'file'), join(temp, name!)]);
      const second = spot.writer.beginFile(names('file'), 3, false);
      expect(second.resumed).toBe(false);
      second.write(Buffer.from('new'), 0);
      second.discard();
      expectUntouched(spot.guard);
    }
    await spot.writer.end();
  });

  test('further names go only to the very file that was restored', async () => {
    const { folder, guard, writer } = place({ hold });
    const source = placed(await putFile(writer, 'file', 'x'));
    rmSync(join(folder, 'file'));
    symlinkSync(join(guard, 'file'), join(folder, 'file'));
    expect(writer.linkFile(names('name2'), source)).toMatchObject({
      state: 'failed',
      failure: { kind: 'conflict' },
    });
    rmSync(join(folder, 'file'));
    writeFileSync(join(folder, 'file'), 'another');
    expect(writer.linkFile(names('name2'), source).state).toBe('failed');
    expect(lstatSync(join(guard, 'file')).nlink).toBe(1);
    writer.close();
  });

  test('a destination is new, empty or its own', async () => {
    const top = tempTree();
    const open = (path: string, order = ORDER, avoid: string[] = []) =>
      openDestination(Buffer.from(join(top, path)), {
        order,
        avoid: avoid.map((p) => Buffer.from(join(top, p))),
        hold,
      });
    mkdirSync(join(top, 'full/inside'), { recursive: true });
    mkdirSync(join(top, 'empty'), { mode: 0o755 });
    mkdirSync(join(top, 'profile/staging'), { recursive: true });
    writeFileSync(join(top, 'file'), '');
    symlinkSync('empty', join(top, 'link'));
    symlinkSync('profile', join(top, 'way'));
    expect(() => open('full')).toThrow(kindOf('conflict'));
    expect(() => open('file')).toThrow(kindOf('conflict'));
    expect(() => open('link')).toThrow(kindOf('conflict'));
    expect(() => open('no/where')).toThrow(kindOf('not-found'));
    expect(() => open('profile/new', ORDER, ['profile'])).toThrow(kindOf('conflict'));
    expect(() => open('way/staging/new', ORDER, ['profile'])).toThrow(kindOf('conflict'));
    expect(readdirSync(join(top, 'profile'))).toEqual(['staging']);
    const writer = open('empty', ORDER, ['profile']);
    expect(statSync(join(top, 'empty')).mode & 0o777).toBe(0o700);
    expect(() => open('empty', 'b'.repeat(32))).toThrow(kindOf('conflict'));
    await writer.end();
    expect(() => open('empty', 'b'.repeat(32)).close()).not.toThrow();
  });
});

async function putFileResult(writer: TreeWriter, path: Buffer[]): Promise<Result> {
  try {
    return await putFile(writer, path, 'hostile');
  } catch (error) {
    if (error instanceof EngineError) return { state: 'failed', failure: error };
    throw error;
  }
}

test('many files at once are finished as one by one', async () => {
  const { folder, writer } = place();
  for (let i = 0; i < 20; i++) writer.makeFolder([bytes(`folder ${i}`)]);
  const batch = Array.from({ length: 300 }, (_, i) => {
    const file = writer.beginFile([bytes(`folder ${i % 20}`), bytes(`file ${i}`)], 4, false);
    file.write(Buffer.from(String(1000 + i)), 0);
    return { file, metadata: PLAIN };
  });
  symlinkSync('/', join(folder, 'folder 21'));
  const bad = writer.beginFile(names('folder 21/x'), 0, false);
  const results = await writer.finish([
    ...batch.slice(0, 5),
    { file: bad, metadata: PLAIN },
    ...batch.slice(5),
  ]);
  expect(results.map((result) => result.state)).toEqual(
    results.map((_, i) => (i === 5 ? 'failed' : 'verified')),
  );
  for (let i = 0; i < 300; i++) {
    expect(readFileSync(join(folder, `folder ${i % 20}`, `file ${i}`), 'utf8')).toBe(String(1000 + i));
  }
  await writer.end();
});

test('a file that lost its end before it was finished does not get its name', async () => {
  const { folder, writer } = place();
  const file = writer.beginFile(names('file'), 10, false);
  file.write(Buffer.from('short'), 0);
  expect(await writer.finish([{ file, metadata: PLAIN }])).toMatchObject([{ state: 'failed' }]);
  expect(existsSync(join(folder, 'file'))).toBe(false);
  expect(() => file.write(Buffer.from('x'), 0)).toThrow(RangeError);
  writer.close();
});

test('writing beyond the size of a file is a bug', () => {
  const { writer } = place();
  const file = writer.beginFile(names('file'), 4, false);
  expect(() => file.write(Buffer.from('12345'), 0)).toThrow(RangeError);
  expect(() => file.write(Buffer.from('1'), 4)).toThrow(RangeError);
  expect(() => file.write(Buffer.from('1'), -1)).toThrow(RangeError);
  file.discard();
  writer.close();
});

test('zeros become holes wherever they lie, and everything reads as it was written', async () => {
  const piece = fc.record({ zeros: fc.boolean(), length: fc.integer({ min: 1, max: 20_000 }) });
  await fc.assert(
    fc.asyncProperty(
      fc.array(piece, { maxLength: 12 }),
      fc.integer({ min: 1, max: 9_000 }),
      async (pieces, step) => {
        const whole = Buffer.concat(pieces.map((p) => Buffer.alloc(p.length, p.zeros ? 0 : 7)));
        const { folder, writer } = place();
        const file = writer.beginFile(names('file'), whole.length, true);
        const cuts = Array.from({ length: Math.ceil(whole.length / step) }, (_, i) => i * step).reverse();
        for (const at of cuts) file.write(whole.subarray(at, at + step), at);
        await writer.finish([{ file, metadata: PLAIN }]);
        expect(readFileSync(join(folder, 'file')).equals(whole)).toBe(true);
        let used = 0;
        for (let at = 0; at < whole.length; at += 4096)
          if (!whole.subarray(at, at + 4096).every((b) => b === 0)) used += 1;
        expect(statSync(join(folder, 'file')).blocks * 512).toBeLessThanOrEqual(used * 4096);
        writer.close();
      },
    ),
    { numRuns: 25 },
  );
});

test('a sparse file of a terabyte takes no space and no time', async () => {
  const { folder, writer } = place();
  const file = writer.beginFile(names('file'), 2 ** 40, true);
  file.write(Buffer.from('end'), 2 ** 40 - 3);
  expect((await writer.finish([{ file, metadata: PLAIN }]))[0]!.state).toBe('verified');
  const stat = statSync(join(folder, 'file'));
  expect(stat.size).toBe(2 ** 40);
  expect(stat.blocks * 512).toBeLessThan(64 * 1024);
  writer.close();
});

test.runIf(process.platform === 'linux')(
  'a tree 4,200 folders deep is written to its end and finished upwards',
  async () => {
    const { folder, writer } = place();
    const path: Buffer[] = [];
    for (let i = 0; i < 4_200; i++) {
      path.push(bytes('d'));
      writer.makeFolder(path);
    }
    await putFile(writer, [...path, bytes('end')], 'deep');
    const before = readdirSync('/proc/self/fd').length;
    expect(before).toBeLessThan(200);
    for (let depth = path.length; depth > 0; depth--) {
      expect(writer.finishFolder(path.slice(0, depth), { ...PLAIN, mode: 0o500 })).toEqual([]);
    }
    await writer.end();
    const deepest = Buffer.from(folder + '/d'.repeat(4_200));
    expect(
      withShortPath(Buffer.concat([deepest, bytes('/end')]), (short) => readFileSync(short, 'utf8')),
    ).toBe('deep');
    expect(withShortPath(deepest, (short) => statSync(short).mode & 0o777)).toBe(0o500);
    execFileSync('chmod', ['-R', 'u+w', folder]);
  },
);

test.runIf(process.platform === 'linux')(
  'what an earlier run shut is opened again by the order it belongs to',
  async () => {
    await asOrdinaryUser(async () => {
      const spot = place();
      const shut = { ...PLAIN, mode: 0 };
      spot.writer.makeFolder(names('outer'));
      spot.writer.makeFolder(names('outer/inner'));
      await putFile(spot.writer, 'outer/inner/file', 'x', shut);
      const begun = spot.writer.beginFile(names('outer/begun'), 1, false);
      begun.write(Buffer.from('x'), 0);
      begun.settle({ ...shut, mtime: PLAIN.mtime }, { ownership: false, specialBits: false });
      spot.writer.finishFolder(names('outer/inner'), shut);
      spot.writer.finishFolder(names('outer'), shut);
      spot.writer.close();

      const second = again(spot);
      second.makeFolder(names('outer'));
      second.makeFolder(names('outer/inner'));
      const found = await second.findFinished(names('outer/inner/file'), 1, shut, async () =>
        Promise.resolve(true),
      );
      expect(found?.state).toBe('verified');
      second.finishFolder(names('outer/inner'), shut);
      second.finishFolder(names('outer'), shut);
      await second.end();
      expect(statSync(join(spot.folder, 'outer')).mode & 0o777).toBe(0);
      chmodSync(join(spot.folder, 'outer'), 0o700);
      expect(statSync(join(spot.folder, 'outer/inner')).mode & 0o777).toBe(0);
    });
  },
);
