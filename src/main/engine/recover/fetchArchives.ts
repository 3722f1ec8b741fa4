/**
 * Brings archives of a recovery to this computer: asks a vault for all of them at once, and then takes each as it becomes
 * ready. What is here, or was asked for, is so after a restart as well; nothing that may be under way is asked for again.
 */
import {
  recoveryArchives,
  updateRecoveryArchive,
  type RecoveryArchiveRow,
  type RecoveryRole,
} from '../catalog/recoveries.ts';
import { getVaultJob } from '../catalog/vaultJobs.ts';
import { crashpoint } from '../crashpoint.ts';
import { EngineError } from '../failure.ts';
import { fetchRetrieval } from '../restore/fetch.ts';
import type { ByteRange, JobId } from '../target/target.ts';
import type { VaultHoldings } from '../vaults/holdings.ts';
import type { RecoverJob, WaitStage } from './recoverJob.ts';
import { noteWait } from './waits.ts';

/** Asks a vault for what was not asked for yet. Other targets need not be asked. */
export async function askForArchives(job: RecoverJob, roles: readonly RecoveryRole[]): Promise<void> {
  const { holdings } = job;
  if (holdings.kind !== 'vault') return;
  for (const row of await rowsOf(job, roles, ['planned'])) {
    job.signal.throwIfAborted();
    await losing(job, row, () => askForOne(job, holdings, row));
    await job.onChange();
  }
}

async function askForOne(job: RecoverJob, holdings: VaultHoldings, row: RecoveryArchiveRow): Promise<void> {
  const { service, place, jobs } = holdings;
  const { recovery, target, signal, catalog } = job;
  const asked = await jobs.ask({
    service,
    serviceKey: place.service,
    vault: place.vault,
    asked: JSON.stringify({
      kind: 'recovery',
      recovery: recovery.uid,
      archive: row.archiveId,
      range: row.range,
    }),
    start: (description) =>
      target.requestRetrieval(row.archiveId, row.range, recovery.wanted.tier, description, signal),
    signal,
  });
  await catalog.transaction((tx) => updateRecoveryArchive(tx, row.id, { state: 'asked', job: asked.id }));
  crashpoint('rebuild-asked');
}

/** Brings everything of these roles here; resolves when each is `fetched` or `lost`. Calls `taken` after each. */
export async function fetchArchives(
  job: RecoverJob,
  roles: readonly RecoveryRole[],
  stage: WaitStage,
  taken: () => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  await askForArchives(job, roles);
  for (const row of await rowsOf(job, roles, ['planned', 'asked'])) {
    job.signal.throwIfAborted();
    await losing(job, row, () => fetchOne(job, row, stage));
    crashpoint('rebuild-fetched');
    await job.onChange();
    await taken();
  }
}

async function fetchOne(job: RecoverJob, row: RecoveryArchiveRow, stage: WaitStage): Promise<void> {
  const { holdings } = job;
  if (holdings.kind === 'folder') {
    const { target, recovery, signal } = job;
    const jobId = await target.requestRetrieval(
      row.archiveId,
      row.range,
      'bulk',
      `r1.${recovery.uid}`,
      signal,
    );
    await download(job, row, jobId, row.size, row.treeHash);
    return;
  }
  const { service, place, jobs } = holdings;
  if (row.job === null) throw new RangeError('an archive that was asked for without its job');
  const { pollCapMs } = job.target.traits;
  if (!(await isReady(job, holdings, row))) {
    await noteWait(job, stage);
    await job.onWaiting(true);
  }
  try {
    const ready = await jobs.ready({ service, vault: place.vault, signal: job.signal, pollCapMs }, row.job);
    await job.onWaiting(false);
    const size = row.size === 0 ? (ready.archiveBytes ?? 0) : row.size;
    await download(job, row, ready.jobId, size, row.treeHash ?? ready.archiveTreeHash);
  } catch (error) {
    // Its output expired: whoever carries the recovery on has it asked for again.
    if (error instanceof EngineError && (error.kind === 'changed' || error.kind === 'not-found')) {
      await jobs.expired(row.job);
      await job.catalog.transaction((tx) =>
        updateRecoveryArchive(tx, row.id, { state: 'planned', job: null }),
      );
      throw new EngineError('changed', error.message, error.advice, { cause: error });
    }
    throw error;
  }
}

async function isReady(
  { catalog, signal }: RecoverJob,
  { service, place }: VaultHoldings,
  row: RecoveryArchiveRow,
): Promise<boolean> {
  const known = row.job === null ? undefined : await getVaultJob(catalog, row.job);
  if (known === undefined || known.jobId === null) return true;
  return service.describeJob(place.vault, known.jobId, signal).then(
    ({ state }) => state !== 'waiting',
    // Whoever reads it finds out.
    () => true,
  );
}

async function download(
  job: RecoverJob,
  row: RecoveryArchiveRow,
  jobId: JobId,
  size: number,
  treeHash: Buffer | null,
): Promise<void> {
  const { target, store, signal, catalog } = job;
  const range: ByteRange = row.range ?? { first: 0, end: size };
  const name = storedName(row);
  const file = await store.openForWriting(name);
  try {
    await fetchRetrieval({ target, jobId, range, file, signal, onBytes: () => undefined });
  } finally {
    await file.close();
  }
  if (row.range === null && treeHash !== null && !store.treeHash(name, size).equals(treeHash)) {
    throw new EngineError(
      'corrupt',
      'An archive is not what was stored: its tree hash differs.',
      'Another record tells the same as far as there is one.',
    );
  }
  await catalog.transaction((tx) => updateRecoveryArchive(tx, row.id, { state: 'fetched', size }));
}

/** An archive that is gone or damaged is lost; what stops all of them is not its fault. */
async function losing(job: RecoverJob, row: RecoveryArchiveRow, act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    if (error.kind !== 'corrupt' && error.kind !== 'not-found' && error.kind !== 'invalid') throw error;
    // An archive that is missing is told from a vault or disk that is.
    await job.target.probe(job.signal);
    const { message } = error;
    await job.catalog.transaction((tx) =>
      updateRecoveryArchive(tx, row.id, { state: 'lost', error: message }),
    );
  }
}

/** Head and tail of one pack lie in one file. */
export function storedName(row: Pick<RecoveryArchiveRow, 'role' | 'id' | 'description'>): string {
  return row.role === 'head' || row.role === 'tail'
    ? `pack-${row.description.split('.')[1] ?? ''}`
    : `archive-${row.id}`;
}

async function rowsOf(
  { catalog, recovery }: RecoverJob,
  roles: readonly RecoveryRole[],
  states: readonly RecoveryArchiveRow['state'][],
): Promise<readonly RecoveryArchiveRow[]> {
  const rows = await recoveryArchives(catalog, recovery.id);
  return rows.filter(({ role, state }) => roles.includes(role) && states.includes(state));
}
