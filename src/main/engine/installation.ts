/**
 * Which installation a catalog belongs to. Each writes under an id of its own (profile.ts); when that changes, because the
 * profile was copied or its catalog got lost, it begins with an epoch of its own, and tells its plans anew.
 */
import { dropHeads } from './backup/head.ts';
import type { Catalog } from './catalog/catalog.ts';
import { listPlans, takePlan } from './catalog/plans.ts';
import { readSetting, writeSetting } from './catalog/settings.ts';
import { forgetEpochs } from './catalog/targets.ts';
import { randomBytes } from './crypto.ts';

const SETTING = 'installation.writer';

/**
 * Makes the catalog the installation's own. What it stored under a former id stays what it is: another writer's.
 * Resolves to whether that was necessary.
 */
export async function settleInstallation(
  catalog: Catalog,
  headsDir: string,
  writer: string,
): Promise<boolean> {
  const before = await readSetting(catalog, SETTING);
  if (before === writer) return false;
  if (before !== undefined) dropHeads(headsDir);
  await catalog.transaction(async (tx) => {
    await writeSetting(tx, SETTING, writer);
    if (before === undefined) return;
    await forgetEpochs(tx);
    for (const plan of await listPlans(tx))
      if (plan.writer === null) await takePlan(tx, plan.id, randomBytes(16).toString('hex'));
  });
  return before !== undefined;
}
