/**
 * Deletes archives of a vault, and the vault after them where that is wanted.
 *
 * All archives that are to go are rows before the first is deleted, and deleting twice is the same as once, so a kill
 * costs nothing. The service counts a vault as empty only by an inventory that was taken after the last deletion, a day
 * or so later; until then the errand looks now and then. If such an inventory still shows archives, it is read, and
 * what came in meanwhile is deleted too.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  addDeletions,
  countDeletions,
  type Deletion,
  markDeletions,
  markPacksGone,
  mayHoldKeySlots,
  nextDeletions,
  storedPacksIn,
} from '../catalog/deletions.ts';
import type { TargetId, VaultJobKey } from '../catalog/ids.ts';
import { newestInventory } from '../catalog/inventories.ts';
import { markGone, type WhichArchives } from '../catalog/inventoryArchives.ts';
import { forgetFilesIn, suspectPack } from '../catalog/suspects.ts';
import { setKeysStored } from '../catalog/targets.ts';
import { EngineError, toFailure } from '../failure.ts';
import { pollWaitMs } from '../restore/pollTimes.ts';
import type { VaultInfo } from '../target/service.ts';
import { ended, type Errand, type ErrandEnd, type Shown } from './errand.ts';
import { getInventory, type InventoryErrand } from './inventoryErrand.ts';

export interface ClearingWanted {
  readonly which: WhichArchives;
  /** Own archives too, of those that were counted when this was agreed to. */
  readonly alsoOurs: boolean;
  /** Delete the vault too. */
  readonly close: boolean;
  /** Deletions a second. */
  readonly rate: number;
}

export interface ClearingProgress {
  /** Date of the inventory that is too old to tell whether the vault is empty; null before the first. */
  readonly stale: number | null;
  readonly job: VaultJobKey | null;
  /** When the last archive was deleted, by the service's clock. */
  readonly deletedAt: number | null;
  readonly shown: Shown;
}

export type ClearingErrand = Errand<ClearingWanted, ClearingProgress>;

/** What holds a clearing back. */
export interface ClearingBounds {
  /** @throws EngineError `conflict` while a plan saves to the vault */
  refuseInUse(): Promise<void>;
  /** Targets of this profile that are the vault. */
  targets(): Promise<readonly TargetId[]>;
  /** Runs `act` while no backup is under way. */
  betweenBackups<T>(act: () => Promise<T>): Promise<T>;
}

/** Refusals in a row after which it is a matter of rights, not of single archives. */
const REFUSALS = 10;

export async function clearVault(errand: ClearingErrand, bounds: ClearingBounds): Promise<ErrandEnd> {
  let { progress } = errand;
  for (;;) {
    if (errand.wanted.close) await bounds.refuseInUse();
    progress = await deleteAll(errand, bounds, progress);
    const { refused } = progress.shown;
    if (refused > 0) {
      return { outcome: 'problems', shown: progress.shown, failure: toFailure(refusals(refused)) };
    }
    if (!errand.wanted.close) return ended(progress.shown);
    const next = await closeOrSeeMore(errand, bounds, progress);
    if (next === 'closed') return ended(progress.shown);
    progress = next;
  }
}

/** Deletes what is wanted, no faster than asked. */
async function deleteAll(
  errand: ClearingErrand,
  bounds: ClearingBounds,
  before: ClearingProgress,
): Promise<ClearingProgress> {
  const { catalog, row, wanted, signal } = errand;
  const width = Math.max(1, Math.ceil(wanted.rate / 5));
  let progress = await counted(errand, before);
  // Refused one after the other, with none deleted since: written down only when it is not a matter of rights.
  let inARow: readonly Deletion[] = [];
  await giveUpOwn(errand, bounds);
  for (;;) {
    const next = await nextDeletions(catalog, row.id, width, inARow.at(-1)?.number);
    if (next.length === 0) {
      await record(errand, { refused: inARow });
      progress = { ...withCounts(progress, 0, inARow.length), deletedAt: errand.service.now() };
      await errand.save('deleting', progress);
      return progress;
    }
    signal.throwIfAborted();
    // One that was on its way until now, and whose archive an inventory knew before we did.
    if ((await storedPacksIn(catalog, row.id, next)).length > 0) await giveUpOwn(errand, bounds);
    const startedAt = performance.now();
    await record(errand, { sent: next });
    const results = await Promise.all(next.map((one) => deleteOne(errand, one)));
    const deleted = next.filter((_, i) => results[i] === 'deleted');
    const refused = [...inARow, ...next.filter((_, i) => results[i] !== 'deleted')];
    const isSingle = deleted.length > 0;
    await record(errand, { deleted, [isSingle ? 'refused' : 'wanted']: refused });
    inARow = isSingle ? [] : refused;
    if (inARow.length >= REFUSALS)
      throw results.find((result) => result !== 'deleted') ?? refusals(inARow.length);
    progress = withCounts(progress, deleted.length, isSingle ? refused.length : 0);
    errand.tell(progress.shown);
    const paceMs = (1000 * next.length) / wanted.rate - (performance.now() - startedAt);
    if (paceMs > 0) await sleep(paceMs, undefined, { signal });
  }
}

function withCounts(progress: ClearingProgress, deleted: number, refused: number): ClearingProgress {
  const { shown } = progress;
  return { ...progress, shown: { ...shown, done: shown.done + deleted, refused: shown.refused + refused } };
}

/**
 * Own packs that are to go count for nothing new, and what they hold is read again; key slots are stored again. Between
 * backups: one that is under way may have taken their chunks for stored.
 */
async function giveUpOwn({ catalog, row }: ClearingErrand, bounds: ClearingBounds): Promise<void> {
  const holdsKeys = await mayHoldKeySlots(catalog, row.id, row);
  if (!holdsKeys && (await storedPacksIn(catalog, row.id)).length === 0) return;
  await bounds.betweenBackups(async () => {
    const packs = await storedPacksIn(catalog, row.id);
    const targets = await bounds.targets();
    for (const target of new Set(packs.map((one) => one.target))) {
      const ofTarget = packs.filter((one) => one.target === target);
      await forgetFilesIn(
        catalog,
        target,
        ofTarget.map(({ pack }) => pack),
      );
    }
    await catalog.transaction(async (tx) => {
      for (const { pack } of packs) await suspectPack(tx, pack, 'deleting');
      if (holdsKeys) for (const target of targets) await setKeysStored(tx, target, 0);
    });
  });
}

async function counted(errand: ClearingErrand, progress: ClearingProgress): Promise<ClearingProgress> {
  const { wanted, deleted, refused } = await countDeletions(errand.catalog, errand.row.id);
  const shown = { ...progress.shown, done: deleted, refused, total: wanted + deleted + refused };
  const now = { ...progress, shown };
  await errand.save('deleting', now);
  return now;
}

/** An archive that the vault does not have is as good as deleted; one that a policy keeps is told. */
async function deleteOne(
  { service, row, signal }: ClearingErrand,
  { archiveId }: Deletion,
): Promise<'deleted' | EngineError> {
  try {
    await service.deleteArchive(row.vault, archiveId, signal);
    return 'deleted';
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    if (error.kind === 'not-found') {
      // The same answer is given when the vault is gone.
      await service.describeVault(row.vault, signal);
      return 'deleted';
    }
    if (error.kind === 'denied' || error.kind === 'invalid') return error;
    throw error;
  }
}

type Recorded = Partial<Record<'wanted' | 'sent' | 'deleted' | 'refused', readonly Deletion[]>>;

async function record({ catalog, row }: ClearingErrand, found: Recorded): Promise<void> {
  const { deleted = [] } = found;
  await catalog.transaction(async (tx) => {
    for (const state of ['wanted', 'sent', 'deleted', 'refused'] as const) {
      const numbers = found[state]?.map(({ number }) => number) ?? [];
      if (numbers.length > 0) await markDeletions(tx, row.id, numbers, state);
    }
    if (deleted.length === 0) return;
    const archives = deleted.map(({ archiveId }) => archiveId);
    await markPacksGone(tx, archives);
    await markGone(tx, row, archives);
  });
}

/** Waits until the vault can be deleted, or an inventory shows archives that have come or stayed. */
async function closeOrSeeMore(
  errand: ClearingErrand,
  bounds: ClearingBounds,
  before: ClearingProgress,
): Promise<'closed' | ClearingProgress> {
  const { service, row, signal } = errand;
  let progress = before;
  for (let looks = 0; ; looks++) {
    const info = await service.describeVault(row.vault, signal).catch(unlessGone);
    if (info === undefined) return 'closed';
    if (info.archives === 0 && (await isDeleted(errand, bounds, progress))) return 'closed';
    if (progress.stale === null) {
      progress = { ...progress, stale: info.inventoryAt ?? 0 };
      await errand.save('waiting', progress);
    } else if (info.archives > 0 && info.inventoryAt !== null && info.inventoryAt > progress.stale) {
      progress = await seeWhatIsLeft(errand, bounds, progress, info, info.inventoryAt);
      if ((await nextDeletions(errand.catalog, row.id, 1)).length > 0) return { ...progress, stale: null };
    }
    await sleep(pollWaitMs(looks, errand.target.traits.pollCapMs), undefined, { signal });
  }
}

/** False while the service does not count the vault as empty. */
async function isDeleted(
  errand: ClearingErrand,
  bounds: ClearingBounds,
  progress: ClearingProgress,
): Promise<boolean> {
  await bounds.refuseInUse();
  try {
    await errand.save('closing', progress);
    await errand.service.deleteVault(errand.row.vault, errand.signal);
    return true;
  } catch (error) {
    if (!(error instanceof EngineError) || error.kind !== 'conflict') throw error;
    await errand.save('waiting', progress);
    return false;
  }
}

/** Reads the inventory that came, and takes what it lists beyond what was deleted. */
async function seeWhatIsLeft(
  errand: ClearingErrand,
  bounds: ClearingBounds,
  before: ClearingProgress,
  { archives }: VaultInfo,
  inventoryAt: number,
): Promise<ClearingProgress> {
  const { catalog, row } = errand;
  const reading: InventoryErrand = {
    ...errand,
    wanted: { asked: { format: 'json' }, of: inventoryAt },
    progress: before,
    save: (step, { job }) => errand.save(step, { ...before, job }),
    tell: () => undefined,
  };
  await getInventory(reading);
  const inventory = await newestInventory(catalog, row);
  if (inventory === undefined) throw new RangeError('an inventory that was just read is gone');
  await bounds.refuseInUse();
  // Own ones were counted and agreed to at the beginning; these came later.
  const added = await catalog.transaction((tx) =>
    addDeletions(tx, row.id, inventory.id, { all: true }, false),
  );
  const isOld = inventory.takenAt < Math.floor(inventoryAt / 1000) * 1000;
  const progress = { ...before, stale: isOld ? before.stale : inventoryAt };
  await errand.save('waiting', progress);
  if (added.ours > 0) throw oursCame(added.ours, archives);
  return progress;
}

function unlessGone(error: unknown): undefined {
  if (error instanceof EngineError && error.kind === 'not-found') return undefined;
  throw error;
}

function refusals(count: number): EngineError {
  return new EngineError(
    'denied',
    `The service refused to delete ${count === 1 ? 'one archive' : `${count.toLocaleString('en-US')} archives`}.`,
    'Look at the vault’s lock and access policy, and at the rights of these credentials; then delete the rest again.',
    { safe: 'The refused archives are untouched.' },
  );
}

function oursCame(ours: number, archives: number): EngineError {
  return new EngineError(
    'conflict',
    `The vault has ${archives.toLocaleString('en-US')} archives again, ${ours === 1 ? 'one' : ours.toLocaleString('en-US')} of them Permafrost’s own.`,
    'Find out what saves to it. To delete them too, start again and say that snapshots may go.',
    { safe: 'They were not deleted, and the vault is kept.' },
  );
}
