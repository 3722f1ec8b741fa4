/** The newest inventory of a vault that there is, for work that needs one and has hours to wait for it. */
import { findErrands } from '../catalog/errands.ts';
import { newestInventory, type InventoryPlace, type InventoryRow } from '../catalog/inventories.ts';
import { getVaultJob } from '../catalog/vaultJobs.ts';
import { EngineError } from '../failure.ts';
import type { VaultService } from '../target/service.ts';
import type { InventoryProgress } from '../vaults/inventoryErrand.ts';
import type { EngineContext } from './context.ts';
import type { ErrandRuns } from './errandRuns.ts';
import { vaultArchiveRoutes } from './vaultArchives.ts';

export interface InventoryWish {
  /** Its name. */
  readonly target: string;
  readonly place: InventoryPlace;
  readonly service: VaultService;
  readonly signal: AbortSignal;
  /** Nothing can be done until the service has got it ready, or it can again. */
  readonly onWaiting: (isWaiting: boolean) => Promise<void>;
}

/**
 * The kept inventory if the service has no newer one; else that is asked for, once, and waited for. Null when the service
 * has taken none yet.
 */
export async function freshInventory(
  context: EngineContext,
  errands: ErrandRuns,
  wish: InventoryWish,
): Promise<InventoryRow | null> {
  const { catalog } = context;
  const { place, service, signal } = wish;
  const { inventoryAt } = await service.describeVault(place.vault, signal);
  const kept = await newestInventory(catalog, place);
  if (inventoryAt === null) return null;
  // The service writes whole seconds into an inventory.
  if (kept !== undefined && kept.takenAt >= Math.floor(inventoryAt / 1000) * 1000) return kept;
  await errandFor(context, errands, wish);
  await wish.onWaiting(false);
  const read = await newestInventory(catalog, place);
  if (read === undefined) throw new RangeError('an inventory that was just read is gone');
  return read;
}

/** Resolves when the inventory has been read; rejects with what keeps it from being. */
async function errandFor(context: EngineContext, errands: ErrandRuns, wish: InventoryWish): Promise<void> {
  const { events } = context;
  const { target, signal } = wish;
  const request = vaultArchiveRoutes(context, errands)['inventories:request'];
  const done = new Set<string>();
  const failed = new Map<string, EngineError>();
  let look = (): void => undefined;
  const off = events.on('errand:changed', ({ id, kind, outcome, failure, step }) => {
    if (kind !== 'inventory') return;
    if (step === 'waiting' && failure === null) void tellIfWaiting(context, id, wish).catch(() => undefined);
    if (outcome === 'done') done.add(id);
    else if (failure !== null) failed.set(id, new EngineError(failure.kind, failure.message, failure.advice));
    else if (outcome === 'cancelled') failed.set(id, cancelled());
    look();
  });
  try {
    const { id, outcome } = await request({ at: { target }, format: 'json' });
    if (outcome === 'done') return;
    await new Promise<void>((resolve, reject) => {
      look = () => {
        if (done.has(id)) resolve();
        else if (failed.has(id)) reject(failed.get(id) ?? cancelled());
        else if (signal.aborted) reject(signal.reason as Error);
      };
      signal.addEventListener('abort', look, { once: true });
      look();
    });
  } finally {
    off();
  }
}

/** The errand has asked for its job; whether that is ready already is seen by a look of our own. */
async function tellIfWaiting(
  { catalog }: EngineContext,
  errand: string,
  { service, place, signal, onWaiting }: InventoryWish,
): Promise<void> {
  const [row] = await findErrands(catalog, errand);
  const key = row === undefined ? null : (row.progress as InventoryProgress).job;
  const job = key === null ? undefined : await getVaultJob(catalog, key);
  if (job === undefined || job.jobId === null) return;
  const { state } = await service.describeJob(place.vault, job.jobId, signal);
  if (state === 'waiting') await onWaiting(true);
}

function cancelled(): EngineError {
  return new EngineError(
    'cancelled',
    'The inventory that is waited for was given up.',
    'Carry it on: it is asked for again.',
  );
}
