/** Checks of a folder target, on the real engine: what they find, what they prove, and how what is lost comes back. */
import { randomBytes } from 'node:crypto';
import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { compareTrees } from '../../../../src/main/cli/demo/compareTrees.ts';
import type { CheckSummary } from '../../../../src/shared/checkTypes.ts';
import { openCatalog } from '../../../../src/main/engine/catalog/catalog.ts';
import { PASSPHRASE } from '../scene.ts';
import { CheckScene } from './checkScene.ts';

const MIB = 1024 * 1024;
const PAGE_BYTES = 4096;

let scene: CheckScene;
beforeEach(async () => {
  scene = new CheckScene();
  await scene.setUp();
  writeFileSync(join(scene.source, 'one'), randomBytes(3_000_000));
  writeFileSync(join(scene.source, 'two'), randomBytes(6_000_000));
  writeFileSync(join(scene.source, 'letter'), 'Dear reader,');
});
afterEach(async () => {
  await scene.remove();
});

const archives = (): string => scene.path('attic', 'archives');

function pathOf(archive: string): string {
  return join(archives(), archive);
}

/** Archives of one kind as the catalog has them, largest first. */
async function archivesOf(kind: 'data' | 'manifest'): Promise<string[]> {
  const all = await scene.ask('check:archives', { target: 'attic' });
  return all
    .filter(({ holds }) => holds === kind)
    .sort((a, b) => b.size - a.size)
    .map(({ archive }) => archive);
}

async function largest(kind: 'data' | 'manifest' = 'data'): Promise<string> {
  const [archive] = await archivesOf(kind);
  if (archive === undefined) throw new Error(`no ${kind}`);
  return archive;
}

function flip(path: string, at: number): void {
  const bytes = readFileSync(path);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(path, bytes);
}

async function expectRestored(snapshot: string, to: string, like = scene.source): Promise<void> {
  const order = await scene.restore({ snapshot, to: scene.path(to) });
  expect(order).toMatchObject({ state: 'done', failedFiles: 0 });
  expect(await compareTrees(like, scene.path(to, 'source'))).toMatchObject({ differenceCount: 0 });
}

function whole(check: CheckSummary): void {
  expect(check).toMatchObject({ outcome: 'done', problems: [], failure: null });
}

describe('a folder where nothing is amiss', () => {
  it('is all there, and all of it can be proven', async () => {
    await scene.backup();
    const listed = await scene.check();
    whole(listed);
    const { archives: count, storedBytes } = await scene.ask('targets:show', { name: 'attic' });
    expect(listed.listing).toMatchObject({
      ...{ takenAt: null, present: count, newer: 0, cleared: 0, extras: 0, strangers: 0, foreign: 0 },
      ...{ keySlots: true, filesToStoreAgain: 0 },
    });
    expect(listed.proof).toMatchObject({
      archives: count,
      provenArchives: 0,
      provenBytes: 0,
      oldestAt: null,
    });

    const before = Date.now();
    const read = await scene.check({ readPercent: 100 });
    whole(read);
    expect(read.estimate).toMatchObject({ lines: [], usd: 0 });
    expect(read.reads).toMatchObject({ bytes: storedBytes, provenBytes: storedBytes, unread: 0 });
    expect(read.proof).toMatchObject({ provenArchives: count, provenBytes: storedBytes, bytes: storedBytes });
    expect(read.proof.oldestAt).toBeGreaterThanOrEqual(before);
    const proven = await scene.ask('check:archives', { target: 'attic' });
    expect(proven.every(({ provenShare, provenAt }) => provenShare === 1 && (provenAt ?? 0) >= before)).toBe(
      true,
    );
  });

  it('is proven bit by bit, what was never proven first', async () => {
    await scene.backup();
    const { archives: count, storedBytes } = await scene.ask('targets:show', { name: 'attic' });
    let proven = 0;
    for (let checks = 0; proven < count; checks++) {
      expect(checks).toBeLessThan(count);
      const { proof, reads } = await scene.check({ readPercent: 1 });
      expect(reads.bytes).toBe(Math.ceil(storedBytes / MIB / 100) * MIB);
      expect(proof.provenArchives).toBeGreaterThan(proven);
      proven = proof.provenArchives;
    }
  });

  it('that has never been saved to is all right too', async () => {
    whole(await scene.check({ readPercent: 50 }));
    expect(await scene.ask('check:show', { target: 'attic' })).toMatchObject({ reads: { ranges: 0 } });
  });
});

describe('an archive that is gone', () => {
  it('is found, its files are stored again by the next backup, and older snapshots find them there', async () => {
    await scene.backup();
    const [first] = await scene.ask('snapshots:list', {});
    rmSync(pathOf(await largest()));
    const found = await scene.check();
    expect(found).toMatchObject({ outcome: 'problems', problemCount: 1 });
    expect(found.problems).toMatchObject([{ kind: 'missing', holds: 'data' }]);
    expect(found.listing?.filesToStoreAgain).toBeGreaterThan(0);
    expect(await scene.check()).toMatchObject({ outcome: 'problems', problemCount: 1 });

    const run = await scene.backup();
    expect(run).toMatchObject({ state: 'done', changed: true });
    expect(run.counts.newBytes).toBeGreaterThan(0);
    whole(await scene.check({ readPercent: 100 }));
    await expectRestored('latest', 'out');
    await expectRestored(first?.id ?? '', 'out of the first');
    expect(await scene.backup()).toMatchObject({ changed: false });
  });

  it('comes back with it, when it was only away', async () => {
    await scene.backup();
    const archive = await largest();
    renameSync(pathOf(archive), scene.path('away'));
    expect(await scene.check()).toMatchObject({ outcome: 'problems' });
    renameSync(scene.path('away'), pathOf(archive));
    const back = await scene.check();
    whole(back);
    expect(back.listing).toMatchObject({ cleared: 1 });
  });

  it('and whose files are gone too stays a problem, and the rest goes on', async () => {
    await scene.backup();
    rmSync(pathOf(await largest()));
    for (const name of ['one', 'two']) rmSync(join(scene.source, name));
    await scene.check();
    await scene.backup();
    expect(await scene.check()).toMatchObject({ outcome: 'problems', problems: [{ kind: 'missing' }] });
    await expectRestored('latest', 'out');
  });

  it('is replaced by its second copy where there is one', async () => {
    await scene.backup();
    const archive = await largest();
    renameSync(pathOf(archive), pathOf(archive.replace(/~.*/, '~00000000')));
    const found = await scene.check({ readPercent: 100 });
    expect(found).toMatchObject({ outcome: 'done', listing: { cleared: 1, extras: 0 } });
    await expectRestored('latest', 'out');
    expect(await scene.backup()).toMatchObject({ changed: false });
  });

  it('is not thought gone because the disk is', async () => {
    await scene.backup();
    renameSync(scene.path('attic'), scene.path('unplugged'));
    const stopped = await scene.check({ readPercent: 100 });
    expect(stopped).toMatchObject({ outcome: null, failure: { kind: 'not-found' }, problems: [] });
    mkdirSync(scene.path('attic'));
    expect(await scene.check()).toMatchObject({ outcome: null, failure: { kind: 'not-found' } });
    rmSync(scene.path('attic'), { recursive: true });
    renameSync(scene.path('unplugged'), scene.path('attic'));
    const carriedOn = await scene.check();
    whole(carriedOn);
    expect(carriedOn.id).toBe(stopped.id);
    expect(carriedOn.proof.provenBytes).toBe(carriedOn.proof.bytes);
  });
});

describe('an archive that is damaged', () => {
  it.each([
    ['in its header', 20],
    ['in its first bytes', 500],
    ['somewhere', 1_700_000],
  ])('%s, is found by reading it back and only by that', async (_where, at) => {
    await scene.backup();
    const archive = await largest();
    flip(pathOf(archive), at);
    whole(await scene.check());
    const found = await scene.check({ readPercent: 100 });
    expect(found).toMatchObject({ outcome: 'problems', problems: [{ kind: 'damaged', archive }] });
    expect(await scene.check()).toMatchObject({ problems: [{ kind: 'damaged', archive }] });
    expect(await scene.backup()).toMatchObject({ state: 'done', changed: true });
    whole(await scene.check({ readPercent: 100 }));
    await expectRestored('latest', 'out');
  });

  it('by being cut short differs already by its size', async () => {
    await scene.backup();
    const archive = await largest();
    writeFileSync(pathOf(archive), readFileSync(pathOf(archive)).subarray(0, MIB));
    expect(await scene.check()).toMatchObject({ problems: [{ kind: 'differs', archive }] });
    await scene.backup();
    whole(await scene.check());
  });
});

describe('what opens the archives', () => {
  it('the record of a snapshot, is written anew and in full when it was lost', async () => {
    await scene.backup();
    writeFileSync(join(scene.source, 'letter'), 'Dear reader, again');
    await scene.backup();
    for (const manifest of await archivesOf('manifest')) rmSync(pathOf(manifest));
    const found = await scene.check();
    expect(found.problems.map(({ kind, holds }) => [kind, holds])).toEqual([
      ['missing', 'manifest'],
      ['missing', 'manifest'],
    ]);
    const before = readdirSync(archives());
    expect(await scene.backup()).toMatchObject({ state: 'done', changed: true });
    expect(readdirSync(archives())).toHaveLength(before.length + 1);
    whole(await scene.check());
    expect(await scene.backup()).toMatchObject({ changed: false });
  });

  it('the key slots, are stored again when they were lost', async () => {
    await scene.backup();
    const slots = readdirSync(archives()).filter((name) => name.startsWith('k1.'));
    for (const name of slots) rmSync(pathOf(name));
    expect(await scene.check()).toMatchObject({ outcome: 'problems', listing: { keySlots: false } });
    expect(await scene.check()).toMatchObject({ outcome: 'problems', listing: { keySlots: false } });
    await scene.backup();
    expect(await scene.check()).toMatchObject({ outcome: 'done', listing: { keySlots: true } });
  });
});

describe('a second copy', () => {
  it('is found, costs nothing in a folder, and goes when that is accepted; nothing else does', async () => {
    await scene.backup();
    const archive = await largest();
    const [id] = archive.split('~');
    copyFileSync(pathOf(archive), pathOf(`${id}~00000001`));
    copyFileSync(pathOf(archive), pathOf(`${id}~00000002`));
    flip(pathOf(`${id}~00000002`), 5000);
    writeFileSync(pathOf('notes.txt~00000003'), 'not ours');
    const before = readdirSync(archives());
    const found = await scene.check();
    whole(found);
    expect(found.listing).toMatchObject({ extras: 1, strangers: 1, foreign: 1 });
    const { extras, keeping, deleting } = await scene.ask('check:extras', { target: 'attic' });
    expect(extras).toMatchObject([{ archive: `${id}~00000001`, size: statSync(pathOf(archive)).size }]);
    expect([keeping.usd, deleting.usd]).toEqual([0, 0]);
    expect(await scene.ask('check:deleteExtras', { target: 'attic', accept: true })).toBeNull();
    expect(readdirSync(archives()).sort()).toEqual(
      before.filter((name) => !name.endsWith('~00000001')).sort(),
    );
    expect(await scene.refusal('check:deleteExtras', { target: 'attic', accept: true })).toMatchObject({
      kind: 'not-found',
    });
    await expectRestored('latest', 'out');
  });

  it('that was changed since the check stays', async () => {
    await scene.backup();
    const archive = await largest();
    copyFileSync(pathOf(archive), pathOf(archive.replace(/~.*/, '~00000001')));
    await scene.check();
    flip(pathOf(archive), 4000);
    expect(await scene.refusal('check:deleteExtras', { target: 'attic', accept: true })).toMatchObject({
      kind: 'changed',
    });
    expect(readdirSync(archives())).toContain(archive.replace(/~.*/, '~00000001'));
  });
});

describe('a check', () => {
  it('is one per target, and is given up when asked', async () => {
    await scene.backup();
    expect(await scene.refusal('check:cancel', { target: 'attic' })).toMatchObject({ kind: 'not-found' });
    expect(await scene.ask('check:show', { target: 'attic' })).toBeNull();
    renameSync(scene.path('attic'), scene.path('unplugged'));
    const stopped = await scene.check();
    expect((await scene.ask('check:start', { target: 'attic' })).id).toBe(stopped.id);
    expect(await scene.ask('check:cancel', { target: 'attic' })).toMatchObject({
      ...{ id: stopped.id, outcome: 'cancelled', step: 'over' },
    });
    expect(await scene.ask('check:show', { target: 'attic' })).toMatchObject({ outcome: 'cancelled' });
  });

  it('of what it reads needs the keys', async () => {
    await scene.backup();
    await scene.close();
    await scene.open();
    expect(await scene.refusal('check:start', { target: 'attic', readPercent: 5 })).toMatchObject({
      kind: 'locked',
    });
    whole(await scene.check());
  });

  it('waits for a backup that is under way, and a backup for it', async () => {
    await scene.backup();
    rmSync(pathOf(await largest()));
    writeFileSync(join(scene.source, 'more'), randomBytes(9_000_000));
    const run = scene.backup();
    const check = scene.check();
    expect(await run).toMatchObject({ state: 'done' });
    expect(await check).toMatchObject({ outcome: 'problems' });
    expect(await scene.backup()).toMatchObject({ state: 'done' });
    whole(await scene.check({ readPercent: 100 }));
  });
});

it('a page of the catalog that rotted is found before anything is held against it', async () => {
  expect(await scene.backup()).toMatchObject({ state: 'done' });
  expect(await scene.check()).toMatchObject({ outcome: 'done', failure: null });
  await scene.close();
  const file = join(scene.profile, 'catalog.db');
  const catalog = await openCatalog(file);
  // Nobody reads these rows but who asks what was paid.
  const table = await catalog.row("select rootpage from sqlite_schema where name = 'requests'");
  await catalog.close();
  const bytes = readFileSync(file);
  const page = (Number(table?.rootpage) - 1) * PAGE_BYTES;
  bytes.fill(0xff, page, page + 64);
  writeFileSync(file, bytes);
  await scene.open();
  await scene.ask('profile:unlock', { passphrase: PASSPHRASE });
  expect(await scene.check()).toMatchObject({ endedAt: null, failure: { kind: 'corrupt' } });
});
