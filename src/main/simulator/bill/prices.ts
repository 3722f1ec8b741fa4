/**
 * List prices in US dollars for us-east-1. The simulator's own table: the app has another, and a bill counted with
 * this one shows whether the app's estimates hold.
 *
 * Vaults: storage and retrieval as announced in November 2016, upload requests as charged in 2013, both unconfirmed
 * since; AWS publishes no current list for vaults. S3's Glacier classes: public lists of mid-2026; writing to
 * GLACIER_IR, all of STANDARD and the infrequent-access classes, and reads are unconfirmed.
 * Data to the internet: the first 10 TB of a month, unconfirmed. A GB is 2^30 bytes, as AWS counts on its bills; a GB-month
 * is a GB for as many hours as the month has.
 */
import type { RetrievalTier, StorageClass } from './events.ts';

export const GB = 1024 ** 3;
const KIB = 1024;

/** Dollars for `per` of something. */
interface Price {
  readonly usd: number;
  readonly per: number;
}

interface ClassPrices {
  readonly usdPerGBMonth: number;
  /** Parts of unfinished uploads; S3 keeps them at the price of STANDARD. */
  readonly stagingUsdPerGBMonth: number;
  readonly write: Price;
  readonly list: Price;
  readonly read: Price;
  /** Tiers in which things are brought back. */
  readonly retrieval: Partial<
    Readonly<Record<RetrievalTier, { readonly bytes: Price; readonly request: Price }>>
  >;
  /** What is read at once, beside its way to the internet; null if that is free. */
  readonly reading: Price | null;
  /** What is deleted earlier is charged for the days that are left. */
  readonly minimumDays: number;
  /** What is smaller is charged as if it were so large. */
  readonly minimumBytes: number;
  /** Charged with each archive or object, at the price of its class. */
  readonly overheadBytes: number;
  /** Charged with each object, at the price of STANDARD: its name stays readable. */
  readonly standardOverheadBytes: number;
}

const perGB = (usd: number): Price => ({ usd, per: GB });
const per1000 = (usd: number): Price => ({ usd, per: 1000 });
const tier = (gb: number, thousand: number): { bytes: Price; request: Price } => ({
  bytes: perGB(gb),
  request: per1000(thousand),
});

const standard: ClassPrices = {
  usdPerGBMonth: 0.023,
  stagingUsdPerGBMonth: 0.023,
  write: per1000(0.005),
  list: per1000(0.005),
  read: per1000(0.0004),
  retrieval: {},
  reading: null,
  minimumDays: 0,
  minimumBytes: 0,
  overheadBytes: 0,
  standardOverheadBytes: 0,
};
const infrequent: ClassPrices = {
  ...standard,
  usdPerGBMonth: 0.0125,
  write: per1000(0.01),
  read: per1000(0.001),
  reading: perGB(0.01),
  minimumDays: 30,
  minimumBytes: 128 * KIB,
};
const archived = { overheadBytes: 32 * KIB, standardOverheadBytes: 8 * KIB };

export const prices: Readonly<Record<StorageClass, ClassPrices>> = {
  VAULT: {
    ...standard,
    usdPerGBMonth: 0.004,
    stagingUsdPerGBMonth: 0.004,
    write: per1000(0.05),
    list: per1000(0),
    read: per1000(0),
    retrieval: { Expedited: tier(0.03, 10), Standard: tier(0.01, 0.05), Bulk: tier(0.0025, 0.025) },
    minimumDays: 90,
    overheadBytes: 32 * KIB,
  },
  STANDARD: standard,
  STANDARD_IA: infrequent,
  ONEZONE_IA: { ...infrequent, usdPerGBMonth: 0.01 },
  INTELLIGENT_TIERING: standard,
  GLACIER_IR: {
    ...infrequent,
    usdPerGBMonth: 0.004,
    write: per1000(0.02),
    read: per1000(0.01),
    reading: perGB(0.03),
    minimumDays: 90,
  },
  GLACIER: {
    ...standard,
    ...archived,
    usdPerGBMonth: 0.0036,
    write: per1000(0.03),
    retrieval: { Expedited: tier(0.03, 10), Standard: tier(0.01, 0.05), Bulk: tier(0, 0) },
    minimumDays: 90,
  },
  DEEP_ARCHIVE: {
    ...standard,
    ...archived,
    usdPerGBMonth: 0.00099,
    write: per1000(0.05),
    retrieval: { Standard: tier(0.02, 0.1), Bulk: tier(0.0025, 0.025) },
    minimumDays: 180,
  },
};

export const toInternet: Price = perGB(0.09);
export const capacityUnit: Price = { usd: 100, per: 1 };
/** Bytes of Standard retrieval from vaults that are free each month, where that allowance is granted. */
export const FREE_RETRIEVAL_BYTES = 10n * BigInt(GB);
