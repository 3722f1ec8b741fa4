/** Steps 9 and 10 of a run: closure, manifest, and the transaction that makes the snapshot count. */
import { changesOf } from '../catalog/changes.ts';
import { missingChunks } from '../catalog/closure.ts';
import { manifestBytes } from '../catalog/manifestBytes.ts';
import { listPacks, markTold, type PackRow } from '../catalog/packs.ts';
import { commitSnapshot, setBase, setStorm } from '../catalog/snapshots.ts';
import { markTombstonesTold } from '../catalog/tombstones.ts';
import { isRecordWhole } from '../catalog/suspects.ts';
import { countTree } from '../catalog/tree.ts';
import { getTarget, setKeysStored, type TargetRow } from '../catalog/targets.ts';
import { crashpoint } from '../crashpoint.ts';
import { encodeKeySlots } from '../keys/slotFile.ts';
import { describeKeySlots } from '../pack/description.ts';
import { verifyPack } from '../pack/verify.ts';
import { storeBytes } from '../upload/storeBytes.ts';
import type { BackupJob } from './backupJob.ts';
import { raiseHead } from './head.ts';
import { recordSealedPack } from './sealedPack.ts';
import type { Sending } from './sending.ts';
import { isStormy } from './storm.ts';
import { writeManifest } from './writeManifest.ts';

/** Whether anything differs from the snapshot before, or a check has found that the target does not tell that any more. */
export async function hasChanges(job: BackupJob): Promise<boolean> {
  if ((await currentTarget(job)).keysStored === 0 || !(await isRecordWhole(job.catalog, job.plan.id)))
    return true;
  for await (const { puts, gone } of changesOf(job.catalog, job.snapshot)) {
    if (puts.length + gone.length > 0) return true;
  }
  return false;
}

/** Every data pack of the run is stored when this is called; afterwards the snapshot is committed. */
export async function commitRun(job: BackupJob, sending: Sending): Promise<void> {
  const { catalog, snapshot, meter } = job;
  meter.phase = 'committing';
  meter.tick();
  await proveClosure(job);
  await storeKeySlots(job);
  const target = await currentTarget(job);
  await chooseBase(job);
  const endedAt = Date.now();
  const epoch = target.epoch + 1;
  const {
    pack: sealed,
    told,
    forgotten,
  } = await writeManifest(job, { epoch, previous: target.head, endedAt });
  verifyPack(sealed.path, job.keys);
  const manifest = await recordSealedPack(job, sealed, null, epoch);
  crashpoint('manifest-sealed');
  await catalog.transaction(async (tx) => {
    await markTold(tx, told, manifest);
    await markTombstonesTold(tx, job.targetRow.id, forgotten, manifest);
  });
  crashpoint('manifest-told');
  await sending.addOwed();
  await sending.drain();
  crashpoint('manifest-stored');
  const packs = await listPacks(catalog, { snapshot, states: ['stored'] });
  const counted = await totals(job, packs);
  const stormy = await isStormy(catalog, snapshot);
  // From here on it is not stopped: the manifest is stored, only the catalog has to say so.
  await catalog.transaction(async (tx) => {
    await commitSnapshot(tx, snapshot, {
      endedAt,
      epoch,
      manifest,
      head: sealed.treeHash,
      totals: counted,
    });
    if (stormy) await setStorm(tx, snapshot, 'open');
  });
  crashpoint('committed');
  raiseHead(job.profile.heads, await currentTarget(job), job.keys);
  crashpoint('head-raised');
}

/** Invariant I1, checked and not assumed: nothing of the snapshot lies outside stored packs. */
async function proveClosure(job: BackupJob): Promise<void> {
  const missing = await missingChunks(job.catalog, job.snapshot);
  if (missing.length > 0) throw new RangeError(`${missing.length} chunks of the snapshot are not stored`);
}

/** The slots lie at the target before any snapshot does that cannot be opened without them, and again when they have changed. */
export async function storeKeySlots(job: BackupJob): Promise<void> {
  const { generation } = job.slots;
  const { keysStored } = await currentTarget(job);
  if (keysStored >= generation) return;
  const bytes = encodeKeySlots(job.slots);
  await storeBytes(job.target, bytes, describeKeySlots(generation), job.signal);
  crashpoint('keys-stored');
  await job.catalog.transaction((tx) => setKeysStored(tx, job.targetRow.id, generation));
  crashpoint('keys-noted');
}

/**
 * A manifest holds only differences while all of them since the last full one are smaller than that was: listing
 * everything again then never costs more than the differences did. Where one of these manifests is lost, too.
 */
async function chooseBase(job: BackupJob): Promise<void> {
  const { base, differences } = await manifestBytes(job.catalog, job.plan.id);
  if (differences > base || !(await isRecordWhole(job.catalog, job.plan.id)))
    await job.catalog.transaction((tx) => setBase(tx, job.snapshot));
}

async function currentTarget(job: BackupJob): Promise<TargetRow> {
  const row = await getTarget(job.catalog, job.targetRow.id);
  if (row === undefined) throw new RangeError('the target of a run is gone');
  return row;
}

/** What was seen is what the snapshot holds, unless something could not be read: then what it holds is counted. */
async function totals({ catalog, plan, snapshot, meter }: BackupJob, packs: readonly PackRow[]) {
  const { files, folders, bytes, problems } = meter.counts;
  const tree = problems === 0 ? { files, folders, bytes } : await countTree(catalog, plan.id, snapshot);
  const newBytes = packs.reduce((sum, pack) => sum + (pack.kind === 'data' ? pack.rawBytes : 0), 0);
  return { ...tree, newBytes, storedBytes: packs.reduce((sum, { size }) => sum + size, 0) };
}
