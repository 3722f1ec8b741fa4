import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  closeSync,
  existsSync,
  ftruncateSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { compareTrees } from '../../../../src/main/cli/demo/compareTrees.ts';

/** In memory where there is such a place: a busy disk takes seconds for thousands of folders. */
const memoryOrDisk = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

/** A tree with something of everything, and a faithful copy of it. */
function trees(): { source: string; copy: string } {
  const top = mkdtempSync(join(memoryOrDisk, 'permafrost-compare-'));
  onTestFinished(() => {
    execFileSync('rm', ['-rf', top]);
  });
  const source = join(top, 'source');
  mkdirSync(join(source, 'folder/empty'), { recursive: true });
  writeFileSync(join(source, 'folder/file'), 'content');
  writeFileSync(join(source, 'folder/other'), 'other');
  writeFileSync(join(source, 'big'), Buffer.alloc(2_500_000, 'abc'));
  writeFileSync(Buffer.concat([Buffer.from(`${source}/`), Buffer.from('caf\xe9\n', 'latin1')]), 'odd');
  linkSync(join(source, 'folder/file'), join(source, 'name2'));
  symlinkSync('folder/none', join(source, 'link'));
  const holes = openSync(join(source, 'holes'), 'w');
  writeSync(holes, 'data', 5_000_000);
  ftruncateSync(holes, 20_000_000);
  closeSync(holes);
  utimesSync(join(source, 'folder/other'), 1_000_000_000.5, 1_000_000_000.5);
  chmodSync(join(source, 'folder/other'), 0o604);
  chmodSync(join(source, 'folder/empty'), 0o755);
  const copy = join(top, 'copy');
  execFileSync('cp', ['-a', '--sparse=always', source, copy]);
  return { source, copy };
}

const found = async (source: string, copy: string): Promise<string[]> => {
  const { differences, differenceCount } = await compareTrees(source, copy);
  expect(differences).toHaveLength(differenceCount);
  return differences.map(({ path, what }) => `${path} ${what}`);
};

describe.runIf(process.platform === 'linux')('comparing trees', () => {
  test('a faithful copy does not differ', async () => {
    const { source, copy } = trees();
    expect(await compareTrees(source, copy)).toEqual({
      files: 6,
      folders: 3,
      symlinks: 1,
      bytes: 22_500_000 + 7 + 7 + 5 + 3,
      hardLinks: 1,
      sparseFiles: 1,
      specials: 0,
      unreadable: 0,
      otherOwners: 0,
      droppedBits: 0,
      differenceCount: 0,
      differences: [],
    });
  });

  const keepingTime = (path: string, act: () => void): void => {
    const reference = `${path}-${process.pid}`.replaceAll('/', '_');
    const kept = join(tmpdir(), reference);
    execFileSync('touch', ['-r', path, kept]);
    act();
    execFileSync('touch', ['-r', kept, path]);
    rmSync(kept);
  };

  test.for<[string, (copy: string) => void, string[]]>([
    [
      'a changed byte',
      (c) =>
        keepingTime(`${c}/big`, () => {
          const file = openSync(`${c}/big`, 'r+');
          writeSync(file, '!', 2_400_000);
          closeSync(file);
        }),
      ['big has other content'],
    ],
    [
      'a longer file',
      (c) => keepingTime(`${c}/folder/other`, () => appendFileSync(`${c}/folder/other`, '!')),
      ['folder/other has 6 bytes instead of 5'],
    ],
    [
      'a missing file',
      (c) => keepingTime(`${c}/folder`, () => rmSync(`${c}/folder/other`)),
      ['folder/other was not restored'],
    ],
    [
      'an extra file',
      (c) => keepingTime(`${c}/folder`, () => writeFileSync(`${c}/folder/x`, '')),
      ['folder/x is not in the source'],
    ],
    [
      'a mode',
      (c) => chmodSync(`${c}/folder/empty`, 0o711),
      ['folder/empty has the mode 711 instead of 755'],
    ],
    [
      'an added set-id bit',
      (c) => chmodSync(`${c}/folder/other`, 0o4604),
      ['folder/other has the mode 4604 instead of 604'],
    ],
    [
      'a time',
      (c) => utimesSync(`${c}/folder/other`, 1, 1_000_000_000.500002),
      ['folder/other has the time 1000000000.500002 instead of 1000000000.500000'],
    ],
    [
      'a folder time',
      (c) => utimesSync(`${c}/folder/empty`, 1, 1),
      [expect.stringMatching(/^folder\/empty has the time 1\.000000/)],
    ],
    [
      'the time of the top',
      (c) => utimesSync(c, 1, 1),
      [expect.stringMatching(/^\. has the time 1\.000000/)],
    ],
    [
      'a link time',
      (c) => lutimesSync(`${c}/link`, 1, 1),
      [expect.stringMatching(/^link has the time 1\.000000/)],
    ],
    [
      'a separated hard link',
      (c) =>
        keepingTime(c, () => {
          execFileSync('cp', ['-p', `${c}/name2`, `${c}/x`]);
          execFileSync('mv', [`${c}/x`, `${c}/name2`]);
        }),
      ['folder/file is no longer the same file as its other names'],
    ],
    [
      'filled holes',
      (c) =>
        keepingTime(c, () => {
          execFileSync('cp', ['-p', '--sparse=never', `${c}/holes`, `${c}/x`]);
          execFileSync('mv', [`${c}/x`, `${c}/holes`]);
        }),
      [expect.stringMatching(/^holes takes \d+ bytes on disk where 4096 would do/)],
    ],
    [
      'another kind',
      (c) =>
        keepingTime(c, () => {
          rmSync(`${c}/link`);
          mkdirSync(`${c}/link`);
        }),
      ['link is a folder instead of a link'],
    ],
  ])('sees %s', async ([, change, differences]) => {
    const { source, copy } = trees();
    change(copy);
    expect(await found(source, copy)).toEqual(differences);
  });

  test('sees a link that leads elsewhere, and files that became one', async () => {
    const { source, copy } = trees();
    rmSync(join(copy, 'link'));
    symlinkSync('folder/None', join(copy, 'link'));
    rmSync(join(copy, 'folder/other'));
    linkSync(join(copy, 'folder/file'), join(copy, 'folder/other'));
    const differences = await found(source, copy);
    expect(differences).toContain('link leads somewhere else');
    expect(differences).toContain('folder/other became the same file as another');
  });

  test('counts what is left out on purpose without calling it different', async () => {
    const { source, copy } = trees();
    keepingTime(source, () => execFileSync('mkfifo', [join(source, 'fifo')]));
    chmodSync(join(source, 'folder/other'), 0o4604);
    expect(await compareTrees(source, copy)).toMatchObject({
      specials: 1,
      droppedBits: 1,
      differenceCount: 0,
    });
  });

  test('lists the first of many differences and counts them all', async () => {
    const { source, copy } = trees();
    for (let i = 0; i < 1_200; i++) writeFileSync(join(copy, 'folder/empty', String(i)), '');
    const { differences, differenceCount } = await compareTrees(source, copy);
    expect(differenceCount).toBe(1_201); // and the folder's time
    expect(differences).toHaveLength(1_000);
  });

  test('goes as deep as the tree does, with few descriptors', async () => {
    const { source, copy } = trees();
    for (const top of [source, copy]) {
      let folder = openSync(top, 'r');
      for (let i = 0; i < 4_200; i++) {
        mkdirSync(`/proc/self/fd/${folder}/d`);
        const inner = openSync(`/proc/self/fd/${folder}/d`, 'r');
        utimesSync(`/proc/self/fd/${folder}/.`, 1, 1);
        closeSync(folder);
        folder = inner;
      }
      writeFileSync(`/proc/self/fd/${folder}/end`, top === source ? 'one' : 'two');
      closeSync(folder);
    }
    const before = readdirSync('/proc/self/fd').length;
    const { folders, differences } = await compareTrees(source, copy);
    expect(folders).toBe(4_203);
    expect(
      differences.some(({ path, what }) => path.endsWith('/d/end') && what === 'has other content'),
    ).toBe(true);
    expect(readdirSync('/proc/self/fd').length).toBe(before);
  });

  test('stops when it is told to', async () => {
    const { source, copy } = trees();
    for (let i = 0; i < 3_000; i++) writeFileSync(join(source, 'folder/empty', String(i)), '');
    const stop = new AbortController();
    const work = compareTrees(source, copy, { signal: stop.signal });
    stop.abort();
    await expect(work).rejects.toThrow(expect.objectContaining({ name: 'AbortError' }));
  });
});
