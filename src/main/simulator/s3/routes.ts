/** Every operation of S3 that there is: one line each. */
import { getObjectAttributes } from './attributes.ts';
import {
  createBucket,
  deleteBucket,
  deleteLifecycle,
  deletePublicAccessBlock,
  getBucketLocation,
  getBucketVersioning,
  getLifecycle,
  getObjectLockConfiguration,
  getPublicAccessBlock,
  headBucket,
  listBuckets,
  putBucketVersioning,
  putLifecycle,
  putObjectLockConfiguration,
  putPublicAccessBlock,
} from './buckets.ts';
import { deleteObject, deleteObjects } from './deleting.ts';
import { listObjects, listObjectsV2, listObjectVersions } from './listing.ts';
import { getObjectLegalHold, getObjectRetention, putObjectLegalHold, putObjectRetention } from './lock.ts';
import {
  abortMultipartUpload,
  completeMultipartUpload,
  createMultipartUpload,
  uploadPart,
  uploadPartCopy,
} from './multipart.ts';
import { copyObject, getObject, headObject, putObject } from './objects.ts';
import { restoreObject } from './restore.ts';
import type { Operation } from './s3.ts';
import { deleteObjectTagging, getObjectTagging, putObjectTagging } from './tags.ts';
import { listMultipartUploads, listParts } from './uploadListing.ts';

/** What the path names. */
type Subject = 'service' | 'bucket' | 'object';

export interface Route {
  readonly method: string;
  readonly on: Subject;
  /** What the query must have: `name`, or `name=value`. */
  readonly query?: string;
  /** A header the request must have. */
  readonly header?: string;
  readonly operation: string;
  /** Whether the operation takes its body as a stream instead of whole. */
  readonly streams?: true;
  /** Whether a checksum in the headers is not one of the body, but of the object it is about. */
  readonly statesObjectChecksum?: true;
  readonly run: Operation;
}

type Line = readonly [method: string, query: string | undefined, operation: string, run: Operation];

function of(on: Subject, lines: readonly Line[]): Route[] {
  return lines.map(([method, query, operation, run]) =>
    query === undefined ? { method, on, operation, run } : { method, on, query, operation, run },
  );
}

/** The first that matches counts, so what asks for less comes later. */
const routes: readonly Route[] = [
  ...of('service', [['GET', undefined, 'ListBuckets', listBuckets]]),
  ...of('bucket', [
    ['GET', 'location', 'GetBucketLocation', getBucketLocation],
    ['GET', 'versioning', 'GetBucketVersioning', getBucketVersioning],
    ['PUT', 'versioning', 'PutBucketVersioning', putBucketVersioning],
    ['GET', 'publicAccessBlock', 'GetPublicAccessBlock', getPublicAccessBlock],
    ['PUT', 'publicAccessBlock', 'PutPublicAccessBlock', putPublicAccessBlock],
    ['DELETE', 'publicAccessBlock', 'DeletePublicAccessBlock', deletePublicAccessBlock],
    ['GET', 'lifecycle', 'GetBucketLifecycleConfiguration', getLifecycle],
    ['PUT', 'lifecycle', 'PutBucketLifecycleConfiguration', putLifecycle],
    ['DELETE', 'lifecycle', 'DeleteBucketLifecycle', deleteLifecycle],
    ['GET', 'object-lock', 'GetObjectLockConfiguration', getObjectLockConfiguration],
    ['PUT', 'object-lock', 'PutObjectLockConfiguration', putObjectLockConfiguration],
    ['GET', 'versions', 'ListObjectVersions', listObjectVersions],
    ['GET', 'uploads', 'ListMultipartUploads', listMultipartUploads],
    ['GET', 'list-type=2', 'ListObjectsV2', listObjectsV2],
    ['POST', 'delete', 'DeleteObjects', deleteObjects],
    ['GET', undefined, 'ListObjects', listObjects],
    ['PUT', undefined, 'CreateBucket', createBucket],
    ['HEAD', undefined, 'HeadBucket', headBucket],
    ['DELETE', undefined, 'DeleteBucket', deleteBucket],
  ]),
  ...of('object', [
    ['GET', 'attributes', 'GetObjectAttributes', getObjectAttributes],
    ['GET', 'tagging', 'GetObjectTagging', getObjectTagging],
    ['PUT', 'tagging', 'PutObjectTagging', putObjectTagging],
    ['DELETE', 'tagging', 'DeleteObjectTagging', deleteObjectTagging],
    ['GET', 'retention', 'GetObjectRetention', getObjectRetention],
    ['PUT', 'retention', 'PutObjectRetention', putObjectRetention],
    ['GET', 'legal-hold', 'GetObjectLegalHold', getObjectLegalHold],
    ['PUT', 'legal-hold', 'PutObjectLegalHold', putObjectLegalHold],
    ['POST', 'restore', 'RestoreObject', restoreObject],
    ['POST', 'uploads', 'CreateMultipartUpload', createMultipartUpload],
    ['DELETE', 'uploadId', 'AbortMultipartUpload', abortMultipartUpload],
    ['GET', 'uploadId', 'ListParts', listParts],
  ]),
  {
    method: 'POST',
    on: 'object',
    query: 'uploadId',
    operation: 'CompleteMultipartUpload',
    statesObjectChecksum: true,
    run: completeMultipartUpload,
  },
  {
    method: 'PUT',
    on: 'object',
    query: 'uploadId',
    header: 'x-amz-copy-source',
    operation: 'UploadPartCopy',
    run: uploadPartCopy,
  },
  {
    method: 'PUT',
    on: 'object',
    query: 'uploadId',
    operation: 'UploadPart',
    streams: true,
    run: uploadPart,
  },
  {
    method: 'PUT',
    on: 'object',
    header: 'x-amz-copy-source',
    operation: 'CopyObject',
    run: copyObject,
  },
  { method: 'PUT', on: 'object', operation: 'PutObject', streams: true, run: putObject },
  ...of('object', [
    ['GET', undefined, 'GetObject', getObject],
    ['HEAD', undefined, 'HeadObject', headObject],
    ['DELETE', undefined, 'DeleteObject', deleteObject],
  ]),
];

/** Names in a query that ask for something else than the object or bucket itself. */
const subresources = [
  'accelerate',
  'acl',
  'analytics',
  'attributes',
  'cors',
  'delete',
  'encryption',
  'intelligent-tiering',
  'inventory',
  'legal-hold',
  'lifecycle',
  'location',
  'logging',
  'metrics',
  'notification',
  'object-lock',
  'ownershipControls',
  'policy',
  'policyStatus',
  'publicAccessBlock',
  'replication',
  'requestPayment',
  'restore',
  'retention',
  'select',
  'tagging',
  'torrent',
  'uploadId',
  'uploads',
  'versioning',
  'versions',
  'website',
];

/** The route for a request; null if there is none, lest a question about a bucket be taken for one to it. */
export function findRoute(
  method: string,
  on: Subject,
  query: URLSearchParams,
  hasHeader: (name: string) => boolean,
): Route | null {
  const route = routes.find(
    (each) =>
      each.method === method &&
      each.on === on &&
      hasQuery(each, query) &&
      (each.header === undefined || hasHeader(each.header)),
  );
  if (route === undefined) return null;
  const unknown = subresources.some((name) => query.has(name) && name !== route.query);
  return unknown ? null : route;
}

function hasQuery({ query: wanted }: Route, query: URLSearchParams): boolean {
  if (wanted === undefined) return true;
  const [name = '', value] = wanted.split('=');
  return value === undefined ? query.has(name) : query.get(name) === value;
}
