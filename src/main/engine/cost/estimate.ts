/**
 * What an act will cost at a vault, before it happens. Pure: an act and a price table give the lines of a bill.
 *
 * Amounts are exact to the float; nothing is rounded here, so that lines add up to their sum and many small acts to
 * one large one. Allowances that are free each month belong to the account, not to one act, and are not deducted:
 * an estimate is what is charged at most by this table.
 */
import type { Estimate, PriceLine, Tier } from '../../../shared/types.ts';
import type { VaultPrices } from './prices.ts';

/** Archives that are uploaded: how many, their bytes together, and the parts they are sent in. */
export interface BackupAct {
  readonly kind: 'backup';
  readonly archives: number;
  readonly bytes: number;
  readonly parts: number;
}

/** Ranges that are retrieved and downloaded in full. */
export interface RestoreAct {
  readonly kind: 'restore';
  readonly tier: Tier;
  readonly bytes: number;
  readonly retrievals: number;
}

/** Bytes that are downloaded, whatever had brought them. */
export interface DownloadAct {
  readonly kind: 'download';
  readonly bytes: number;
}

/** Parts of uploads that are not completed, for a month. */
export interface HoldAct {
  readonly kind: 'hold';
  readonly bytes: number;
}

/** Archives that stay where they are, for a month. */
export interface KeepAct {
  readonly kind: 'keep';
  readonly archives: number;
  readonly bytes: number;
}

/** Units of provisioned capacity that are bought for a month. */
export interface CapacityAct {
  readonly kind: 'capacity';
  readonly units: number;
}

export type Act = BackupAct | RestoreAct | DownloadAct | HoldAct | KeepAct | CapacityAct;

/** Traffic from the service to here. */
export const EGRESS_LINE = 'Download to the internet';

/** Requests that begin and complete a multipart upload, beside those for its parts. */
const REQUESTS_AROUND_PARTS = 2;

/**
 * The price of `act`; `prices` null is a target that charges nothing, such as a folder: no lines, no date, no region.
 * The sum of a backup is its upload and the first month of storage.
 * @throws RangeError if a quantity is negative or no number; that is a bug in the caller
 */
export function estimate(act: Act, prices: VaultPrices | null): Estimate {
  if (prices === null) return { lines: [], usd: 0, priceDate: '', region: '' };
  const lines = linesOf(act, prices);
  const usd = lines.reduce((sum, line) => sum + line.usd, 0);
  if (!(usd >= 0)) throw new RangeError(`no quantity may be negative: ${JSON.stringify(act)}`);
  return { lines, usd, priceDate: prices.date, region: prices.region };
}

/** Several acts on one bill; lines of the same kind are one. They are priced by the same table. */
export function sumOf(estimates: readonly Estimate[]): Estimate {
  const lines = new Map<string, PriceLine>();
  for (const line of estimates.flatMap((one) => one.lines)) {
    const { quantity, usd } = lines.get(line.what) ?? { quantity: 0, usd: 0 };
    lines.set(line.what, { ...line, quantity: quantity + line.quantity, usd: usd + line.usd });
  }
  const [first] = estimates;
  return {
    lines: [...lines.values()],
    usd: estimates.reduce((sum, { usd }) => sum + usd, 0),
    priceDate: first?.priceDate ?? '',
    region: first?.region ?? '',
  };
}

function linesOf(act: Act, prices: VaultPrices): PriceLine[] {
  switch (act.kind) {
    case 'backup':
      return backupLines(act, prices);
    case 'restore':
      return restoreLines(act, prices);
    case 'download':
      return [egressLine(act.bytes, prices)];
    case 'hold':
      return [
        {
          ...perGB('Storage of parts per month', act.bytes, prices.usd.storagePerGBMonth, prices),
          unit: 'GB-months',
        },
      ];
    case 'keep': {
      const bytes = act.bytes + prices.overheadBytesPerArchive * act.archives;
      return [
        { ...perGB('Storage per month', bytes, prices.usd.storagePerGBMonth, prices), unit: 'GB-months' },
      ];
    }
    case 'capacity': {
      const usd = act.units * prices.usd.provisionedCapacityPerUnitMonth;
      return [{ what: 'Provisioned capacity', quantity: act.units, unit: 'unit-months', usd }];
    }
  }
}

function backupLines(act: BackupAct, prices: VaultPrices): PriceLine[] {
  const requests = act.parts + REQUESTS_AROUND_PARTS * act.archives;
  const billedBytes = act.bytes + prices.overheadBytesPerArchive * act.archives;
  return [
    perThousand('Upload requests', requests, prices.usd.per1000UploadRequests),
    {
      ...perGB('Storage', billedBytes, prices.usd.storagePerGBMonth, prices),
      what: `Storage per month (at least ${prices.minimumDays} days are charged)`,
      unit: 'GB-months',
    },
  ];
}

function restoreLines(act: RestoreAct, prices: VaultPrices): PriceLine[] {
  return [
    perGB(`Retrieval, ${act.tier}`, act.bytes, prices.usd.retrievalPerGB[act.tier], prices),
    perThousand(
      `Retrieval requests, ${act.tier}`,
      act.retrievals,
      prices.usd.per1000RetrievalRequests[act.tier],
    ),
    egressLine(act.bytes, prices),
  ];
}

function egressLine(bytes: number, prices: VaultPrices): PriceLine {
  return perGB(EGRESS_LINE, bytes, prices.usd.egressPerGB, prices);
}

/** Requests at a price by the thousand. */
export function perThousand(what: string, requests: number, usdPer1000: number): PriceLine {
  return { what, quantity: requests, unit: 'requests', usd: (requests * usdPer1000) / 1000 };
}

/** Bytes at a price by the GB, as large as the table says it is. */
export function perGB(
  what: string,
  bytes: number,
  usd: number,
  { bytesPerGB }: { readonly bytesPerGB: number },
): PriceLine {
  const quantity = bytes / bytesPerGB;
  return { what, quantity, unit: 'GB', usd: quantity * usd };
}
