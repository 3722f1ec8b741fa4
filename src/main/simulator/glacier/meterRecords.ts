/** What the bill meter can only learn from the records: what ran out by itself, and what it missed. */
import type { Glacier } from './glacier.ts';
import { removed, staged, stored, unstaged } from './metering.ts';
import { IDLE_MS, isOpen } from './multipart.ts';

/** Tells of uploads that have run out by now. */
export async function meterIdleUploads(glacier: Glacier): Promise<void> {
  for (const [name, { uploads }] of glacier.store.state.vaults) {
    for (const upload of uploads.values()) {
      const { id, outcome } = upload.record;
      if (outcome === null && !isOpen(glacier, upload))
        await glacier.meter.add(unstaged(name, id, upload.activeAt + IDLE_MS));
    }
  }
}

/** Tells of what is in the records, in case a kill came between a record and the meter, or there was no meter yet. */
export async function meterRecords(glacier: Glacier): Promise<void> {
  const { meter, store } = glacier;
  for (const [name, { archives, uploads }] of store.state.vaults) {
    for (const archive of archives.values())
      await meter.add(
        archive.deletedAt === null ? stored(name, archive) : removed(name, archive.id, archive.deletedAt),
      );
    for (const { parts, record } of uploads.values()) {
      if (record.outcome !== null) await meter.add(unstaged(name, record.id, record.outcome.at));
      else for (const part of parts.values()) await meter.add(staged(name, record.id, part));
    }
  }
}
