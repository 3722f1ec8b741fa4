/**
 * Asks the target for what an order needs, waits for it, and keeps it as segments (the order's rows say how far it is).
 *
 * A row is `planned` and has the time of its request before that goes out, and carries an id that the job's description
 * repeats: after a kill between the two, or a lost answer, the job is found again by it and never paid for twice. If it
 * is looked for so late that its output may have expired meanwhile, only a person can have it asked for again.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { RetrievalKey } from '../catalog/ids.ts';
import { getPacks, type PackRow } from '../catalog/packs.ts';
import {
  listRetrievals,
  updateRetrieval,
  type RetrievalChange,
  type RetrievalRow,
} from '../catalog/retrievals.ts';
import { crashpoint } from '../crashpoint.ts';
import type { FailureKind } from '../../../shared/failure.ts';
import { EngineError } from '../failure.ts';
import type { ByteRange, JobId, RetrievalJob } from '../target/target.ts';
import { chooseDownload } from './chooseDownload.ts';
import { fetchRetrieval } from './fetch.ts';
import type { OrderJob } from './orderJob.ts';
import { pollWaitMs } from './pollTimes.ts';
import type { SegmentStore } from './segmentStore.ts';

/** Sends every request that has not been sent yet, and again those of which the output expired. */
export async function requestAll(job: OrderJob): Promise<void> {
  await renewExpired(job);
  const planned = await listRetrievals(job.catalog, job.order.id, ['planned']);
  if (planned.length === 0) return;
  const listed = await listedJobs(job);
  const known = new Map(listed.map(({ description, jobId }) => [description, jobId]));
  const packs = await packsOf(job, planned);
  for (const row of planned) {
    job.signal.throwIfAborted();
    const begun = known.get(row.description);
    if (
      begun === undefined &&
      row.requestedAt === null &&
      (await adopt(job, row, packOf(packs, row), listed))
    )
      continue;
    if (begun === undefined && mayHaveExpired(row)) {
      await change(job, row.id, { state: 'expired' });
      continue;
    }
    const jobId = begun ?? (await requestOne(job, row, packOf(packs, row)));
    crashpoint('retrieval-asked');
    const requestedAt = row.requestedAt ?? Date.now();
    await change(job, row.id, { state: 'requested', jobId, requestedAt, asked: row.asked + 1 });
    crashpoint('retrieval-noted');
    job.onProgress();
  }
}

/** A new description, or the job that expired would be found again by the old one. */
async function renewExpired(job: OrderJob): Promise<void> {
  for (const row of await listRetrievals(job.catalog, job.order.id, ['expired'])) {
    const description = `${row.description.split('.').slice(0, 3).join('.')}.${Date.now().toString(36)}`;
    await change(job, row.id, {
      ...{ state: 'planned', description, jobId: null, jobFirst: null, requestedAt: null },
    });
  }
}

async function listedJobs(job: OrderJob): Promise<readonly RetrievalJob[]> {
  const jobs: RetrievalJob[] = [];
  for await (const found of job.target.listRetrievals(job.signal)) {
    if (found.state !== 'failed') jobs.push(found);
  }
  return jobs;
}

/** Whoever started it (another order, a catalog that was lost): a job that brings these bytes is not paid for again. */
async function adopt(
  job: OrderJob,
  row: RetrievalRow,
  pack: PackRow,
  listed: readonly RetrievalJob[],
): Promise<boolean> {
  const range = row.range ?? { first: 0, end: pack.size };
  const found = listed.find(
    (one) => one.archiveId === pack.archiveId && isReadable(one, job.target.now()) && brings(one, range),
  );
  if (found === undefined) return false;
  await change(job, row.id, {
    ...{ state: 'requested', jobId: found.jobId, jobFirst: found.range?.first ?? 0 },
    requestedAt: found.createdAt,
  });
  job.onProgress();
  return true;
}

function brings({ range }: RetrievalJob, wanted: ByteRange): boolean {
  return range === null || (range.first <= wanted.first && range.end >= wanted.end);
}

/** The service keeps an output for at least a day; one that is about to go is not worth the risk of paying later. */
function isReadable({ completedAt }: RetrievalJob, now: number): boolean {
  return completedAt === null || now - completedAt < LISTED_MS;
}

/** A job is listed for a day after its output is ready, which no tier takes less than a minute for. */
const LISTED_MS = 20 * 3_600_000;

/** By this computer's clock: set back, it only makes a retrieval be asked for that would have been found. */
function mayHaveExpired({ requestedAt }: RetrievalRow): boolean {
  return requestedAt !== null && Date.now() - requestedAt > LISTED_MS;
}

/** Kinds of failure after which the service has, or may have, heard the request. */
const unanswered: readonly FailureKind[] = ['offline', 'throttled', 'cancelled', 'bug'];

async function requestOne(job: OrderJob, row: RetrievalRow, pack: PackRow): Promise<JobId> {
  await change(job, row.id, { requestedAt: Date.now() });
  crashpoint('retrieval-intended');
  try {
    return await request(job, row, pack);
  } catch (error) {
    // Refused in so many words: then it was not asked for.
    if (error instanceof EngineError && !unanswered.includes(error.kind)) {
      await change(job, row.id, { requestedAt: null });
    }
    throw error;
  }
}

function request(job: OrderJob, row: RetrievalRow, pack: PackRow): Promise<JobId> {
  if (pack.archiveId === null) throw new RangeError('a retrieval of a pack that is not stored');
  const isWhole = row.range === null || (row.range.first === 0 && row.range.end === pack.size);
  const range = isWhole ? null : row.range;
  return job.target.requestRetrieval(pack.archiveId, range, row.tier, row.description, job.signal);
}

/** A pack of which nothing more is to be waited for; `trouble` when it cannot be had. */
export interface ArrivedPack {
  readonly pack: PackRow;
  readonly trouble: EngineError | null;
}

/**
 * Waits for retrievals and downloads each as soon as it is ready and there is room; resolves with the next pack of
 * which everything is here or given up, or null when no pack is left to wait for.
 */
export async function nextPack(
  job: OrderJob,
  store: SegmentStore,
  extracted: ReadonlySet<number>,
): Promise<ArrivedPack | null> {
  for (let looks = 0; ; looks++) {
    const rows = await listRetrievals(job.catalog, job.order.id);
    const open = rows.filter((row) => !extracted.has(row.pack));
    if (open.length === 0) return null;
    const packs = await packsOf(job, open);
    const arrived = firstArrived(open);
    if (arrived !== undefined) return { pack: packOf(packs, arrived), trouble: troubleOf(open, arrived) };
    const wanted = open.map((row) => ({ ...row, row, bytes: bytesOf(row, packOf(packs, row)) }));
    const ready = chooseDownload(wanted, job.target.now())?.row;
    if (ready !== undefined) {
      await fetchOne(job, store, ready, packOf(packs, ready));
      looks = -1;
      continue;
    }
    if (open.every(({ state }) => state === 'expired' || state === 'fetched' || state === 'failed')) {
      throw expired(open.filter(({ state }) => state === 'expired').length);
    }
    if (await look(job, open)) {
      looks = -1;
      continue;
    }
    await sleep(pollWaitMs(looks, job.target.traits.pollCapMs), undefined, { signal: job.signal });
  }
}

function bytesOf({ range }: RetrievalRow, { size }: PackRow): number {
  return range === null ? size : range.end - range.first;
}

/** A row of the first pack of which every retrieval is fetched, or one has failed for good. */
function firstArrived(rows: readonly RetrievalRow[]): RetrievalRow | undefined {
  const failed = rows.find(({ state }) => state === 'failed');
  if (failed !== undefined) return failed;
  const waiting = new Set(rows.filter(({ state }) => state !== 'fetched').map(({ pack }) => pack));
  return rows.find(({ pack }) => !waiting.has(pack));
}

function troubleOf(rows: readonly RetrievalRow[], { pack }: RetrievalRow): EngineError | null {
  const failed = rows.find((row) => row.pack === pack && row.state === 'failed');
  if (failed === undefined) return null;
  return new EngineError(
    'corrupt',
    `Its archive could not be retrieved: ${failed.error ?? 'the service gave no reason'}.`,
    'Restore the file again later, or from another snapshot.',
  );
}

async function fetchOne(job: OrderJob, store: SegmentStore, row: RetrievalRow, pack: PackRow): Promise<void> {
  if (row.jobId === null) throw new RangeError('a ready retrieval without its job');
  await job.onState('downloading');
  const file = await store.openForWriting(pack.uid);
  try {
    await fetchRetrieval({
      target: job.target,
      jobId: row.jobId,
      range: row.range ?? { first: 0, end: pack.size },
      jobFirst: row.jobFirst,
      file,
      signal: job.signal,
      onBytes: job.onProgress,
    });
  } catch (error) {
    const kind = error instanceof EngineError ? error.kind : null;
    // Neither stops the others: what they bring is paid for and expires.
    if (kind !== 'not-found' && kind !== 'corrupt') throw error;
    const message = error instanceof EngineError ? error.message : null;
    await change(job, row.id, { state: kind === 'corrupt' ? 'failed' : 'expired', error: message });
    return;
  } finally {
    await file.close();
  }
  await change(job, row.id, { state: 'fetched', fetchedAt: Date.now() });
  crashpoint('retrieval-fetched');
  job.onProgress();
}

/** Looks at jobs that were not ready; whether one is now. */
async function look(job: OrderJob, open: readonly RetrievalRow[]): Promise<boolean> {
  const waiting = open.filter(({ state }) => state === 'requested');
  const seen = await describeAll(job, waiting);
  let hasNews = false;
  for (const row of waiting) {
    const found = row.jobId === null ? undefined : seen.get(row.jobId);
    if (found === undefined) {
      await change(job, row.id, { state: 'expired' });
      hasNews = true;
      continue;
    }
    if (found.state === 'waiting') continue;
    hasNews = true;
    if (found.state === 'failed') await change(job, row.id, { state: 'failed', error: found.reason });
    else {
      // Both by the service's clock: what lies between them says how long retrievals take here.
      const { createdAt: requestedAt, completedAt: readyAt } = found;
      await change(job, row.id, { state: 'ready', readyAt: readyAt ?? job.target.now(), requestedAt });
    }
    crashpoint('retrieval-ready');
  }
  // Told after each look, news or none: a host that does not wait has to know that somebody looked.
  if (!hasNews) await job.onState('thawing');
  job.onProgress();
  return hasNews;
}

/** A few jobs are described one by one; many are cheaper listed, fifty an answer. */
const FEW_JOBS = 8;

async function describeAll(
  job: OrderJob,
  rows: readonly RetrievalRow[],
): Promise<ReadonlyMap<JobId, RetrievalJob>> {
  const seen = new Map<JobId, RetrievalJob>();
  if (rows.length > FEW_JOBS) {
    for await (const found of job.target.listRetrievals(job.signal)) seen.set(found.jobId, found);
  }
  for (const { jobId } of rows) {
    if (jobId === null || seen.has(jobId)) continue;
    try {
      seen.set(jobId, await job.target.describeRetrieval(jobId, job.signal));
    } catch (error) {
      if (!(error instanceof EngineError) || error.kind !== 'not-found') throw error;
    }
  }
  return seen;
}

function change(job: OrderJob, id: RetrievalKey, what: RetrievalChange): Promise<void> {
  return job.catalog.transaction((tx) => updateRetrieval(tx, id, what));
}

function packsOf(job: OrderJob, rows: readonly RetrievalRow[]): Promise<ReadonlyMap<number, PackRow>> {
  return getPacks(job.catalog, new Set(rows.map(({ pack }) => pack)));
}

function packOf(packs: ReadonlyMap<number, PackRow>, row: RetrievalRow): PackRow {
  const pack = packs.get(row.pack);
  if (pack === undefined) throw new RangeError('a retrieval of a pack that does not exist');
  return pack;
}

function expired(count: number): EngineError {
  return new EngineError(
    'changed',
    `${count === 1 ? 'One retrieved copy' : `${count} retrieved copies`} expired before ${count === 1 ? 'it was' : 'they were'} downloaded; the service keeps them for about a day.`,
    'Carry the order on to retrieve them again (permafrost orders resume): that is paid again, but only for them.',
    { safe: 'Files that were restored are complete, and what was downloaded is kept.' },
  );
}
