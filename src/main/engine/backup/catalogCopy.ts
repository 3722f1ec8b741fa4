/**
 * Step 11 of a run, when it is due: what the catalog knows of the target, stored there as a pack of kind `catalog`. Who has
 * lost this computer then fetches one archive instead of every manifest there is.
 */
import { closeSync, openSync, readSync, rmSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { exportTarget } from '../catalog/copy.ts';
import { listPacks, type PackRow } from '../catalog/packs.ts';
import { dropLostCopies } from '../catalog/suspects.ts';
import { getTarget } from '../catalog/targets.ts';
import { crashpoint } from '../crashpoint.ts';
import { hmac, prepareKey } from '../crypto.ts';
import { FrameBuilder } from '../pack/frameBuilder.ts';
import { PackWriter, type SealedPack } from '../pack/packWriter.ts';
import { MAX_SEGMENTS, SEGMENT_BYTES } from '../pack/segment.ts';
import { verifyPack } from '../pack/verify.ts';
import type { BackupJob } from './backupJob.ts';
import { recordSealedPack } from './sealedPack.ts';
import type { Sending } from './sending.ts';

const CHUNK_BYTES = 512 * 1024;

const DUE_AFTER_MS = 7 * 24 * 3_600_000;
const DUE_AFTER_SNAPSHOTS = 20;
/** Less than this is fetched in no time, whatever a copy has. */
const FEW_BYTES = 16 * 1024 * 1024;

export interface SinceCopy {
  /** Null when there is no copy yet. */
  readonly copy: { readonly createdAt: number; readonly size: number } | null;
  /** Manifests stored since. */
  readonly manifests: number;
  readonly manifestBytes: number;
}

/**
 * A first copy as soon as there is a snapshot; then one a week, after twenty snapshots, or when fetching the manifests
 * since would bring as much as a copy does. Pure.
 */
export function isCopyDue({ copy, manifests, manifestBytes }: SinceCopy, now: number): boolean {
  if (manifests === 0) return false;
  if (copy === null || manifests >= DUE_AFTER_SNAPSHOTS) return true;
  return now - copy.createdAt >= DUE_AFTER_MS || manifestBytes >= Math.max(copy.size, FEW_BYTES);
}

/** Stores a copy if one is due. The snapshot is committed: what fails here costs nothing but the copy. */
export async function storeCatalogCopy(job: BackupJob, sending: Sending): Promise<void> {
  if (!isCopyDue(await sinceCopy(job), Date.now())) return;
  const target = await getTarget(job.catalog, job.targetRow.id);
  if (target === undefined) throw new RangeError('the target of a run is gone');
  const file = join(job.profile.staging, 'catalog-copy.db');
  try {
    await exportTarget(job.catalog, target.id, file, {
      writer: job.writer.toString('hex'),
      host: hostname(),
      epoch: target.epoch,
      head: target.head?.toString('hex') ?? null,
    });
    crashpoint('copy-exported');
    const pack = await sealFile(job, file);
    verifyPack(pack.path, job.keys);
    await recordSealedPack(job, pack, null, target.epoch);
    crashpoint('copy-sealed');
  } finally {
    rmSync(file, { force: true });
  }
  await sending.addOwed();
  await sending.drain();
  await job.catalog.transaction((tx) => dropLostCopies(tx, target.id));
  crashpoint('copy-stored');
}

async function sinceCopy(job: BackupJob): Promise<SinceCopy> {
  const stored = { target: job.targetRow.id, states: ['stored'] } as const;
  const copy = (await listPacks(job.catalog, { ...stored, kind: 'catalog' })).at(-1);
  const since = (await listPacks(job.catalog, { ...stored, kind: 'manifest' })).filter(
    ({ id }: PackRow) => copy === undefined || id > copy.id,
  );
  return {
    copy: copy ?? null,
    manifests: since.length,
    manifestBytes: since.reduce((sum, { size }) => sum + size, 0),
  };
}

async function sealFile(job: BackupJob, file: string): Promise<SealedPack> {
  const pack = new PackWriter({
    kind: 'catalog',
    keys: job.keys,
    writer: job.writer,
    stagingDir: job.profile.staging,
    packBytes: MAX_SEGMENTS * SEGMENT_BYTES,
  });
  const idKey = prepareKey(job.keys.id);
  const frames = new FrameBuilder((frame) => {
    if (!pack.addFrame(frame)) throw new RangeError('a catalog copy of more than 4 GiB');
  });
  const fd = openSync(file, 'r');
  try {
    for (let at = 0; ;) {
      const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
      const length = readSync(fd, chunk, 0, CHUNK_BYTES, at);
      if (length === 0) break;
      at += length;
      const bytes = chunk.subarray(0, length);
      frames.add(hmac(idKey, bytes), bytes);
      await nextTurn();
    }
    frames.flush();
    return pack.seal('padme');
  } catch (error) {
    pack.abandon();
    throw error;
  } finally {
    closeSync(fd);
  }
}
