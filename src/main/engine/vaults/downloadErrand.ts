/**
 * Brings an archive, or a range of it, into a file: asks for the retrieval, waits hours, downloads it in pieces of a
 * power of two of MiB, each held against the hash that the service sends with it, and at last reads the whole file back
 * from disk and holds it against the tree hash of the job. Only then it gets its name, and never that of another file.
 *
 * The file grows under a temporary name beside the final one. How much of it is on disk is written down after each
 * sync, so a kill costs what came in since; what was paid for is not paid again while the service keeps its output. Once
 * all of it is on disk the service is not needed any more.
 */
import { lstat, open, rm, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { VaultJobKey } from '../catalog/ids.ts';
import { getVaultJob } from '../catalog/vaultJobs.ts';
import { diskFailure, EngineError, errorCode, unwritable } from '../failure.ts';
import { noteGarbage } from '../garbage.ts';
import { syncFolder } from '../lastingNames.ts';
import { dropName, placeFile } from '../restore/writing/placing.ts';
import type { VaultJob } from '../target/service.ts';
import { writeFully } from '../target/fileBytes.ts';
import type { ArchiveId, ByteRange, JobId, Tier } from '../target/target.ts';
import { isTreeHashAligned } from '../upload/alignment.ts';
import { LEAF_BYTES, LeafHasher, treeHash, treeHashOfLeaves } from '../upload/treeHash.ts';
import { ended, type Errand, type ErrandEnd, type Shown } from './errand.ts';
import { gaveUp } from './vaultJobs.ts';

export interface DownloadWanted {
  readonly archive: ArchiveId;
  /** Null for the whole archive. */
  readonly range: ByteRange | null;
  readonly tier: Tier;
  /** Full path of a file that does not exist. */
  readonly to: string;
}

export interface DownloadProgress {
  /** Planned, perhaps started and paid for; null before that, and when a person has agreed to pay again. */
  readonly job: VaultJobKey | null;
  /** Bytes that are on disk for good. */
  readonly synced: number;
  /** What all of it has to be; null before the service has said so. */
  readonly whole: Whole | null;
  /** Tree hash of all of it as it was read back from disk, before it is given its name; 64 hex digits. */
  readonly readBack: string | null;
  readonly shown: Shown;
}

interface Whole {
  readonly size: number;
  /** 64 hex digits; null where the service has none, for a range that is no node of the archive's tree. */
  readonly treeHash: string | null;
}

/** Before anything was asked for. */
export const nothingYet = { job: null, synced: 0, whole: null, readBack: null } as const;

export type DownloadErrand = Errand<DownloadWanted, DownloadProgress>;

/** A power of two times 1 MiB: pieces of an aligned range are then nodes of its tree, and come with a hash. */
const PIECE_BYTES = 8 * LEAF_BYTES;
const SYNC_EVERY_BYTES = 8 * PIECE_BYTES;
/** Downloads of a piece, and of the whole, before it counts as damaged at the service. */
const TRIES = 3;

/** Where the bytes are until all of them are there. */
export function temporaryName(to: string, uid: string): string {
  return join(dirname(to), `.permafrost-${uid}.part`);
}

export async function bringArchive(errand: DownloadErrand): Promise<ErrandEnd> {
  const { service, row, jobs, signal } = errand;
  let { progress } = errand;
  const before = await finish(errand, progress);
  if (before !== null) return before;
  const key = await jobOf(errand);
  progress = { ...progress, job: key };
  const job = await jobs.ready(
    {
      service,
      vault: row.vault,
      signal,
      pollCapMs: errand.target.traits.pollCapMs,
      onWaiting: () => errand.save('waiting', progress),
    },
    key,
  );
  const whole = wholeOf(job, errand.wanted);
  // All of it was there, and not as it should be.
  if (progress.synced === whole.size) progress = { ...progress, synced: 0 };
  progress = { ...progress, whole };
  for (let tries = 1; ; tries++) {
    const end = await finish(errand, await fetch(errand, progress, { ...whole, key, jobId: job.jobId }));
    if (end !== null) return end;
    if (tries === TRIES) throw damaged();
    progress = { ...progress, synced: 0 };
  }
}

/** Where it is fetched from, and what it has to be. */
interface Source extends Whole {
  readonly key: VaultJobKey;
  readonly jobId: JobId;
}

function wholeOf(job: VaultJob, { range }: DownloadWanted): Whole {
  const size = range === null ? job.archiveBytes : range.end - range.first;
  if (size === null) throw new RangeError('a retrieval job without the size of its archive');
  const hash = job.treeHash ?? (range === null ? job.archiveTreeHash : null);
  return { size, treeHash: hash === null ? null : hash.toString('hex') };
}

/**
 * Once all of it is on disk: reads it back, and gives it its name. Null when there is something to fetch first. Asks
 * nothing of the service, and may be called again after a kill anywhere in it.
 */
async function finish(errand: DownloadErrand, progress: DownloadProgress): Promise<ErrandEnd | null> {
  const { wanted, row, signal } = errand;
  const { whole, readBack } = progress;
  if (whole?.size !== progress.synced) return null;
  const part = temporaryName(wanted.to, row.uid);
  const isNamed = await isThere(wanted.to);
  if (await isThere(part)) {
    // After a kill between the two both names may be there, of one file.
    if (isNamed && !(await isOneFile(part, wanted.to))) throw nameTaken(wanted.to, part);
    const hash = await hashOfFile(part, whole.size, signal);
    if (hash === null || (whole.treeHash !== null && hash !== whole.treeHash)) return null;
    await errand.save('downloading', { ...progress, readBack: hash });
    if (isNamed) dropName(Buffer.from(part));
    else giveName(wanted.to, part);
  } else if (!isNamed) {
    return null;
  } else if ((await hashOfFile(wanted.to, whole.size, signal)) !== (readBack ?? whole.treeHash ?? '')) {
    throw nameTaken(wanted.to, null);
  }
  syncFolder(dirname(wanted.to));
  const verified = whole.treeHash === null ? 'nothing' : 'whole';
  return ended({ ...progress.shown, done: whole.size, total: whole.size, verified });
}

/** What a download can be held against, as far as that is known before. */
export function isVerifiable(range: ByteRange | null, archiveBytes: number): boolean {
  return range === null || isTreeHashAligned(range, archiveBytes);
}

/**
 * The job that brings it. One that was asked for before is waited for; where it is over, or may have been paid for without
 * our hearing of it, the errand stops and says so: only a person has it asked, and paid, again.
 */
async function jobOf(errand: DownloadErrand): Promise<VaultJobKey> {
  const { catalog, progress } = errand;
  const job = progress.job === null ? undefined : await getVaultJob(catalog, progress.job);
  switch (job?.state) {
    case 'requested':
    case 'ready':
      return job.id;
    case 'over':
      throw expired();
    case 'failed':
      // Refused when it was asked for: nothing has begun.
      if (job.jobId === null) return askForArchive(errand, false);
      throw gaveUp(job.error);
    case 'planned':
      return askForArchive(errand, true);
    case undefined:
      return askForArchive(errand, false);
  }
}

async function askForArchive(errand: DownloadErrand, onlyOnce: boolean): Promise<VaultJobKey> {
  const { wanted, service, row, jobs, signal, progress, catalog } = errand;
  const { archive: archiveId, range, tier } = wanted;
  let planned: VaultJobKey | undefined;
  const note = (job: VaultJobKey | null): Promise<void> => errand.save('asking', { ...progress, job });
  try {
    const job = await jobs.ask({
      service,
      serviceKey: row.service,
      vault: row.vault,
      asked: JSON.stringify({ kind: 'archive', archiveId, range, tier }),
      start: (description) =>
        service.initiateArchiveRetrieval(row.vault, { archiveId, range, tier, description }, signal),
      onlyOnce,
      onPlanned: (id) => note((planned = id)),
      signal,
    });
    await note(job.id);
    return job.id;
  } catch (error) {
    const job = planned === undefined ? undefined : await getVaultJob(catalog, planned);
    if (job?.state === 'failed') await note(null);
    throw error;
  }
}

/** Fetches what is missing; resolves to how far it is then. */
async function fetch(
  errand: DownloadErrand,
  before: DownloadProgress,
  source: Source,
): Promise<DownloadProgress> {
  const { wanted, row, signal } = errand;
  const { size } = source;
  const path = temporaryName(wanted.to, row.uid);
  const { file, start } = await openPart(path, Math.min(before.synced, size));
  let progress = before;
  const note = (synced: number): Promise<void> => {
    progress = { ...before, synced, shown: { ...before.shown, done: synced, total: size } };
    return errand.save('downloading', progress);
  };
  try {
    await note(start);
    for (let first = start; first < size; first += PIECE_BYTES) {
      signal.throwIfAborted();
      const end = Math.min(first + PIECE_BYTES, size);
      const bytes = await checkedPiece(errand, source, first, end);
      await writeFully(file, bytes, first, signal);
      noteGarbage(2 * bytes.length);
      errand.tell({ ...progress.shown, done: end });
      if (end - progress.synced < SYNC_EVERY_BYTES && end < size) continue;
      await file.sync();
      await note(end);
    }
    return progress;
  } catch (error) {
    throw diskFailure(error, `the disk of ${wanted.to}`) ?? error;
  } finally {
    await file.close();
  }
}

/** The file as far as it is known to be on disk; pieces begin at multiples of their length. */
async function openPart(path: string, synced: number): Promise<{ file: FileHandle; start: number }> {
  try {
    const file = await open(path, 'r+');
    const { size } = await file.stat();
    const start = Math.floor(Math.min(synced, size) / PIECE_BYTES) * PIECE_BYTES;
    await file.truncate(start);
    return { file, start };
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw unwritable(path, error);
  }
  try {
    return { file: await open(path, 'wx', 0o600), start: 0 };
  } catch (error) {
    throw unwritable(path, error);
  }
}

async function checkedPiece(
  { target, jobs, signal }: DownloadErrand,
  { key, jobId }: Source,
  first: number,
  end: number,
): Promise<Buffer> {
  for (let tries = 1; ; tries++) {
    const piece = await target.readRetrieved(jobId, first, end, signal).catch(async (error: unknown) => {
      if (!(error instanceof EngineError) || error.kind !== 'not-found') throw error;
      await jobs.expired(key);
      throw expired();
    });
    if (piece.treeHash === null || piece.treeHash.equals(treeHash(piece.bytes))) return piece.bytes;
    if (tries === TRIES) throw damaged();
  }
}

/** Reads back from disk what was written, as 64 hex digits; null for a file of another size. */
async function hashOfFile(path: string, size: number, signal: AbortSignal): Promise<string | null> {
  const file = await open(path, 'r');
  try {
    if ((await file.stat()).size !== size) return null;
    const hasher = new LeafHasher();
    const buffer = Buffer.allocUnsafe(PIECE_BYTES);
    for (let at = 0; at < size;) {
      signal.throwIfAborted();
      const { bytesRead } = await file.read(buffer, 0, buffer.length, at);
      if (bytesRead === 0) return null;
      hasher.update(buffer.subarray(0, bytesRead));
      at += bytesRead;
    }
    return treeHashOfLeaves(hasher.leaves()).toString('hex');
  } finally {
    await file.close();
  }
}

function giveName(to: string, part: string): void {
  try {
    if (placeFile(Buffer.from(part), Buffer.from(to))) return;
  } catch (error) {
    throw unwritable(to, error);
  }
  throw nameTaken(to, part);
}

async function isThere(path: string): Promise<boolean> {
  return (await lstat(path).catch(unlessMissing)) !== undefined;
}

async function isOneFile(a: string, b: string): Promise<boolean> {
  const [one, other] = await Promise.all([lstat(a, { bigint: true }), lstat(b, { bigint: true })]);
  return one.ino === other.ino && one.dev === other.dev;
}

function unlessMissing(error: unknown): undefined {
  if (errorCode(error) !== 'ENOENT') throw error;
}

/** Removes what a download that was given up has left. */
export async function dropPart(to: string, uid: string): Promise<void> {
  await rm(temporaryName(to, uid), { force: true });
}

function nameTaken(to: string, part: string | null): EngineError {
  return new EngineError(
    'conflict',
    `There is a file ${to} by now.`,
    part === null
      ? 'Move it away, then carry the download on.'
      : 'Move it away, then carry the download on: nothing is downloaded or paid again.',
    { safe: part === null ? 'It was not touched.' : `What was downloaded is kept in ${part}.` },
  );
}

function expired(): EngineError {
  return new EngineError(
    'changed',
    'The retrieved copy expired before it was downloaded; the service keeps it for about a day.',
    'Carry the download on to retrieve it again: the retrieval is paid again, what was downloaded is kept.',
    { safe: 'The archive itself is not affected.' },
  );
}

function damaged(): EngineError {
  return new EngineError(
    'corrupt',
    'What the service sent differs from what it says it holds, again and again.',
    'Carry the download on later; if it stays so, something on the way changes what passes through.',
    { safe: 'No file was given its name.' },
  );
}
