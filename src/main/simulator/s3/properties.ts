/** What an object has besides its bytes, read from the headers of a request and told in those of an answer. */
import { S3Error } from './errors.ts';
import { lockHeaders, lockOfHeaders } from './lock.ts';
import type { Bucket, ObjectRecord, Properties } from './records.ts';
import { restoreHeader } from './restore.ts';
import { bucketOf, type Call, httpDate, versionHeaders } from './s3.ts';
import { checkedStorageClass } from './storageClasses.ts';
import { tagsOfHeader } from './tags.ts';

const MOST_METADATA_BYTES = 2048;
const MOST_KEY_BYTES = 1024;

const toldAgain = [
  'content-type',
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'expires',
  'x-amz-website-redirect-location',
];

/** The properties of an object about to be written. @throws S3Error 400 */
export function readProperties(call: Call, bucket: Bucket): Properties {
  if (Buffer.byteLength(call.key) > MOST_KEY_BYTES)
    throw new S3Error(400, 'KeyTooLongError', 'Your key is too long', {
      Size: String(Buffer.byteLength(call.key)),
      MaxSizeAllowed: String(MOST_KEY_BYTES),
    });
  return {
    storageClass: checkedStorageClass(call.header('x-amz-storage-class')),
    headers: readHeaders(call),
    tags: tagsOfHeader(call.header('x-amz-tagging') ?? ''),
    ...lockOfHeaders(call, bucket, call.s3.clock.serviceNow()),
  };
}

/** Content headers and user metadata. @throws S3Error 400 */
export function readHeaders(call: Call): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const name of toldAgain) {
    const value = call.header(name);
    if (value !== undefined) headers[name] = value;
  }
  // aws-chunked is how the body came, not what it is.
  const encodings = (headers['content-encoding'] ?? '').split(',').map((each) => each.trim());
  const encoding = encodings.filter((each) => each !== '' && each !== 'aws-chunked').join(',');
  delete headers['content-encoding'];
  if (encoding !== '') headers['content-encoding'] = encoding;
  headers['content-type'] ??= 'binary/octet-stream';
  const metadata = call.headersFrom('x-amz-meta-');
  const bytes = Object.entries(metadata).reduce(
    (sum, [name, value]) => sum + name.length - 'x-amz-meta-'.length + Buffer.byteLength(value),
    0,
  );
  if (bytes > MOST_METADATA_BYTES)
    throw new S3Error(
      400,
      'MetadataTooLarge',
      'Your metadata headers exceed the maximum allowed metadata size',
      {
        Size: String(bytes),
        MaxSizeAllowed: String(MOST_METADATA_BYTES),
      },
    );
  return { ...headers, ...metadata };
}

/** All headers that tell of an object, whatever part of it is sent. */
export function objectHeaders(call: Call, object: ObjectRecord): Record<string, string> {
  const tags = Object.keys(object.tags).length;
  const restore = restoreHeader(object, call.s3.clock.serviceNow());
  return {
    ...object.headers,
    ...identityHeaders(call, object),
    'Last-Modified': httpDate(object.at),
    'Accept-Ranges': 'bytes',
    ...(object.storageClass === 'STANDARD' ? {} : { 'x-amz-storage-class': object.storageClass }),
    ...(restore === null ? {} : { 'x-amz-restore': restore }),
    ...(tags === 0 ? {} : { 'x-amz-tagging-count': String(tags) }),
    ...lockHeaders(object),
  };
}

/** What tells which object it is, in answers to writes too. */
export function identityHeaders(call: Call, object: ObjectRecord): Record<string, string> {
  return {
    ETag: `"${object.etag}"`,
    'x-amz-server-side-encryption': 'AES256',
    ...versionHeaders(bucketOf(call), object),
  };
}
