/** What is really in the vaults, as nobody sees it through the service: for tests and for a look inside. */
import type { Glacier } from './glacier.ts';
import { inventoryDate } from './inventory.ts';
import { isoMillis } from './identifiers.ts';
import { isJobGone, jobState } from './jobs.ts';
import { isOpen } from './multipart.ts';

export function vaultSummaries(glacier: Glacier): object[] {
  const now = glacier.clock.serviceNow();
  return Array.from(glacier.store.state.vaults.values(), (vault) => {
    const archives = vault.archives.values().filter(({ deletedAt }) => deletedAt === null);
    const sizes = Array.from(archives, ({ size }) => size);
    const inventoryAt = inventoryDate(vault.record, now, glacier.durations);
    return {
      name: vault.record.name,
      archives: sizes.length,
      bytes: sizes.reduce((sum, size) => sum + size, 0),
      inventoryDate: inventoryAt === null ? null : isoMillis(inventoryAt),
      openUploads: [...vault.uploads.values()].filter((upload) => isOpen(glacier, upload)).length,
      jobs: [...vault.jobs.values()].filter((job) => !isJobGone(job, now)).length,
    };
  });
}

/** Jobs of all vaults that somebody waits for. */
export function jobsUnderWay(glacier: Glacier): number {
  const now = glacier.clock.serviceNow();
  let count = 0;
  for (const vault of glacier.store.state.vaults.values()) {
    for (const job of vault.jobs.values()) if (jobState(vault, job, now) === 'InProgress') count++;
  }
  return count;
}
