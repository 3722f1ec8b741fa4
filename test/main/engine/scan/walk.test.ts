import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  ftruncateSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmdirSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { describe, expect, test } from 'vitest';
import type { FoundEntry, FoundFile } from '../../../../src/main/engine/entry.ts';
import { withShortPath } from '../../../../src/main/engine/scan/longPath.ts';
import { findRoot } from '../../../../src/main/engine/scan/root.ts';
import { parseRules } from '../../../../src/main/engine/scan/rules.ts';
import { type FoundFolder, walk, type WalkOptions } from '../../../../src/main/engine/scan/walk.ts';
import { asOrdinaryUser, bytes, makeDeep, tempTree } from './tempTree.ts';

type Options = WalkOptions & { skip?: Buffer[] };

async function collect(folders: AsyncIterable<FoundFolder>): Promise<FoundFolder[]> {
  const all: FoundFolder[] = [];
  for await (const folder of folders) all.push(folder);
  return all;
}

async function walkAll(path: string | Buffer, options: Options = {}): Promise<FoundFolder[]> {
  return await collect(walk(findRoot(Buffer.from(path), options.skip), options));
}

const text = (names: readonly Buffer[]): string => names.map((name) => name.toString('latin1')).join('/');
const namesIn = (folder: FoundFolder | undefined): string[] =>
  folder!.entries.map((entry) => entry.name.toString('latin1'));
const pathsOf = (folders: readonly FoundFolder[]): string[] => folders.map((folder) => text(folder.names));
const problemsOf = (folders: readonly FoundFolder[]) => folders.flatMap((folder) => folder.problems);

function fileIn(folder: FoundFolder | undefined, name: string): FoundFile {
  const entry = folder!.entries.find((e: FoundEntry) => e.name.toString() === name);
  if (entry?.kind !== 'file') throw new Error(`no file ${name}`);
  return entry;
}

describe('a walk', () => {
  test('yields each folder before those inside it, in the order of names as bytes', async () => {
    const top = tempTree();
    for (const folder of ['b/z', 'b/a', 'a', 'B', 'b-c', 'b/a/deep'])
      mkdirSync(join(top, folder), { recursive: true });
    writeFileSync(join(top, 'b', 'b.txt'), 'x');
    const folders = await walkAll(top);
    expect(pathsOf(folders)).toEqual(['', 'B', 'a', 'b', 'b/a', 'b/a/deep', 'b/z', 'b-c']);
    expect(namesIn(folders[0])).toEqual(['B', 'a', 'b', 'b-c']);
    expect(namesIn(folders[3])).toEqual(['a', 'b.txt', 'z']);
    expect(folders[4]!.path.toString()).toBe(join(top, 'b/a'));
    expect(folders.every((folder) => folder.complete && folder.problems.length === 0)).toBe(true);
  });

  test('keeps names byte for byte, whatever encoding they are in', async () => {
    const top = tempTree();
    const odd = [
      '\xff\xfe',
      'caf\xe9',
      'new\nline',
      'e\xcc\x81',
      '\xc3\xa9',
      'a\\b',
      'x'.repeat(255),
      ' ',
      '-rf',
    ];
    for (const name of odd) writeFileSync(Buffer.concat([Buffer.from(`${top}/`), bytes(name)]), '');
    mkdirSync(Buffer.concat([Buffer.from(`${top}/`), bytes('d\xe9r')]));
    writeFileSync(Buffer.concat([Buffer.from(`${top}/`), bytes('d\xe9r/\x80')]), '');
    const folders = await walkAll(top);
    expect(namesIn(folders[0])).toEqual([...odd, 'd\xe9r'].sort());
    expect(namesIn(folders[1])).toEqual(['\x80']);
    expect(folders[1]!.path).toEqual(Buffer.concat([Buffer.from(`${top}/`), bytes('d\xe9r')]));
  });

  test('tells size, mode and times to the nanosecond', async () => {
    const top = tempTree();
    const file = join(top, 'file');
    writeFileSync(file, 'four');
    chmodSync(file, 0o4751);
    execFileSync('touch', ['-d', '1969-12-31T23:59:58.250000001Z', file]);
    const found = fileIn((await walkAll(top))[0], 'file');
    expect(found).toMatchObject({ size: 4, mode: 0o4751, mtime: { s: -2, ns: 250_000_001 }, inode: null });
    expect(found.sparse).toBe(false);
    expect(Math.abs(found.ctime.s - Date.now() / 1000)).toBeLessThan(60);
  });

  test('reads links without following them', async () => {
    const top = tempTree();
    mkdirSync(join(top, 'folder'));
    writeFileSync(join(top, 'folder', 'inside'), '');
    const target = bytes('fold\xe9/../nowhere');
    symlinkSync(target, join(top, 'dangling'));
    symlinkSync('folder', join(top, 'to-folder'));
    symlinkSync('.', join(top, 'loop'));
    lutimesSync(join(top, 'loop'), 1_000, 1_000);
    const folders = await walkAll(top);
    expect(pathsOf(folders)).toEqual(['', 'folder']);
    expect(folders[0]!.entries).toMatchObject([
      { kind: 'symlink', to: target },
      { kind: 'folder' },
      { kind: 'symlink', mtime: { s: 1_000, ns: 0 } },
      { kind: 'symlink', to: Buffer.from('folder') },
    ]);
  });

  test('gives all names of one file the same number, and files with one name none', async () => {
    const top = tempTree();
    mkdirSync(join(top, 'sub'));
    for (const name of ['a', 'other', 'alone']) writeFileSync(join(top, name), '');
    linkSync(join(top, 'a'), join(top, 'sub', 'b'));
    linkSync(join(top, 'other'), join(top, 'other2'));
    const folders = await walkAll(top);
    const a = fileIn(folders[0], 'a').inode;
    expect(a).toBeGreaterThanOrEqual(0);
    expect(a).toBeLessThan(2 ** 48);
    expect(fileIn(folders[1], 'b').inode).toBe(a);
    expect(fileIn(folders[0], 'other').inode).not.toBe(a);
    expect(fileIn(folders[0], 'alone').inode).toBeNull();
  });

  test('sees holes', async () => {
    const top = tempTree();
    const holes = openSync(join(top, 'holes'), 'w');
    writeSync(holes, 'x', 1024 * 1024);
    ftruncateSync(holes, 2 ** 40);
    closeSync(holes);
    writeFileSync(join(top, 'solid'), Buffer.alloc(100_000, 1));
    const [folder] = await walkAll(top);
    expect(fileIn(folder, 'holes')).toMatchObject({ sparse: true, size: 2 ** 40 });
    expect(fileIn(folder, 'solid').sparse).toBe(false);
  });

  test('lists sockets, FIFOs and devices as skipped, and touches none', async () => {
    const top = tempTree();
    execFileSync('mkfifo', [join(top, 'fifo')]);
    const server = createServer().listen(join(top, 'socket'));
    await new Promise((done) => server.once('listening', done));
    const [folder] = await walkAll(top);
    await new Promise((done) => server.close(done));
    expect(folder!.entries).toEqual([]);
    expect(folder!.complete).toBe(true);
    expect(folder!.problems.map((p) => [p.path.toString(), p.kind])).toEqual([
      [join(top, 'fifo'), 'skipped'],
      [join(top, 'socket'), 'skipped'],
    ]);
  });

  test('stops when it is told to', async () => {
    const top = tempTree();
    mkdirSync(join(top, 'folder'));
    const stop = new AbortController();
    const seen: FoundFolder[] = [];
    const go = async () => {
      for await (const folder of walk(findRoot(Buffer.from(top)), { signal: stop.signal })) {
        seen.push(folder);
        stop.abort();
      }
    };
    await expect(go()).rejects.toThrow(expect.objectContaining({ name: 'AbortError' }));
    expect(seen).toHaveLength(1);
  });
});

describe('what cannot be seen', () => {
  test('an unreadable folder is incomplete, its neighbours are not', async () => {
    await asOrdinaryUser(async () => {
      const top = tempTree();
      for (const name of ['open', 'shut', 'unsearchable']) mkdirSync(join(top, name));
      for (const name of ['a', 'b', 'c']) writeFileSync(join(top, 'unsearchable', name), '');
      chmodSync(join(top, 'shut'), 0);
      chmodSync(join(top, 'unsearchable'), 0o400);
      const folders = await walkAll(top);
      expect(folders.map((f) => [text(f.names), f.complete, f.problems.length])).toEqual([
        ['', true, 0],
        ['open', true, 0],
        ['shut', false, 1],
        ['unsearchable', false, 1],
      ]);
      expect(problemsOf(folders).every((p) => p.kind === 'unreadable')).toBe(true);
    });
  });

  test('a folder that goes away before its turn is incomplete, and no deletion beside it', async () => {
    const top = tempTree();
    for (const name of ['a', 'b', 'c']) mkdirSync(join(top, name));
    const seen: [string, boolean, string | undefined][] = [];
    for await (const folder of walk(findRoot(Buffer.from(top)))) {
      seen.push([text(folder.names), folder.complete, folder.problems[0]?.kind]);
      if (folder.names.length === 0) rmdirSync(join(top, 'b'));
    }
    expect(seen).toEqual([
      ['', true, undefined],
      ['a', true, undefined],
      ['b', false, 'vanished'],
      ['c', true, undefined],
    ]);
  });

  test('a folder that is swapped for a link or another folder before its turn is not entered', async () => {
    const top = tempTree();
    const elsewhere = tempTree();
    writeFileSync(join(elsewhere, 'secret'), '');
    for (const name of ['a', 'b', 'c']) mkdirSync(join(top, name));
    const seen: FoundFolder[] = [];
    for await (const folder of walk(findRoot(Buffer.from(top)))) {
      seen.push(folder);
      if (folder.names.length > 0) continue;
      renameSync(join(top, 'a'), join(elsewhere, 'a'));
      symlinkSync(elsewhere, join(top, 'a'));
      renameSync(join(top, 'b'), join(elsewhere, 'b'));
      renameSync(join(top, 'c'), join(top, 'b'));
    }
    expect(seen.map((f) => [text(f.names), f.entries.length, f.complete])).toEqual([
      ['', 3, true],
      ['a', 0, false],
      ['b', 0, false],
      ['c', 0, false],
    ]);
    expect(problemsOf(seen).map((p) => p.kind)).toEqual(['changed', 'changed', 'vanished']);
  });

  test('an entry that goes away while its folder is read is not there, unless the folder went with it', async () => {
    const many = Array.from({ length: 10_000 }, (_, i) => `file-${String(i).padStart(5, '0')}`);
    const top = tempTree();
    mkdirSync(join(top, 'folder'));
    for (const name of many) closeSync(openSync(join(top, 'folder', name), 'w'));
    for (const goes of ['last entry', 'whole folder'] as const) {
      const steps = walk(findRoot(Buffer.from(top)));
      await steps.next();
      const looking = steps.next(); // gives turns while it looks at 10,000 names
      if (goes === 'last entry') unlinkSync(join(top, 'folder', many.at(-1)!));
      else renameSync(join(top, 'folder'), join(top, 'elsewhere'));
      const { value } = await looking;
      if (value === undefined) throw new Error('no second folder');
      if (goes === 'last entry') expect([value.entries.length, value.complete]).toEqual([9_999, true]);
      else {
        expect(value.entries.length).toBeLessThan(10_000);
        expect([value.complete, value.problems.at(-1)?.kind]).toEqual([false, 'vanished']);
      }
    }
  });
});

describe('rules', () => {
  test('leaves out what is in a folder that says it is a cache, if that is a rule', async () => {
    const top = tempTree();
    const tag = 'Signature: 8a477f597d28d172789f06886806bc55\n# a cache';
    for (const [folder, text] of [
      ['real', tag],
      ['false', tag.replace('8a', '8b')],
      ['short', 'Signature'],
    ] as const) {
      mkdirSync(join(top, folder, 'inner'), { recursive: true });
      writeFileSync(join(top, folder, 'CACHEDIR.TAG'), text);
      writeFileSync(join(top, folder, 'inner', 'file'), 'x');
    }
    mkdirSync(join(top, 'linked'));
    symlinkSync(join(top, 'real', 'CACHEDIR.TAG'), join(top, 'linked', 'CACHEDIR.TAG'));
    const paths = async (rules: readonly string[]) =>
      pathsOf(await walkAll(top, { rules: parseRules(rules) }));
    const others = ['', 'false', 'false/inner', 'linked', 'real', 'short', 'short/inner'];
    expect(await paths(['@caches'])).toEqual(others);
    expect(await paths([])).toEqual([...others, 'real/inner'].sort());
    const folders = await walkAll(top, { rules: parseRules(['@caches']) });
    expect(namesIn(folders.find((folder) => text(folder.names) === 'real'))).toEqual(['CACHEDIR.TAG']);
    expect(folders.every(({ complete }) => complete)).toBe(true);
  });

  test('leave names out, and do not enter excluded folders', async () => {
    const top = tempTree();
    for (const folder of ['node_modules/x', 'src/build', 'keep'])
      mkdirSync(join(top, folder), { recursive: true });
    for (const file of ['a.tmp', 'a.txt', 'src/b.tmp', 'src/main.ts', 'keep/c.tmp'])
      writeFileSync(join(top, file), '');
    const rules = parseRules(['*.tmp', '!keep/*.tmp', 'node_modules/', '/src/build/', '# nothing', '']);
    const folders = await walkAll(top, { rules });
    expect(pathsOf(folders)).toEqual(['', 'keep', 'src']);
    expect(folders.map(namesIn)).toEqual([['a.txt', 'keep', 'src'], ['c.tmp'], ['main.ts']]);
  });

  test('leave the profile out, by whatever name it is reached', async () => {
    const top = tempTree();
    for (const folder of ['data/profile/staging', 'other']) mkdirSync(join(top, folder), { recursive: true });
    symlinkSync(join(top, 'data'), join(top, 'way'));
    const folders = await walkAll(top, {
      skip: [Buffer.from(join(top, 'way', 'profile')), Buffer.from('/missing')],
    });
    expect(pathsOf(folders)).toEqual(['', 'data', 'other']);
  });
});

describe('a root', () => {
  test('that is a link is resolved once and keeps its name as given', async () => {
    const top = tempTree();
    mkdirSync(join(top, 'real'));
    writeFileSync(join(top, 'real', 'file'), '');
    symlinkSync('real', join(top, 'link'));
    const root = findRoot(Buffer.from(`${join(top, 'link')}//`));
    expect(root.path.toString()).toBe(join(top, 'real'));
    expect(root.entry).toMatchObject({ kind: 'folder', name: Buffer.from(join(top, 'link')) });
    const [folder] = await collect(walk(root));
    expect(namesIn(folder)).toEqual(['file']);
  });

  test('is refused when it is missing, a file, dangling, or inside the profile', () => {
    const top = tempTree();
    mkdirSync(join(top, 'profile/staging'), { recursive: true });
    writeFileSync(join(top, 'file'), '');
    symlinkSync('nowhere', join(top, 'dangling'));
    const find = (name: string) => () =>
      findRoot(Buffer.from(join(top, name)), [Buffer.from(join(top, 'profile'))]);
    expect(find('missing')).toThrow(expect.objectContaining({ kind: 'not-found' }));
    expect(find('dangling')).toThrow(expect.objectContaining({ kind: 'not-found' }));
    expect(find('file')).toThrow(expect.objectContaining({ kind: 'invalid' }));
    expect(find('profile')).toThrow(expect.objectContaining({ kind: 'invalid' }));
    expect(find('profile/staging')).toThrow(expect.objectContaining({ kind: 'invalid' }));
    expect(find('.')).not.toThrow();
  });
});

describe('size', () => {
  test('a folder of 20,000 files is walked in slices', async () => {
    const top = tempTree();
    for (let i = 0; i < 20_000; i++) closeSync(openSync(join(top, `file ${i}`), 'w'));
    let turns = 0;
    const ticking = setInterval(() => (turns += 1), 1);
    const started = performance.now();
    const [folder] = await walkAll(top);
    const seconds = (performance.now() - started) / 1000;
    clearInterval(ticking);
    expect(folder!.entries).toHaveLength(20_000);
    expect(turns).toBeGreaterThan(seconds * 25);
  });

  test.runIf(process.platform === 'linux')('a tree 4,300 folders deep is walked to its end', async () => {
    const top = tempTree();
    const deepest = makeDeep(top, 2 * 4_300 + top.length, 'd');
    withShortPath(deepest, (short) => writeFileSync(Buffer.concat([short, Buffer.from('/end')]), 'x'), 4);
    const descriptors = readdirSync('/proc/self/fd').length;
    let last: FoundFolder | undefined;
    for await (const folder of walk(findRoot(Buffer.from(top)))) last = folder;
    expect(last!.names.length).toBeGreaterThanOrEqual(4_300);
    expect(fileIn(last, 'end').size).toBe(1);
    expect(last!.path).toEqual(deepest);
    expect(readdirSync('/proc/self/fd').length).toBe(descriptors);
  });
});
