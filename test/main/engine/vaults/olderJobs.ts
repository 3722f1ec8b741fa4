import { join } from 'node:path';
import { openCatalog } from '../../../../src/main/engine/catalog/catalog.ts';

/** As if the jobs that were asked for had been so many hours earlier. No engine has the profile open. */
export async function makeJobsOlder(profile: string, hours: number): Promise<void> {
  const catalog = await openCatalog(join(profile, 'catalog.db'));
  await catalog.transaction((tx) =>
    tx.run('update vault_jobs set created_at = created_at - ?', [hours * 3_600_000]),
  );
  await catalog.close();
}
