/** How a new object comes into a bucket: on conditions, as a version of its own or in place of the one without. */
import { NULL_VERSION, newVersionId } from './identifiers.ts';
import { notImplemented, noSuchKey, preconditionFailed, S3Error } from './errors.ts';
import { removed, stored, unstaged } from './metering.ts';
import type { UploadRecord, VersionRecord } from './records.ts';
import { bucketOf, type Call, currentObject, nullVersion } from './s3.ts';

/** What `check` throws tells that the conditions of the request do not hold; called before the bytes come and after. */
export interface Guard {
  check(): void;
}

/**
 * Runs a write under the conditions of its headers. Of two conditional writes to one key at a time the later one is
 * told of a conflict.
 */
export async function guarded<T>(call: Call, write: (guard: Guard) => Promise<T>): Promise<T> {
  const ifNoneMatch = call.header('if-none-match');
  const ifMatch = call.header('if-match');
  if (ifNoneMatch !== undefined && ifNoneMatch.trim() !== '*') throw notImplemented('If-None-Match');
  if (ifNoneMatch === undefined && ifMatch === undefined) return write({ check: () => undefined });
  const { conditionalWrites } = call.s3;
  const slot = `${call.bucket}/${call.key}`;
  const check = (): void => {
    const current = currentObject(bucketOf(call), call.key);
    if (ifNoneMatch !== undefined && current !== null) throw preconditionFailed('If-None-Match');
    if (ifMatch === undefined) return;
    if (current === null) throw noSuchKey(call.key);
    if (!hasEtag(ifMatch, current.etag)) throw preconditionFailed('If-Match');
  };
  check();
  if (conditionalWrites.has(slot))
    throw new S3Error(
      409,
      'ConditionalRequestConflict',
      'The conditional request cannot succeed due to a conflicting operation against this resource.',
      { Condition: ifNoneMatch === undefined ? 'If-Match' : 'If-None-Match', Key: call.key },
    );
  conditionalWrites.add(slot);
  try {
    return await write({ check });
  } finally {
    conditionalWrites.delete(slot);
  }
}

/** Whether a list of entity tags, in quotes or not, has this one or is `*`. */
export function hasEtag(list: string, etag: string): boolean {
  return list.split(',').some((each) => {
    const tag = each.trim().replace(/^W\//, '');
    return tag === '*' || tag === etag || tag === `"${etag}"`;
  });
}

/** What tells a version written now from all others. To be committed in the same turn. */
export function stamp(call: Call): Pick<VersionRecord, 'id' | 'order' | 'at'> {
  const { clock, store } = call.s3;
  const keeps = bucketOf(call).record.versioning === 'Enabled';
  return {
    id: keeps ? newVersionId() : NULL_VERSION,
    order: store.state.order + 1,
    at: clock.serviceNow(),
  };
}

/** Puts a version into the call's bucket and removes the bytes it replaces; `upload` is the one that ends by it. */
export async function commitVersion(
  call: Call,
  version: VersionRecord,
  upload?: UploadRecord,
): Promise<void> {
  const { meter, store } = call.s3;
  const replaced = version.id === NULL_VERSION ? nullVersion(bucketOf(call), version.key) : undefined;
  await store.commit(version.at, [
    { put: 'version', of: call.bucket, version },
    ...(upload === undefined ? [] : [{ drop: 'upload' as const, of: call.bucket, upload: upload.id }]),
  ]);
  if (upload !== undefined) await meter.add(unstaged(call.bucket, upload, version.at));
  if (replaced?.kind === 'object') await meter.add(removed(call.bucket, replaced, version.at));
  if (version.kind === 'object') await meter.add(stored(call.bucket, version));
  await store.blobs.remove(blobsOf(replaced));
}

/** Files of a version's bytes. */
export function blobsOf(version: VersionRecord | undefined): string[] {
  return version?.kind === 'object' ? version.pieces.map(({ blob }) => blob) : [];
}
