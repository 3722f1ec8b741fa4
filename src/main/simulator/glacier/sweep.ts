/** Removes what has run out: jobs a day after they were done, idle uploads, and the bytes that served only them. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Glacier } from './glacier.ts';
import { isJobGone } from './jobs.ts';
import { meterIdleUploads } from './meterRecords.ts';
import { isOpen, REPEAT_MS } from './multipart.ts';
import type { Change, JobRecord, UploadRecord } from './records.ts';
import { filesInUse } from './store.ts';

/** May be called at any time: what is gone by the clock is invisible already. */
export async function sweep(glacier: Glacier): Promise<void> {
  const { store, clock } = glacier;
  const now = clock.serviceNow();
  await meterIdleUploads(glacier);
  const changes: Change[] = [];
  const jobs: JobRecord[] = [];
  const uploads: UploadRecord[] = [];
  for (const [of, vault] of store.state.vaults) {
    for (const job of vault.jobs.values()) {
      if (!isJobGone(job, now)) continue;
      jobs.push(job);
      changes.push({ drop: 'job', of, job: job.id });
    }
    for (const upload of vault.uploads.values()) {
      const { outcome, id } = upload.record;
      const gone = outcome === null ? !isOpen(glacier, upload) : now >= outcome.at + REPEAT_MS;
      if (!gone) continue;
      uploads.push(upload.record);
      changes.push({ drop: 'upload', of, upload: id });
    }
  }
  if (changes.length === 0) return;
  await store.commit(now, changes);
  const inUse = filesInUse(store.state);
  for (const { archiveId } of uploads) if (!inUse.has(archiveId)) await store.files.remove(archiveId);
  for (const job of jobs) {
    if (job.kind === 'inventory') await rm(join(store.outputsDir, job.id), { force: true });
    else if (!inUse.has(job.archiveId)) await store.files.remove(job.archiveId);
  }
}
