/**
 * Kills the engine at every crash point there is, starts it again, lets it finish, restores elsewhere and compares with
 * code that shares nothing with the engine. A point that is not reached fails its test, so the sweep cannot go stale.
 */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { compareTrees } from '../../../../src/main/cli/demo/compareTrees.ts';
import { crashPoints, type CrashPoint } from '../../../../src/main/engine/crashpoint.ts';
import { toldBy } from '../recover/told.ts';
import { alterCatalog } from '../retain/retainScene.ts';
import { CrashScene } from './crashScene.ts';
import { figure } from '../../../figures.ts';

let stage: CrashScene;
beforeEach(async () => {
  stage = new CrashScene();
  await stage.setUp();
});
afterEach(async () => {
  await stage.remove();
});

/** Points of a first backup; those that come several times are tried early and late. */
const inBackup: readonly (readonly [CrashPoint, number])[] = [
  ['run-noted', 1],
  ['pack-written', 1],
  ['pack-synced', 2],
  ['pack-named', 1],
  ['pack-verified', 1],
  ['pack-sealed', 1],
  ['pack-sealed', 3],
  ['upload-intended', 1],
  ['upload-begun', 1],
  ['upload-noted', 2],
  ['part-sent', 1],
  ['upload-finished', 1],
  ['upload-finished', 2],
  ['pack-stored', 1],
  ['pack-unstaged', 1],
  ['pack-removed', 2],
  ['keys-stored', 1],
  ['keys-noted', 1],
  ['manifest-sealed', 1],
  ['manifest-told', 1],
  ['manifest-stored', 1],
  ['committed', 1],
  ['head-raised', 1],
  ['copy-exported', 1],
  ['copy-sealed', 1],
  ['copy-stored', 1],
  ['run-ended', 1],
];

/** A crash in recovery needs one before it, and sometimes a thing that went wrong besides. */
interface InRecovery {
  readonly point: CrashPoint;
  readonly before: CrashPoint;
  readonly besides?: 'lose-staged';
}

const inRecovery: readonly InRecovery[] = [
  { point: 'recovery-unstaged', before: 'pack-stored' },
  { point: 'recovery-forgot', before: 'pack-sealed', besides: 'lose-staged' },
  { point: 'recovery-swept', before: 'pack-named' },
  { point: 'recovery-committed', before: 'manifest-stored' },
  { point: 'recovery-dropped', before: 'manifest-told' },
  { point: 'recovery-pruned', before: 'run-noted' },
  { point: 'recovery-closed', before: 'pack-sealed' },
];

const inRestore: readonly (readonly [CrashPoint, number])[] = [
  ['order-placed', 1],
  ['destination-taken', 1],
  ['retrieval-intended', 1],
  ['retrieval-asked', 1],
  ['retrieval-noted', 2],
  ['retrieval-ready', 1],
  ['piece-kept', 1],
  ['retrieval-fetched', 1],
  ['file-named', 1],
  ['file-named', 20],
  ['pack-extracted', 1],
  ['segments-moved', 1],
  ['segments-removed', 1],
  ['order-ended', 1],
  ['order-signed-off', 1],
];

const inCheck: readonly (readonly [CrashPoint, number])[] = [
  ['check-noted', 1],
  ['check-asked', 1],
  ['check-asked', 2],
  ['check-compared', 1],
  ['check-judged', 1],
  ['check-ended', 1],
];

describe('killed in a backup', () => {
  it.each(inBackup)('at %s (%i), it goes on and the snapshot is whole', async (point, nth) => {
    await stage.crash(['backup'], point, nth);
    expect(await stage.live(['backup'])).toEqual({ state: 'done', killed: false });
    await stage.restoreAndCompare('out');
    stage.expectTidy();
    await expectOneSnapshot();
    await expectNothingTwice(point === 'keys-stored' ? 1 : 0);
  });

  it('at snapshot-undone, after a run that found nothing new', async () => {
    await stage.live(['backup']);
    await stage.crash(['backup'], 'snapshot-undone');
    expect(await stage.live(['backup'])).toEqual({ state: 'done', killed: false });
    await stage.restoreAndCompare('out');
    await expectOneSnapshot();
  });

  it('at keys-written, while the profile is made: its passphrase opens it', async () => {
    const fresh = new CrashScene();
    try {
      rmSync(fresh.scene.profile, { recursive: true, force: true });
      await fresh.crash(['init'], 'keys-written');
      expect(readdirSync(fresh.scene.profile)).toContain('keys.json');
      expect(await fresh.live(['init'])).toEqual({ state: 'done', killed: false });
    } finally {
      await fresh.remove();
    }
  });
});

describe('killed in recovery', () => {
  it.each(inRecovery)('at $point after a kill at $before', async ({ point, before, besides }) => {
    await stage.crash(['backup'], before);
    if (besides === 'lose-staged') loseStaged();
    await stage.crash(['backup'], point);
    expect(await stage.live(['backup'])).toEqual({ state: 'done', killed: false });
    await stage.restoreAndCompare('out');
    stage.expectTidy();
    await expectOneSnapshot();
  });
});

describe('killed in a restore', () => {
  it.each(inRestore)('at %s (%i), the order goes on and pays for nothing twice', async (point, nth) => {
    expect(await stage.live(['backup'])).toMatchObject({ state: 'done' });
    await stage.crash(['restore', stage.scene.path('out')], point, nth);
    const ended = point === 'order-ended' || point === 'order-signed-off';
    if (!ended) expect(await stage.live(['resume'])).toEqual({ state: 'done', killed: false });
    await stage.scene.open();
    const [order] = await stage.scene.ask('orders:list', {});
    expect(order).toMatchObject({ state: 'done', failedFiles: 0 });
    expect(stage.retrievalsAsked).toBe(order?.retrievals.total);
    await stage.scene.close();
    await stage.compare('out');
    stage.expectTidy();
  });
});

const inPutBack: readonly (readonly [CrashPoint, number])[] = [
  ['put-back-set-aside', 1],
  ['put-back-named', 1],
  ['put-back-named', 20],
  ['put-back-copied', 3],
];

describe('killed while restored files move back into their place', () => {
  it.each(inPutBack)('at %s (%i), it is done again and nothing is lost', async (point, nth) => {
    const { scene } = stage;
    // What is copied goes to another file system.
    const away = mkdtempSync('/dev/shm/permafrost-crash-');
    const out = join(point === 'put-back-copied' ? away : scene.dir, 'out');
    try {
      expect(await stage.live(['backup'])).toMatchObject({ state: 'done' });
      expect(await stage.live(['restore', out])).toMatchObject({ state: 'done' });
      const before = scene.path('before');
      execFileSync('cp', ['-a', scene.source, before]);
      rmSync(scene.source, { recursive: true });
      mkdirSync(join(scene.source, 'many'), { recursive: true });
      writeFileSync(join(scene.source, 'big 1'), 'something newer');
      writeFileSync(join(scene.source, 'many', '7'), 'newer too');
      await stage.crash(['put-back'], point, nth);
      expect(await stage.live(['put-back'])).toEqual({ state: 'done', killed: false });
      // Folders that were there keep their time.
      for (const folder of ['', 'many'])
        execFileSync('touch', ['-r', join(before, folder), join(scene.source, folder)]);
      const comparison = await compareTrees(before, scene.source);
      expect(comparison).toMatchObject({ differenceCount: 0, differences: [], hardLinks: 1, symlinks: 1 });
      const [aside = '', ...others] = readdirSync(out);
      if (point === 'put-back-copied') expectOnlyCopies(join(out, 'source'), scene.source);
      else expect(others).toEqual([]);
      expect(readFileSync(join(out, aside, 'source', 'big 1'), 'utf8')).toBe('something newer');
      expect(readFileSync(join(out, aside, 'source', 'many', '7'), 'utf8')).toBe('newer too');
    } finally {
      rmSync(away, { recursive: true, force: true });
    }
  });
});

describe('killed in a check', () => {
  it.each(inCheck)('at %s (%i), it goes on and pays for nothing twice', async (point, nth) => {
    expect(await stage.live(['backup'])).toMatchObject({ state: 'done' });
    stage.simulator.advance(30 * 3_600_000);
    await stage.crash(['check'], point, nth);
    if (point !== 'check-ended')
      expect(await stage.live(['check'])).toEqual({ state: 'done', killed: false });
    await stage.scene.open();
    const check = await stage.scene.ask('check:show', { target: 'attic' });
    await stage.scene.close();
    expect(check).toMatchObject({ outcome: 'done', problems: [], reads: { unread: 0 } });
    expect(check?.listing?.present).toBe(check?.proof.archives);
    expect(check?.reads.ranges).toBeGreaterThan(1);
    expect(check?.reads.provenBytes).toBe(check?.reads.bytes);
    // The inventory, and each range once.
    expect(stage.retrievalsAsked).toBe(1 + (check?.reads.ranges ?? 0));
  });
});

/** Three snapshots of which the rules keep the newest, told by the manifests since, and so old that what goes is free. */
async function threeSnapshots(): Promise<void> {
  const { scene, simulator } = stage;
  for (const act of ['backup', 'keep-one', 'backup', 'backup']) {
    writeFileSync(join(scene.source, 'changes'), randomBytes(3_000_000));
    expect(await stage.live([act])).toMatchObject({ state: 'done' });
  }
  // The vault's inventory is kept, and everything made to look older than it is.
  simulator.advance(30 * 3_600_000);
  expect(await stage.live(['check'])).toMatchObject({ state: 'done' });
  await alterCatalog(
    join(scene.profile, 'catalog.db'),
    `update packs set dead_at = dead_at - ${100 * 86_400_000}, stored_at = stored_at - ${100 * 86_400_000};
     update tombstones set forgotten_at = forgotten_at - ${100 * 86_400_000};
     update inventory_archives set created_at = created_at - ${100 * 86_400_000}`,
  );
}

const inPrune: readonly (readonly [CrashPoint, number])[] = [
  ['prune-deleted', 1],
  ['prune-forgotten', 1],
];

describe('killed while archives are deleted that nothing needs', () => {
  it('at rules-applied, in a run: it is as if the rules had been applied', async () => {
    writeFileSync(join(stage.scene.source, 'changes'), randomBytes(3_000_000));
    expect(await stage.live(['backup'])).toMatchObject({ state: 'done' });
    writeFileSync(join(stage.scene.source, 'changes'), randomBytes(3_000_000));
    await stage.crash(['keep-one'], 'rules-applied');
    expect(await stage.live(['backup'])).toEqual({ state: 'done', killed: false });
    await expectOneSnapshot();
    await stage.restoreAndCompare('out');
  });

  it.each(inPrune)('at %s (%i), the rest goes later, and nothing else', async (point, nth) => {
    await threeSnapshots();
    const before = await stage.archivesInVault();
    await stage.crash(['prune'], point, nth);
    expect(await stage.live(['prune'])).toEqual({ state: 'done', killed: false });
    expect(await stage.archivesInVault()).toBeLessThan(before);
    expect(stage.simulator.counts().operations.DeleteArchive).toBeGreaterThan(0);
    await stage.scene.open();
    const { archives } = await stage.scene.ask('targets:show', { name: 'attic' });
    const waiting =
      (await stage.scene.ask('prune:preview', {}))[0]?.days.reduce((n, day) => n + day.archives, 0) ?? 0;
    await stage.scene.close();
    expect(await stage.archivesInVault()).toBe(archives + waiting + 1);
    await stage.restoreAndCompare('out');
  });

  it('at rebuild-forgotten, in a recovery: what was let go does not come back', async () => {
    const { scene, simulator } = stage;
    await threeSnapshots();
    expect(await stage.live(['prune'])).toEqual({ state: 'done', killed: false });
    simulator.advance(48 * 3_600_000);
    const { region, url: endpoint } = simulator;
    const settings = JSON.stringify({ kind: 'vault', vault: 'photos', region, endpoint });
    const fresh = scene.path('fresh');
    await stage.crash(['recover', settings], 'rebuild-forgotten', 1, fresh);
    expect(await stage.live(['recover', settings], undefined, fresh)).toEqual({
      state: 'done',
      killed: false,
    });
    // The newest, and the one before it that went after the last manifest.
    expect((await toldBy(join(fresh, 'catalog.db'))).snapshots).toHaveLength(2);
  });
});

const inRebuild: readonly (readonly [CrashPoint, number])[] = [
  ['keys-adopted', 1],
  ['rebuild-noted', 1],
  ['rebuild-asked', 1],
  ['rebuild-asked', 3],
  ['rebuild-fetched', 2],
  ['rebuild-copied', 1],
  ['rebuild-packed', 1],
  ['rebuild-snapshot', 1],
  ['rebuild-ended', 1],
];

describe('killed in a recovery of an empty profile', () => {
  it.each(inRebuild)(
    'at %s (%i), it goes on, asks for nothing twice and knows everything',
    async (point, nth) => {
      const { scene, simulator } = stage;
      expect(await stage.live(['backup'])).toMatchObject({ state: 'done' });
      writeFileSync(join(scene.source, 'later'), 'after the copy of the catalog');
      expect(await stage.live(['backup'])).toMatchObject({ state: 'done' });
      simulator.advance(48 * 3_600_000);
      const { region, url: endpoint } = simulator;
      const settings = JSON.stringify({ kind: 'vault', vault: 'photos', region, endpoint });
      const fresh = scene.path('fresh');
      await stage.crash(['recover', settings], point, nth, fresh);
      expect(await stage.live(['recover', settings], undefined, fresh)).toEqual({
        state: 'done',
        killed: false,
      });
      // The inventory, the key slots, the copy of the catalog and the manifest after it.
      expect(stage.retrievalsAsked).toBe(4);
      expect(await toldBy(join(fresh, 'catalog.db'))).toEqual(
        await toldBy(join(scene.profile, 'catalog.db')),
      );
      expect(readdirSync(join(fresh, 'recover'))).toEqual([]);
      expect(await stage.live(['restore', scene.path('out')], undefined, fresh)).toEqual({
        state: 'done',
        killed: false,
      });
      await stage.compare('out');
    },
  );
});

it('every crash point is in the sweep', () => {
  figure('crash points killed at', crashPoints.length);
  const swept = [...inBackup, ...inRestore, ...inPutBack, ...inCheck, ...inPrune, ...inRebuild].map(
    ([point]) => point,
  );
  const recovered = inRecovery.map(({ point }) => point);
  expect(
    new Set([
      ...swept,
      ...recovered,
      'snapshot-undone',
      'keys-written',
      'rules-applied',
      'rebuild-forgotten',
    ]),
  ).toEqual(new Set(crashPoints));
});

/** Of what was copied before the kill, the restore folder may still hold the same. */
function expectOnlyCopies(left: string, inPlace: string): void {
  for (const entry of readdirSync(left, { recursive: true, withFileTypes: true })) {
    if (entry.isDirectory()) continue;
    const path = join(entry.parentPath, entry.name);
    expect(readFileSync(path).equals(readFileSync(join(inPlace, relative(left, path))))).toBe(true);
  }
}

/** A staged pack that its row still counts on is gone. */
function loseStaged(): void {
  const staging = join(stage.scene.profile, 'staging');
  const packs = readdirSync(staging).filter((name) => name.endsWith('.pack'));
  expect(packs.length).toBeGreaterThan(0);
  for (const name of packs) rmSync(join(staging, name));
  writeFileSync(join(staging, 'stray.tmp'), 'the rest of a crash');
}

async function expectOneSnapshot(): Promise<void> {
  await stage.scene.open();
  expect(await stage.scene.ask('snapshots:list', {})).toHaveLength(1);
  await stage.scene.close();
}

/** What lies in the vault is what the catalog counts, and the key slots. */
async function expectNothingTwice(extraKeySlots: number): Promise<void> {
  await stage.scene.open();
  const { archives } = await stage.scene.ask('targets:show', { name: 'attic' });
  await stage.scene.close();
  expect(await stage.archivesInVault()).toBe(archives + 1 + extraKeySlots);
}
