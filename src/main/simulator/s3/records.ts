/**
 * What S3 knows, and the changes that make it so.
 *
 * A change puts one record whole or drops it, so applying it twice is the same as once and any state can be written
 * as a list of changes. Nothing here happens by itself: whether an object is restored or a retention over is worked
 * out from the times in the records whenever somebody asks.
 */
import type { Algorithm, Checksum, ChecksumType } from './checksums.ts';
import { compareKeys } from './keyOrder.ts';
import type { StorageClass } from './storageClasses.ts';

export interface Retention {
  readonly mode: 'GOVERNANCE' | 'COMPLIANCE';
  readonly until: number;
}

export interface DefaultRetention {
  readonly mode: Retention['mode'];
  readonly unit: 'Days' | 'Years';
  readonly count: number;
}

export interface BucketRecord {
  readonly name: string;
  readonly createdAt: number;
  /** null until versions were first kept; then never null again. */
  readonly versioning: 'Enabled' | 'Suspended' | null;
  /** Names of what is blocked; null if the configuration was deleted. */
  readonly publicAccessBlock: readonly string[] | null;
  /** What is in the LifecycleConfiguration, as XML. */
  readonly lifecycle: string | null;
  /** null: objects cannot be locked. */
  readonly objectLock: { readonly defaultRetention: DefaultRetention | null } | null;
}

/** A body in one file. */
export interface Piece {
  readonly blob: string;
  readonly bytes: number;
  /** Base64, by the object's algorithm. */
  readonly checksum: string | null;
}

export type RestoreTier = 'Expedited' | 'Standard' | 'Bulk';

export interface Restore {
  readonly tier: RestoreTier;
  readonly days: number;
  readonly readyAt: number;
  readonly expiresAt: number;
}

interface VersionCommon {
  readonly key: string;
  readonly id: string;
  /** The later of two versions has the greater one. */
  readonly order: number;
  readonly at: number;
}

export interface DeleteMarker extends VersionCommon {
  readonly kind: 'marker';
}

export interface ObjectRecord extends VersionCommon {
  readonly kind: 'object';
  readonly bytes: number;
  /** Without quotes. */
  readonly etag: string;
  readonly storageClass: StorageClass;
  readonly pieces: readonly Piece[];
  /** Whether it came in parts, however many. */
  readonly multipart: boolean;
  readonly checksum: Checksum | null;
  /** Headers that are told again as they were sent: content type and the like, and user metadata. */
  readonly headers: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
  readonly retention: Retention | null;
  readonly legalHold: boolean | null;
  readonly restore: Restore | null;
}

export type VersionRecord = ObjectRecord | DeleteMarker;

/** What an object has besides its bytes. */
export type Properties = Pick<ObjectRecord, 'storageClass' | 'headers' | 'tags' | 'retention' | 'legalHold'>;

export interface UploadRecord {
  readonly id: string;
  readonly key: string;
  readonly createdAt: number;
  readonly algorithm: Algorithm;
  readonly type: ChecksumType;
  /** Whether the client chose the algorithm: then parts and their completion must tell checksums. */
  readonly chosen: boolean;
  readonly properties: Properties;
}

export interface PartRecord extends Piece {
  readonly number: number;
  /** Hex MD5. */
  readonly etag: string;
  readonly checksum: string;
  readonly at: number;
}

export interface Upload {
  readonly record: UploadRecord;
  readonly parts: Map<number, PartRecord>;
}

export interface Bucket {
  record: BucketRecord;
  /** Latest version first; no key without a version. */
  readonly versions: Map<string, readonly VersionRecord[]>;
  readonly uploads: Map<string, Upload>;
  /** All keys in order; null if it has to be made again. */
  sortedKeys: readonly string[] | null;
}

export interface State {
  readonly buckets: Map<string, Bucket>;
  /** Greatest of all versions. */
  order: number;
}

export type Change =
  | { readonly put: 'bucket'; readonly bucket: BucketRecord }
  | { readonly put: 'version'; readonly of: string; readonly version: VersionRecord }
  | { readonly put: 'upload'; readonly of: string; readonly upload: UploadRecord }
  | { readonly put: 'part'; readonly of: string; readonly upload: string; readonly part: PartRecord }
  | { readonly drop: 'bucket'; readonly name: string }
  | { readonly drop: 'version'; readonly of: string; readonly key: string; readonly id: string }
  | { readonly drop: 'upload'; readonly of: string; readonly upload: string };

export function emptyState(): State {
  return { buckets: new Map(), order: 0 };
}

/** Brings `state` up to `change`. @throws RangeError if the change belongs to a bucket or upload that is not there. */
export function apply(state: State, change: Change): void {
  if ('put' in change) put(state, change);
  else drop(state, change);
}

function put(state: State, change: Extract<Change, { put: unknown }>): void {
  switch (change.put) {
    case 'bucket': {
      const known = state.buckets.get(change.bucket.name);
      if (known === undefined) state.buckets.set(change.bucket.name, newBucket(change.bucket));
      else known.record = change.bucket;
      return;
    }
    case 'version': {
      const { version } = change;
      const bucket = bucketOf(state, change.of);
      const others = (bucket.versions.get(version.key) ?? []).filter(({ id }) => id !== version.id);
      if (!bucket.versions.has(version.key)) bucket.sortedKeys = null;
      bucket.versions.set(
        version.key,
        [version, ...others].sort((a, b) => b.order - a.order),
      );
      state.order = Math.max(state.order, version.order);
      return;
    }
    case 'upload':
      bucketOf(state, change.of).uploads.set(change.upload.id, { record: change.upload, parts: new Map() });
      return;
    case 'part':
      uploadOf(state, change.of, change.upload).parts.set(change.part.number, change.part);
      return;
  }
}

function drop(state: State, change: Extract<Change, { drop: unknown }>): void {
  switch (change.drop) {
    case 'bucket':
      state.buckets.delete(change.name);
      return;
    case 'version': {
      const bucket = bucketOf(state, change.of);
      const left = (bucket.versions.get(change.key) ?? []).filter(({ id }) => id !== change.id);
      if (left.length > 0) bucket.versions.set(change.key, left);
      else if (bucket.versions.delete(change.key)) bucket.sortedKeys = null;
      return;
    }
    case 'upload':
      bucketOf(state, change.of).uploads.delete(change.upload);
      return;
  }
}

function newBucket(record: BucketRecord): Bucket {
  return { record, versions: new Map(), uploads: new Map(), sortedKeys: null };
}

function bucketOf(state: State, name: string): Bucket {
  const bucket = state.buckets.get(name);
  if (bucket === undefined) throw new RangeError(`no bucket ${name} to change`);
  return bucket;
}

function uploadOf(state: State, bucket: string, id: string): Upload {
  const upload = bucketOf(state, bucket).uploads.get(id);
  if (upload === undefined) throw new RangeError(`no upload ${id} to change`);
  return upload;
}

/** All keys of a bucket in order, those too whose latest version is a delete marker. */
export function keysInOrder(bucket: Bucket): readonly string[] {
  return (bucket.sortedKeys ??= [...bucket.versions.keys()].sort(compareKeys));
}

/** The shortest list of changes that makes `state` out of nothing. */
export function* asChanges(state: State): Generator<Change> {
  for (const [of, bucket] of state.buckets) {
    yield { put: 'bucket', bucket: bucket.record };
    for (const versions of bucket.versions.values())
      for (const version of versions) yield { put: 'version', of, version };
    for (const { record, parts } of bucket.uploads.values()) {
      yield { put: 'upload', of, upload: record };
      for (const part of parts.values()) yield { put: 'part', of, upload: record.id, part };
    }
  }
}

/** Names of all files somebody can still ask for. */
export function blobsInUse(state: State): Set<string> {
  const inUse = new Set<string>();
  for (const bucket of state.buckets.values()) {
    for (const versions of bucket.versions.values())
      for (const version of versions)
        if (version.kind === 'object') for (const { blob } of version.pieces) inUse.add(blob);
    for (const { parts } of bucket.uploads.values()) for (const { blob } of parts.values()) inUse.add(blob);
  }
  return inUse;
}
