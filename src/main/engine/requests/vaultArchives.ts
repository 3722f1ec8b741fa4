/** Inventories of vaults, and the archives they list. */
import { randomBytes } from 'node:crypto';
import type { ArchiveLine, InventorySummary } from '../../../shared/archiveTypes.ts';
import type { Routes } from '../../../shared/contract.ts';
import { BATCH_ROWS } from '../catalog/bulk.ts';
import type { Catalog } from '../catalog/catalog.ts';
import { lastErrand } from '../catalog/errands.ts';
import {
  listInventories,
  newestInventory,
  type InventoryPlace,
  type InventoryRow,
  WHOLE,
} from '../catalog/inventories.ts';
import { listInventoryArchives, type InventoryArchive } from '../catalog/inventoryArchives.ts';
import { EngineError } from '../failure.ts';
import type { InventoryAsked } from '../target/service.ts';
import { nothingShown } from '../vaults/errand.ts';
import { scopeOf, type InventoryProgress, type InventoryWanted } from '../vaults/inventoryErrand.ts';
import { exportText } from '../vaults/inventoryExport.ts';
import type { EngineContext } from './context.ts';
import { errandSummary, type ErrandRuns } from './errandRuns.ts';
import { checkNewFile, writeNew } from './newFile.ts';
import { serviceKey, vaultOf, withService } from './vaultPlace.ts';

type ArchiveRoutes = Pick<
  Routes,
  'inventories:request' | 'inventories:list' | 'inventories:export' | 'archives:list'
>;

const free = { lines: [], usd: 0, priceDate: '', region: '' } as const;

export function vaultArchiveRoutes(context: EngineContext, errands: ErrandRuns): ArchiveRoutes {
  const { catalog } = context;
  const placeOf = async (asked: Parameters<typeof placeIn>[1]) => placeIn(context, asked);
  return {
    'inventories:request': async ({ from, until, limit, format, ...asked }) => {
      const { service, vault } = await placeOf(asked);
      const of = await withService(context, asked.at, async (open) => {
        const { inventoryAt } = await open.describeVault(vault);
        if (inventoryAt === null) throw noInventoryYet(vault);
        return inventoryAt;
      });
      const inventory: InventoryAsked = {
        format,
        ...(from !== undefined && { startDate: wholeSeconds(from) }),
        ...(until !== undefined && { endDate: wholeSeconds(until) }),
        ...(limit !== undefined && { limit }),
      };
      const wanted: InventoryWanted = { asked: inventory, of };
      const wish = { kind: 'inventory', service, vault, wanted } as const;
      const last = await lastErrand(catalog, wish);
      if (last?.outcome === 'done' && (await isKept(catalog, { service, vault }, wanted))) {
        return errandSummary(last);
      }
      const progress: InventoryProgress = { job: null, shown: nothingShown };
      return errands.place({
        ...wish,
        uid: randomBytes(16).toString('hex'),
        place: asked.at,
        step: 'asking',
        progress,
        estimate: free,
        createdAt: Date.now(),
      });
    },
    'inventories:list': async (asked) =>
      (await listInventories(catalog, await placeOf(asked))).map(inventorySummary),
    'inventories:export': async ({ format, to, ...asked }) => {
      checkNewFile(to, context.profile.root);
      const place = await placeOf(asked);
      const inventory = await newestInventory(catalog, place, true);
      if (inventory === undefined) throw noneKept(place.vault);
      const pages = allPages(catalog, inventory);
      await writeNew(to, exportText(format, inventory, pages));
      return { path: to, archives: inventory.archives };
    },
    'archives:list': async ({ search, after, limit, ...asked }) => {
      const inventory = await newestInventory(catalog, await placeOf(asked), true);
      if (inventory === undefined) return { inventory: null, archives: [], more: false };
      const found = await listInventoryArchives(catalog, inventory.id, { search, after, limit: limit + 1 });
      return {
        inventory: inventorySummary(inventory),
        archives: found.slice(0, limit).map(archiveLine),
        more: found.length > limit,
      };
    },
  };
}

/** Which vault, as the catalog names it. */
export async function placeIn(
  context: EngineContext,
  { at, vault }: { readonly at: Parameters<typeof serviceKey>[1]; readonly vault?: string | undefined },
): Promise<InventoryPlace> {
  return { service: await serviceKey(context, at), vault: await vaultOf(context, at, vault) };
}

async function isKept(
  catalog: Catalog,
  place: InventoryPlace,
  { asked, of }: InventoryWanted,
): Promise<boolean> {
  const scope = scopeOf(asked);
  const all = await listInventories(catalog, place);
  return all.some((one) => one.state === 'kept' && one.scope === scope && one.takenAt >= wholeSeconds(of));
}

function wholeSeconds(ms: number): number {
  return Math.floor(ms / 1000) * 1000;
}

async function* allPages(
  catalog: Catalog,
  { id }: InventoryRow,
): AsyncGenerator<readonly InventoryArchive[]> {
  for (let after = 0; ;) {
    const page = await listInventoryArchives(catalog, id, { after, limit: BATCH_ROWS });
    yield page;
    const last = page.at(-1);
    if (last === undefined) return;
    after = last.number;
  }
}

function inventorySummary(row: InventoryRow): InventorySummary {
  const { vault, takenAt, readAt, archives, bytes, duplicates, scope } = row;
  return { vault, takenAt, readAt, archives, bytes, duplicates, isWhole: scope === WHOLE };
}

function archiveLine({ archiveId, ...archive }: InventoryArchive): ArchiveLine {
  return { ...archive, archive: archiveId };
}

function noInventoryYet(vault: string): EngineError {
  return new EngineError(
    'not-found',
    `The service has taken no inventory of the vault ${vault} yet.`,
    'Ask again tomorrow: the first one is taken about a day after the first archive was stored.',
  );
}

export function noneKept(vault: string): EngineError {
  return new EngineError(
    'not-found',
    `No inventory of the vault ${vault} has been read here.`,
    'Ask for one first: permafrost vault inventory request. It takes some hours.',
  );
}
