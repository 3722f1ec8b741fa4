/** What targets have cost in a month, will cost, and cost in any case. */
import type { PriceLine } from '../../../shared/types.ts';
import type { Reader } from '../catalog/db.ts';
import { deadPacks } from '../catalog/deadPacks.ts';
import { requestTotals } from '../catalog/requests.ts';
import {
  deletionFees,
  errandEstimates,
  lastStoredAt,
  storedIn,
  storedNow,
  storedSince,
  storingSince,
} from '../catalog/spending.ts';
import type { TargetRow } from '../catalog/targets.ts';
import { DAY_MS } from './earlyDeletion.ts';
import { monthLines, restOf, sumUsed, type Month, type Used } from './month.ts';
import type { VaultPrices } from './prices.ts';

/** The last days by which those to come are judged. */
const USUAL_DAYS = 30;

export interface TargetPlace {
  readonly service: string;
  readonly vault: string;
}

export interface Spent {
  /** So far. */
  readonly lines: readonly PriceLine[];
  /** At the end of the month if nothing more is done. */
  readonly certain: readonly PriceLine[];
  /** At the end of the month if days go on as they were. */
  readonly forecast: readonly PriceLine[];
}

/**
 * @param now within the month, or after it: then all three are what it has cost
 * @param deletionAt when an archive that nothing needs is going to be deleted
 */
export async function spentAt(
  db: Reader,
  target: TargetRow,
  place: TargetPlace | null,
  prices: VaultPrices,
  month: Month,
  now: number,
  deletionAt: (pack: { readonly storedAt: number; readonly deadAt: number }) => number,
): Promise<Spent> {
  const soFar = { from: month.from, until: Math.min(now, month.until) };
  const used: Used = {
    ...(await storedIn(db, target.id, soFar)),
    requests: await requestTotals(db, { target: target.id, since: month.from, until: month.until }),
    feesUsd: await deletionFees(db, target.id, month),
    errandsUsd: place === null ? 0 : await errandEstimates(db, place, month),
  };
  const lines = monthLines(used, month, prices);
  if (now >= month.until) return { lines, certain: lines, forecast: lines };
  const there = await storedNow(db, target.id);
  const deletions = (await deadPacks(db, target.id)).map((pack) => ({
    at: Math.max(now, deletionAt(pack)),
    bytes: pack.size,
  }));
  const lastAt = (await lastStoredAt(db, target.id)) ?? now;
  const nothing = { archives: 0, bytes: 0, uploadRequests: 0 };
  const certain = restOf({ now, lastAt, ...there, deletions: [], perDay: nothing }, month);
  const forecast = restOf(
    { now, lastAt, ...there, deletions, perDay: await usualDay(db, target, now) },
    month,
  );
  return {
    lines,
    certain: monthLines(sumUsed(used, certain), month, prices),
    forecast: monthLines(sumUsed(used, forecast), month, prices),
  };
}

/** The average of the last days; of a target that is younger, of its own, without the first run, which is no usual day. */
async function usualDay(db: Reader, { id }: TargetRow, now: number) {
  const since = await storingSince(db, id);
  if (since === null) return { archives: 0, bytes: 0, uploadRequests: 0 };
  const from = Math.max(now - USUAL_DAYS * DAY_MS, since + DAY_MS);
  const days = (now - from) / DAY_MS;
  if (days < 1) return { archives: 0, bytes: 0, uploadRequests: 0 };
  const { archives, bytes } = await storedSince(db, id, { from, until: now });
  const requests = await requestTotals(db, { target: id, since: from, until: now });
  const sent = requests
    .filter(({ operation }) => ['beginUpload', 'sendPart', 'finishUpload'].includes(operation))
    .reduce((sum, { count }) => sum + count, 0);
  return { archives: archives / days, bytes: bytes / days, uploadRequests: sent / days };
}
