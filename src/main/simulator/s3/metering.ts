/**
 * What S3 tells the bill meter; see the rules in bill/events.ts.
 *
 * A thing is named by its version first, which has no spaces, and its key. Deleting is free; so is aborting.
 */
import type { BillEvent, StorageClass as BilledClass } from '../bill/events.ts';
import type {
  ObjectRecord,
  PartRecord,
  Restore,
  RestoreTier,
  UploadRecord,
  VersionRecord,
} from './records.ts';
import type { Call, S3 } from './s3.ts';
import type { StorageClass } from './storageClasses.ts';

/** What a bill says instead of the class that nobody should use any more and that costs no less. */
function billed(storageClass: StorageClass): BilledClass {
  return storageClass === 'REDUCED_REDUNDANCY' ? 'STANDARD' : storageClass;
}

function idOf({ id, key }: Pick<VersionRecord, 'id' | 'key'>): string {
  return `${id} ${key}`;
}

/** The kind of request an operation is charged as; null if it is free or charged by an event of its own. */
function chargedAs(operation: string, method: string): 'write' | 'list' | 'read' | null {
  if (operation.startsWith('List')) return 'list';
  if (method === 'DELETE' || operation === 'DeleteObjects' || operation === 'RestoreObject') return null;
  return method === 'GET' || method === 'HEAD' ? 'read' : 'write';
}

/** Tells of a request that had its effect, and of the bytes of its answer where they are an object's. */
export async function meterRequest(
  call: Call,
  { method, operation }: { readonly method: string; readonly operation: string },
  bytes: number,
): Promise<void> {
  const { clock, meter } = call.s3;
  const request = chargedAs(operation, method);
  if (request === null) return;
  const of = { at: clock.serviceNow(), class: requestClass(call, operation), place: call.bucket, operation };
  await meter.add({ kind: 'request', request, ...of });
  if (operation === 'GetObject') await meter.add({ kind: 'sent', bytes, ...of });
}

const ofUploads = ['CreateMultipartUpload', 'UploadPart', 'UploadPartCopy', 'ListParts'];

/** Parts wait in STANDARD whatever class their object will have; everything else is of the object's class. */
function requestClass({ bucket, key, query, s3 }: Call, operation: string): BilledClass {
  if (ofUploads.includes(operation)) return 'STANDARD';
  const versions = s3.store.state.buckets.get(bucket)?.versions.get(key) ?? [];
  const id = query.get('versionId');
  const version = id === null ? versions[0] : versions.find((each) => each.id === id);
  return version?.kind === 'object' ? billed(version.storageClass) : 'STANDARD';
}

export function stored(bucket: string, object: ObjectRecord): BillEvent {
  return {
    kind: 'stored',
    at: object.at,
    class: billed(object.storageClass),
    place: bucket,
    id: idOf(object),
    bytes: object.bytes,
  };
}

export function removed(bucket: string, object: ObjectRecord, at: number): BillEvent {
  return { kind: 'removed', at, class: billed(object.storageClass), place: bucket, id: idOf(object) };
}

export function staged(bucket: string, upload: UploadRecord, { at, bytes, number }: PartRecord): BillEvent {
  const of = { class: billed(upload.properties.storageClass), place: bucket, id: upload.id };
  return { kind: 'staged', at, ...of, part: number, bytes };
}

export function unstaged(bucket: string, upload: UploadRecord, at: number): BillEvent {
  return {
    kind: 'unstaged',
    at,
    class: billed(upload.properties.storageClass),
    place: bucket,
    id: upload.id,
  };
}

/** A request to restore costs by its tier; `bytes` is 0 where it only makes a copy last longer. */
export function retrieval(
  bucket: string,
  object: ObjectRecord,
  tier: RestoreTier,
  at: number,
  bytes: number,
): BillEvent {
  const of = { class: billed(object.storageClass), place: bucket, id: idOf(object) };
  return { kind: 'retrieval', at, ...of, operation: 'RestoreObject', tier, bytes };
}

export function thawed(bucket: string, object: ObjectRecord, restore: Restore, at: number): BillEvent {
  const of = { class: billed(object.storageClass), place: bucket, id: idOf(object) };
  return { kind: 'thawed', at, ...of, from: restore.readyAt, until: restore.expiresAt, bytes: object.bytes };
}

/** Tells of what is in the records, in case a kill came between a record and the meter, or there was no meter yet. */
export async function meterBuckets({ meter, store }: S3): Promise<void> {
  for (const [name, { uploads, versions }] of store.state.buckets) {
    for (const version of [...versions.values()].flat()) {
      if (version.kind === 'marker') continue;
      await meter.add(stored(name, version));
      if (version.restore !== null) await meter.add(thawed(name, version, version.restore, version.at));
    }
    for (const { parts, record } of uploads.values())
      for (const part of parts.values()) await meter.add(staged(name, record, part));
  }
}
