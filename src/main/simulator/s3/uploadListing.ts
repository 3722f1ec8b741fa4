/** ListMultipartUploads and ListParts. */
import type { Reply } from '../exchange.ts';
import { badArgument } from './errors.ts';
import { isoSeconds } from './identifiers.ts';
import { compareKeys } from './keyOrder.ts';
import { entries, nameWriter, owner, pageLimit } from './listing.ts';
import { uploadOf } from './multipart.ts';
import type { Upload } from './records.ts';
import { bucketOf, type Call } from './s3.ts';
import { checksumElement } from './checksums.ts';
import { documentReply, tag, wrap } from './xml.ts';

/** By key, and by age where a key has several. */
export function listMultipartUploads(call: Call): Reply {
  const { query } = call;
  const bucket = bucketOf(call);
  const write = nameWriter(query);
  const prefix = query.get('prefix') ?? '';
  const delimiter = query.get('delimiter') ?? '';
  const keyMarker = query.get('key-marker') ?? '';
  const idMarker = query.get('upload-id-marker') ?? '';
  const limit = pageLimit(query.get('max-uploads'), 'max-uploads');

  const byKey = Map.groupBy(bucket.uploads.values(), ({ record }) => record.key);
  const ordered = (key: string): Upload[] =>
    (byKey.get(key) ?? []).sort((a, b) => a.record.createdAt - b.record.createdAt);
  const markedKey = idMarker === '' ? [] : ordered(keyMarker);
  const place = markedKey.findIndex(({ record }) => record.id === idMarker);
  const uploads: (Upload | string)[] = place < 0 ? [] : markedKey.slice(place + 1);
  const keys = [...byKey.keys()].sort(compareKeys);
  for (const { kind, name } of entries(keys, { prefix, delimiter, after: keyMarker }, () => true))
    uploads.push(...(kind === 'key' ? ordered(name) : [name]));

  const items = uploads.slice(0, limit);
  const isTruncated = limit > 0 && uploads.length > limit;
  const last = isTruncated ? items.at(-1) : undefined;
  return documentReply(
    'ListMultipartUploadsResult',
    tag('Bucket', call.bucket),
    tag('KeyMarker', write(keyMarker)),
    tag('UploadIdMarker', idMarker),
    ...(last === undefined
      ? []
      : typeof last === 'string'
        ? [tag('NextKeyMarker', write(last))]
        : [tag('NextKeyMarker', write(last.record.key)), tag('NextUploadIdMarker', last.record.id)]),
    tag('Prefix', write(prefix)),
    ...(delimiter === '' ? [] : [tag('Delimiter', write(delimiter))]),
    ...(query.has('encoding-type') ? [tag('EncodingType', 'url')] : []),
    tag('MaxUploads', limit),
    tag('IsTruncated', isTruncated),
    ...items.map((item) => {
      if (typeof item === 'string') return wrap('CommonPrefixes', tag('Prefix', write(item)));
      const { record } = item;
      return wrap(
        'Upload',
        tag('Key', write(record.key)),
        tag('UploadId', record.id),
        wrap('Initiator', tag('ID', call.s3.accountId), tag('DisplayName', call.s3.accountId)),
        owner(call),
        tag('StorageClass', record.properties.storageClass),
        tag('Initiated', isoSeconds(record.createdAt)),
        ...checksumKind(item),
      );
    }),
  );
}

export function listParts(call: Call): Reply {
  const { query } = call;
  const upload = uploadOf(call);
  const { record } = upload;
  const markerText = query.get('part-number-marker') ?? '0';
  if (!/^\d{1,9}$/.test(markerText))
    throw badArgument('part-number-marker must be an integer', 'part-number-marker', markerText);
  const limit = pageLimit(query.get('max-parts'), 'max-parts');
  const parts = [...upload.parts.values()]
    .filter(({ number }) => number > Number(markerText))
    .sort((a, b) => a.number - b.number);
  const page = parts.slice(0, limit);
  return documentReply(
    'ListPartsResult',
    tag('Bucket', call.bucket),
    tag('Key', nameWriter(query)(call.key)),
    tag('UploadId', record.id),
    wrap('Initiator', tag('ID', call.s3.accountId), tag('DisplayName', call.s3.accountId)),
    owner(call),
    tag('StorageClass', record.properties.storageClass),
    tag('PartNumberMarker', markerText),
    tag('NextPartNumberMarker', page.at(-1)?.number ?? 0),
    tag('MaxParts', limit),
    tag('IsTruncated', limit > 0 && parts.length > limit),
    ...checksumKind(upload),
    ...page.map((part) =>
      wrap(
        'Part',
        tag('PartNumber', part.number),
        tag('LastModified', isoSeconds(part.at)),
        tag('ETag', `"${part.etag}"`),
        tag('Size', part.bytes),
        ...(record.chosen ? [tag(checksumElement(record.algorithm), part.checksum)] : []),
      ),
    ),
  );
}

function checksumKind({ record }: Upload): string[] {
  return record.chosen ? [tag('ChecksumAlgorithm', record.algorithm), tag('ChecksumType', record.type)] : [];
}
