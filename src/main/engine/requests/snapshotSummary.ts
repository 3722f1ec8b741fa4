import type { SnapshotSummary } from '../../../shared/types.ts';
import type { SnapshotRow } from '../catalog/snapshots.ts';

/** A committed snapshot as hosts see it. */
export function snapshotSummary(snapshot: SnapshotRow, plan: string, target: string): SnapshotSummary {
  const { uid, startedAt, endedAt, files, folders, bytes, newBytes, tags } = snapshot;
  const times = { startedAt, endedAt: endedAt ?? startedAt };
  return { id: uid, plan, target, ...times, files, folders, bytes, newBytes, tags };
}
