/** Restored files move back to where they came from; whatever stands there, nothing is lost and nothing is written through. */
import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { compareTrees } from '../../../../src/main/cli/demo/compareTrees.ts';
import type { ConflictChoice, OrderSummary, PutBack } from '../../../../src/shared/types.ts';
import { Scene } from '../scene.ts';

let scene: Scene;
let order: OrderSummary;
const inSource = (...names: string[]): string => join(scene.source, ...names);
const inRestored = (...names: string[]): string => join(order.to, 'source', ...names);
const pristine = (): string => scene.path('pristine');

function growTree(root: string): void {
  mkdirSync(join(root, 'photos', 'deep'), { recursive: true });
  mkdirSync(join(root, 'nothing in it'));
  for (let i = 0; i < 12; i++) writeFileSync(join(root, 'photos', `${i}`), randomBytes(1 + i * 300));
  writeFileSync(join(root, 'big'), randomBytes(3_000_000));
  writeFileSync(join(root, 'empty'), '');
  linkSync(join(root, 'big'), join(root, 'photos', 'deep', 'the same'));
  symlinkSync('nowhere', join(root, 'photos', 'dangling'));
  writeFileSync(join(root, 'holes'), 'x');
  truncateSync(join(root, 'holes'), 2_000_000);
  chmodSync(join(root, 'photos', '3'), 0o400);
  chmodSync(join(root, 'photos', 'deep'), 0o500);
  utimesSync(join(root, 'photos', '4'), 1_234_567_890.123, 1_234_567_890.123);
  utimesSync(join(root, 'photos'), 1_000_000_000, 1_000_000_000);
}

/** Saves the tree, keeps a copy to compare with, and restores it beside. */
async function saveAndRestore(to = scene.path('out')): Promise<void> {
  growTree(scene.source);
  execFileSync('cp', ['-a', scene.source, pristine()]);
  await scene.backup();
  order = await scene.restore({ to });
  expect(order).toMatchObject({ state: 'done', putBack: null });
}

async function putBack(choice?: ConflictChoice): Promise<PutBack> {
  const over = new Promise<PutBack>((resolve) => {
    const off = scene.engine.on('order:changed', ({ putBack }) => {
      if (putBack === null || putBack.state === 'moving') return;
      off();
      resolve(putBack);
    });
  });
  await scene.ask('orders:putBack', { id: order.id, ...(choice !== undefined && { choice }) });
  return over;
}

const preview = () => scene.ask('orders:putBackPreview', { id: order.id });

async function expectAsBefore(): Promise<void> {
  const comparison = await compareTrees(pristine(), scene.source);
  expect(comparison).toMatchObject({ differenceCount: 0, differences: [], hardLinks: 1, symlinks: 1 });
}

/** Digests of all regular files below, so that a content that is gone is found out. */
function contentsBelow(...roots: string[]): Set<string> {
  const found = new Set<string>();
  for (const root of roots) {
    if (!existsSync(root)) continue;
    for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const bytes = readFileSync(join(entry.parentPath, entry.name));
      found.add(createHash('sha256').update(bytes).digest('hex'));
    }
  }
  return found;
}

beforeEach(async () => {
  scene = new Scene();
  await scene.setUp();
});
afterEach(async () => {
  await scene.remove();
});

describe('where nothing stands', () => {
  it.each(['emptied', 'gone'])('fills a source folder that is %s', async (how) => {
    await saveAndRestore();
    rmSync(scene.source, { recursive: true });
    if (how === 'emptied') mkdirSync(scene.source);
    if (how === 'emptied') chmodSync(scene.source, statSync(pristine()).mode);
    expect(await preview()).toMatchObject({ fresh: 17, same: 0, conflicts: 0, missing: 0, failed: 0 });
    const result = await putBack();
    expect(result).toMatchObject({ state: 'done', moved: 17, same: 0, missing: 0, problems: [] });
    if (how === 'emptied') execFileSync('touch', ['-r', pristine(), scene.source]);
    await expectAsBefore();
    expect(readdirSync(order.to)).toEqual([]);
    expect((await scene.ask('orders:show', { id: order.id })).putBack).toEqual(result);
  });

  it('says what it needs when the folder above the source is missing', async () => {
    await saveAndRestore();
    renameSync(scene.source, scene.path('elsewhere'));
    const before = contentsBelow(order.to);
    await scene.ask('targets:add', { name: 'other', settings: { ...folder('other') } });
    mkdirSync(scene.path('disk', 'inner'), { recursive: true });
    writeFileSync(scene.path('disk', 'inner', 'file'), 'on a disk');
    await scene.ask('plans:add', { name: 'disk', target: 'other', sources: [scene.path('disk', 'inner')] });
    await scene.backup('disk');
    order = await scene.restore({ to: scene.path('out 2'), plan: 'disk' });
    rmSync(scene.path('disk'), { recursive: true });
    const result = await putBack();
    expect(result).toMatchObject({ state: 'problems', moved: 0, failed: 1 });
    expect(result.problems[0]?.message).toMatch(/should lie in is not there/);
    expect(existsSync(scene.path('disk'))).toBe(false);
    expect(readFileSync(join(order.to, 'inner', 'file'), 'utf8')).toBe('on a disk');
    expect(before.size).toBeGreaterThan(10);
  });

  it('follows a source that is a link, as the backup did, and no other', async () => {
    const real = scene.path('real');
    growTree(scene.source);
    renameSync(scene.source, real);
    symlinkSync(real, scene.source);
    execFileSync('cp', ['-a', real, pristine()]);
    await scene.backup();
    order = await scene.restore({ to: scene.path('out') });
    rmSync(join(real, 'photos'), { recursive: true });
    expect(await putBack()).toMatchObject({ state: 'done', moved: 14, same: 3 });
    expect(lstatSync(scene.source).isSymbolicLink()).toBe(true);
    execFileSync('touch', ['-r', pristine(), real]);
    expect(await compareTrees(pristine(), real)).toMatchObject({ differenceCount: 0, symlinks: 1 });
    // Where it leads to is gone: nothing is made in its place.
    order = await scene.restore({ to: scene.path('out 2') });
    rmSync(real, { recursive: true });
    expect(await putBack()).toMatchObject({ state: 'problems', moved: 0 });
    expect(existsSync(real)).toBe(false);
  });

  it('goes to another file system with everything it is', async () => {
    const away = mkdtempSync('/dev/shm/permafrost-test-');
    try {
      expect(statSync(away).dev).not.toBe(statSync(scene.dir).dev);
      await saveAndRestore(join(away, 'out'));
      rmSync(scene.source, { recursive: true });
      expect(await putBack()).toMatchObject({ state: 'done', moved: 17, problems: [] });
      await expectAsBefore();
      expect(readdirSync(order.to)).toEqual([]);
    } finally {
      rmSync(away, { recursive: true, force: true });
    }
  });

  it('does not move what is no longer what was restored', async () => {
    await saveAndRestore();
    rmSync(scene.source, { recursive: true });
    mkdirSync(scene.source);
    const changed = readFileSync(inRestored('photos', '5'));
    changed[7] = (changed[7] ?? 0) ^ 1;
    writeFileSync(inRestored('photos', '5'), changed);
    rmSync(inRestored('photos', '6'));
    const result = await putBack('keep-both');
    expect(result).toMatchObject({ state: 'problems', moved: 15, missing: 2, failed: 0 });
    expect(readdirSync(inSource('photos'))).not.toContain('5');
    expect(readFileSync(inRestored('photos', '5'))).toEqual(changed);
  });
});

describe('where something stands', () => {
  it('leaves alone what is the same already', async () => {
    await saveAndRestore();
    const before = lstatSync(inSource('photos', '7'), { bigint: true });
    expect(await preview()).toMatchObject({ fresh: 0, same: 17, conflicts: 0 });
    expect(await putBack()).toMatchObject({ state: 'done', moved: 0, same: 17, problems: [] });
    expect(lstatSync(inSource('photos', '7'), { bigint: true }).ino).toBe(before.ino);
    await expectAsBefore();
    expect(contentsBelow(order.to)).toEqual(contentsBelow(pristine()));
  });

  it('asks what is to become of it, and tells a changed file from one of the same size and time', async () => {
    await saveAndRestore();
    const { atime, mtime } = statSync(inSource('photos', '7'));
    const rotten = readFileSync(inSource('photos', '7'));
    rotten[0] = (rotten[0] ?? 0) ^ 4;
    writeFileSync(inSource('photos', '7'), rotten);
    utimesSync(inSource('photos', '7'), atime, mtime);
    expect(await preview()).toMatchObject({
      same: 16,
      conflicts: 1,
      conflictsShown: [{ path: inSource('photos', '7'), is: 'file' }],
    });
    const refusal = await scene.refusal('orders:putBack', { id: order.id });
    expect(refusal).toMatchObject({ kind: 'conflict', safe: 'Nothing was moved.' });
    expect(refusal.message).toContain(inSource('photos', '7'));
    expect((await scene.ask('orders:show', { id: order.id })).putBack).toBeNull();
    expect(readFileSync(inSource('photos', '7'))).toEqual(rotten);
  });

  it('keeps both', async () => {
    await saveAndRestore();
    writeFileSync(inSource('photos', '7'), 'my newer work');
    const result = await putBack('keep-both');
    expect(result).toMatchObject({ state: 'done', moved: 1, keptBoth: 1, same: 16, replacedIn: null });
    expect(readFileSync(inSource('photos', '7'), 'utf8')).toBe('my newer work');
    expect(readFileSync(inSource('photos', '7 (conflict 2)'))).toEqual(
      readFileSync(join(pristine(), 'photos', '7')),
    );
    // Once more: it is there.
    expect(await putBack('keep-both')).toMatchObject({ moved: 0, keptBoth: 0, same: 17 });
    expect(readdirSync(inSource('photos')).filter((name) => name.startsWith('7'))).toHaveLength(2);
  });

  it.each(['here', 'on another file system'])(
    'replaces, and sets aside what was there (%s)',
    async (where) => {
      const away = mkdtempSync('/dev/shm/permafrost-test-');
      try {
        await saveAndRestore(where === 'here' ? scene.path('out') : join(away, 'out'));
        writeFileSync(inSource('photos', '7'), 'my newer work', { mode: 0o640 });
        utimesSync(inSource('photos', '7'), 1_500_000_000, 1_500_000_000);
        rmSync(inSource('photos', 'dangling'));
        symlinkSync('somewhere', inSource('photos', 'dangling'));
        rmSync(inSource('big'));
        symlinkSync('photos/8', inSource('big'));
        const result = await putBack('replace');
        const aside = join(order.to, `Replaced ${order.id.slice(0, 8)}`);
        expect(result).toMatchObject({ state: 'done', moved: 3, replaced: 3, same: 14, replacedIn: aside });
        const kept = join(aside, 'source', 'photos', '7');
        expect(readFileSync(kept, 'utf8')).toBe('my newer work');
        expect(statSync(kept).mtimeMs).toBe(1_500_000_000_000);
        expect(readlinkSync(join(aside, 'source', 'photos', 'dangling'))).toBe('somewhere');
        expect(readlinkSync(join(aside, 'source', 'big'))).toBe('photos/8');
        for (const name of ['photos/7', 'photos/8', 'big'])
          expect(readFileSync(inSource(name))).toEqual(readFileSync(join(pristine(), name)));
        expect(lstatSync(inSource('big')).isFile()).toBe(true);
        expect(readlinkSync(inSource('photos', 'dangling'))).toBe('nowhere');
        expect(readdirSync(inSource('photos')).filter((name) => name.startsWith('.'))).toEqual([]);
      } finally {
        rmSync(away, { recursive: true, force: true });
      }
    },
  );

  it('skips', async () => {
    await saveAndRestore();
    writeFileSync(inSource('photos', '7'), 'my newer work');
    rmSync(inSource('photos', '8'));
    expect(await putBack('skip')).toMatchObject({ state: 'done', moved: 1, skipped: 1, same: 15 });
    expect(readFileSync(inSource('photos', '7'), 'utf8')).toBe('my newer work');
    expect(existsSync(inRestored('photos', '7'))).toBe(true);
    expect(existsSync(inRestored('photos', '8'))).toBe(false);
  });

  it('follows no link and opens no pipe', async () => {
    await saveAndRestore();
    const outside = scene.path('outside');
    mkdirSync(outside);
    writeFileSync(join(outside, '7'), 'not yours');
    rmSync(inSource('photos'), { recursive: true });
    symlinkSync(outside, inSource('photos'));
    rmSync(inSource('big'));
    execFileSync('mkfifo', [inSource('big')]);
    rmSync(inSource('empty'));
    mkdirSync(inSource('empty'));
    expect((await preview()).conflictsShown.map(({ is }) => is).sort()).toEqual([
      'folder',
      'link',
      'special',
    ]);
    const result = await putBack('replace');
    // A link in the place of a folder, a pipe and a folder in the place of files: both are kept.
    expect(result).toMatchObject({ state: 'done', keptBoth: 2, replaced: 0, missing: 0, failed: 0 });
    expect(readdirSync(outside)).toEqual(['7']);
    expect(readFileSync(join(outside, '7'), 'utf8')).toBe('not yours');
    expect(readlinkSync(inSource('photos'))).toBe(outside);
    expect(readFileSync(inSource('photos (conflict 2)', '7'))).toEqual(
      readFileSync(join(pristine(), 'photos', '7')),
    );
    expect(lstatSync(inSource('big')).isFIFO()).toBe(true);
    expect(lstatSync(inSource('big (conflict 2)')).isFile()).toBe(true);
    expect(await putBack('skip')).toMatchObject({ skipped: 14 });
  });
});

it('replaces what has the name although the same stands beside it, but never a pipe', async () => {
  await saveAndRestore();
  rmSync(inSource('big'));
  execFileSync('mkfifo', [inSource('big')]);
  writeFileSync(inSource('photos', '7'), 'my newer work');
  expect(await putBack('keep-both')).toMatchObject({ keptBoth: 2 });
  order = await scene.restore({ to: scene.path('out 2') });
  expect(await putBack('replace')).toMatchObject({ state: 'done', moved: 1, replaced: 1, failed: 0 });
  expect(lstatSync(inSource('big')).isFIFO()).toBe(true);
  expect(readFileSync(inSource('photos', '7'))).toEqual(readFileSync(join(pristine(), 'photos', '7')));
  const aside = join(order.to, `Replaced ${order.id.slice(0, 8)}`, 'source', 'photos', '7');
  expect(readFileSync(aside, 'utf8')).toBe('my newer work');
});

/** `random % n` in turn, the same for the same seed. */
function chance(seed: number): (n: number) => number {
  let state = seed;
  return (n) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
}

describe('whatever has become of the sources', () => {
  it.each(Array.from({ length: 8 }, (_, seed) => seed))('no content is lost (seed %i)', async (seed) => {
    const pick = chance(seed + 1);
    const away = mkdtempSync('/dev/shm/permafrost-test-');
    try {
      await saveAndRestore(seed % 2 === 0 ? scene.path('out') : join(away, 'out'));
      for (const entry of readdirSync(scene.source, { recursive: true }) as string[]) {
        const path = inSource(entry);
        if (lstatSync(path, { throwIfNoEntry: false }) === undefined) continue;
        const what = pick(8);
        if (what === 0) rmSync(path, { recursive: true, force: true });
        else if (what === 1 && lstatSync(path).isFile()) writeFileSync(path, randomBytes(1 + pick(900)));
        else if (what === 2) renameSync(path, `${path} moved`);
        else if (what === 3) {
          rmSync(path, { recursive: true, force: true });
          mkdirSync(path);
          writeFileSync(join(path, 'inside'), randomBytes(20));
        } else if (what === 4) {
          rmSync(path, { recursive: true, force: true });
          symlinkSync(scene.path('pristine'), path);
        } else if (what === 5 && !lstatSync(path).isDirectory()) {
          rmSync(path);
          writeFileSync(path, randomBytes(1 + pick(900)));
        }
      }
      const before = contentsBelow(scene.source, order.to);
      const untouched = contentsBelow(pristine());
      const choice = (['keep-both', 'replace', 'skip'] as const)[pick(3)] ?? 'skip';
      const looked = await preview();
      const result = await putBack(choice);
      expect(result).toMatchObject({ state: 'done', missing: 0, failed: 0 });
      expect(result.moved + result.same + result.skipped).toBe(order.files);
      expect(result.same).toBe(looked.same);
      if (choice === 'skip') expect(result.moved).toBe(looked.fresh);
      const after = contentsBelow(scene.source, order.to);
      for (const digest of before) expect(after.has(digest)).toBe(true);
      expect(contentsBelow(pristine())).toEqual(untouched);
      if (choice !== 'skip')
        for (const digest of untouched) expect(contentsBelow(scene.source)).toContain(digest);
      const again = await putBack(choice);
      expect(again).toMatchObject({ moved: 0, failed: 0 });
      expect(contentsBelow(scene.source, order.to)).toEqual(after);
    } finally {
      rmSync(away, { recursive: true, force: true });
    }
  });
});

it('is for orders that have ended, and needs the restore folder', async () => {
  await saveAndRestore();
  renameSync(order.to, scene.path('carried off'));
  expect(await scene.refusal('orders:putBackPreview', { id: order.id })).toMatchObject({ kind: 'not-found' });
  expect(await scene.refusal('orders:putBackPreview', { id: 'abcdef' })).toMatchObject({ kind: 'not-found' });
});

function folder(name: string) {
  return { kind: 'folder', path: join(scene.dir, name), create: true, packMiB: 4 } as const;
}
