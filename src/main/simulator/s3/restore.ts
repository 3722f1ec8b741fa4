/**
 * RestoreObject, and what is known of a restore at any time.
 *
 * The record says when the temporary copy is there and until when; which of *archived*, *under way* and *restored*
 * an object is follows from the clock.
 */
import { emptyReply, type Reply } from '../exchange.ts';
import { badArgument, badXml, S3Error } from './errors.ts';
import { DAY, HOUR } from './identifiers.ts';
import { retrieval, thawed } from './metering.ts';
import type { ObjectRecord, Restore, RestoreTier } from './records.ts';
import { bucketOf, type Call, httpDate, objectOf, versionHeaders, xmlBody } from './s3.ts';
import { isArchiveClass } from './storageClasses.ts';
import { child, childText } from './xml.ts';

/** Virtual hours, in the middle or at the end of what the service documents. */
const hours: Readonly<Record<'GLACIER' | 'DEEP_ARCHIVE', Readonly<Partial<Record<RestoreTier, number>>>>> = {
  GLACIER: { Expedited: 3 / 60, Standard: 4, Bulk: 8 },
  DEEP_ARCHIVE: { Standard: 12, Bulk: 48 },
};

/** From fast to slow. */
const tiers: readonly RestoreTier[] = ['Expedited', 'Standard', 'Bulk'];

type RestoreState =
  | { readonly kind: 'readable' }
  | { readonly kind: 'archived' }
  | { readonly kind: 'ongoing'; readonly restore: Restore }
  | { readonly kind: 'restored'; readonly restore: Restore };

export function restoreState({ storageClass, restore }: ObjectRecord, now: number): RestoreState {
  if (!isArchiveClass(storageClass)) return { kind: 'readable' };
  if (restore === null || now >= restore.expiresAt) return { kind: 'archived' };
  return { kind: now < restore.readyAt ? 'ongoing' : 'restored', restore };
}

/** The value of x-amz-restore; null if the header is not to be sent. */
export function restoreHeader(object: ObjectRecord, now: number): string | null {
  const state = restoreState(object, now);
  switch (state.kind) {
    case 'readable':
    case 'archived':
      return null;
    case 'ongoing':
      return 'ongoing-request="true"';
    case 'restored':
      return `ongoing-request="false", expiry-date="${httpDate(state.restore.expiresAt)}"`;
  }
}

/** @throws S3Error 403 unless the bytes can be read now */
export function checkReadable(object: ObjectRecord, now: number): void {
  const { kind } = restoreState(object, now);
  if (kind === 'archived' || kind === 'ongoing')
    throw new S3Error(
      403,
      'InvalidObjectState',
      "The operation is not valid for the object's storage class",
      { StorageClass: object.storageClass },
    );
}

export async function restoreObject(call: Call): Promise<Reply> {
  const object = objectOf(call);
  const now = call.s3.clock.serviceNow();
  const { storageClass } = object;
  if (storageClass === 'INTELLIGENT_TIERING')
    throw new S3Error(
      403,
      'ObjectAlreadyInActiveTierError',
      'Restore is not allowed, as this object is already in an active tier',
    );
  if (!isArchiveClass(storageClass))
    throw new S3Error(
      403,
      'InvalidObjectState',
      "Restore is not allowed for the object's current storage class",
      { StorageClass: storageClass },
    );
  const asked = readRequest(call);
  const took = hours[storageClass][asked.tier];
  if (took === undefined)
    throw badArgument('Retrieval option is not supported by this storage class', 'Tier', asked.tier);
  if (asked.tier === 'Expedited' && call.s3.conditions.mode().noExpeditedCapacity)
    throw new S3Error(
      503,
      'GlacierExpeditedRetrievalNotAvailable',
      'Glacier expedited retrievals are currently not available. Try again later',
    );
  const readyAt = now + took * HOUR;
  const state = restoreState(object, now);
  switch (state.kind) {
    case 'restored': {
      const expiresAt = expiry(now, asked.days);
      await save(call, object, { ...state.restore, days: asked.days, expiresAt }, asked.tier, 0);
      return emptyReply(200, versionHeaders(bucketOf(call), object));
    }
    case 'ongoing': {
      const { restore } = state;
      const isFaster = tiers.indexOf(asked.tier) < tiers.indexOf(restore.tier);
      if (!isFaster || asked.days !== restore.days)
        throw new S3Error(409, 'RestoreAlreadyInProgress', 'Object restore is already in progress');
      const sooner = Math.min(readyAt, restore.readyAt);
      const faster = { ...asked, readyAt: sooner, expiresAt: expiry(sooner, asked.days) };
      await save(call, object, faster, asked.tier, object.bytes);
      break;
    }
    case 'archived':
    case 'readable': {
      const begun = { ...asked, readyAt, expiresAt: expiry(readyAt, asked.days) };
      await save(call, object, begun, asked.tier, object.bytes);
      break;
    }
  }
  return emptyReply(202, versionHeaders(bucketOf(call), object));
}

function readRequest(call: Call): { tier: RestoreTier; days: number } {
  const request = xmlBody(call, 'RestoreRequest');
  const parameters = child(request, 'GlacierJobParameters');
  const wanted =
    (parameters === undefined ? undefined : childText(parameters, 'Tier')) ?? childText(request, 'Tier');
  const tier = wanted === undefined ? 'Standard' : tiers.find((each) => each === wanted);
  const days = childText(request, 'Days');
  if (tier === undefined || days === undefined || !/^-?\d{1,9}$/.test(days)) throw badXml();
  if (Number(days) < 1) throw badArgument('restoration days should be at least 1', 'Days', days);
  return { tier, days: Number(days) };
}

/** So many days from then on, and on to the next midnight. */
export function expiry(from: number, days: number): number {
  return Math.ceil((from + days * DAY) / DAY) * DAY;
}

/** `tier` and `bytes` are what is charged: a copy that only lasts longer has no bytes. */
async function save(
  { bucket, s3 }: Call,
  object: ObjectRecord,
  restore: Restore,
  tier: RestoreTier,
  bytes: number,
): Promise<void> {
  const at = s3.clock.serviceNow();
  await s3.store.commit(at, [{ put: 'version', of: bucket, version: { ...object, restore } }]);
  await s3.meter.add(retrieval(bucket, object, tier, at, bytes));
  await s3.meter.add(thawed(bucket, object, restore, at));
}
