/**
 * Multipart uploads. Each part is a file of its own from the start, and the object is the list of them: completing
 * moves no bytes.
 */
import { emptyReply, type Reply } from '../exchange.ts';
import {
  type Checksum,
  checkedAlgorithm,
  checkedType,
  checkedValue,
  checksumElement,
  checksumHeader,
  combineChecksums,
  combineEtags,
} from './checksums.ts';
import { copiedBytes, copySource, sourceHeaders } from './copySource.ts';
import { badArgument, badRequest, badXml, S3Error } from './errors.ts';
import { isoSeconds, newUploadId } from './identifiers.ts';
import { staged, unstaged } from './metering.ts';
import { checkLength } from './objects.ts';
import { type Payload, type Taken, takeIn } from './payload.ts';
import { identityHeaders, readProperties } from './properties.ts';
import type { ObjectRecord, PartRecord, Upload, UploadRecord } from './records.ts';
import { bucketOf, type Call, xmlBody } from './s3.ts';
import { commitVersion, guarded, stamp } from './writing.ts';
import { childText, documentReply, type Element, tag } from './xml.ts';

const MOST_PARTS = 10_000;
const LEAST_PART_BYTES = 5 * 1024 * 1024;

export async function createMultipartUpload(call: Call): Promise<Reply> {
  const { clock, store } = call.s3;
  const bucket = bucketOf(call);
  const properties = readProperties(call, bucket);
  const named = call.header('x-amz-checksum-algorithm');
  const wantedType = call.header('x-amz-checksum-type');
  if (named === undefined && wantedType !== undefined)
    throw badRequest(
      'The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.',
    );
  const algorithm = named === undefined ? 'CRC64NVME' : checkedAlgorithm(named);
  const upload: UploadRecord = {
    id: newUploadId(),
    key: call.key,
    createdAt: clock.serviceNow(),
    algorithm,
    type: checkedType(algorithm, wantedType),
    chosen: named !== undefined,
    properties,
  };
  await store.commit(upload.createdAt, [{ put: 'upload', of: call.bucket, upload }]);
  const reply = documentReply(
    'InitiateMultipartUploadResult',
    tag('Bucket', call.bucket),
    tag('Key', call.key),
    tag('UploadId', upload.id),
  );
  const chosen = upload.chosen
    ? { 'x-amz-checksum-algorithm': algorithm, 'x-amz-checksum-type': upload.type }
    : {};
  return {
    ...reply,
    headers: { ...reply.headers, ...chosen, 'x-amz-server-side-encryption': 'AES256' },
  };
}

export async function uploadPart(call: Call): Promise<Reply> {
  const { record } = uploadOf(call);
  const number = partNumber(call.query.get('partNumber') ?? '');
  const { payload } = call;
  checkLength(payload);
  checkAlgorithm(call, record);
  const { part, taken } = await storePart(call, record, number, payload);
  const told = payload.stated?.algorithm ?? record.algorithm;
  return emptyReply(200, {
    ETag: `"${part.etag}"`,
    [checksumHeader(told)]: taken.checksums.get(told) ?? '',
    'x-amz-server-side-encryption': 'AES256',
  });
}

/** A part of bytes that are there already: of an object, or of a range of one. */
export async function uploadPartCopy(call: Call): Promise<Reply> {
  const { record } = uploadOf(call);
  const number = partNumber(call.query.get('partNumber') ?? '');
  const { from, source } = copySource(call);
  const { first, length } = copiedRange(call.header('x-amz-copy-source-range'), source);
  const { part } = await storePart(call, record, number, copiedBytes(call, source, first, length));
  const reply = documentReply(
    'CopyPartResult',
    tag('LastModified', isoSeconds(part.at)),
    tag('ETag', `"${part.etag}"`),
    ...(record.chosen ? [tag(checksumElement(record.algorithm), part.checksum)] : []),
  );
  const headers = { ...sourceHeaders(from, source), 'x-amz-server-side-encryption': 'AES256' };
  return { ...reply, headers: { ...reply.headers, ...headers } };
}

/** The bytes that are asked for, both ends named; all if none are. @throws S3Error 400 */
function copiedRange(text: string | undefined, { bytes }: ObjectRecord): { first: number; length: number } {
  if (text === undefined) return { first: 0, length: bytes };
  const match = /^bytes=(\d{1,15})-(\d{1,15})$/.exec(text);
  const [first, last] = [Number(match?.[1]), Number(match?.[2])];
  if (match === null || first > last)
    throw badArgument(
      'The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy',
      'x-amz-copy-source-range',
      text,
    );
  if (last >= bytes)
    throw badArgument(
      `Range specified is not valid for source object of size: ${bytes}`,
      'x-amz-copy-source-range',
      text,
    );
  return { first, length: last - first + 1 };
}

/** Takes the bytes in as a part of the upload, in place of one of that number. */
async function storePart(
  call: Call,
  upload: UploadRecord,
  number: number,
  payload: Payload,
): Promise<{ part: PartRecord; taken: Taken }> {
  const { clock, store } = call.s3;
  const { taken, stored, check } = await takeIn(payload, [upload.algorithm], (bytes) =>
    store.blobs.write(bytes, payload.length),
  );
  let replaced: PartRecord | undefined;
  try {
    check();
    replaced = uploadOf(call).parts.get(number); // the upload may have ended meanwhile
  } catch (error) {
    await store.blobs.remove([stored]);
    throw error;
  }
  const part: PartRecord = {
    number,
    blob: stored,
    bytes: taken.bytes,
    etag: taken.md5,
    checksum: taken.checksums.get(upload.algorithm) ?? '',
    at: clock.serviceNow(),
  };
  await store.commit(part.at, [{ put: 'part', of: call.bucket, upload: upload.id, part }]);
  await call.s3.meter.add(staged(call.bucket, upload, part));
  if (replaced !== undefined) await store.blobs.remove([replaced.blob]);
  return { part, taken };
}

/**
 * Where the upload's algorithm was chosen, parts must come with a checksum by it. Where it was not, any will do:
 * SDKs state one of their own choice, which is checked and not kept.
 */
function checkAlgorithm({ payload }: Call, { algorithm, chosen, type }: UploadRecord): void {
  const stated = payload.stated?.algorithm;
  const isFree = !chosen || (stated === undefined && type === 'FULL_OBJECT');
  if (isFree || stated === algorithm) return;
  throw badRequest(
    `Checksum Type mismatch occurred, expected checksum Type: ${algorithm.toLowerCase()}, actual checksum Type: ${stated?.toLowerCase() ?? 'null'}`,
  );
}

function partNumber(text: string): number {
  const number = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (number < 1 || number > MOST_PARTS)
    throw badArgument('Part number must be an integer between 1 and 10000, inclusive', 'partNumber', text);
  return number;
}

export async function completeMultipartUpload(call: Call): Promise<Reply> {
  const upload = uploadOf(call);
  const listed = xmlBody(call, 'CompleteMultipartUpload').children.filter(({ name }) => name === 'Part');
  if (listed.length === 0 || listed.length > MOST_PARTS) throw badXml();
  const object = await guarded(call, async (guard) => {
    guard.check();
    const parts = chosenParts(upload, listed);
    const made = assemble(call, upload, parts);
    await commitVersion(call, made, upload.record);
    const used = new Set(parts.map(({ blob }) => blob));
    const left = upload.parts.values().filter(({ blob }) => !used.has(blob));
    await call.s3.store.blobs.remove(Array.from(left, ({ blob }) => blob));
    return made;
  });
  const { checksum } = object;
  const reply = documentReply(
    'CompleteMultipartUploadResult',
    tag('Location', `http://${call.header('host') ?? ''}/${call.bucket}/${encodeURIComponent(call.key)}`),
    tag('Bucket', call.bucket),
    tag('Key', call.key),
    tag('ETag', `"${object.etag}"`),
    ...(checksum === null
      ? []
      : [tag(checksumElement(checksum.algorithm), checksum.value), tag('ChecksumType', checksum.type)]),
  );
  const { ETag: _, ...identity } = identityHeaders(call, object);
  return { ...reply, headers: { ...reply.headers, ...identity } };
}

/** The parts the client lists, which must be those that are there. @throws S3Error 400 */
function chosenParts(upload: Upload, listed: readonly Element[]): PartRecord[] {
  const { algorithm, chosen, type } = upload.record;
  let before = 0;
  const parts = listed.map((element) => {
    const number = Number(childText(element, 'PartNumber'));
    const etag = childText(element, 'ETag')?.replace(/^"(.*)"$/, '$1');
    const checksum = childText(element, checksumElement(algorithm));
    if (!Number.isInteger(number) || etag === undefined) throw badXml();
    if (number <= before)
      throw new S3Error(
        400,
        'InvalidPartOrder',
        'The list of parts was not in ascending order. Parts must be ordered by part number.',
      );
    before = number;
    if (chosen && type === 'COMPOSITE' && checksum === undefined)
      throw badRequest(
        `The upload was created using a ${algorithm.toLowerCase()} checksum. The complete request must include the checksum for each part. It was missing for part ${number} in the request.`,
      );
    const part = upload.parts.get(number);
    if (part?.etag !== etag || (checksum !== undefined && part.checksum !== checksum))
      throw new S3Error(
        400,
        'InvalidPart',
        "One or more of the specified parts could not be found.  The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.",
        { PartNumber: String(number), ETag: etag },
      );
    return part;
  });
  for (const { bytes, number, etag } of parts.slice(0, -1)) {
    if (bytes >= LEAST_PART_BYTES) continue;
    throw new S3Error(
      400,
      'EntityTooSmall',
      'Your proposed upload is smaller than the minimum allowed size',
      {
        ProposedSize: String(bytes),
        MinSizeAllowed: String(LEAST_PART_BYTES),
        PartNumber: String(number),
        ETag: etag,
      },
    );
  }
  if (chosen && type === 'COMPOSITE' && parts.some(({ number }, place) => number !== place + 1))
    throw new S3Error(500, 'InternalError', 'We encountered an internal error. Please try again.');
  return parts;
}

/** The object of the parts. @throws S3Error 400 if it is not what the client says it is */
function assemble(call: Call, { record }: Upload, parts: readonly PartRecord[]): ObjectRecord {
  const bytes = parts.reduce((sum, part) => sum + part.bytes, 0);
  const statedBytes = call.header('x-amz-mp-object-size');
  if (statedBytes !== undefined && statedBytes !== String(bytes))
    throw badRequest(
      `The provided 'x-amz-mp-object-size' header value ${statedBytes} does not match what was computed: ${bytes}`,
    );
  const checksum = combineChecksums(record.algorithm, record.type, parts);
  checkWhole(call, checksum);
  return {
    kind: 'object',
    key: call.key,
    ...stamp(call),
    bytes,
    etag: combineEtags(parts.map(({ etag }) => etag)),
    pieces: parts.map((part) => ({ blob: part.blob, bytes: part.bytes, checksum: part.checksum })),
    multipart: true,
    checksum,
    ...record.properties,
    restore: null,
  };
}

function checkWhole(call: Call, { algorithm, type, value }: Checksum): void {
  const wantedType = call.header('x-amz-checksum-type');
  if (wantedType !== undefined && wantedType !== type)
    throw badRequest(
      `The upload was created using the ${type} checksum mode. The complete request must use the same checksum mode.`,
    );
  const stated = call.header(checksumHeader(algorithm));
  if (stated === undefined) return;
  const matches =
    type === 'FULL_OBJECT' ? checkedValue(algorithm, stated) === value : isComposite(stated, value);
  if (!matches)
    throw new S3Error(
      400,
      'BadDigest',
      `The ${algorithm} you specified did not match the calculated checksum.`,
    );
}

/** Clients may leave out the number of parts. */
function isComposite(stated: string, value: string): boolean {
  return stated === value || stated === value.replace(/-\d+$/, '');
}

export async function abortMultipartUpload(call: Call): Promise<Reply> {
  const { clock, store } = call.s3;
  const { record, parts } = uploadOf(call);
  const blobs = Array.from(parts.values(), ({ blob }) => blob);
  const at = clock.serviceNow();
  await store.commit(at, [{ drop: 'upload', of: call.bucket, upload: record.id }]);
  await call.s3.meter.add(unstaged(call.bucket, record, at));
  await store.blobs.remove(blobs);
  return emptyReply(204);
}

/** The open upload the query names. @throws S3Error 404 */
export function uploadOf(call: Call): Upload {
  const id = call.query.get('uploadId') ?? '';
  const upload = bucketOf(call).uploads.get(id);
  if (upload?.record.key !== call.key)
    throw new S3Error(
      404,
      'NoSuchUpload',
      'The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.',
      { UploadId: id },
    );
  return upload;
}
