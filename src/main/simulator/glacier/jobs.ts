/**
 * DescribeJob and ListJobs: orders for archives and inventories that take hours.
 *
 * A job's end is known when it begins, so its state at any moment follows from its record and the clock. Its output
 * can be read for a day, then the job is gone.
 */
import { jsonReply, type Reply } from '../exchange.ts';
import { badValue, notFound } from './errors.ts';
import { type Call, type Glacier, param, vaultArn, vaultOf } from './glacier.ts';
import { HOUR, isoMillis } from './identifiers.ts';
import { summarizeOutput } from './inventory.ts';
import { page, timeKey } from './paging.ts';
import type { JobRecord, Vault } from './records.ts';

const PER_PAGE = 50;
export const READABLE_MS = 24 * HOUR;

const jobStates = ['InProgress', 'Succeeded', 'Failed'] as const;
type JobState = (typeof jobStates)[number];

/** An archive deleted before its retrieval was done fails the job; deleted after, it stays readable. */
export function jobState(vault: Vault, job: JobRecord, now: number): JobState {
  if (now < job.completesAt) return 'InProgress';
  if (job.fails === true) return 'Failed';
  if (job.kind === 'inventory') return 'Succeeded';
  const archive = vault.archives.get(job.archiveId);
  const lost = archive === undefined || (archive.deletedAt !== null && archive.deletedAt <= job.completesAt);
  return lost ? 'Failed' : 'Succeeded';
}

export function isJobGone(job: JobRecord, now: number): boolean {
  return now >= job.completesAt + READABLE_MS;
}

/** The job the path names. @throws ServiceError 404 */
export function jobOf(call: Call): JobRecord {
  const id = param(call, 'job');
  const job = vaultOf(call).jobs.get(id);
  if (job === undefined || isJobGone(job, call.glacier.clock.serviceNow()))
    throw notFound(`The job ID was not found: ${id}`);
  return job;
}

export async function describeJob(call: Call): Promise<Reply> {
  return jsonReply(200, await jobJson(call.glacier, vaultOf(call), jobOf(call)));
}

/** Oldest first. */
export async function listJobs(call: Call): Promise<Reply> {
  const { glacier, query } = call;
  const vault = vaultOf(call);
  const now = glacier.clock.serviceNow();
  const state = query.get('statuscode');
  const completed = query.get('completed');
  if (state !== null && !(jobStates as readonly string[]).includes(state))
    throw badValue(`The job status code is not valid: ${state}`);
  if (completed !== null && !['true', 'false'].includes(completed))
    throw badValue(`The completed flag is not valid: ${completed}`);
  const wanted = vault.jobs.values().filter((job) => {
    const stateNow = jobState(vault, job, now);
    const fits = completed === null || (completed === 'true') === (stateNow !== 'InProgress');
    return fits && (state === null || state === stateNow) && !isJobGone(job, now);
  });
  const { items, marker } = page(wanted, (job) => timeKey(job.createdAt, job.id), query, PER_PAGE);
  const list: object[] = [];
  for (const job of items) list.push(await jobJson(glacier, vault, job));
  return jsonReply(200, { JobList: list, Marker: marker });
}

/**
 * A job as it is described, and published when it has ended. Every key is there, null where it does not apply: old
 * clients fail on a missing one.
 */
export async function jobJson(glacier: Glacier, vault: Vault, job: JobRecord): Promise<object> {
  const state = jobState(vault, job, glacier.clock.serviceNow());
  return {
    JobId: job.id,
    JobDescription: job.description,
    VaultARN: vaultArn(glacier, vault.record.name),
    CreationDate: isoMillis(job.createdAt),
    Completed: state !== 'InProgress',
    CompletionDate: state === 'InProgress' ? null : isoMillis(job.completesAt),
    StatusCode: state,
    StatusMessage: job.fails === true && state === 'Failed' ? 'The job failed.' : statusMessages[state],
    SNSTopic: job.snsTopic,
    ...(job.kind === 'archive' ? archiveJson(job, state) : await inventoryJson(glacier, vault, job, state)),
    JobOutputPath: null,
    OutputLocation: null,
    SelectParameters: null,
  };
}

const statusMessages: Readonly<Record<JobState, string>> = {
  InProgress: 'Operation in progress.',
  Succeeded: 'Succeeded',
  Failed: 'The archive was deleted before the job was done.',
};

function archiveJson(job: Extract<JobRecord, { kind: 'archive' }>, state: JobState): object {
  return {
    Action: 'ArchiveRetrieval',
    ArchiveId: job.archiveId,
    ArchiveSizeInBytes: job.archiveBytes,
    ArchiveSHA256TreeHash: job.archiveTreeHash,
    RetrievalByteRange: `${job.first}-${job.last}`,
    // The service's documents disagree on an unfinished job; the harder case for clients is null.
    SHA256TreeHash: state === 'InProgress' ? null : job.rangeTreeHash,
    Tier: job.tier,
    InventorySizeInBytes: null,
    InventoryRetrievalParameters: null,
  };
}

async function inventoryJson(
  glacier: Glacier,
  vault: Vault,
  job: Extract<JobRecord, { kind: 'inventory' }>,
  state: JobState,
): Promise<object> {
  const output = state === 'Succeeded' ? await summarizeOutput(glacier, vault, job) : null;
  return {
    Action: 'InventoryRetrieval',
    ArchiveId: null,
    ArchiveSizeInBytes: null,
    ArchiveSHA256TreeHash: null,
    RetrievalByteRange: null,
    SHA256TreeHash: null,
    Tier: null,
    InventorySizeInBytes: output?.bytes ?? null,
    InventoryRetrievalParameters: {
      Format: job.format,
      StartDate: job.startDate,
      EndDate: job.endDate,
      Limit: job.limit,
      Marker: output?.marker ?? null,
    },
  };
}
