/** What can be made to happen to all buckets at once, for tests and lessons: see the acts in faults.ts. */
import type { BillEvent } from '../bill/events.ts';
import type { Act } from '../faults.ts';
import { thawed, unstaged } from './metering.ts';
import type { Bucket, Change, ObjectRecord, Restore } from './records.ts';
import { restoreState } from './restore.ts';
import type { S3 } from './s3.ts';

/** Open uploads go, as by a rule of the bucket's owner; temporary copies run out. S3 has no jobs that could fail. */
export async function actOnBuckets(s3: S3, act: Act): Promise<void> {
  const { clock, meter, store } = s3;
  const now = clock.serviceNow();
  const buckets = [...store.state.buckets.values()];
  const dropped = act === 'expire-uploads' ? buckets.flatMap(({ uploads }) => [...uploads.values()]) : [];
  const blobs = dropped.flatMap(({ parts }) => Array.from(parts.values(), ({ blob }) => blob));
  const changes = buckets.flatMap((bucket) => changesOf(bucket, act, now));
  const events = buckets.flatMap((bucket) => eventsOf(bucket, act, now));
  if (changes.length > 0) await store.commit(now, changes);
  for (const event of events) await meter.add(event);
  await store.blobs.remove(blobs);
}

function changesOf(bucket: Bucket, act: Act, now: number): Change[] {
  const of = bucket.record.name;
  switch (act) {
    case 'expire-uploads':
      return Array.from(bucket.uploads.keys(), (upload) => ({ drop: 'upload', of, upload }));
    case 'expire-outputs':
      return restoredIn(bucket, now).map(({ object }) => ({
        put: 'version',
        of,
        version: { ...object, restore: null },
      }));
    case 'fail-jobs':
      return [];
  }
}

/** What the same tells the bill. */
function eventsOf(bucket: Bucket, act: Act, now: number): BillEvent[] {
  const { name } = bucket.record;
  switch (act) {
    case 'expire-uploads':
      return Array.from(bucket.uploads.values(), ({ record }) => unstaged(name, record, now));
    case 'expire-outputs':
      return restoredIn(bucket, now).map(({ object, restore }) =>
        thawed(name, object, { ...restore, expiresAt: now }, now),
      );
    case 'fail-jobs':
      return [];
  }
}

function restoredIn({ versions }: Bucket, now: number): { object: ObjectRecord; restore: Restore }[] {
  return [...versions.values()].flat().flatMap((object) => {
    if (object.kind === 'marker') return [];
    const state = restoreState(object, now);
    return state.kind === 'restored' ? [{ object, restore: state.restore }] : [];
  });
}
