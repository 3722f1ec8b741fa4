/** How a target tells what it holds: a vault by its inventory, a folder at once. */
import { BATCH_ROWS } from '../catalog/bulk.ts';
import type { Catalog } from '../catalog/catalog.ts';
import type { InventoryPlace, InventoryRow } from '../catalog/inventories.ts';
import { listInventoryArchives } from '../catalog/inventoryArchives.ts';
import type { VaultService } from '../target/service.ts';
import type { ArchiveId } from '../target/target.ts';
import type { VaultJobs } from './vaultJobs.ts';

export type Holdings = VaultHoldings | FolderHoldings;

export interface VaultHoldings {
  readonly kind: 'vault';
  readonly service: VaultService;
  readonly place: InventoryPlace;
  readonly jobs: VaultJobs;
  /** The newest inventory there is, waited for if need be; null when the service has taken none yet. */
  readonly inventory: () => Promise<InventoryRow | null>;
}

export interface FolderHoldings {
  readonly kind: 'folder';
  readonly dir: string;
}

export interface InventoriedArchive {
  readonly archiveId: ArchiveId;
  readonly description: string;
  readonly size: number;
  /** 32 bytes. */
  readonly treeHash: Buffer;
  readonly createdAt: number;
}

/** Those of an inventory that were not deleted from here since, some thousand at a time. */
export async function* inventoryPages(
  catalog: Catalog,
  inventory: InventoryRow,
): AsyncGenerator<readonly InventoriedArchive[]> {
  for (let after = 0; ;) {
    const page = await listInventoryArchives(catalog, inventory.id, { after, limit: BATCH_ROWS });
    yield page
      .filter(({ gone }) => !gone)
      .map(({ archiveId, description, size, treeHash, createdAt }) => ({
        archiveId,
        description,
        size,
        treeHash: Buffer.from(treeHash, 'hex'),
        createdAt,
      }));
    const last = page.at(-1);
    if (last === undefined) return;
    after = last.number;
  }
}
