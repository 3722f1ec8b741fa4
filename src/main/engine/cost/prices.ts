/** Price tables: what a service charges, dated. The figures and where they come from are in `assets/prices/`. */
import vaultUsEast1 from '../../../../assets/prices/vault-us-east-1.json' with { type: 'json' };
import type { Tier } from '../../../shared/types.ts';

/** Prices are US dollars; a GB is `bytesPerGB` bytes, as the service counts it on its bills. */
export interface VaultPrices {
  readonly region: string;
  /** Day the table was put together, `YYYY-MM-DD`. */
  readonly date: string;
  readonly bytesPerGB: number;
  /** Charged as storage for each archive beside its own bytes. */
  readonly overheadBytesPerArchive: number;
  /** An archive that is deleted earlier is charged for the days that are left. */
  readonly minimumDays: number;
  readonly usd: {
    readonly storagePerGBMonth: number;
    readonly per1000UploadRequests: number;
    readonly retrievalPerGB: Readonly<Record<Tier, number>>;
    readonly per1000RetrievalRequests: Readonly<Record<Tier, number>>;
    readonly egressPerGB: number;
    readonly provisionedCapacityPerUnitMonth: number;
  };
}

const tables: readonly VaultPrices[] = [vaultUsEast1];

/**
 * The table for vaults in `region`; where there is none, the first table we have. The caller can tell by the
 * table's own region, and estimates name it.
 */
export function vaultPrices(region: string): VaultPrices {
  return tables.find((table) => table.region === region) ?? vaultUsEast1;
}
