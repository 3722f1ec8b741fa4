/** What can be made to happen to all vaults at once, for tests and lessons: see the acts in faults.ts. */
import type { Act } from '../faults.ts';
import type { Glacier } from './glacier.ts';
import { isJobGone, jobState, READABLE_MS } from './jobs.ts';
import { IDLE_MS, isOpen } from './multipart.ts';
import type { Change, Vault } from './records.ts';
import { sweep } from './sweep.ts';

/** Writes down times and outcomes as if it had come by itself, and lets the sweep find them. */
export async function actOnVaults(glacier: Glacier, act: Act): Promise<void> {
  const { clock, store } = glacier;
  const now = clock.serviceNow();
  const changes = [...store.state.vaults.values()].flatMap((vault) => changesOf(glacier, vault, act, now));
  if (changes.length > 0) await store.commit(now, changes);
  await sweep(glacier);
}

function changesOf(glacier: Glacier, vault: Vault, act: Act, now: number): Change[] {
  const of = vault.record.name;
  const jobs = [...vault.jobs.values()].filter((job) => !isJobGone(job, now));
  switch (act) {
    case 'expire-uploads':
      return [...vault.uploads.values()]
        .filter((upload) => isOpen(glacier, upload))
        .map(({ record }) => ({ put: 'upload', of, upload: { ...record, createdAt: now - IDLE_MS } }));
    case 'expire-outputs':
      return jobs
        .filter((job) => jobState(vault, job, now) !== 'InProgress')
        .map((job) => ({ put: 'job', of, job: { ...job, completesAt: now - READABLE_MS } }));
    case 'fail-jobs':
      return jobs
        .filter((job) => jobState(vault, job, now) === 'InProgress')
        .map((job) => ({ put: 'job', of, job: { ...job, fails: true } }));
  }
}
