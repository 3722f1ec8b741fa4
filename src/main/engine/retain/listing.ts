/** What a target lists, opened with our keys, as far as deleting goes by it. */
import type { Catalog } from '../catalog/catalog.ts';
import type { InventoryRow } from '../catalog/inventories.ts';
import type { KeySet } from '../keys/masterKey.ts';
import {
  openListing,
  sortListing,
  type ListedArchive,
  type OpenedListing,
} from '../recover/chooseRecords.ts';
import { listFolderArchives } from '../target/folderArchives.ts';
import { inventoryPages } from '../vaults/holdings.ts';

export interface Listing {
  readonly opened: OpenedListing;
  /** When each archive was made, by the target's clock. */
  readonly createdAt: ReadonlyMap<string, number>;
  /** Null for one that is not behind. */
  readonly takenAt: number | null;
}

/** @param keys of every epoch */
export async function folderListing(dir: string, keys: readonly KeySet[]): Promise<Listing> {
  const archives = await listFolderArchives(dir);
  return listingOf(
    archives.map((archive) => ({ ...archive, treeHash: null })),
    null,
    keys,
  );
}

export async function inventoryListing(
  catalog: Catalog,
  inventory: InventoryRow,
  keys: readonly KeySet[],
): Promise<Listing> {
  const archives: ListedArchive[] = [];
  for await (const page of inventoryPages(catalog, inventory)) archives.push(...page);
  return listingOf(archives, inventory.takenAt, keys);
}

function listingOf(
  archives: readonly ListedArchive[],
  takenAt: number | null,
  keys: readonly KeySet[],
): Listing {
  return {
    opened: openListing(sortListing(archives).packs, keys),
    createdAt: new Map(archives.map(({ archiveId, createdAt }) => [archiveId, createdAt])),
    takenAt,
  };
}
