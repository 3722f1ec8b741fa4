/**
 * GetJobOutput: the bytes of a finished job, whole or by range, for a day after it is done.
 *
 * Offsets count from the start of what the job retrieved. A hash is stated only for what one node of the archive's
 * tree covers: the job's range must be such a node (or the archive), and so must the range read of it.
 */
import { stat } from 'node:fs/promises';
import type { Reply } from '../exchange.ts';
import { type ByteRange, isTreeHashAligned } from '../treeHash.ts';
import { badValue } from './errors.ts';
import { type Call, vaultOf } from './glacier.ts';
import { inventoryOutput } from './inventory.ts';
import { rangeHash } from './initiateJob.ts';
import { jobOf, jobState } from './jobs.ts';
import { meterOutput } from './metering.ts';
import type { ArchiveJob } from './records.ts';

export async function getJobOutput(call: Call): Promise<Reply> {
  return meterOutput(call, await outputOf(call));
}

async function outputOf(call: Call): Promise<Reply> {
  const vault = vaultOf(call);
  const job = jobOf(call);
  if (jobState(vault, job, call.glacier.clock.serviceNow()) !== 'Succeeded') {
    throw badValue(`The job is not currently available for download: ${job.id}`);
  }
  if (job.kind === 'inventory') {
    const { file, bytes } = await inventoryOutput(call.glacier, vault, job);
    const contentType = job.format === 'JSON' ? 'application/json' : 'text/csv';
    return outputReply(file, 0, bytes, requestedRange(call, bytes), { 'Content-Type': contentType });
  }
  const bytes = job.last - job.first + 1;
  const range = requestedRange(call, bytes);
  const treeHash = await outputHash(call, job, range ?? { first: 0, last: bytes - 1 }, bytes);
  const { description = '' } = vault.archives.get(job.archiveId) ?? {};
  return outputReply(call.glacier.store.files.path(job.archiveId), job.first, bytes, range, {
    'Content-Type': 'application/octet-stream',
    ...(description === '' ? {} : { 'x-amz-archive-description': description }),
    ...(treeHash === null ? {} : { 'x-amz-sha256-tree-hash': treeHash }),
  });
}

/** The hash stated for `range` of the job's `bytes` bytes, or null where none is. */
async function outputHash(
  call: Call,
  job: ArchiveJob,
  range: ByteRange,
  bytes: number,
): Promise<string | null> {
  if (job.rangeTreeHash === null || !isTreeHashAligned(range, bytes)) return null;
  const archive = { id: job.archiveId, size: job.archiveBytes, treeHash: job.archiveTreeHash };
  return rangeHash(call.glacier, archive, { first: job.first + range.first, last: job.first + range.last });
}

/** The Range header, its end cut to the output's; null without one, or with one that makes no sense. */
function requestedRange(call: Call, bytes: number): ByteRange | null {
  const text = call.header('range') ?? '';
  const match = /^bytes=(\d{1,15})-(\d{0,15})$/.exec(text);
  if (match === null) return null;
  const first = Number(match[1]);
  const last = match[2] === '' ? bytes - 1 : Math.min(Number(match[2]), bytes - 1);
  if (first >= bytes) throw badValue(`The start of the range is larger than size of retrieved data: ${text}`);
  return first > last ? null : { first, last };
}

/** Part of `file`, in which the output of `bytes` bytes starts at `start`. Rejects if the file has been cut or lost. */
async function outputReply(
  file: string,
  start: number,
  bytes: number,
  range: ByteRange | null,
  headers: Readonly<Record<string, string>>,
): Promise<Reply> {
  if ((await stat(file)).size < start + bytes) throw new Error(`${file} is shorter than what it holds`);
  const { first, last } = range ?? { first: 0, last: bytes - 1 };
  return {
    status: range === null ? 200 : 206,
    headers: {
      ...headers,
      'Accept-Ranges': 'bytes',
      ...(range === null ? {} : { 'Content-Range': `bytes ${first}-${last}/${bytes}` }),
    },
    body: { file, first: start + first, length: last - first + 1 },
  };
}
