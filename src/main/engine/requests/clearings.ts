/** Deleting archives, one, many or all, and the vault after them: what it costs first, then the errand that does it. */
import { randomBytes } from 'node:crypto';
import type { ClearingPreview } from '../../../shared/archiveTypes.ts';
import type { ParsedInput, Routes } from '../../../shared/contract.ts';
import type { Catalog } from '../catalog/catalog.ts';
import { addDeletions, addUnknownDeletions, ownPacksAmong, plansThatLose } from '../catalog/deletions.ts';
import { newestInventory, type InventoryPlace, type InventoryRow } from '../catalog/inventories.ts';
import {
  firstNames,
  unlistedArchives,
  weighArchives,
  type WeighedArchives,
} from '../catalog/inventoryArchives.ts';
import { DAY_MS, earlyDeletionCharge, freeFrom } from '../cost/earlyDeletion.ts';
import { vaultPrices } from '../cost/prices.ts';
import { EngineError } from '../failure.ts';
import type { VaultService } from '../target/service.ts';
import type { ClearingProgress, ClearingWanted } from '../vaults/clearingErrand.ts';
import { nothingShown } from '../vaults/errand.ts';
import type { EngineContext } from './context.ts';
import type { ErrandRuns } from './errandRuns.ts';
import { noneKept, placeIn } from './vaultArchives.ts';
import { withService } from './vaultPlace.ts';
import { refuseInUse } from './vaultUse.ts';

/** Names of archives that are said before they are deleted. */
const NAMES_SHOWN = 10;

export function clearingRoutes(
  context: EngineContext,
  errands: ErrandRuns,
): Pick<Routes, 'clearings:preview' | 'clearings:start'> {
  return {
    'clearings:preview': async (asked) => (await prepare(context, asked)).preview,
    'clearings:start': async ({ accept: _accepted, close, rate, ...asked }) => {
      if (close && !('all' in asked.which)) {
        throw new EngineError(
          'invalid',
          'A vault can only be deleted with all its archives.',
          'Leave out which archives are meant, or keep the vault.',
        );
      }
      const { place, preview, inventory, unlisted } = await prepare(context, asked);
      if (close) await refuseInUse(context.catalog, asked.at, place.vault);
      if (preview.ours > 0 && !asked.alsoOurs) throw ours(preview);
      const wanted: ClearingWanted = { which: asked.which, alsoOurs: asked.alsoOurs, close, rate };
      const progress: ClearingProgress = {
        stale: null,
        job: null,
        deletedAt: null,
        shown: { ...nothingShown, total: preview.archives },
      };
      return errands.place(
        {
          ...place,
          uid: randomBytes(16).toString('hex'),
          kind: 'clearing',
          place: asked.at,
          wanted,
          step: 'deleting',
          progress,
          estimate: preview.estimate,
          createdAt: Date.now(),
        },
        async (tx, id) => {
          if (close) await refuseInUse(tx, asked.at, place.vault);
          if (inventory !== undefined) {
            await addDeletions(tx, id, inventory.id, asked.which, asked.alsoOurs);
          }
          await addUnknownDeletions(tx, id, unlisted);
        },
      );
    },
  };
}

interface Prepared {
  readonly place: InventoryPlace;
  readonly preview: ClearingPreview;
  readonly inventory: InventoryRow | undefined;
  /** Archives that were named and that no inventory lists. */
  readonly unlisted: readonly string[];
}

type Asked = ParsedInput<'clearings:preview'>;

function prepare(context: EngineContext, asked: Asked): Promise<Prepared> {
  const { catalog } = context;
  const { which } = asked;
  return withService(context, asked.at, async (service) => {
    const place = await placeIn(context, asked);
    const inventory = await kept(context, service, place, which);
    const unlisted =
      'archives' in which ? await unlistedArchives(catalog, inventory?.id ?? null, which.archives) : [];
    const prices = vaultPrices(service.region);
    // Ages are counted by the service's time, which is known from an answer of this hour.
    if (inventory !== undefined) await service.describeVault(place.vault);
    const weighed =
      inventory === undefined
        ? nothing
        : await weighArchives(catalog, inventory.id, which, {
            // The later of the two: the practice vault's time may have run ahead since it was opened.
            now: Math.max(service.now(), inventory.knownAt),
            dayMs: DAY_MS,
            minimumDays: prices.minimumDays,
            overheadBytes: prices.overheadBytesPerArchive,
          });
    const { byteDays, young, youngestAt } = weighed;
    const preview: ClearingPreview = {
      vault: place.vault,
      archives: weighed.archives + unlisted.length,
      bytes: weighed.bytes,
      names: await namesOf(catalog, inventory, which, unlisted),
      unknown: unlisted.length,
      ours: weighed.ours + (await ownPacksAmong(catalog, unlisted)),
      plans: await plansThatLose(catalog, inventory?.id ?? null, which),
      inventoryAt: inventory?.takenAt ?? null,
      freeAt: young === 0 || youngestAt === null ? null : freeFrom(youngestAt, prices.minimumDays),
      estimate: earlyDeletionCharge({ archives: young, byteDays }, prices),
    };
    return { place, preview, inventory, unlisted };
  });
}

async function namesOf(
  catalog: Catalog,
  inventory: InventoryRow | undefined,
  which: Asked['which'],
  unlisted: readonly string[],
): Promise<readonly string[]> {
  const listed = inventory === undefined ? [] : await firstNames(catalog, inventory.id, which, NAMES_SHOWN);
  return [...listed, ...unlisted].slice(0, NAMES_SHOWN);
}

const nothing: WeighedArchives = {
  archives: 0,
  bytes: 0,
  young: 0,
  byteDays: 0,
  youngestAt: null,
  ours: 0,
};

/**
 * The inventory that archives are chosen from. Ids can be deleted without one, and a vault that the service has never
 * taken an inventory of counts as empty until it has: the service itself refuses to delete it if it is not.
 */
async function kept(
  { catalog }: EngineContext,
  service: VaultService,
  place: InventoryPlace,
  which: Asked['which'],
): Promise<InventoryRow | undefined> {
  const inventory = await newestInventory(catalog, place);
  if (inventory !== undefined || 'archives' in which) return inventory;
  const { inventoryAt } = await service.describeVault(place.vault);
  if ('all' in which && inventoryAt === null) return undefined;
  throw noneKept(place.vault);
}

function ours({ ours: count, plans }: ClearingPreview): EngineError {
  const lost = plans.length === 0 ? '' : ` Snapshots of ${plans.join(', ')} would be lost.`;
  return new EngineError(
    'conflict',
    `${count === 1 ? 'One of these archives is' : `${count.toLocaleString('en-US')} of these archives are`} Permafrost’s own.${lost}`,
    'Leave them out, or say that snapshots may go (--including-snapshots).',
    { safe: 'Nothing was deleted.' },
  );
}
