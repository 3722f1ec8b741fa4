/** The second half of a check: has sampled ranges brought back and proves them, whoever vouches for them. */
import {
  addFindings,
  checkReads,
  isFound,
  spareReads,
  updateCheckRead,
  type CheckReadRow,
  type Finding,
} from '../catalog/checks.ts';
import type { VaultJobKey } from '../catalog/ids.ts';
import { getPacks, type PackRow } from '../catalog/packs.ts';
import { addProof } from '../catalog/proofs.ts';
import { forgetFilesIn, suspectPack } from '../catalog/suspects.ts';
import { getVaultJob } from '../catalog/vaultJobs.ts';
import { crashpoint } from '../crashpoint.ts';
import { EngineError } from '../failure.ts';
import type { VaultService } from '../target/service.ts';
import type { ByteRange, JobId } from '../target/target.ts';
import type { VaultHoldings } from '../vaults/holdings.ts';
import type { CheckJob } from './checkJob.ts';
import { proveRange, type RangeVerdict } from './proveRange.ts';

/** Asks a vault for every range that was not asked for yet. Each is asked, and paid, once. */
export async function askForReads(job: CheckJob): Promise<void> {
  const { holdings, target, check, signal } = job;
  if (holdings.kind !== 'vault') return;
  const { service, place, jobs } = holdings;
  for (const { read, pack } of await readsIn(job, 'planned')) {
    signal.throwIfAborted();
    if (await isFound(job.catalog, check.id, pack.id)) continue;
    const range = wholeIsNull(read.range, pack);
    const archiveId = archiveOf(pack);
    try {
      const asked = await jobs.ask({
        service,
        serviceKey: place.service,
        vault: place.vault,
        asked: JSON.stringify({ kind: 'check', check: check.uid, archiveId, range: read.range }),
        start: (description) => target.requestRetrieval(archiveId, range, 'bulk', description, signal),
        onlyOnce: true,
        signal,
      });
      await job.catalog.transaction((tx) => updateCheckRead(tx, read.id, { state: 'asked', job: asked.id }));
      crashpoint('check-asked');
    } catch (error) {
      // It may have been paid for before, and cannot be found: another check does the same.
      if (isKind(error, 'changed') || isKind(error, 'corrupt')) {
        await judge(job, read, pack, { kind: 'unread', reason: error.message });
        continue;
      }
      if (!isKind(error, 'not-found')) throw error;
      // The same answer is given when the vault itself is gone.
      await service.describeVault(place.vault, signal);
      await judge(job, read, pack, { kind: 'missing' });
    }
    await job.onChange();
  }
}

/** Waits for what was asked for, and proves it. */
export async function readBack(job: CheckJob): Promise<void> {
  const isVault = job.holdings.kind === 'vault';
  for (const { read, pack } of await readsIn(job, isVault ? 'asked' : 'planned')) {
    job.signal.throwIfAborted();
    const verdict =
      job.holdings.kind === 'vault'
        ? await readFromVault(job, job.holdings, read, pack)
        : await readAtOnce(job, read, pack);
    await judge(job, read, pack, verdict);
    await job.onChange();
  }
}

type Verdict = RangeVerdict | { readonly kind: 'missing' };

async function readFromVault(
  job: CheckJob,
  { service, place, jobs }: VaultHoldings,
  read: CheckReadRow,
  pack: PackRow,
): Promise<Verdict> {
  const { target, signal } = job;
  if (read.job === null) throw new RangeError('a range that was asked for without its job');
  try {
    const { pollCapMs } = target.traits;
    if (!(await isReady(job, service, place.vault, read.job))) await job.onWaiting(true);
    const ready = await jobs.ready({ service, vault: place.vault, signal, pollCapMs }, read.job);
    await job.onWaiting(false);
    return await prove(job, read, pack, ready.jobId);
  } catch (error) {
    // Not asked for again: it would be paid again, and another check does the same.
    if (isKind(error, 'not-found')) await jobs.expired(read.job);
    if (isKind(error, 'not-found') || isKind(error, 'changed') || isKind(error, 'corrupt'))
      return { kind: 'unread', reason: error.message };
    throw error;
  }
}

/** Anything but under way counts as ready: whoever reads it then finds out. */
async function isReady(
  { catalog, signal }: CheckJob,
  service: VaultService,
  vault: string,
  key: VaultJobKey,
): Promise<boolean> {
  const row = await getVaultJob(catalog, key);
  if (row === undefined || row.jobId === null) throw new RangeError('a range that was asked for has no job');
  return service.describeJob(vault, row.jobId, signal).then(
    ({ state }) => state !== 'waiting',
    (error: unknown) => {
      if (isKind(error, 'not-found')) return true;
      throw error;
    },
  );
}

async function readAtOnce(job: CheckJob, read: CheckReadRow, pack: PackRow): Promise<Verdict> {
  const { target, check, signal } = job;
  const range = wholeIsNull(read.range, pack);
  try {
    const jobId = await target.requestRetrieval(archiveOf(pack), range, 'bulk', `c1.${check.uid}`, signal);
    return await prove(job, read, pack, jobId);
  } catch (error) {
    if (isKind(error, 'corrupt') || isKind(error, 'invalid')) return { kind: 'damaged' };
    if (!isKind(error, 'not-found')) throw error;
    // An archive that is gone is told from a disk that was unplugged.
    await target.probe(signal);
    return { kind: 'missing' };
  }
}

function prove(job: CheckJob, { range }: CheckReadRow, pack: PackRow, jobId: JobId): Promise<RangeVerdict> {
  const keys = job.keys.ofEpoch(pack.keyEpoch);
  return proveRange({ target: job.target, jobId, range, pack, keys, signal: job.signal });
}

/** Writes the verdict down, and what follows from it. */
async function judge(job: CheckJob, read: CheckReadRow, pack: PackRow, verdict: Verdict): Promise<void> {
  const { catalog } = job;
  switch (verdict.kind) {
    case 'proven':
      await catalog.transaction(async (tx) => {
        await updateCheckRead(tx, read.id, { state: 'proven' });
        await addProof(tx, pack.id, read.range, Date.now());
      });
      break;
    case 'unread':
      await catalog.transaction((tx) =>
        updateCheckRead(tx, read.id, { state: 'unread', error: verdict.reason }),
      );
      break;
    case 'damaged':
    case 'missing':
      await job.betweenBackups(() => condemn(job, read, pack, verdict.kind));
  }
  crashpoint('check-judged');
}

async function condemn(
  { catalog, check, targetRow, holdings }: CheckJob,
  read: CheckReadRow,
  pack: PackRow,
  kind: 'damaged' | 'missing',
): Promise<void> {
  const now = (await getPacks(catalog, [pack.id])).get(pack.id);
  const counts = now?.state === 'stored' || now?.state === 'suspect';
  if (now?.state === 'stored') await forgetFilesIn(catalog, targetRow.id, [pack.id]);
  // A vault's own word that it has no such archive weighs more than its inventory, which may be a day old.
  const why = kind === 'missing' && holdings.kind === 'vault' ? 'gone' : kind;
  const finding: Finding = {
    kind,
    pack: pack.id,
    archiveId: archiveOf(pack),
    size: pack.size,
    createdAt: null,
  };
  await catalog.transaction(async (tx) => {
    await updateCheckRead(tx, read.id, { state: kind === 'damaged' ? 'damaged' : 'spared' });
    if (kind === 'missing') await spareReads(tx, check.id, [pack.id]);
    if (!counts) return;
    await suspectPack(tx, pack.id, why);
    if (!(await isFound(tx, check.id, pack.id))) await addFindings(tx, check.id, [finding]);
  });
}

async function readsIn(
  { catalog, check }: CheckJob,
  state: CheckReadRow['state'],
): Promise<readonly { readonly read: CheckReadRow; readonly pack: PackRow }[]> {
  const reads = await checkReads(catalog, check.id, [state]);
  const packs = await getPacks(catalog, new Set(reads.map(({ pack }) => pack)));
  return reads.map((read) => {
    const pack = packs.get(read.pack);
    if (pack === undefined) throw new RangeError('a range of a pack that does not exist');
    return { read, pack };
  });
}

function archiveOf({ archiveId }: PackRow): NonNullable<PackRow['archiveId']> {
  if (archiveId === null) throw new RangeError('a range of a pack that is not stored');
  return archiveId;
}

function wholeIsNull(range: ByteRange, { size }: PackRow): ByteRange | null {
  return range.first === 0 && range.end === size ? null : range;
}

function isKind(error: unknown, kind: EngineError['kind']): error is EngineError {
  return error instanceof EngineError && error.kind === kind;
}
