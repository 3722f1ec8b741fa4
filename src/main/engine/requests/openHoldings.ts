/** Opens what tells what a target holds, for one piece of work that may take hours. */
import type { TargetRow } from '../catalog/targets.ts';
import type { Holdings } from '../vaults/holdings.ts';
import type { VaultJobs } from '../vaults/vaultJobs.ts';
import type { EngineContext } from './context.ts';
import type { ErrandRuns } from './errandRuns.ts';
import { freshInventory, type InventoryWish } from './freshInventory.ts';
import { placeIn } from './vaultArchives.ts';
import { openService } from './vaultPlace.ts';

/** Nobody waits for each request: long enough for a router's restart. */
const PATIENCE_MS = 15 * 60_000;

/** The caller closes it. */
export async function openHoldings(
  context: EngineContext,
  errands: ErrandRuns,
  jobs: VaultJobs,
  { name, settings }: TargetRow,
  wish: Pick<InventoryWish, 'signal' | 'onWaiting'>,
): Promise<{ readonly holdings: Holdings; readonly close: () => void }> {
  if (settings.kind === 'folder')
    return { holdings: { kind: 'folder', dir: settings.path }, close: () => undefined };
  const at = { target: name } as const;
  const place = await placeIn(context, { at });
  const service = await openService(context, at, { patienceMs: PATIENCE_MS });
  const inventory = () => freshInventory(context, errands, { target: name, place, service, ...wish });
  const holdings: Holdings = { kind: 'vault', service, place, jobs, inventory };
  return { holdings, close: () => service.close() };
}
