/**
 * Answers of a vault, read into our own words. What AWS's types call optional is checked here: an answer without
 * what its operation always gives is not the service's, and is treated as if none had come.
 */
import type { GlacierJobDescription, PartListElement, UploadListElement } from '@aws-sdk/client-glacier';
import { LEAF_BYTES } from '../upload/treeHash.ts';
import { unexpectedAnswer } from './awsFailure.ts';
import type { Call } from './awsSentences.ts';
import type {
  ArchiveId,
  ByteRange,
  JobId,
  RetrievalJob,
  StoredPart,
  UploadId,
  UploadInfo,
} from './target.ts';

/** The value, or the failure that says that something else than the service answered. */
export function present<T>(value: T | null | undefined, call: Call): T {
  if (value === undefined || value === null) throw unexpectedAnswer(call);
  return value;
}

/** A text that is always given. The client hands on whatever was sent: its types are claims, here and below. */
export function readText(value: string | undefined, call: Call): string {
  if (typeof value !== 'string') throw unexpectedAnswer(call);
  return value;
}

/** A number of things or bytes that is always given. */
export function readCount(value: number | undefined, call: Call): number {
  if (value === undefined || !Number.isSafeInteger(value) || value < 0) throw unexpectedAnswer(call);
  return value;
}

/** What may be missing, read by `read` where it is there. */
export function ifGiven<T, R>(
  value: T | null | undefined,
  read: (value: T, call: Call) => R,
  call: Call,
): R | null {
  return value === undefined || value === null ? null : read(value, call);
}

/** A hash from a header or a listing: 64 hex digits. */
export function readHash(hex: string | undefined, call: Call): Buffer {
  if (typeof hex !== 'string' || !/^[0-9a-f]{64}$/i.test(hex)) throw unexpectedAnswer(call);
  return Buffer.from(hex, 'hex');
}

export function readUpload(listed: UploadListElement, call: Call): UploadInfo {
  return {
    uploadId: readText(listed.MultipartUploadId, call) as UploadId,
    description: ifGiven(listed.ArchiveDescription, readText, call) ?? '',
    partBytes: readCount(listed.PartSizeInBytes, call),
    createdAt: readTime(listed.CreationDate, call),
  };
}

/**
 * A part of a listing. Its length counts from the range as given, but no part is longer than `partBytes`:
 * the service has been seen to report ranges one byte too long.
 */
export function readPart(listed: PartListElement, partBytes: number, call: Call): StoredPart {
  const range = readRange(listed.RangeInBytes, call);
  return {
    offset: range.first,
    length: Math.min(range.end - range.first, partBytes),
    treeHash: readHash(listed.SHA256TreeHash, call),
  };
}

export function readJob(job: GlacierJobDescription, call: Call): RetrievalJob {
  const isRetrieval = job.Action === 'ArchiveRetrieval';
  return {
    jobId: readText(job.JobId, call) as JobId,
    description: ifGiven(job.JobDescription, readText, call) ?? '',
    archiveId: isRetrieval ? (readText(job.ArchiveId, call) as ArchiveId) : null,
    range: isRetrieval ? rangeOf(job, call) : null,
    state: present(states.get(readText(job.StatusCode, call)), call),
    reason: job.StatusCode === 'Failed' ? ifGiven(job.StatusMessage, readText, call) : null,
    createdAt: readTime(job.CreationDate, call),
    completedAt: ifGiven(job.CompletionDate, readTime, call),
  };
}

const states: ReadonlyMap<string, RetrievalJob['state']> = new Map([
  ['InProgress', 'waiting'],
  ['Succeeded', 'ready'],
  ['Failed', 'failed'],
]);

function rangeOf(job: GlacierJobDescription, call: Call): ByteRange | null {
  const range = ifGiven(job.RetrievalByteRange, readRange, call);
  if (range === null) return null;
  return range.first === 0 && range.end === job.ArchiveSizeInBytes ? null : range;
}

/** `first-last`, both included, as the service writes ranges. */
function readRange(text: string | undefined, call: Call): ByteRange {
  const found = /^(\d{1,15})-(\d{1,15})$/.exec(readText(text, call));
  const range = { first: Number(found?.[1]), end: Number(found?.[2]) + 1 };
  if (found === null || range.first >= range.end) throw unexpectedAnswer(call);
  return range;
}

/** `first-last` of a range, for a request. */
export function writeRange({ first, end }: ByteRange): string {
  return `${first}-${end - 1}`;
}

export function readTime(text: string | undefined, call: Call): number {
  const time = Date.parse(readText(text, call));
  if (Number.isNaN(time)) throw unexpectedAnswer(call);
  return time;
}

/** What a download's head says about the bytes that follow. */
type Delivery = 'as-asked' | 'too-few' | 'something-else';

/**
 * Judges the head of an answer to a ranged download. Only `Content-Range` can say that a range was honoured; a plain
 * 200 is taken for bytes from the very beginning (early answers of the service had that form) and its length decides.
 */
export function judgeDelivery(
  answer: {
    readonly status?: number | undefined;
    readonly contentRange?: string | undefined;
    readonly contentType?: string | undefined;
  },
  asked: ByteRange,
): Delivery {
  if (/html/i.test(answer.contentType ?? '')) return 'something-else';
  if (answer.status === 200) return asked.first === 0 ? 'as-asked' : 'something-else';
  const found = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15})$/.exec(answer.contentRange ?? '');
  if (answer.status !== 206 || found === null) return 'something-else';
  const [first, last, total] = found.slice(1).map(Number) as [number, number, number];
  if (first !== asked.first) return 'something-else';
  if (last + 1 === asked.end) return 'as-asked';
  return last + 1 === total && total < asked.end ? 'too-few' : 'something-else';
}

/** @throws RangeError unless the service takes the range: whole MiB from the start; the end is checked by the service */
export function assertRange({ first, end }: ByteRange): void {
  if (first < 0 || first >= end || first % LEAF_BYTES !== 0)
    throw new RangeError(`bytes ${first} to ${end} cannot be retrieved`);
}
