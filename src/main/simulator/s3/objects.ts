/** PutObject, CopyObject, GetObject and HeadObject. */
import { emptyReply, type Reply } from '../exchange.ts';
import {
  type Algorithm,
  checkedAlgorithm,
  type Checksum,
  checksumElement,
  checksumHeaders,
} from './checksums.ts';
import { copiedBytes, copySource, sourceHeaders } from './copySource.ts';
import { badArgument, badRequest, preconditionFailed, S3Error } from './errors.ts';
import { isoSeconds } from './identifiers.ts';
import { MOST_BODY_BYTES, type Payload, takeIn } from './payload.ts';
import { identityHeaders, objectHeaders, readHeaders, readProperties } from './properties.ts';
import type { ObjectRecord, Properties } from './records.ts';
import { checkReadable } from './restore.ts';
import { bucketOf, type Call, objectOf } from './s3.ts';
import { checkedStorageClass } from './storageClasses.ts';
import { commitVersion, guarded, hasEtag, stamp } from './writing.ts';
import { documentReply, tag } from './xml.ts';

export async function putObject(call: Call): Promise<Reply> {
  const bucket = bucketOf(call);
  const properties = readProperties(call, bucket);
  const locks = Object.keys(call.headersFrom('x-amz-object-lock-')).length > 0;
  if (locks && call.payload.md5 === null && call.payload.stated === null)
    throw badRequest(
      'Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock parameters',
    );
  checkLength(call.payload);
  const algorithm = call.payload.stated?.algorithm ?? 'CRC64NVME';
  const object = await guarded(call, (guard) => store(call, call.payload, algorithm, properties, guard));
  return emptyReply(200, {
    ...identityHeaders(call, object),
    ...(object.checksum === null ? {} : checksumHeaders(object.checksum)),
  });
}

/** @throws S3Error 400 if the body is longer than any may be */
export function checkLength({ length }: Payload): void {
  if (length !== null && length > MOST_BODY_BYTES)
    throw new S3Error(400, 'EntityTooLarge', 'Your proposed upload exceeds the maximum allowed size', {
      ProposedSize: String(length),
      MaxSizeAllowed: String(MOST_BODY_BYTES),
    });
}

async function store(
  call: Call,
  payload: Payload,
  algorithm: Algorithm,
  properties: Properties,
  guard: { check(): void },
): Promise<ObjectRecord> {
  const { blobs } = call.s3.store;
  const {
    taken,
    stored: blob,
    check,
  } = await takeIn(payload, [algorithm], (bytes) => blobs.write(bytes, payload.length));
  let object: ObjectRecord;
  try {
    check();
    guard.check();
    const value = taken.checksums.get(algorithm) ?? '';
    const checksum: Checksum = { algorithm, type: 'FULL_OBJECT', value };
    object = {
      kind: 'object',
      key: call.key,
      ...stamp(call),
      bytes: taken.bytes,
      etag: taken.md5,
      pieces: [{ blob, bytes: taken.bytes, checksum: value }],
      multipart: false,
      checksum,
      ...properties,
      restore: null,
    };
  } catch (error) {
    await blobs.remove([blob]);
    throw error;
  }
  await commitVersion(call, object);
  return object;
}

/** Copies the bytes as one, however many parts the source came in. */
export async function copyObject(call: Call): Promise<Reply> {
  const bucket = bucketOf(call);
  const { from, source, versionId } = copySource(call);
  const payload = copiedBytes(call, source, 0, source.bytes);
  const replaces = directive(call, 'x-amz-metadata-directive');
  const isSelf = from === bucket && source.key === call.key && versionId === undefined;
  const newClass = checkedStorageClass(call.header('x-amz-storage-class'));
  if (isSelf && !replaces && newClass === source.storageClass)
    throw badRequest(
      "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.",
    );
  const properties = readProperties(call, bucket);
  const named = call.header('x-amz-checksum-algorithm');
  const algorithm =
    named === undefined ? (source.checksum?.algorithm ?? 'CRC64NVME') : checkedAlgorithm(named);
  const object = await guarded(call, (guard) =>
    store(
      call,
      payload,
      algorithm,
      {
        ...properties,
        headers: replaces ? readHeaders(call) : source.headers,
        tags: directive(call, 'x-amz-tagging-directive') ? properties.tags : source.tags,
      },
      guard,
    ),
  );
  const reply = documentReply(
    'CopyObjectResult',
    tag('LastModified', isoSeconds(object.at)),
    tag('ETag', `"${object.etag}"`),
    ...(object.checksum === null
      ? []
      : [tag('ChecksumType', object.checksum.type), tag(checksumElement(algorithm), object.checksum.value)]),
  );
  const told = { ...identityHeaders(call, object), ...sourceHeaders(from, source) };
  return { ...reply, headers: { ...reply.headers, ...told } };
}

/** Whether properties are replaced instead of copied. */
function directive(call: Call, name: string): boolean {
  const value = call.header(name) ?? 'COPY';
  if (value !== 'COPY' && value !== 'REPLACE') throw badArgument('Unknown directive.', name, value);
  return value === 'REPLACE';
}

export function getObject(call: Call): Reply {
  const object = objectOf(call);
  checkConditions(call, object);
  checkReadable(object, call.s3.clock.serviceNow());
  const { status, first, length, headers } = selection(call, object);
  const overrides = Object.fromEntries(
    [...call.query]
      .filter(([name]) => /^response-(content-|cache-control|expires)/.test(name))
      .map(([name, value]) => [name.slice('response-'.length), value]),
  );
  return {
    status,
    headers: { ...objectHeaders(call, object), ...headers, ...overrides },
    body: { bytes: call.s3.store.blobs.read(object.pieces, first, length), length },
  };
}

export function headObject(call: Call): Reply {
  const object = objectOf(call);
  checkConditions(call, object);
  const { status, length, headers } = selection(call, object);
  return emptyReply(status, {
    ...objectHeaders(call, object),
    ...headers,
    'Content-Length': String(length),
  });
}

/** If-Match goes before If-Unmodified-Since, If-None-Match before If-Modified-Since. */
function checkConditions(call: Call, object: ObjectRecord): void {
  const ifMatch = call.header('if-match');
  const ifNoneMatch = call.header('if-none-match');
  const changedSince = (name: string): boolean | null => {
    const since = Date.parse(call.header(name) ?? '');
    return Number.isNaN(since) ? null : Math.floor(object.at / 1000) * 1000 > since;
  };
  if (ifMatch !== undefined ? !hasEtag(ifMatch, object.etag) : changedSince('if-unmodified-since') === true)
    throw preconditionFailed(ifMatch === undefined ? 'If-Unmodified-Since' : 'If-Match');
  if (
    ifNoneMatch !== undefined
      ? hasEtag(ifNoneMatch, object.etag)
      : changedSince('if-modified-since') === false
  ) {
    const { ETag = '', ...rest } = objectHeaders(call, object);
    throw new S3Error(
      304,
      'NotModified',
      'Not Modified',
      {},
      { ETag, 'Last-Modified': rest['Last-Modified'] ?? '' },
    );
  }
}

interface Selection {
  readonly status: number;
  readonly first: number;
  readonly length: number;
  readonly headers: Readonly<Record<string, string>>;
}

/** Which bytes are asked for: all, a range, or a part. @throws S3Error 416 */
function selection(call: Call, object: ObjectRecord): Selection {
  const { bytes, checksum } = object;
  const range = call.header('range');
  const part = call.query.get('partNumber');
  const tellsChecksum = call.header('x-amz-checksum-mode')?.toUpperCase() === 'ENABLED';
  if (part !== null) {
    if (range !== undefined)
      throw badRequest('Cannot specify both Range header and partNumber query parameter');
    return partSelection(object, part, tellsChecksum);
  }
  const chosen = range === undefined ? null : parseRange(range, bytes);
  if (chosen === 'unsatisfiable')
    throw new S3Error(
      416,
      'InvalidRange',
      'The requested range is not satisfiable',
      { RangeRequested: range ?? '', ActualObjectSize: String(bytes) },
      { 'Content-Range': `bytes */${bytes}` },
    );
  if (chosen !== null)
    return {
      status: 206,
      first: chosen.first,
      length: chosen.last - chosen.first + 1,
      headers: { 'Content-Range': `bytes ${chosen.first}-${chosen.last}/${bytes}` },
    };
  const headers = tellsChecksum && checksum !== null ? checksumHeaders(checksum) : {};
  return { status: 200, first: 0, length: bytes, headers };
}

function partSelection(object: ObjectRecord, text: string, tellsChecksum: boolean): Selection {
  const { bytes, checksum, pieces, multipart } = object;
  const number = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  const piece = pieces[number - 1];
  if (number < 1 || number > 10_000)
    throw badArgument('Part number must be an integer between 1 and 10000, inclusive', 'partNumber', text);
  if (piece === undefined)
    throw new S3Error(416, 'InvalidPartNumber', 'The requested partnumber is not satisfiable', {
      PartNumberRequested: text,
      ActualPartCount: String(pieces.length),
    });
  const first = pieces.slice(0, number - 1).reduce((sum, each) => sum + each.bytes, 0);
  const told: Checksum | null =
    checksum === null || piece.checksum === null ? null : { ...checksum, value: piece.checksum };
  return {
    status: 206,
    first,
    length: piece.bytes,
    headers: {
      ...(piece.bytes === 0 ? {} : { 'Content-Range': `bytes ${first}-${first + piece.bytes - 1}/${bytes}` }),
      ...(multipart ? { 'x-amz-mp-parts-count': String(pieces.length) } : {}),
      ...(tellsChecksum && told !== null ? checksumHeaders(told) : {}),
    },
  };
}

/** One range of bytes; null for anything else, which is as good as no header. */
function parseRange(text: string, size: number): { first: number; last: number } | 'unsatisfiable' | null {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(text.replaceAll(' ', ''));
  if (match === null) return null;
  const [, from = '', to = ''] = match;
  if (from === '') {
    if (to === '') return null;
    const length = Math.min(Number(to), size);
    return length === 0 ? 'unsatisfiable' : { first: size - length, last: size - 1 };
  }
  if (to !== '' && Number(to) < Number(from)) return null;
  if (Number(from) >= size) return 'unsatisfiable';
  return { first: Number(from), last: to === '' ? size - 1 : Math.min(Number(to), size - 1) };
}
