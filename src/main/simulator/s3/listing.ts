/** ListObjectsV2, ListObjects and ListObjectVersions: keys in order, a page at a time, rolled up at a delimiter. */
import type { Reply } from '../exchange.ts';
import { badArgument, S3Error } from './errors.ts';
import { isoSeconds } from './identifiers.ts';
import { afterPrefix, compareKeys, lowerBound } from './keyOrder.ts';
import { type Bucket, keysInOrder, type ObjectRecord, type VersionRecord } from './records.ts';
import { restoreState } from './restore.ts';
import { bucketOf, type Call, currentObject } from './s3.ts';
import { documentReply, tag, wrap } from './xml.ts';

const PER_PAGE = 1000;

/** What is listed: one key, or all keys that begin so. */
interface Entry {
  readonly kind: 'key' | 'prefix';
  readonly name: string;
}

interface Wanted {
  readonly prefix: string;
  readonly delimiter: string;
  /** Only what comes after this name; '' for all. */
  readonly after: string;
}

/** Entries of the keys that are `shown`. Keys under a prefix that was told are passed over without looking at each. */
export function* entries(
  keys: readonly string[],
  { prefix, delimiter, after }: Wanted,
  isShown: (key: string) => boolean,
): Generator<Entry> {
  let at = lowerBound(keys, compareKeys(after, prefix) > 0 ? after : prefix);
  for (let key = keys[at]; key?.startsWith(prefix) === true; key = keys[at]) {
    const cut = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
    const common = key.slice(0, cut + delimiter.length);
    if (key === after || !isShown(key)) at += 1;
    else if (cut < 0) {
      yield { kind: 'key', name: key };
      at += 1;
    } else {
      if (common !== after) yield { kind: 'prefix', name: common };
      at = afterPrefix(keys, common, at);
    }
  }
}

/** The first `limit` of `all`, and whether there are more; none of them if the limit is 0. */
function take<T>(all: Iterator<T>, limit: number): { items: T[]; isTruncated: boolean } {
  const items: T[] = [];
  if (limit === 0) return { items, isTruncated: false };
  for (let next = all.next(); next.done !== true; next = all.next()) {
    if (items.length === limit) return { items, isTruncated: true };
    items.push(next.value);
  }
  return { items, isTruncated: false };
}

/** Reads a number of entries per page. @throws S3Error 400 */
export function pageLimit(text: string | null | undefined, name: string): number {
  if (!text) return PER_PAGE;
  if (!/^\d{1,9}$/.test(text))
    throw badArgument(`Provided ${name} not an integer or within integer range`, name, text);
  return Math.min(Number(text), PER_PAGE);
}

/** How names are written: as they are, or encoded as in a form if the client asked, for keys XML cannot hold. */
export function nameWriter(query: URLSearchParams): (text: string) => string {
  const encoding = query.get('encoding-type');
  if (encoding === null || encoding === '') return (text) => text;
  if (encoding !== 'url')
    throw badArgument('Invalid Encoding Method specified in Request', 'encoding-type', encoding);
  return (text) => new URLSearchParams([['', text]]).toString().slice(1).replaceAll('%2F', '/');
}

export function listObjectsV2(call: Call): Reply {
  const { query } = call;
  const bucket = bucketOf(call);
  const write = nameWriter(query);
  const token = query.get('continuation-token');
  if (token !== null && !/^[\w-]+$/.test(token))
    throw badArgument('The continuation token provided is incorrect', 'continuation-token', token);
  const startAfter = query.get('start-after') ?? '';
  const wanted = {
    prefix: query.get('prefix') ?? '',
    delimiter: query.get('delimiter') ?? '',
    after: token === null ? startAfter : Buffer.from(token, 'base64url').toString(),
  };
  const limit = pageLimit(query.get('max-keys'), 'max-keys');
  const page = objectsPage(bucket, wanted, limit);
  const last = page.isTruncated ? page.items.at(-1) : undefined;
  return documentReply(
    'ListBucketResult',
    tag('Name', call.bucket),
    tag('Prefix', write(wanted.prefix)),
    ...(startAfter === '' ? [] : [tag('StartAfter', write(startAfter))]),
    ...(token === null ? [] : [tag('ContinuationToken', token)]),
    ...(last === undefined
      ? []
      : [tag('NextContinuationToken', Buffer.from(last.name).toString('base64url'))]),
    tag('KeyCount', page.items.length),
    tag('MaxKeys', limit),
    ...frame(call, wanted, page.isTruncated),
    ...contents(call, bucket, page.items, query.get('fetch-owner') === 'true'),
  );
}

/** As clients of before 2016 ask. The marker of the next page is only told where names were rolled up. */
export function listObjects(call: Call): Reply {
  const { query } = call;
  const bucket = bucketOf(call);
  const write = nameWriter(query);
  const wanted = {
    prefix: query.get('prefix') ?? '',
    delimiter: query.get('delimiter') ?? '',
    after: query.get('marker') ?? '',
  };
  const limit = pageLimit(query.get('max-keys'), 'max-keys');
  const page = objectsPage(bucket, wanted, limit);
  const last = page.isTruncated && wanted.delimiter !== '' ? page.items.at(-1) : undefined;
  return documentReply(
    'ListBucketResult',
    tag('Name', call.bucket),
    tag('Prefix', write(wanted.prefix)),
    tag('Marker', write(wanted.after)),
    ...(last === undefined ? [] : [tag('NextMarker', write(last.name))]),
    tag('MaxKeys', limit),
    ...frame(call, wanted, page.isTruncated),
    ...contents(call, bucket, page.items, true),
  );
}

function objectsPage(
  bucket: Bucket,
  wanted: Wanted,
  limit: number,
): { items: Entry[]; isTruncated: boolean } {
  const isShown = (key: string): boolean => currentObject(bucket, key) !== null;
  return take(entries(keysInOrder(bucket), wanted, isShown), limit);
}

/** Elements all three listings have. */
function frame({ query }: Call, { delimiter }: Wanted, isTruncated: boolean): string[] {
  const encoding = query.get('encoding-type');
  return [
    ...(delimiter === '' ? [] : [tag('Delimiter', nameWriter(query)(delimiter))]),
    ...(encoding === null || encoding === '' ? [] : [tag('EncodingType', encoding)]),
    tag('IsTruncated', isTruncated),
  ];
}

function contents(call: Call, bucket: Bucket, items: readonly Entry[], tellsOwner: boolean): string[] {
  const write = nameWriter(call.query);
  const attributes = call.header('x-amz-optional-object-attributes') ?? '';
  const tellsRestore = attributes.split(',').some((each) => each.trim() === 'RestoreStatus');
  return items.map(({ kind, name }) => {
    const object = kind === 'key' ? currentObject(bucket, name) : null;
    if (object === null) return wrap('CommonPrefixes', tag('Prefix', write(name)));
    return wrap(
      'Contents',
      tag('Key', write(name)),
      ...objectElements(object),
      ...(tellsOwner ? [owner(call)] : []),
      ...(tellsRestore ? restoreStatus(object, call.s3.clock.serviceNow()) : []),
    );
  });
}

function objectElements(object: ObjectRecord): string[] {
  const { checksum } = object;
  return [
    tag('LastModified', isoSeconds(object.at)),
    tag('ETag', `"${object.etag}"`),
    ...(checksum === null
      ? []
      : [tag('ChecksumAlgorithm', checksum.algorithm), tag('ChecksumType', checksum.type)]),
    tag('Size', object.bytes),
    tag('StorageClass', object.storageClass),
  ];
}

export function owner({ s3 }: Call): string {
  return wrap('Owner', tag('ID', s3.accountId), tag('DisplayName', s3.accountId));
}

function restoreStatus(object: ObjectRecord, now: number): string[] {
  const state = restoreState(object, now);
  switch (state.kind) {
    case 'readable':
    case 'archived':
      return [];
    case 'ongoing':
      return [wrap('RestoreStatus', tag('IsRestoreInProgress', true))];
    case 'restored':
      return [
        wrap(
          'RestoreStatus',
          tag('IsRestoreInProgress', false),
          tag('RestoreExpiryDate', isoSeconds(state.restore.expiresAt)),
        ),
      ];
  }
}

type VersionEntry =
  | { readonly kind: 'prefix'; readonly name: string }
  | { readonly kind: 'version'; readonly version: VersionRecord; readonly isLatest: boolean };

/** Of each key the latest version first. With a version id the marker's key itself goes on behind that version. */
export function listObjectVersions(call: Call): Reply {
  const { query } = call;
  const bucket = bucketOf(call);
  const write = nameWriter(query);
  const wanted = {
    prefix: query.get('prefix') ?? '',
    delimiter: query.get('delimiter') ?? '',
    after: query.get('key-marker') ?? '',
  };
  const versionMarker = query.get('version-id-marker') ?? '';
  if (versionMarker !== '' && wanted.after === '')
    throw badArgument(
      'A version-id marker cannot be specified without a key marker.',
      'version-id-marker',
      versionMarker,
    );
  const limit = pageLimit(query.get('max-keys'), 'max-keys');
  const page = take(versionEntries(bucket, wanted, versionMarker), limit);
  const last = page.isTruncated ? page.items.at(-1) : undefined;
  const next =
    last?.kind === 'version'
      ? [tag('NextKeyMarker', write(last.version.key)), tag('NextVersionIdMarker', last.version.id)]
      : last === undefined
        ? []
        : [tag('NextKeyMarker', write(last.name))];
  return documentReply(
    'ListVersionsResult',
    tag('Name', call.bucket),
    tag('Prefix', write(wanted.prefix)),
    tag('KeyMarker', write(wanted.after)),
    tag('VersionIdMarker', versionMarker),
    ...next,
    tag('MaxKeys', limit),
    ...frame(call, wanted, page.isTruncated),
    ...page.items.map((item) => {
      if (item.kind === 'prefix') return wrap('CommonPrefixes', tag('Prefix', write(item.name)));
      const { version, isLatest } = item;
      return wrap(
        version.kind === 'object' ? 'Version' : 'DeleteMarker',
        tag('Key', write(version.key)),
        tag('VersionId', version.id),
        tag('IsLatest', isLatest),
        ...(version.kind === 'object'
          ? objectElements(version)
          : [tag('LastModified', isoSeconds(version.at))]),
        owner(call),
      );
    }),
  );
}

function* versionEntries(bucket: Bucket, wanted: Wanted, versionMarker: string): Generator<VersionEntry> {
  if (versionMarker !== '') {
    const versions = bucket.versions.get(wanted.after) ?? [];
    const place = versions.findIndex(({ id }) => id === versionMarker);
    if (place < 0 && versions.length > 0)
      throw new S3Error(400, 'InvalidArgument', 'Invalid version id specified');
    for (const version of versions.slice(place + 1)) yield { kind: 'version', version, isLatest: false };
  }
  for (const entry of entries(keysInOrder(bucket), wanted, () => true)) {
    if (entry.kind === 'prefix') yield { kind: 'prefix', name: entry.name };
    else
      for (const [place, version] of (bucket.versions.get(entry.name) ?? []).entries())
        yield { kind: 'version', version, isLatest: place === 0 };
  }
}
