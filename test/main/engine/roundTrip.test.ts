import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  linkSync,
  mkdirSync,
  openSync,
  closeSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
  lstatSync,
} from 'node:fs';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { compareTrees } from '../../../src/main/cli/demo/compareTrees.ts';
import type { RunSummary } from '../../../src/shared/types.ts';
import { Scene } from './scene.ts';

let scene: Scene;
beforeEach(() => {
  scene = new Scene();
});
afterEach(async () => {
  await scene.remove();
});

/** One of everything that is saved, and one of each that is not. */
function fillSource(source: string): void {
  const at = (...names: string[]) => join(source, ...names);
  mkdirSync(at('empty folder'));
  mkdirSync(at('a/b/c'), { recursive: true });
  writeFileSync(at('empty'), '');
  writeFileSync(at('a/letter.txt'), 'Dear friend,\n');
  writeFileSync(at('a/b/random.bin'), randomBytes(3_000_000));
  writeFileSync(at('a/b/twice.bin'), Buffer.alloc(2_500_000, 'the same again and again '));
  writeFileSync(
    Buffer.concat([Buffer.from(`${source}/`), Buffer.from([0x66, 0xff, 0xfe, 0x0a, 0x22])]),
    'not UTF-8',
  );
  writeFileSync(at('n'.repeat(255)), 'a long name');
  symlinkSync('a/letter.txt', at('link'));
  symlinkSync('../nowhere/at all', at('a/dangling'));
  writeFileSync(at('a/one name'), 'one file, three names');
  linkSync(at('a/one name'), at('a/b/another name'));
  linkSync(at('a/one name'), at('third name'));
  writeFileSync(at('read only'), 'x');
  chmodSync(at('read only'), 0o400);
  chmodSync(at('a/b/c'), 0o2751);
  const holes = openSync(at('holes'), 'w');
  writeSync(holes, 'start', 0);
  writeSync(holes, 'end', 9_000_000);
  closeSync(holes);
  truncateSync(at('holes'), 12_345_678);
  execFileSync('mkfifo', [at('fifo')]);
  for (const name of ['a/letter.txt', 'a/b', 'empty folder'])
    utimesSync(at(name), 1_000_000_000.123456, 946_684_800.654321);
}

describe('a backup and a restore of everything', () => {
  it.each(['folder', 'practice'] as const)(
    'bring back the same tree from a %s target, and skip what has no content',
    async (kind) => {
      fillSource(scene.source);
      await scene.setUp(
        kind === 'folder' ? scene.folderTarget() : { kind: 'practice', speed: 1, packMiB: 4 },
      );
      const run = await scene.backup();
      expect(run).toMatchObject({ state: 'done', changed: true, failure: null });
      expect(run.counts).toMatchObject({ skipped: 1, problems: 0 });
      const problems = await scene.ask('runs:problems', { run: run.id });
      expect(problems).toEqual([
        expect.objectContaining({ kind: 'skipped', path: join(scene.source, 'fifo') }),
      ]);

      const restored = scene.restore({
        to: scene.path('out'),
        specialBits: true,
        ownership: process.geteuid?.() === 0,
      });
      if (kind === 'practice') {
        await orderIs('thawing');
        await scene.ask('practice:advance', { target: 'attic', hours: 5 });
      }
      const order = await restored;
      expect(order).toMatchObject({ state: 'done', failedFiles: 0, metadataProblems: 0, failure: null });
      expect(order.restoredFiles).toBe(order.files);
      const comparison = await compareTrees(scene.source, scene.path('out', 'source'));
      expect(comparison).toMatchObject({
        differences: [],
        specials: 1,
        hardLinks: 2,
        otherOwners: 0,
        droppedBits: 0,
      });
      const holes = lstatSync(scene.path('out', 'source', 'holes'));
      expect(holes.blocks * 512).toBeLessThan(200_000);
    },
  );

  it('restore chosen paths only, with the folders that lead to them', async () => {
    fillSource(scene.source);
    await scene.setUp();
    await scene.backup();
    const order = await scene.restore({
      to: scene.path('out'),
      paths: [{ text: 'a/letter.txt' }, { text: 'link' }],
    });
    expect(order).toMatchObject({ state: 'done', files: 2, restoredFiles: 2 });
    expect(readFileSync(scene.path('out', 'source', 'a', 'letter.txt'), 'utf8')).toBe('Dear friend,\n');
    expect(() => lstatSync(scene.path('out', 'source', 'a', 'b'))).toThrow(/ENOENT/);
  });

  async function orderIs(state: string): Promise<void> {
    for (;;) {
      const [order] = await scene.ask('orders:list', {});
      if (order?.state === state) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
});

describe('a further run', () => {
  it('sends nothing and makes no snapshot when nothing has changed, even right after the files were written', async () => {
    fillSource(scene.source);
    await scene.setUp();
    const first = await scene.backup();
    const second = await scene.backup();
    expect(second).toMatchObject({ state: 'done', changed: false, snapshot: null });
    expect(second.counts).toMatchObject({ sentBytes: 0, packs: 0, requests: 0 });
    const third = await scene.backup();
    expect(third).toMatchObject({ changed: false });
    const snapshots = await scene.ask('snapshots:list', {});
    expect(snapshots.map(({ id }) => id)).toEqual([first.snapshot]);
  });

  it('sends what changed, and every snapshot stays as it was', async () => {
    const letter = join(scene.source, 'letter');
    writeFileSync(letter, 'first version');
    writeFileSync(join(scene.source, 'big'), randomBytes(6_000_000));
    await scene.setUp();
    const first = await scene.backup();
    writeFileSync(letter, 'second version, longer');
    writeFileSync(join(scene.source, 'new'), 'new');
    appendFileSync(join(scene.source, 'big'), 'tail');
    renameSync(letter, join(scene.source, 'renamed'));
    const second = await scene.backup();
    expect(second.counts.newBytes).toBeLessThan(2_200_000);
    expect(second.counts.sentBytes).toBeLessThan(5 * 1024 * 1024);

    await scene.restore({ snapshot: first.snapshot ?? '', to: scene.path('one') });
    await scene.restore({ snapshot: second.snapshot ?? '', to: scene.path('two') });
    expect(readFileSync(scene.path('one', 'source', 'letter'), 'utf8')).toBe('first version');
    expect(readFileSync(scene.path('two', 'source', 'renamed'), 'utf8')).toBe('second version, longer');
    expect(() => lstatSync(scene.path('two', 'source', 'letter'))).toThrow(/ENOENT/);
    expect(
      readFileSync(scene.path('two', 'source', 'big')).equals(readFileSync(join(scene.source, 'big'))),
    ).toBe(true);
    const found = await scene.ask('entries:find', { pattern: 'LETTER' });
    expect(found.entries).toMatchObject([
      { name: 'letter', firstSnapshot: first.snapshot, lastSnapshot: first.snapshot },
    ]);
  });

  it('that was stopped goes on with what it had packed', async () => {
    for (let i = 0; i < 5; i++) writeFileSync(join(scene.source, `big ${i}`), randomBytes(9_000_000));
    await scene.setUp();
    const stopped = new Promise<RunSummary>((resolve) => scene.engine.on('run:ended', resolve));
    const { id } = await scene.ask('backup:start', { plan: 'docs' });
    await scene.ask('backup:cancel', { run: id });
    expect(await stopped).toMatchObject({ state: 'cancelled', failure: { kind: 'cancelled' } });
    expect(await scene.ask('snapshots:list', {})).toEqual([]);
    expect(await scene.backup()).toMatchObject({ state: 'done' });
    await scene.restore({ to: scene.path('out') });
    const comparison = await compareTrees(scene.source, scene.path('out', 'source'));
    expect(comparison.differences).toEqual([]);
  });

  it('leaves out the folder its archives go to, and the profile', async () => {
    writeFileSync(join(scene.source, 'a'), 'a');
    await scene.setUp({ kind: 'folder', path: join(scene.source, 'attic'), create: true, packMiB: 4 });
    await scene.ask('plans:add', { name: 'all', target: 'attic', sources: [scene.dir] });
    await scene.backup('all');
    const { entries } = await scene.ask('entries:list', { snapshot: 'latest', at: { text: scene.dir } });
    expect(entries.map(({ name }) => name)).toEqual(['source']);
    const below = await scene.ask('entries:list', { snapshot: 'latest', at: { text: scene.source } });
    expect(below.entries.map(({ name }) => name)).toEqual(['a']);
  });

  it('takes up a folder that became a file, and a file that became a folder', async () => {
    mkdirSync(join(scene.source, 'x/deep'), { recursive: true });
    writeFileSync(join(scene.source, 'x/deep/file'), '1');
    writeFileSync(join(scene.source, 'y'), '2');
    await scene.setUp();
    await scene.backup();
    rmSync(join(scene.source, 'x'), { recursive: true });
    rmSync(join(scene.source, 'y'));
    writeFileSync(join(scene.source, 'x'), 'now a file');
    mkdirSync(join(scene.source, 'y'));
    writeFileSync(join(scene.source, 'y/inside'), 'now inside');
    await scene.backup();
    await scene.restore({ to: scene.path('out') });
    const comparison = await compareTrees(scene.source, scene.path('out', 'source'));
    expect(comparison.differences).toEqual([]);
  });
});
