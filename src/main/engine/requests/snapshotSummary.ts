import type { SnapshotSummary } from '../../../shared/types.ts';
import type { SnapshotRow } from '../catalog/snapshots.ts';

/** A committed snapshot as hosts see it. */
export function snapshotSummary(snapshot: SnapshotRow, plan: string, target: string): SnapshotSummary {
  const { uid, startedAt, endedAt, files, folders, bytes, newBytes } = snapshot;
  return { id: uid, plan, target, startedAt, endedAt: endedAt ?? startedAt, files, folders, bytes, newBytes };
}
