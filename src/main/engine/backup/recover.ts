/**
 * Recovery R: brings the catalog and the staging folder back to a state from which runs go on, whatever the last
 * engine, or the last run, was doing when it ended. Runs when the profile is opened and before every run (never beside
 * one), may itself be killed at any point, and asks no target anything: what is owed to one is sent by the next run.
 */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Catalog } from '../catalog/catalog.ts';
import { missingChunks } from '../catalog/closure.ts';
import { forgetPack, listPacks, markDead, markUnstaged, type PackRow } from '../catalog/packs.ts';
import { unfinishedRuns, updateRun } from '../catalog/runs.ts';
import { commitSnapshot, runningSnapshots, setStorm, type SnapshotRow } from '../catalog/snapshots.ts';
import { getTarget } from '../catalog/targets.ts';
import { countTree } from '../catalog/tree.ts';
import { pruneUnstored } from '../catalog/undo.ts';
import { crashpoint } from '../crashpoint.ts';
import { stagedPath } from './sending.ts';
import { isStormy } from './storm.ts';

export async function recoverRuns(catalog: Catalog, stagingDir: string): Promise<void> {
  await reconcileStaging(catalog, stagingDir);
  for (const snapshot of await runningSnapshots(catalog)) {
    if (!(await finishCommit(catalog, snapshot))) {
      await dropManifests(catalog, stagingDir, snapshot);
      await catalog.transaction((tx) => pruneUnstored(tx, snapshot.id));
      crashpoint('recovery-pruned');
    }
  }
  for (const run of await unfinishedRuns(catalog)) {
    const interrupted = {
      kind: 'cancelled',
      message: 'The backup was interrupted.',
      safe: 'What it had packed is kept.',
      advice: 'Run it again: it goes on from there.',
    } as const;
    const change = { state: 'failed', endedAt: Date.now(), failure: interrupted } as const;
    await catalog.transaction((tx) => updateRun(tx, run.id, change));
    crashpoint('recovery-closed');
  }
}

/** Files without a row are the rest of a crash; rows without a file cannot be sent any more. */
async function reconcileStaging(catalog: Catalog, stagingDir: string): Promise<void> {
  const staged = await listPacks(catalog, { staged: true });
  for (const pack of staged) {
    const isOwed = pack.state !== 'stored' && pack.state !== 'dead';
    if (!isOwed) await unstage(catalog, stagingDir, pack);
    else if (!existsSync(stagedPath(stagingDir, pack.uid))) {
      await catalog.transaction((tx) => forgetPack(tx, pack.id));
      crashpoint('recovery-forgot');
    }
  }
  const kept = new Set((await listPacks(catalog, { staged: true })).map(({ uid }) => `${uid}.pack`));
  for (const name of readdirSync(stagingDir)) {
    if (kept.has(name)) continue;
    rmSync(join(stagingDir, name), { force: true, recursive: true });
    crashpoint('recovery-swept');
  }
}

async function unstage(catalog: Catalog, stagingDir: string, pack: PackRow): Promise<void> {
  await catalog.transaction((tx) => markUnstaged(tx, pack.id));
  crashpoint('recovery-unstaged');
  rmSync(stagedPath(stagingDir, pack.uid), { force: true });
}

/** A crash between steps 9 and 10: the manifest is stored, only the commit is missing. */
async function finishCommit(catalog: Catalog, snapshot: SnapshotRow): Promise<boolean> {
  const [manifest] = await listPacks(catalog, {
    snapshot: snapshot.id,
    kind: 'manifest',
    states: ['stored'],
  });
  if (manifest === undefined) return false;
  const target = await getTarget(catalog, manifest.target);
  if (target === undefined || (await missingChunks(catalog, snapshot.id)).length > 0) return false;
  const stored = await listPacks(catalog, { snapshot: snapshot.id, states: ['stored'] });
  const storedBytes = stored.reduce((sum, { size }) => sum + size, 0);
  const newBytes = stored.reduce((sum, pack) => sum + (pack.kind === 'data' ? pack.rawBytes : 0), 0);
  const tree = await countTree(catalog, snapshot.plan, snapshot.id);
  const stormy = await isStormy(catalog, snapshot.id);
  await catalog.transaction(async (tx) => {
    await commitSnapshot(tx, snapshot.id, {
      endedAt: manifest.storedAt ?? Date.now(),
      epoch: target.epoch + 1,
      manifest: manifest.id,
      head: manifest.treeHash,
      totals: { ...tree, newBytes, storedBytes },
    });
    if (stormy) await setStorm(tx, snapshot.id, 'open');
  });
  crashpoint('recovery-committed');
  return true;
}

/** The resumed run may find more changes than a manifest that was never committed has: it writes another. */
async function dropManifests(catalog: Catalog, stagingDir: string, snapshot: SnapshotRow): Promise<void> {
  for (const pack of await listPacks(catalog, { snapshot: snapshot.id, kind: 'manifest' })) {
    if (pack.state === 'stored') await catalog.transaction((tx) => markDead(tx, pack.id));
    if (pack.state === 'stored' || pack.state === 'dead') continue;
    await catalog.transaction((tx) => forgetPack(tx, pack.id));
    crashpoint('recovery-dropped');
    rmSync(stagedPath(stagingDir, pack.uid), { force: true });
  }
}
