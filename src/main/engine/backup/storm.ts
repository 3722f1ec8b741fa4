/**
 * A change storm: most of what a plan held is other content, or gone, in a single snapshot. It may be a new camera folder
 * structure, and it may be ransomware; until somebody has said which, nothing older goes.
 */
import type { Reader } from '../catalog/db.ts';
import { countLost } from '../catalog/forgetting.ts';
import type { SnapshotId } from '../catalog/ids.ts';
import { getSnapshot } from '../catalog/snapshots.ts';

/** Fewer files than this change all at once every other day. */
const FEWEST_FILES = 20;
const SHARE = 0.6;

/** Pure. @param lost files of the snapshot before whose content is nowhere in this one @param before files it had in all */
export function isStorm(lost: number, before: number): boolean {
  return before >= FEWEST_FILES && lost >= SHARE * before;
}

/** Whether the snapshot, which is about to be committed, is one. */
export async function isStormy(db: Reader, snapshot: SnapshotId): Promise<boolean> {
  const { parent } = (await getSnapshot(db, snapshot)) ?? { parent: null };
  const before = parent === null ? undefined : await getSnapshot(db, parent);
  return before !== undefined && isStorm(await countLost(db, snapshot), before.files);
}
