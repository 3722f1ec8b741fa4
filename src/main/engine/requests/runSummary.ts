import type { RunSummary } from '../../../shared/types.ts';
import type { Reader } from '../catalog/catalog.ts';
import type { RunRow } from '../catalog/runs.ts';
import { getSnapshot } from '../catalog/snapshots.ts';

/** A run as hosts see it. While it is on, `changed` is true: nobody knows yet. */
export async function runSummary(db: Reader, run: RunRow, plan: string): Promise<RunSummary> {
  const snapshot = run.snapshot === null ? undefined : await getSnapshot(db, run.snapshot);
  const isOver = run.state === 'done' || run.state === 'problems';
  return {
    id: run.id,
    plan,
    state: run.state,
    startedAt: run.startedAt,
    endedAt: run.endedAt,
    changed: !isOver || run.snapshot !== null,
    snapshot: snapshot?.state === 'committed' ? snapshot.uid : null,
    counts: run.counts,
    failure: run.failure,
  };
}
