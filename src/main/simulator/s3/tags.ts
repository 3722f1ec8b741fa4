/** Tags of objects: up to ten, sent as a query or as XML. */
import { emptyReply, type Reply } from '../exchange.ts';
import { badXml, S3Error } from './errors.ts';
import type { ObjectRecord } from './records.ts';
import { bucketOf, type Call, objectOf, versionHeaders, xmlBody } from './s3.ts';
import { childText, child, documentReply, tag, wrap } from './xml.ts';

const MOST_TAGS = 10;

/** Reads x-amz-tagging. @throws S3Error 400 */
export function tagsOfHeader(text: string): Record<string, string> {
  return checkedTags([...new URLSearchParams(text)]);
}

function checkedTags(pairs: readonly (readonly [string, string])[]): Record<string, string> {
  if (pairs.length > MOST_TAGS)
    throw new S3Error(400, 'BadRequest', `Object tags cannot be greater than ${MOST_TAGS}`);
  const tags = Object.fromEntries(pairs);
  if (Object.keys(tags).length < pairs.length)
    throw new S3Error(400, 'InvalidTag', 'Cannot provide multiple Tags with the same key');
  for (const [key, value] of pairs) {
    if (key === '' || key.length > 128)
      throw new S3Error(400, 'InvalidTag', 'The TagKey you have provided is invalid');
    if (value.length > 256) throw new S3Error(400, 'InvalidTag', 'The TagValue you have provided is invalid');
  }
  return tags;
}

export function getObjectTagging(call: Call): Reply {
  const object = objectOf(call);
  const set = Object.entries(object.tags).map(([key, value]) =>
    wrap('Tag', tag('Key', key), tag('Value', value)),
  );
  return answer(call, object, documentReply('Tagging', wrap('TagSet', ...set)));
}

export async function putObjectTagging(call: Call): Promise<Reply> {
  const object = objectOf(call);
  const set = child(xmlBody(call, 'Tagging'), 'TagSet');
  if (set === undefined) throw badXml();
  const pairs = set.children.map((each): [string, string] => {
    const key = childText(each, 'Key');
    if (each.name !== 'Tag' || key === undefined) throw badXml();
    return [key, childText(each, 'Value') ?? ''];
  });
  await save(call, { ...object, tags: checkedTags(pairs) });
  return answer(call, object, emptyReply(200));
}

export async function deleteObjectTagging(call: Call): Promise<Reply> {
  const object = objectOf(call);
  await save(call, { ...object, tags: {} });
  return answer(call, object, emptyReply(204));
}

async function save({ s3, bucket }: Call, version: ObjectRecord): Promise<void> {
  await s3.store.commit(s3.clock.serviceNow(), [{ put: 'version', of: bucket, version }]);
}

function answer(call: Call, object: ObjectRecord, reply: Reply): Reply {
  return { ...reply, headers: { ...reply.headers, ...versionHeaders(bucketOf(call), object) } };
}
