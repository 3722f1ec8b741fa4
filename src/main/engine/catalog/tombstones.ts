/**
 * Snapshots that are forgotten here, and have to be told as forgotten at the target while their own manifests lie there:
 * a catalog that is made anew from these would have them again.
 */
import type { Reader, Tx } from './db.ts';
import type { PackKey, TargetId } from './ids.ts';

/** As long as the manifest that told it is stored, it is told. */
const UNTOLD = "not exists (select 1 from packs m where m.id = t.told_by and m.state = 'stored')";

export interface Tombstone {
  /** Uid, 32 hex digits. */
  readonly snapshot: string;
  readonly manifest: PackKey | null;
}

export async function addTombstones(
  tx: Tx,
  target: TargetId,
  stones: readonly Tombstone[],
  at: number,
  toldBy: PackKey | null = null,
): Promise<void> {
  await tx.run(
    `insert into tombstones (target, snapshot, forgotten_at, manifest, told_by)
     select ?1, value ->> 0, ?4, value ->> 1, ?3 from json_each(?2) where true
     on conflict (target, snapshot) do update set told_by = coalesce(excluded.told_by, told_by)`,
    [target, JSON.stringify(stones.map(({ snapshot, manifest }) => [snapshot, manifest])), toldBy, at],
  );
}

/** Uids of all snapshots that are forgotten and may still be found at the target. */
export async function tombstonesOf(db: Reader, target: TargetId): Promise<readonly string[]> {
  return (await db.json('select json_group_array(snapshot) from tombstones where target = ?', [
    target,
  ])) as string[];
}

/** Notes which manifests tell the snapshots that are forgotten; those of which none is there need no more telling. */
export async function matchTombstones(
  tx: Tx,
  target: TargetId,
  manifests: Iterable<readonly [snapshot: string, manifest: PackKey]>,
): Promise<void> {
  await tx.run(
    `update tombstones set manifest = w.pack from (select value ->> 0 uid, value ->> 1 pack from json_each(?2)) w
     where target = ?1 and snapshot = w.uid`,
    [target, JSON.stringify([...manifests])],
  );
  await tx.run(
    `update tombstones set manifest = (select manifest from snapshots where uid = tombstones.snapshot)
     where target = ? and manifest is null`,
    [target],
  );
  await tx.run('delete from tombstones where target = ? and manifest is null', [target]);
}

/** Uids that the next manifest at the target has to tell of. */
export async function untoldTombstones(db: Reader, target: TargetId): Promise<readonly string[]> {
  return (await db.json(
    `select json_group_array(snapshot order by snapshot) from tombstones t where target = ? and ${UNTOLD}`,
    [target],
  )) as string[];
}

export async function markTombstonesTold(
  tx: Tx,
  target: TargetId,
  snapshots: readonly string[],
  manifest: PackKey,
): Promise<void> {
  await tx.run(
    'update tombstones set told_by = ? where target = ? and snapshot in (select value from json_each(?))',
    [manifest, target, JSON.stringify(snapshots)],
  );
}

/** The manifests are deleted at their target: nobody can take their snapshots for there any more. */
export async function dropTombstones(tx: Tx, manifests: readonly PackKey[]): Promise<void> {
  await tx.run('delete from tombstones where manifest in (select value from json_each(?))', [
    JSON.stringify(manifests),
  ]);
}
