/**
 * Deletes at a target what has been of no use for long enough (invariant I11), after its own listing has shown that nobody
 * else may need it. Begins anywhere after a kill: an archive that is gone already is no error.
 */
import type { Catalog } from '../catalog/catalog.ts';
import { condemn, deadPacks, forgetDeadPacks, type DeadPack } from '../catalog/deadPacks.ts';
import { newestInventory, type InventoryRow } from '../catalog/inventories.ts';
import { neededPacks } from '../catalog/needed.ts';
import { countPruning, endPruning, startPruning } from '../catalog/prunings.ts';
import { addRequests } from '../catalog/requests.ts';
import type { TargetRow } from '../catalog/targets.ts';
import { LAG_MS } from '../check/compare.ts';
import { DAY_MS } from '../cost/earlyDeletion.ts';
import { crashpoint } from '../crashpoint.ts';
import { EngineError, toFailure } from '../failure.ts';
import type { KeySet } from '../keys/masterKey.ts';
import { deleteFolderArchive, folderClock } from '../target/folderArchives.ts';
import type { Holdings, VaultHoldings } from '../vaults/holdings.ts';
import { deletionDay } from './deletionDay.ts';
import { folderListing, inventoryListing, type Listing } from './listing.ts';
import { strangersAt, type Strangers } from './writers.ts';

export interface DeletionJob {
  readonly catalog: Catalog;
  readonly targetRow: TargetRow;
  readonly holdings: Holdings;
  /** Of every epoch. */
  readonly keys: readonly KeySet[];
  /** As descriptions name this installation, 16 bits. */
  readonly ownTag: number;
  readonly minimumDays: number;
  readonly signal: AbortSignal;
  readonly onChange: () => Promise<void>;
}

/** Deleted before what they did is written down. */
const AT_ONCE = 20;
/** A kept inventory this young will do; else the newest is asked for that the service has. */
const YOUNG_INVENTORY_MS = 2 * DAY_MS;

/**
 * Resolves when nothing more is due.
 * @throws EngineError `conflict` when something at the target is not known here, `denied` when these credentials may not
 * delete
 */
export async function deleteDue(job: DeletionJob): Promise<void> {
  const { now, theirs } = await timesAt(job);
  const due = (await deadPacks(job.catalog, job.targetRow.id)).filter(
    (pack) => pack.isSettled && deletionDay(pack, job.minimumDays) <= now,
  );
  if (due.length === 0) return;
  const listing = await listingAt(job, now);
  refuseStrangers(job, await strangersAt(job.catalog, job.targetRow.id, listing, job.ownTag));
  const free = due.filter((pack) => isFree(pack, listing, job.minimumDays, theirs));
  if (free.length === 0) return;
  const { catalog, targetRow } = job;
  const needed = await neededPacks(catalog, targetRow.id);
  if (free.some(({ id }) => needed.has(id))) throw new RangeError('a pack that is to be deleted is needed');
  const id = await catalog.transaction((tx) => startPruning(tx, targetRow, Date.now()));
  let failure: EngineError | null = null;
  try {
    for (let at = 0; at < free.length; at += AT_ONCE) {
      job.signal.throwIfAborted();
      const next = free.slice(at, at + AT_ONCE);
      const condemned = await catalog.transaction((tx) =>
        condemn(
          tx,
          next.map((pack) => pack.id),
        ),
      );
      const batch = next.filter((pack) => condemned.has(pack.id));
      for (const { archiveId } of batch) await deleteArchive(job, archiveId);
      crashpoint('prune-deleted');
      await catalog.transaction(async (tx) => {
        await forgetDeadPacks(
          tx,
          batch.map((pack) => pack.id),
          Date.now(),
        );
        const bytes = batch.reduce((sum, { size }) => sum + size, 0);
        await countPruning(tx, id, { archives: batch.length, bytes, feeUsd: 0 });
        const request = { operation: 'deleteArchive', count: batch.length, bytes: 0 };
        await addRequests(tx, [{ ...request, at: Date.now(), target: targetRow.id, run: null, order: null }]);
      });
      crashpoint('prune-forgotten');
      await job.onChange();
    }
  } catch (error) {
    failure = error instanceof EngineError ? error : null;
    throw error;
  } finally {
    const end = { endedAt: Date.now(), failure: failure === null ? null : toFailure(failure) };
    await catalog.transaction((tx) => endPruning(tx, id, end));
  }
}

async function deleteArchive(
  { holdings, signal }: DeletionJob,
  archive: DeadPack['archiveId'],
): Promise<void> {
  if (holdings.kind === 'folder') await deleteFolderArchive(holdings.dir, archive);
  else await holdings.service.deleteArchive(holdings.place.vault, archive, signal);
}

interface Times {
  /** The earlier of our clock and the target's: ages only lengthen waits. */
  readonly now: number;
  /** By the target's clock, which dates its archives. */
  readonly theirs: number;
}

/** A practice vault has no time but its own. */
async function timesAt({ holdings, targetRow, signal }: DeletionJob): Promise<Times> {
  if (holdings.kind === 'vault') await holdings.service.describeVault(holdings.place.vault, signal);
  const theirs = holdings.kind === 'folder' ? await folderClock(holdings.dir) : holdings.service.now();
  return { now: targetRow.settings.kind === 'practice' ? theirs : Math.min(Date.now(), theirs), theirs };
}

async function listingAt(job: DeletionJob, now: number): Promise<Listing> {
  const { catalog, holdings, keys } = job;
  if (holdings.kind === 'folder') return folderListing(holdings.dir, keys);
  return inventoryListing(catalog, await inventoryOf(job, holdings, now), keys);
}

async function inventoryOf(job: DeletionJob, holdings: VaultHoldings, now: number): Promise<InventoryRow> {
  const kept = await newestInventory(job.catalog, holdings.place);
  if (kept !== undefined && kept.takenAt >= now - YOUNG_INVENTORY_MS) return kept;
  const inventory = await holdings.inventory();
  if (inventory !== null) return inventory;
  throw new EngineError(
    'not-found',
    `The service has taken no inventory of ${job.targetRow.name} yet; it takes one about once a day.`,
    'The deletion goes on when there is one.',
    { safe: 'Nothing was deleted.' },
  );
}

/** By the target's own date of it, and with the listing so much younger than its end that it shows who needed it. */
function isFree(
  pack: DeadPack,
  { createdAt, takenAt }: Listing,
  minimumDays: number,
  theirs: number,
): boolean {
  const made = createdAt.get(pack.archiveId) ?? pack.storedAt;
  if (takenAt !== null && takenAt < pack.deadAt + LAG_MS) return false;
  // A listing is never from the future.
  return Math.max(theirs, takenAt ?? 0) >= made + minimumDays * DAY_MS;
}

function refuseStrangers({ targetRow }: DeletionJob, { others, unknown }: Strangers): void {
  const { name } = targetRow;
  if (unknown > 0) {
    throw new EngineError(
      'conflict',
      `${name} holds ${unknown === 1 ? 'a record' : `${unknown} records`} of snapshots that this catalog does not know.`,
      `Take them in first: permafrost recover ${targetRow.kind === 'folder' ? 'folder --path …' : 'vault --vault …'} --name ${name}. They may be of a copy of this profile.`,
      { safe: 'Nothing was deleted.' },
    );
  }
  if (others.length === 0) return;
  const whose =
    others.length === 1 ? 'Another installation writes' : `${others.length} other installations write`;
  throw new EngineError(
    'conflict',
    `${whose} to ${name} too, and may rely on archives that nothing here needs any more.`,
    `If it does not any more (its computer is gone, or it has another target), say so: permafrost prune writers ${name}.`,
    { safe: 'Nothing was deleted.' },
  );
}
