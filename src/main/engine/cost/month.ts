/**
 * What a month costs at a vault, from what was stored and asked for, and what it will have cost at its end. Pure, and by the
 * service's own rules: months are those of UTC, storage is charged by the hours it was there of the hours the month has.
 */
import type { PriceLine, Tier } from '../../../shared/types.ts';
import { DAY_MS } from './earlyDeletion.ts';
import { EGRESS_LINE, perGB, perThousand } from './estimate.ts';
import type { VaultPrices } from './prices.ts';

export interface Month {
  /** Epoch ms; `until` exclusive. */
  readonly from: number;
  readonly until: number;
}

/** The month of UTC that a moment falls into; `n` months later. */
export function monthOf(at: number, n = 0): Month {
  const date = new Date(at);
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth() + n];
  return { from: Date.UTC(year, month), until: Date.UTC(year, month + 1) };
}

/** `YYYY-MM`. */
export function monthName({ from }: Month): string {
  return new Date(from).toISOString().slice(0, 7);
}

export interface Used {
  /** Bytes of archives, and archives, times the milliseconds they were there within the month. */
  readonly byteMs: number;
  readonly archiveMs: number;
  /** By operation, as the ledger has them. */
  readonly requests: readonly {
    readonly operation: string;
    readonly count: number;
    readonly bytes: number;
  }[];
  readonly feesUsd: number;
  /** Single archives that were sent or fetched, as they were estimated. */
  readonly errandsUsd: number;
}

const uploads = new Set(['beginUpload', 'sendPart', 'finishUpload']);
const tiers: readonly Tier[] = ['expedited', 'standard', 'bulk'];

/** Lines that charge nothing are left out. */
export function monthLines(used: Used, month: Month, prices: VaultPrices): readonly PriceLine[] {
  const { usd, bytesPerGB, overheadBytesPerArchive } = prices;
  const ms = month.until - month.from;
  const gbMonths = (used.byteMs + used.archiveMs * overheadBytesPerArchive) / ms / bytesPerGB;
  const of = (name: string) => used.requests.find(({ operation }) => operation === name);
  const sent = used.requests.reduce(
    (sum, { operation, count }) => sum + (uploads.has(operation) ? count : 0),
    0,
  );
  const lines: PriceLine[] = [
    { what: 'Storage', quantity: gbMonths, unit: 'GB-months', usd: gbMonths * usd.storagePerGBMonth },
    perThousand('Upload requests', sent, usd.per1000UploadRequests),
  ];
  for (const tier of tiers) {
    const asked = of(`requestRetrieval.${tier}`);
    if (asked === undefined) continue;
    lines.push(perGB(`Retrieval, ${tier}`, asked.bytes, usd.retrievalPerGB[tier], prices));
    lines.push(perThousand(`Retrieval requests, ${tier}`, asked.count, usd.per1000RetrievalRequests[tier]));
  }
  lines.push(perGB(EGRESS_LINE, of('readRetrieved')?.bytes ?? 0, usd.egressPerGB, prices));
  lines.push({ what: 'Early deletion', quantity: 1, unit: 'fees', usd: used.feesUsd });
  lines.push({ what: 'Single archives, as estimated', quantity: 1, unit: 'months', usd: used.errandsUsd });
  return lines.filter((line) => line.usd > 0);
}

/** What is known of the rest of a month. */
export interface Rest {
  readonly now: number;
  /** When something was stored last: the days to come are counted from there, as the next ones will be at its hour. */
  readonly lastAt: number;
  /** What is there now. */
  readonly archives: number;
  readonly bytes: number;
  /** What goes on the way, and when. */
  readonly deletions: readonly { readonly at: number; readonly bytes: number }[];
  /** What usually comes in a day, from the last days. */
  readonly perDay: { readonly archives: number; readonly bytes: number; readonly uploadRequests: number };
}

/** What the rest of the month adds: what is there stays, what is due goes, and days are as the last ones were. */
export function restOf(rest: Rest, month: Month): Used {
  const left = Math.max(0, month.until - rest.now);
  let byteMs = rest.bytes * left;
  let archiveMs = rest.archives * left;
  for (const { at, bytes } of rest.deletions) {
    const gone = Math.min(left, Math.max(0, month.until - Math.max(at, rest.now)));
    byteMs -= bytes * gone;
    archiveMs -= gone;
  }
  // What comes in the course of the days is there for half of them on average.
  const days = Math.max(0, Math.floor((month.until - 1 - Math.max(rest.lastAt, rest.now - DAY_MS)) / DAY_MS));
  byteMs += (rest.perDay.bytes * days * left) / 2;
  archiveMs += (rest.perDay.archives * days * left) / 2;
  const count = rest.perDay.uploadRequests * days;
  return {
    byteMs,
    archiveMs,
    requests: [{ operation: 'sendPart', count, bytes: 0 }],
    feesUsd: 0,
    errandsUsd: 0,
  };
}

export function sumUsed(a: Used, b: Used): Used {
  const requests = new Map(a.requests.map((one) => [one.operation, one]));
  for (const one of b.requests) {
    const seen = requests.get(one.operation) ?? { operation: one.operation, count: 0, bytes: 0 };
    const [count, bytes] = [seen.count + one.count, seen.bytes + one.bytes];
    requests.set(one.operation, { operation: one.operation, count, bytes });
  }
  return {
    byteMs: a.byteMs + b.byteMs,
    archiveMs: a.archiveMs + b.archiveMs,
    requests: [...requests.values()],
    feesUsd: a.feesUsd + b.feesUsd,
    errandsUsd: a.errandsUsd + b.errandsUsd,
  };
}
