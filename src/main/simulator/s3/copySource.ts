/** The object that a copy is made of, whole or in part. */
import { badArgument, badRequest, preconditionFailed, S3Error } from './errors.ts';
import { MOST_BODY_BYTES, type Payload } from './payload.ts';
import type { Bucket, ObjectRecord } from './records.ts';
import { restoreState } from './restore.ts';
import { bucketNamed, type Call, objectIn } from './s3.ts';
import { hasEtag } from './writing.ts';

interface CopySource {
  readonly from: Bucket;
  readonly source: ObjectRecord;
  /** As it was asked for. */
  readonly versionId: string | undefined;
}

/** What x-amz-copy-source names. @throws S3Error if it is not there, not as the conditions want it, or archived */
export function copySource(call: Call): CopySource {
  const { name, key, versionId } = parseSource(call.header('x-amz-copy-source') ?? '');
  const from = bucketNamed(call.s3, name);
  const source = objectIn(from, key, versionId);
  checkConditions(call, source);
  const { kind } = restoreState(source, call.s3.clock.serviceNow());
  if (kind === 'archived' || kind === 'ongoing')
    throw new S3Error(
      403,
      'ObjectNotInActiveTierError',
      'The source object of the COPY action is not in the active tier and is only stored in an archive class.',
    );
  return { from, source, versionId };
}

function parseSource(text: string): { name: string; key: string; versionId: string | undefined } {
  const mark = text.indexOf('?versionId=');
  const path = mark < 0 ? text : text.slice(0, mark);
  let decoded;
  try {
    decoded = decodeURIComponent(path);
  } catch {
    decoded = path;
  }
  const match = /^\/?([^/]+)\/(.+)$/s.exec(decoded);
  if (match === null)
    throw badArgument(
      'Copy Source must mention the source bucket and key: sourcebucket/sourcekey',
      'x-amz-copy-source',
      text,
    );
  return {
    name: match[1] ?? '',
    key: match[2] ?? '',
    versionId: mark < 0 ? undefined : text.slice(mark + '?versionId='.length),
  };
}

function checkConditions(call: Call, source: ObjectRecord): void {
  const match = call.header('x-amz-copy-source-if-match');
  const noneMatch = call.header('x-amz-copy-source-if-none-match');
  if (match !== undefined && !hasEtag(match, source.etag))
    throw preconditionFailed('x-amz-copy-source-If-Match');
  if (noneMatch !== undefined && hasEtag(noneMatch, source.etag))
    throw preconditionFailed('x-amz-copy-source-If-None-Match');
}

/** `length` bytes of the source from `first` on, to be stored like a body that was sent. @throws S3Error 400 if they are too many */
export function copiedBytes({ s3 }: Call, source: ObjectRecord, first: number, length: number): Payload {
  if (length > MOST_BODY_BYTES)
    throw badRequest(
      `The specified copy source is larger than the maximum allowable size for a copy source: ${MOST_BODY_BYTES}`,
    );
  const bytes = s3.store.blobs.read(source.pieces, first, length);
  return { bytes, length, stated: null, sha256: null, md5: null };
}

/** Which version of the source it was, if its bucket keeps any. */
export function sourceHeaders({ record }: Bucket, source: ObjectRecord): Record<string, string> {
  return record.versioning === null ? {} : { 'x-amz-copy-source-version-id': source.id };
}
