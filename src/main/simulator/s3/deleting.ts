/**
 * DeleteObject and DeleteObjects.
 *
 * Where versions are kept, deleting a key only puts a delete marker before them, and nothing is lost; deleting a
 * version by its id is for ever. Deleting what is not there succeeds.
 */
import { emptyReply, type Reply } from '../exchange.ts';
import { badRequest, badXml, S3Error } from './errors.ts';
import { NULL_VERSION } from './identifiers.ts';
import { checkDeletable } from './lock.ts';
import { removed } from './metering.ts';
import type { DeleteMarker } from './records.ts';
import { bucketOf, type Call, versionHeaders, xmlBody } from './s3.ts';
import { blobsOf, commitVersion, stamp } from './writing.ts';
import { childText, documentReply, tag, wrap } from './xml.ts';

const MOST_AT_ONCE = 1000;

type Deleted =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'version'; readonly id: string; readonly wasMarker: boolean }
  | { readonly kind: 'marked'; readonly marker: DeleteMarker };

export async function deleteObject(call: Call): Promise<Reply> {
  const bucket = bucketOf(call);
  const deleted = await deleteOne(call, call.query.get('versionId') ?? undefined);
  switch (deleted.kind) {
    case 'nothing':
      return emptyReply(204);
    case 'marked':
      return emptyReply(204, versionHeaders(bucket, deleted.marker));
    case 'version':
      return emptyReply(204, {
        ...(bucket.record.versioning === null ? {} : { 'x-amz-version-id': deleted.id }),
        ...(deleted.wasMarker ? { 'x-amz-delete-marker': 'true' } : {}),
      });
  }
}

export async function deleteObjects(call: Call): Promise<Reply> {
  bucketOf(call);
  if (call.payload.md5 === null && call.payload.stated === null)
    throw badRequest('Missing required header for this request: Content-MD5');
  const request = xmlBody(call, 'Delete');
  const named = request.children.filter(({ name }) => name === 'Object');
  const isQuiet = childText(request, 'Quiet') === 'true';
  if (named.length === 0 || named.length > MOST_AT_ONCE) throw badXml();
  const results: string[] = [];
  for (const element of named) {
    // Not trimmed: spaces at the ends belong to the key.
    const key = element.children.find(({ name }) => name === 'Key')?.text;
    if (key === undefined || key === '') throw badXml();
    const versionId = childText(element, 'VersionId');
    const asked = [tag('Key', key), ...(versionId === undefined ? [] : [tag('VersionId', versionId)])];
    try {
      const deleted = await deleteOne({ ...call, key }, versionId);
      if (!isQuiet) results.push(wrap('Deleted', ...asked, ...told(deleted)));
    } catch (error) {
      if (!(error instanceof S3Error)) throw error;
      results.push(wrap('Error', ...asked, tag('Code', error.code), tag('Message', error.message)));
    }
  }
  return documentReply('DeleteResult', ...results);
}

function told(deleted: Deleted): string[] {
  const marker =
    deleted.kind === 'marked'
      ? deleted.marker.id
      : deleted.kind === 'version' && deleted.wasMarker
        ? deleted.id
        : null;
  return marker === null ? [] : [tag('DeleteMarker', true), tag('DeleteMarkerVersionId', marker)];
}

async function deleteOne(call: Call, versionId: string | undefined): Promise<Deleted> {
  const { record } = bucketOf(call);
  if (versionId !== undefined) return deleteVersion(call, versionId);
  if (record.versioning === null) return deleteVersion(call, NULL_VERSION);
  const marker: DeleteMarker = { kind: 'marker', key: call.key, ...stamp(call) };
  await commitVersion(call, marker);
  return { kind: 'marked', marker };
}

async function deleteVersion(call: Call, id: string): Promise<Deleted> {
  const { clock, meter, store } = call.s3;
  const version = bucketOf(call)
    .versions.get(call.key)
    ?.find((each) => each.id === id);
  if (version === undefined) return { kind: 'nothing' };
  if (version.kind === 'object') checkDeletable(call, version);
  const at = clock.serviceNow();
  await store.commit(at, [{ drop: 'version', of: call.bucket, key: call.key, id }]);
  if (version.kind === 'object') await meter.add(removed(call.bucket, version, at));
  await store.blobs.remove(blobsOf(version));
  return { kind: 'version', id, wasMarker: version.kind === 'marker' };
}
