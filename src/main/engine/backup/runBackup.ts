/**
 * One backup run, from the walk to the commit. The steps are those of the durability protocol (reliability: sealed,
 * stored, committed); each leaves rows from which recover.ts and the next run go on.
 */
import { availableParallelism } from 'node:os';
import { undoSnapshot } from '../catalog/undo.ts';
import { lastChunkNumber, loadChunkIds } from '../catalog/chunks.ts';
import { createChunkIndex, type ChunkIndex } from '../chunk/chunkIndex.ts';
import { crashpoint } from '../crashpoint.ts';
import type { BackupJob } from './backupJob.ts';
import { storeCatalogCopy } from './catalogCopy.ts';
import { commitRun, hasChanges, storeKeySlots } from './commit.ts';
import { FileRecords } from './fileRecords.ts';
import { assertCaughtUp } from './head.ts';
import { expectedLifetime } from './packing.ts';
import { startPackingPool, type PackingPool } from './packingPool.ts';
import { scanSources } from './scanSources.ts';
import { recordSealedPack } from './sealedPack.ts';
import { Sending } from './sending.ts';

export interface BackupOutcome {
  /** False when nothing differs from the snapshot before: then none was made and nothing was sent. */
  readonly changed: boolean;
}

/**
 * Runs to the commit, or rejects with what ended it; then everything sealed stays staged, and the next run of the plan
 * goes on from there.
 */
export async function runBackup(job: BackupJob): Promise<BackupOutcome> {
  assertCaughtUp(job.profile.heads, job.targetRow, job.allKeys);
  const sending = new Sending({
    catalog: job.catalog,
    targetId: job.targetRow.id,
    target: job.target,
    stagingDir: job.profile.staging,
    keys: job.keys,
    signal: job.signal,
    onSent: (bytes) => {
      job.meter.counts.sentBytes += bytes;
      job.meter.tick();
    },
  });
  job.meter.waitingBytes = () => sending.waitingBytes;
  try {
    return await runSteps(job, sending);
  } finally {
    await sending.close();
  }
}

async function runSteps(job: BackupJob, sending: Sending): Promise<BackupOutcome> {
  await sending.addOwed();
  await packSources(job, sending);
  job.meter.isScanned = true;
  job.meter.phase = 'sending';
  await sending.drain();
  job.signal.throwIfAborted();
  const changed = await hasChanges(job);
  if (changed) {
    await commitRun(job, sending);
  } else {
    await storeKeySlots(job);
    await job.catalog.transaction((tx) => undoSnapshot(tx, job.snapshot, Date.now()));
    crashpoint('snapshot-undone');
  }
  // The snapshot counts whatever becomes of the copy: another run makes one.
  await storeCatalogCopy(job, sending).catch((error: unknown) => {
    if (!job.signal.aborted) job.onNotice(error);
  });
  return { changed };
}

/** Reads what changed into packs; workers start only when there is something to read. */
async function packSources(job: BackupJob, sending: Sending): Promise<void> {
  const records = new FileRecords(job);
  let pool: PackingPool | null = null;
  try {
    await scanSources(job, async (files) => {
      if (files.length === 0) return;
      pool ??= await startPool(job, records, sending);
      job.meter.phase = 'packing';
      job.meter.currentFile = files[0]?.path.toString() ?? null;
      await pool.add(
        files.map((file) => ({
          key: records.expect(file),
          path: file.path,
          found: file.found,
          lifetime: expectedLifetime(file.found, file.known),
        })),
      );
    });
    job.meter.isScanned = true;
    await finished(pool);
    await records.flush();
  } finally {
    await closed(pool);
  }
}

async function finished(pool: PackingPool | null): Promise<void> {
  await pool?.flush();
}

async function closed(pool: PackingPool | null): Promise<void> {
  await pool?.close();
}

async function startPool(job: BackupJob, records: FileRecords, sending: Sending): Promise<PackingPool> {
  const index = await loadIndex(job);
  const pool = startPackingPool({
    workers: Math.min(4, availableParallelism()),
    keys: job.keys,
    writer: job.writer,
    stagingDir: job.profile.staging,
    packBytes: job.targetRow.packBytes,
    index,
    onSealed: async (pack) => {
      await recordSealedPack(job, pack, index, 0);
      job.meter.counts.packs++;
      await job.assertMayGoOn();
      await sending.addOwed();
    },
    onRead: (bytes) => {
      job.meter.seenBytes += bytes;
      job.meter.tick();
    },
    onPacked: (files) => records.add(files),
  });
  const stop = (): void => void pool.close();
  job.signal.addEventListener('abort', stop, { once: true });
  return pool;
}

/** Every chunk that lies at the target, or is on its way, so that it is not stored again. */
async function loadIndex(job: BackupJob): Promise<ChunkIndex> {
  const last = await lastChunkNumber(job.catalog);
  const index = createChunkIndex({ expected: last + 100_000, nextNumber: last + 1 });
  await loadChunkIds(job.catalog, job.targetRow.id, ({ numbers, ids }) => {
    for (const [i, number] of numbers.entries()) index.add(ids.subarray(32 * i, 32 * i + 32), number);
  });
  return index;
}
