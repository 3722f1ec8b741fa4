/** A plan's rules over its snapshots: which are kept and why, when the others go, and letting them go. */
import type { Catalog } from '../catalog/catalog.ts';
import type { Reader } from '../catalog/db.ts';
import { forgetSnapshots } from '../catalog/forgetting.ts';
import type { PlanId, TargetId } from '../catalog/ids.ts';
import { snapshotsInUse } from '../catalog/orders.ts';
import { listPlans, type PlanRow } from '../catalog/plans.ts';
import { listSnapshots, type SnapshotRow } from '../catalog/snapshots.ts';
import { readRetention, type Retention } from '../../../shared/retention.ts';
import { EngineError } from '../failure.ts';
import { reasonsToKeep, type Dated, type Reason } from './keep.ts';

export interface Judged {
  readonly snapshot: SnapshotRow;
  /** None: it goes. */
  readonly reasons: readonly Reason[];
}

/** @throws EngineError `invalid` for text that is no rule */
export function checkRetention(text: string): Retention | 'everything' {
  const read = readRetention(text);
  if (read !== null) return read;
  throw new EngineError(
    'invalid',
    `“${text}” does not say which snapshots are kept.`,
    'Write everything, or counts like last=3,daily=7,weekly=4,monthly=12,yearly=10.',
  );
}

/** The plan's snapshots, oldest first. @param retention other rules than the plan's own, to look what they would do */
export async function judge(
  db: Reader,
  plan: PlanRow,
  timezone: string,
  retention: Retention | 'everything' = checkRetention(plan.retention),
): Promise<readonly Judged[]> {
  const snapshots = await listSnapshots(db, plan.id);
  const dated = await datedOf(db, plan.id, snapshots);
  const reasons = reasonsToKeep(dated, retention, timezone);
  return snapshots.map((snapshot, i) => ({ snapshot, reasons: reasons[i] ?? [] }));
}

export async function datedOf(
  db: Reader,
  plan: PlanId,
  snapshots: readonly SnapshotRow[],
): Promise<readonly Dated[]> {
  const inUse = await snapshotsInUse(db, plan);
  return snapshots.map(({ id, startedAt, tags }) => ({ at: startedAt, tags, isInUse: inUse.has(id) }));
}

/** The storm that keeps everything of the plan, if there is one that nobody has looked at. */
export function openStorm(snapshots: readonly SnapshotRow[]): SnapshotRow | undefined {
  return snapshots.find(({ storm }) => storm === 'open');
}

/** Forgets what no rule keeps, all of it or nothing; resolves to what went. None while a storm is open. */
export async function letGo(
  catalog: Catalog,
  plan: PlanRow,
  timezone: string,
  at: number,
): Promise<readonly SnapshotRow[]> {
  if (plan.writer !== null) return [];
  return catalog.transaction(async (tx) => {
    const judged = await judge(tx, plan, timezone);
    if (openStorm(judged.map(({ snapshot }) => snapshot)) !== undefined) return [];
    const going = judged.filter(({ reasons }) => reasons.length === 0).map(({ snapshot }) => snapshot);
    await forgetSnapshots(
      tx,
      plan.id,
      going.map(({ id }) => id),
      at,
    );
    return going;
  });
}

/** A plan at the target whose rules are suspended, by name. */
export async function planInStorm(db: Reader, target: TargetId): Promise<string | null> {
  for (const plan of await listPlans(db)) {
    if (plan.target === target && openStorm(await listSnapshots(db, plan.id)) !== undefined) return plan.name;
  }
  return null;
}
