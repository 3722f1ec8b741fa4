/**
 * Manifests build on each other: from one that lists the whole tree (a base) to the snapshot itself, each tells what
 * differs from the one before. Which of them are needed is decided here.
 */
import type { Reader } from './db.ts';
import type { PackKey, PlanId, SnapshotId } from './ids.ts';

/** States of snapshots whose manifests may be part of a chain. */
export const IN_CHAIN = "('committed', 'forgotten')";

export interface ChainLink {
  readonly id: SnapshotId;
  readonly manifest: PackKey | null;
  readonly base: boolean;
  readonly isForgotten: boolean;
}

/** Of one plan, in the order they were made. */
export async function chainOf(db: Reader, plan: PlanId): Promise<readonly ChainLink[]> {
  return (await db.json(
    `select json_group_array(json_object('id', id, 'manifest', manifest, 'base', json(iif(base, 'true', 'false')),
         'isForgotten', json(iif(state = 'forgotten', 'true', 'false'))) order by id)
     from snapshots where plan = ? and state in ${IN_CHAIN}`,
    [plan],
  )) as ChainLink[];
}

/** Forgotten ones whose manifests no snapshot that is kept builds on. Pure. */
export function needlessLinks(chain: readonly ChainLink[]): readonly ChainLink[] {
  const needless: ChainLink[] = [];
  let isNeeded = false;
  for (const link of chain.toReversed()) {
    if (!link.isForgotten) isNeeded = true;
    if (!isNeeded) needless.push(link);
    if (link.base) isNeeded = false;
  }
  return needless.reverse();
}
