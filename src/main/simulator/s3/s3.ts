/** What every operation of S3 works with. */
import type { Clock } from '../clock.ts';
import type { Meter } from '../bill/events.ts';
import type { Reply } from '../exchange.ts';
import type { Conditions } from '../faults.ts';
import { badXml, noSuchKey, S3Error } from './errors.ts';
import { NULL_VERSION } from './identifiers.ts';
import type { Payload } from './payload.ts';
import type { Bucket, ObjectRecord, VersionRecord } from './records.ts';
import type { BucketStore } from './store.ts';
import { type Element, parseXml } from './xml.ts';

export interface S3 {
  readonly accountId: string;
  readonly region: string;
  readonly clock: Clock;
  readonly conditions: Conditions;
  readonly store: BucketStore;
  readonly meter: Meter;
  /** Keys, as `bucket/key`, that are being written right now on condition that they do not change meanwhile. */
  readonly conditionalWrites: Set<string>;
}

/** One authenticated request for one operation. */
export interface Call {
  readonly s3: S3;
  /** Decoded; '' where the operation has none. */
  readonly bucket: string;
  readonly key: string;
  readonly query: URLSearchParams;
  header(name: string): string | undefined;
  /** All headers whose names start so, by full name. */
  headersFrom(prefix: string): Record<string, string>;
  /** The body, already read and checked, of an operation that takes no stream. */
  readonly body: Buffer;
  /** The unread body of an operation that takes a stream. */
  readonly payload: Payload;
}

export type Operation = (call: Call) => Reply | Promise<Reply>;

/** The bucket the path names. @throws S3Error 404 */
export function bucketOf({ s3, bucket }: Call): Bucket {
  return bucketNamed(s3, bucket);
}

export function bucketNamed(s3: S3, name: string): Bucket {
  const bucket = s3.store.state.buckets.get(name);
  if (bucket === undefined)
    throw new S3Error(404, 'NoSuchBucket', 'The specified bucket does not exist', { BucketName: name });
  return bucket;
}

/** What version headers an answer about a version has: none in a bucket that never kept any. */
export function versionHeaders(bucket: Bucket, version: VersionRecord): Record<string, string> {
  const marker = version.kind === 'marker' ? { 'x-amz-delete-marker': 'true' } : {};
  return bucket.record.versioning === null ? marker : { ...marker, 'x-amz-version-id': version.id };
}

/** The object of that version, the latest if undefined. @throws S3Error 404, or 405 for a delete marker asked for by its id */
export function objectIn(bucket: Bucket, key: string, versionId: string | undefined): ObjectRecord {
  const versions = bucket.versions.get(key) ?? [];
  const version = versionId === undefined ? versions[0] : versions.find(({ id }) => id === versionId);
  if (version === undefined && versionId !== undefined)
    throw new S3Error(404, 'NoSuchVersion', 'The specified version does not exist.', {
      Key: key,
      VersionId: versionId,
    });
  if (version === undefined) throw noSuchKey(key);
  if (version.kind === 'object') return version;
  const headers = { ...versionHeaders(bucket, version), 'Last-Modified': httpDate(version.at) };
  if (versionId === undefined)
    throw new S3Error(404, 'NoSuchKey', 'The specified key does not exist.', { Key: key }, headers);
  throw new S3Error(
    405,
    'MethodNotAllowed',
    'The specified method is not allowed against this resource.',
    { ResourceType: 'DeleteMarker' },
    { ...headers, Allow: 'DELETE' },
  );
}

/** The object the path and `versionId` in the query name. @throws S3Error */
export function objectOf(call: Call): ObjectRecord {
  return objectIn(bucketOf(call), call.key, call.query.get('versionId') ?? undefined);
}

/** The latest version of a key, if that is an object. */
export function currentObject(bucket: Bucket, key: string): ObjectRecord | null {
  const [latest] = bucket.versions.get(key) ?? [];
  return latest?.kind === 'object' ? latest : null;
}

/** What a new version without an id of its own replaces. */
export function nullVersion(bucket: Bucket, key: string): VersionRecord | undefined {
  return bucket.versions.get(key)?.find(({ id }) => id === NULL_VERSION);
}

/** The root of an XML body. @throws S3Error 400 */
export function xmlBody(call: Call, root: string): Element {
  let element;
  try {
    element = parseXml(call.body.toString());
  } catch {
    throw badXml();
  }
  if (element.name !== root) throw badXml();
  return element;
}

export function httpDate(ms: number): string {
  return new Date(ms).toUTCString();
}
