/** PurchaseProvisionedCapacity and ListProvisionedCapacity: units that let Expedited retrievals always go. */
import { emptyReply, jsonReply, type Reply } from '../exchange.ts';
import { limitExceeded, ServiceError } from './errors.ts';
import type { Call, Glacier } from './glacier.ts';
import { isoMillis, newCapacityId } from './identifiers.ts';
import type { ArchiveJob, CapacityUnit } from './records.ts';

const MOST_UNITS = 2;

export async function purchaseProvisionedCapacity(call: Call): Promise<Reply> {
  const { clock, meter, store } = call.glacier;
  const startsAt = clock.serviceNow();
  const units = capacityNow(call.glacier);
  if (units.length >= MOST_UNITS)
    throw limitExceeded(
      `The account has ${MOST_UNITS} units of provisioned capacity, as many as it may have.`,
    );
  const unit: CapacityUnit = { id: newCapacityId(), startsAt, expiresAt: monthLater(startsAt) };
  await store.commit(startsAt, [
    { put: 'account', account: { ...store.state.account, capacity: [...units, unit] } },
  ]);
  await meter.add({ kind: 'capacity', class: 'VAULT', place: '', at: startsAt, id: unit.id });
  return emptyReply(201, { 'x-amz-capacity-id': unit.id });
}

export function listProvisionedCapacity(call: Call): Reply {
  return jsonReply(200, {
    ProvisionedCapacityList: capacityNow(call.glacier).map(({ id, startsAt, expiresAt }) => ({
      CapacityId: id,
      StartDate: isoMillis(startsAt),
      ExpirationDate: isoMillis(expiresAt),
    })),
  });
}

/** @throws ServiceError 503 if there is no room for an Expedited retrieval and none was bought */
export function enforceCapacity(glacier: Glacier, { tier }: ArchiveJob): void {
  if (tier !== 'Expedited' || !glacier.conditions.mode().noExpeditedCapacity) return;
  if (capacityNow(glacier).length > 0) return;
  throw new ServiceError(
    503,
    'InsufficientCapacityException',
    'Insufficient capacity to process the Expedited retrieval. Try again later, or use another tier.',
  );
}

/** The units bought that have not run out. */
function capacityNow({ clock, store }: Glacier): CapacityUnit[] {
  const now = clock.serviceNow();
  return store.state.account.capacity.filter(({ expiresAt }) => now < expiresAt);
}

/** The same day and second of the next month; the last day of a month that has no such day. */
export function monthLater(ms: number): number {
  const date = new Date(ms);
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth() + 1];
  const lastDay = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
  const day = Math.min(date.getUTCDate(), lastDay);
  return Date.UTC(year, month, day, date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds());
}
