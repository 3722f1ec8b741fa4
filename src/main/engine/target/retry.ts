/**
 * Retrying: a target that tries again where that can help (patience.ts), around one that does not.
 *
 * Two calls make something new each time they arrive, and the answer to the first may have been lost: beginning an
 * upload and (at a price) asking for a retrieval. Before these are made again, what they would have made is looked for
 * by its description, which is ours alone, and adopted.
 */
import { EngineError } from '../failure.ts';
import { patient, patientList, type RetryOptions } from './patience.ts';
import { retryOf, ServiceFailure } from './serviceFailure.ts';
import type { ByteRange, JobId, RetrievalJob, Target, UploadId } from './target.ts';

export function retrying(target: Target, options: RetryOptions = {}): Target {
  const attempt = patient(options);
  return {
    traits: target.traits,
    probe: (signal) => attempt(() => target.probe(signal), signal),
    create: (signal) => attempt(() => target.create(signal), signal),
    beginUpload: (description, partBytes, signal) =>
      attempt(async (isRepeat) => {
        const begun = isRepeat ? await findUpload(target, description, partBytes, signal) : undefined;
        return begun ?? target.beginUpload(description, partBytes, signal);
      }, signal),
    sendPart: (uploadId, part, signal) => attempt(() => target.sendPart(uploadId, part, signal), signal),
    finishUpload: (uploadId, size, treeHash, signal) =>
      attempt(() => target.finishUpload(uploadId, size, treeHash, signal), signal),
    abortUpload: (uploadId, signal) => attempt(() => target.abortUpload(uploadId, signal), signal),
    listUploads: (signal) => patientList(target.listUploads(signal), attempt, signal),
    listParts: (uploadId, signal) => patientList(target.listParts(uploadId, signal), attempt, signal),
    requestRetrieval: (archiveId, range, tier, description, signal) =>
      attempt(async (isRepeat) => {
        const request = () => target.requestRetrieval(archiveId, range, tier, description, signal);
        if (!isRepeat) return request();
        try {
          return (
            (await findRetrieval(target, { archiveId, range, description }, signal)) ?? (await request())
          );
        } catch (error) {
          throw unsettled(error);
        }
      }, signal),
    describeRetrieval: (jobId, signal) => attempt(() => target.describeRetrieval(jobId, signal), signal),
    listRetrievals: (signal) => patientList(target.listRetrievals(signal), attempt, signal),
    readRetrieved: (jobId, first, end, signal) =>
      attempt(() => target.readRetrieved(jobId, first, end, signal), signal),
    now: () => target.now(),
    close: () => target.close(),
  };
}

/** A "no" to a repeat says nothing of the first try: it may have started a job that is paid. */
function unsettled(error: unknown): unknown {
  if (!(error instanceof EngineError) || retryOf(error).retry !== 'never') return error;
  return new ServiceFailure({
    kind: 'offline',
    message: `${error.message} Whether a retrieval was started just before is not known.`,
    safe: 'If one was, it is found again and not paid twice.',
    advice: error.advice,
    retry: 'never',
    cause: error.message,
  });
}

async function findUpload(
  target: Target,
  description: string,
  partBytes: number,
  signal?: AbortSignal,
): Promise<UploadId | undefined> {
  for await (const upload of target.listUploads(signal)) {
    if (upload.description === description && upload.partBytes === partBytes) return upload.uploadId;
  }
  return undefined;
}

async function findRetrieval(
  target: Target,
  wanted: Pick<RetrievalJob, 'archiveId' | 'range' | 'description'>,
  signal?: AbortSignal,
): Promise<JobId | undefined> {
  for await (const job of target.listRetrievals(signal)) {
    const isOurs = job.description === wanted.description && job.archiveId === wanted.archiveId;
    if (isOurs && job.state !== 'failed' && coversSame(job.range, wanted.range)) return job.jobId;
  }
  return undefined;
}

/** A range over a whole archive is listed as null, whichever way it was asked for. */
function coversSame(listed: ByteRange | null, wanted: ByteRange | null): boolean {
  if (listed === null) return wanted === null || wanted.first === 0;
  return listed.first === wanted?.first && listed.end === wanted.end;
}
