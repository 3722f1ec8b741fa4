/**
 * Saving to a vault and deleting it keep out of each other's way: a vault that a plan saves to is not deleted, and
 * nothing begins to save to one that is being emptied and closed.
 */
import type { ServiceAt } from '../../../shared/names.ts';
import type { Reader } from '../catalog/db.ts';
import { openErrands } from '../catalog/errands.ts';
import { plansOfTarget } from '../catalog/plans.ts';
import type { TargetRow } from '../catalog/targets.ts';
import { EngineError } from '../failure.ts';
import type { ClearingWanted } from '../vaults/clearingErrand.ts';
import { locateTarget, targetsAt } from './vaultPlace.ts';

/** @throws EngineError `conflict` while a plan saves to the vault */
export async function refuseInUse(catalog: Reader, at: ServiceAt, name: string): Promise<void> {
  for (const { row, vault } of await targetsAt({ catalog }, at)) {
    const [plan] = vault === name ? await plansOfTarget(catalog, row.id) : [];
    if (plan === undefined) continue;
    throw new EngineError(
      'conflict',
      `The plan ${plan} saves to the vault ${name}.`,
      'Remove the plan first, or keep the vault.',
      { safe: 'The vault is kept.' },
    );
  }
}

/** @throws EngineError `conflict` while the target's vault is being emptied to be deleted itself */
export async function refuseClosing(
  catalog: Reader,
  target: Pick<TargetRow, 'uid' | 'settings'>,
): Promise<void> {
  const located = locateTarget(target);
  for (const { service, vault, wanted } of await openErrands(catalog, 'clearing')) {
    if (located?.key !== service || located.vault !== vault || !(wanted as ClearingWanted).close) continue;
    throw new EngineError(
      'conflict',
      `The vault ${vault} is being emptied, to be deleted.`,
      'Save to another vault, or cancel that first: permafrost vault errands.',
      { safe: 'Nothing was sent to it.' },
    );
  }
}
