/**
 * Counts what is asked of a target: one per call that reaches it, whether it succeeds or not. For the spend ledger and
 * the account of a run. Put it inside `retrying`, so that repeats count too. A list counts once, however many pages
 * it takes: lists are free of charge on every target that counts requests.
 */
import type { ArchiveId, Target, Tier } from './target.ts';

/** A call of `Target` that goes to the service. */
export type Operation = Exclude<keyof Target, 'traits' | 'now' | 'close'>;

/** What a retrieval is paid by beside its bytes. */
export interface RetrievalAsked {
  readonly tier: Tier;
  /** The archive that is retrieved whole: its size is the caller's to know. Null for a range. */
  readonly whole: ArchiveId | null;
}

/** Told before the call is made. `bytes` is what it carries, there or back; of a retrieval, those of its range. */
export type OnRequest = (operation: Operation, bytes: number, asked?: RetrievalAsked) => void;

export function countRequests(target: Target, onRequest: OnRequest): Target {
  const count = (operation: Operation, bytes = 0): Target => {
    onRequest(operation, bytes);
    return target;
  };
  return {
    traits: target.traits,
    probe: (...args) => count('probe').probe(...args),
    create: (...args) => count('create').create(...args),
    beginUpload: (...args) => count('beginUpload').beginUpload(...args),
    sendPart: (uploadId, part, signal) =>
      count('sendPart', part.bytes.length).sendPart(uploadId, part, signal),
    finishUpload: (...args) => count('finishUpload').finishUpload(...args),
    abortUpload: (...args) => count('abortUpload').abortUpload(...args),
    listUploads: (...args) => count('listUploads').listUploads(...args),
    listParts: (...args) => count('listParts').listParts(...args),
    requestRetrieval: (archiveId, range, tier, description, signal) => {
      const bytes = range === null ? 0 : range.end - range.first;
      onRequest('requestRetrieval', bytes, { tier, whole: range === null ? archiveId : null });
      return target.requestRetrieval(archiveId, range, tier, description, signal);
    },
    describeRetrieval: (...args) => count('describeRetrieval').describeRetrieval(...args),
    listRetrievals: (...args) => count('listRetrievals').listRetrievals(...args),
    readRetrieved: (jobId, first, end, signal) =>
      count('readRetrieved', end - first).readRetrieved(jobId, first, end, signal),
    now: () => target.now(),
    close: () => target.close(),
  };
}
