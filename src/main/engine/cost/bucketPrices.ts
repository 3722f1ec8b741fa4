/** What S3 charges for objects of the storage classes that hold packs, dated; figures and sources are in `assets/prices/`. */
import s3UsEast1 from '../../../../assets/prices/s3-us-east-1.json' with { type: 'json' };
import type { Tier } from '../../../shared/types.ts';

export type BucketClass = 'STANDARD' | 'GLACIER_IR' | 'GLACIER' | 'DEEP_ARCHIVE';

/** US dollars. */
export interface ClassPrices {
  readonly storagePerGBMonth: number;
  readonly per1000Writes: number;
  readonly per1000Reads: number;
  /** For what is read at once, beside its way to the internet. */
  readonly readingPerGB: number;
  /** Tiers in which a temporary copy can be made; none where objects are read at once. */
  readonly retrieval: Readonly<
    Partial<Record<Tier, { readonly perGB: number; readonly per1000Requests: number }>>
  >;
  /** What is deleted earlier is charged for the days that are left. */
  readonly minimumDays: number;
  /** A smaller object is charged as if it were so large. */
  readonly minimumBytes: number;
  /** Charged with each object at the price of its class. */
  readonly overheadBytes: number;
  /** Charged with each object at the price of STANDARD. */
  readonly standardOverheadBytes: number;
}

export interface BucketPrices {
  readonly region: string;
  /** Day the table was put together, `YYYY-MM-DD`. */
  readonly date: string;
  readonly bytesPerGB: number;
  readonly egressPerGB: number;
  readonly classes: Readonly<Record<BucketClass, ClassPrices>>;
}

const tables: readonly BucketPrices[] = [s3UsEast1];

/** The table for buckets in `region`; where there is none, the first we have, which names its own region. */
export function bucketPrices(region: string): BucketPrices {
  return tables.find((table) => table.region === region) ?? s3UsEast1;
}
