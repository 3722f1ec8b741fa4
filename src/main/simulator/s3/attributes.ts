/** GetObjectAttributes: what is known of an object, in an archive class too, without its bytes. */
import type { Reply } from '../exchange.ts';
import { checksumElement } from './checksums.ts';
import { badArgument } from './errors.ts';
import { pageLimit } from './listing.ts';
import type { ObjectRecord } from './records.ts';
import { bucketOf, type Call, httpDate, objectOf, versionHeaders } from './s3.ts';
import { documentReply, tag, wrap } from './xml.ts';

type Teller = (object: ObjectRecord, call: Call) => readonly string[];

/** In the order they are told. */
const tellers: ReadonlyMap<string, Teller> = new Map<string, Teller>([
  ['ETag', ({ etag }) => [tag('ETag', etag)]],
  ['Checksum', checksumOf],
  ['ObjectParts', partsOf],
  ['StorageClass', ({ storageClass }) => [tag('StorageClass', storageClass)]],
  ['ObjectSize', ({ bytes }) => [tag('ObjectSize', bytes)]],
]);

export function getObjectAttributes(call: Call): Reply {
  const object = objectOf(call);
  const header = 'x-amz-object-attributes';
  const wanted = (call.header(header) ?? '').split(',').map((name) => name.trim());
  for (const name of wanted)
    if (!tellers.has(name)) throw badArgument('Invalid attribute name specified.', header, name);
  const inner = [...tellers].flatMap(([name, tell]) => (wanted.includes(name) ? tell(object, call) : []));
  const reply = documentReply('GetObjectAttributesResponse', ...inner);
  const told = { 'Last-Modified': httpDate(object.at), ...versionHeaders(bucketOf(call), object) };
  return { ...reply, headers: { ...reply.headers, ...told } };
}

/** One made of parts is told without their number, which is in ObjectParts. */
function checksumOf({ checksum }: ObjectRecord): string[] {
  if (checksum === null) return [];
  const { algorithm, type, value } = checksum;
  const bare = value.replace(/-\d+$/, '');
  return [wrap('Checksum', tag(checksumElement(algorithm), bare), tag('ChecksumType', type))];
}

/** How many there are and, where they have checksums that can be told, a page of them. */
function partsOf({ checksum, multipart, pieces }: ObjectRecord, call: Call): string[] {
  if (!multipart) return [];
  const count = tag('PartsCount', pieces.length);
  if (checksum === null || checksum.type === 'FULL_OBJECT') return [wrap('ObjectParts', count)];
  const name = 'x-amz-part-number-marker';
  const marker = call.header(name) ?? '0';
  if (!/^\d{1,9}$/.test(marker)) throw badArgument(`${name} must be an integer`, name, marker);
  const limit = pageLimit(call.header('x-amz-max-parts'), 'x-amz-max-parts');
  const left = pieces.map((piece, place) => ({ ...piece, number: place + 1 })).slice(Number(marker));
  const page = left.slice(0, limit);
  const parts = page.map((piece) =>
    wrap(
      'Part',
      tag('PartNumber', piece.number),
      tag('Size', piece.bytes),
      ...(piece.checksum === null ? [] : [tag(checksumElement(checksum.algorithm), piece.checksum)]),
    ),
  );
  return [
    wrap(
      'ObjectParts',
      count,
      tag('PartNumberMarker', marker),
      tag('NextPartNumberMarker', page.at(-1)?.number ?? 0),
      tag('MaxParts', limit),
      tag('IsTruncated', left.length > limit),
      ...parts,
    ),
  ];
}
