/**
 * What an act will cost at a bucket, before it happens. Pure, exact to the float, nothing rounded, and nothing deducted
 * that is free each month for a whole account.
 */
import type { Estimate, PriceLine, Tier } from '../../../shared/types.ts';
import type { BucketClass, BucketPrices } from './bucketPrices.ts';
import { DAY_MS } from './earlyDeletion.ts';
import { EGRESS_LINE, perGB, perThousand } from './estimate.ts';

/** Objects of one class that are uploaded; the sum is their requests and a month of keeping them. */
export interface BucketBackup {
  readonly class: BucketClass;
  /** Bytes of each object. */
  readonly objects: readonly number[];
  /** Of all of them together; 0 when each is sent by one request. */
  readonly parts: number;
}

/** Objects of an archive class that are thawed whole, of which then some bytes are read. */
export interface Thaw {
  readonly class: 'GLACIER' | 'DEEP_ARCHIVE';
  readonly tier: Tier;
  readonly objects: number;
  /** Of the objects, all they have. */
  readonly bytes: number;
  /** While the temporary copies are there, epoch ms; `copyUntil` says when they expire. */
  readonly copies: { readonly from: number; readonly until: number };
}

/** Bytes that are read of objects that can be read. */
export interface BucketRead {
  readonly class: BucketClass;
  readonly requests: number;
  readonly bytes: number;
}

/** When a copy that is ready at `readyAt` expires: so many days later, and on to the next midnight UTC. Epoch ms. */
export function copyUntil(readyAt: number, days: number): number {
  return Math.ceil((readyAt + days * DAY_MS) / DAY_MS) * DAY_MS;
}

export function backupEstimate({ class: of, objects, parts }: BucketBackup, prices: BucketPrices): Estimate {
  const own = prices.classes[of];
  const writes = objects.length;
  const beside = parts === 0 ? 0 : parts + objects.length;
  return estimateOf(prices, [
    perThousand(`Write requests, ${of}`, writes, own.per1000Writes),
    perThousand('Write requests for parts', beside, prices.classes.STANDARD.per1000Writes),
    ...keepLines(of, objects, prices),
  ]);
}

/** Objects that stay where they are, for a month. */
export function keepEstimate(of: BucketClass, objects: readonly number[], prices: BucketPrices): Estimate {
  return estimateOf(prices, keepLines(of, objects, prices));
}

/** @throws RangeError for a tier that the class does not have */
export function thawEstimate(thaw: Thaw, prices: BucketPrices): Estimate {
  const { class: of, tier, objects, bytes, copies } = thaw;
  const price = prices.classes[of].retrieval[tier];
  if (price === undefined) throw new RangeError(`${of} has no ${tier} retrieval`);
  const months = (bytes / prices.bytesPerGB) * monthsBetween(copies.from, copies.until);
  return estimateOf(prices, [
    perGB(`Retrieval, ${tier}`, bytes, price.perGB, prices),
    perThousand(`Retrieval requests, ${tier}`, objects, price.per1000Requests),
    gbMonths('Temporary copies', months, prices.classes.STANDARD.storagePerGBMonth),
  ]);
}

export function readEstimate({ class: of, requests, bytes }: BucketRead, prices: BucketPrices): Estimate {
  const own = prices.classes[of];
  return estimateOf(prices, [
    perThousand('Read requests', requests, own.per1000Reads),
    perGB('Retrieval', bytes, own.readingPerGB, prices),
    perGB(EGRESS_LINE, bytes, prices.egressPerGB, prices),
  ]);
}

function keepLines(of: BucketClass, objects: readonly number[], prices: BucketPrices): PriceLine[] {
  const { minimumBytes, overheadBytes, standardOverheadBytes, storagePerGBMonth } = prices.classes[of];
  const own = objects.reduce((sum, bytes) => sum + Math.max(bytes, minimumBytes) + overheadBytes, 0);
  const names = standardOverheadBytes * objects.length;
  const { bytesPerGB, classes } = prices;
  return [
    gbMonths('Storage per month', own / bytesPerGB, storagePerGBMonth),
    gbMonths('Storage of names per month', names / bytesPerGB, classes.STANDARD.storagePerGBMonth),
  ];
}

/** Lines that charge nothing are left out. */
function estimateOf({ region, date }: BucketPrices, lines: readonly PriceLine[]): Estimate {
  const usd = lines.reduce((sum, line) => sum + line.usd, 0);
  if (!(usd >= 0)) throw new RangeError(`no quantity may be negative: ${JSON.stringify(lines)}`);
  return { lines: lines.filter((line) => line.usd > 0), usd, priceDate: date, region };
}

/** Months of UTC between two moments, each part of one divided by the hours that month has, as storage is charged. */
function monthsBetween(from: number, until: number): number {
  let months = 0;
  for (let at = from; at < until;) {
    const date = new Date(at);
    const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
    const next = Date.UTC(year, month + 1);
    months += (Math.min(next, until) - at) / (next - Date.UTC(year, month));
    at = next;
  }
  return months;
}

function gbMonths(what: string, quantity: number, usd: number): PriceLine {
  return { what, quantity, unit: 'GB-months', usd: quantity * usd };
}
