/**
 * Counts what is asked of a target: one per call that reaches it, whether it succeeds or not. For the spend ledger and
 * the account of a run. Put it inside `retrying`, so that repeats count too. A list counts once, however many pages
 * it takes: lists are free of charge on every target that counts requests.
 */
import type { Target } from './target.ts';

/** A call of `Target` that goes to the service. */
export type Operation = Exclude<keyof Target, 'traits' | 'now' | 'close'>;

/** @param onRequest told before the call is made; `bytes` is what it carries, there or back */
export function countRequests(
  target: Target,
  onRequest: (operation: Operation, bytes: number) => void,
): Target {
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
    requestRetrieval: (...args) => count('requestRetrieval').requestRetrieval(...args),
    describeRetrieval: (...args) => count('describeRetrieval').describeRetrieval(...args),
    listRetrievals: (...args) => count('listRetrievals').listRetrievals(...args),
    readRetrieved: (jobId, first, end, signal) =>
      count('readRetrieved', end - first).readRetrieved(jobId, first, end, signal),
    now: () => target.now(),
    close: () => target.close(),
  };
}
