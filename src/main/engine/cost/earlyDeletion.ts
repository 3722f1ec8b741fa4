/**
 * What deleting archives early costs: a vault charges the storage of the days that are left of the first 90 for each
 * archive, with its overhead. Pure; the sums over many archives are made where they are kept, by `daysLeft`.
 *
 * The last day counts whole, each day as one of February, and an archive with a date ahead of `now` as brand new, so that
 * the figure errs upwards.
 */
import type { Estimate } from '../../../shared/types.ts';
import type { VaultPrices } from './prices.ts';

export const DAY_MS = 24 * 3_600_000;

/** Days by which a price per month is divided: those of the shortest, because the service counts a day by its month. */
const DAYS_PER_MONTH = 28;

/** Archives together: each one's bytes with overhead times the days it is still to be paid for, added up. */
export interface EarlyDeletion {
  readonly archives: number;
  readonly byteDays: number;
}

/** Whole days of the minimum that an archive made at `createdAt` still has before it. */
export function daysLeft(createdAt: number, now: number, minimumDays: number): number {
  const left = Math.ceil((createdAt + minimumDays * DAY_MS - now) / DAY_MS);
  return Math.min(minimumDays, Math.max(0, left));
}

/** From when on deleting an archive made at `createdAt` costs nothing. */
export function freeFrom(createdAt: number, minimumDays: number): number {
  return createdAt + minimumDays * DAY_MS;
}

/** The charge; without lines when there is none. */
export function earlyDeletionCharge({ archives, byteDays }: EarlyDeletion, prices: VaultPrices): Estimate {
  const quantity = byteDays / prices.bytesPerGB / DAYS_PER_MONTH;
  const usd = quantity * prices.usd.storagePerGBMonth;
  const count = `${archives.toLocaleString('en-US')} ${archives === 1 ? 'archive' : 'archives'}`;
  const what = `Early deletion of ${count} (under ${prices.minimumDays} days old)`;
  return {
    lines: byteDays === 0 ? [] : [{ what, quantity, unit: 'GB-months', usd }],
    usd,
    priceDate: prices.date,
    region: prices.region,
  };
}
