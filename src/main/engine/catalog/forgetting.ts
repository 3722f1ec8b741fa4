/** Letting snapshots go: rows of entries that no snapshot kept falls into, and what is to be told of it. */
import { int, text } from './columns.ts';
import type { Reader, Tx } from './db.ts';
import type { PackKey, PlanId, SnapshotId, TargetId } from './ids.ts';
import { IN_CHAIN } from './chain.ts';
import { removePlan } from './plans.ts';
import { addTombstones } from './tombstones.ts';

/**
 * Forgets committed snapshots of one plan, never its newest. Costs what changed between their neighbours that are kept.
 * Chunks and packs stay: what nothing needs any more is found by `unneededPacks`.
 * @throws RangeError for one that is not committed, or is the newest of its plan
 */
export async function forgetSnapshots(
  tx: Tx,
  plan: PlanId,
  ids: readonly SnapshotId[],
  at: number,
): Promise<void> {
  if (ids.length === 0) return;
  const wanted = JSON.stringify(ids);
  const found = await tx.rows(
    `select id, uid, manifest from snapshots
     where plan = ?1 and state = 'committed' and id in (select value from json_each(?2))
       and id < (select max(id) from snapshots where plan = ?1 and state = 'committed')`,
    [plan, wanted],
  );
  if (found.length !== new Set(ids).size)
    throw new RangeError('only committed, older snapshots can be forgotten');
  await tx.run(
    "update snapshots set state = 'forgotten', forgotten_at = ? where id in (select value from json_each(?))",
    [at, wanted],
  );
  const target = int((await tx.row('select target from plans where id = ?', [plan])) ?? {}, 'target');
  await addTombstones(
    tx,
    target as TargetId,
    found.map((row) => ({ snapshot: text(row, 'uid'), manifest: row.manifest as PackKey | null })),
    at,
  );
  for (const gap of await gapsAround(tx, plan, ids)) await closeGap(tx, gap);
}

/** Neighbours that are kept, with nothing kept between them; `before` is 0 where there is none. */
interface Gap {
  readonly before: SnapshotId;
  readonly after: SnapshotId;
}

async function gapsAround(db: Reader, plan: PlanId, ids: readonly SnapshotId[]): Promise<readonly Gap[]> {
  const kept = "from snapshots where plan = ?1 and state = 'committed'";
  const rows = await db.rows(
    `select distinct coalesce((select max(id) ${kept} and id < w.value), 0) before,
       (select min(id) ${kept} and id > w.value) after
     from json_each(?2) w`,
    [plan, JSON.stringify(ids)],
  );
  return rows.map((row) => ({
    before: int(row, 'before') as SnapshotId,
    after: int(row, 'after') as SnapshotId,
  }));
}

/** A row that began after the one neighbour and ended by the other is in no snapshot that is kept. */
async function closeGap(tx: Tx, { before, after }: Gap): Promise<void> {
  const between =
    'select id from snapshots where plan = (select plan from snapshots where id = ?2) and id > ?1 and id < ?2';
  const gap = [before, after] as const;
  await tx.run(
    `insert or ignore into touched select ?2, folder from touched where snapshot in (${between})`,
    gap,
  );
  await tx.run(`delete from touched where snapshot in (${between})`, gap);
  await tx.run(
    `delete from entries where since > ?1 and until <= ?2
       and folder in (select folder from touched where snapshot = ?2)`,
    gap,
  );
  // Folders that were only there in between.
  const lost = `select t.folder from touched t join folders f on f.id = t.folder
    where t.snapshot = ?1 and f.parent <> 0
      and not exists (select 1 from entries e where e.folder = f.parent and e.name = f.name and e.kind = 2)`;
  await tx.run(`delete from folders where id in (${lost})`, [after]);
  await tx.run(
    'delete from touched where snapshot = ?1 and not exists (select 1 from folders where id = touched.folder)',
    [after],
  );
}

/**
 * Forgets the snapshots at a target that its tombstones name and that are here all the same, because their manifests were
 * read; a plan of which none is left with them. Resolves to whether there are any tombstones.
 */
export async function forgetTold(tx: Tx, target: TargetId, at: number): Promise<boolean> {
  const rows = await tx.rows(
    `select s.id, s.plan, s.id = (select max(id) from snapshots where plan = s.plan and state = 'committed') newest
     from tombstones t join snapshots s on s.uid = t.snapshot
     where t.target = ? and s.state = 'committed' and s.plan in (select id from plans where target = t.target)`,
    [target],
  );
  const byPlan = Map.groupBy(rows, (row) => int(row, 'plan') as PlanId);
  for (const [plan, told] of byPlan) {
    const older = told.filter((row) => int(row, 'newest') === 0).map((row) => int(row, 'id') as SnapshotId);
    await forgetSnapshots(tx, plan, older, at);
    const left = await tx.row("select count(*) n from snapshots where plan = ? and state = 'committed'", [
      plan,
    ]);
    // Its newest is told to be forgotten too: somebody has removed the plan with everything in it.
    if (older.length < told.length && int(left ?? {}, 'n') === 1) await removeWithSnapshots(tx, plan, at);
  }
  return (await tx.row('select 1 from tombstones where target = ? limit 1', [target])) !== undefined;
}

/** Forgets a plan with all its snapshots: what only they need dies, which `removePlan` leaves at the target. */
export async function removeWithSnapshots(tx: Tx, plan: PlanId, at: number): Promise<void> {
  const rows = await tx.rows(
    `select s.uid, s.manifest, p.target from snapshots s join plans p on p.id = s.plan
     where s.plan = ? and s.state in ${IN_CHAIN}`,
    [plan],
  );
  const stones = rows.map((row) => ({
    snapshot: text(row, 'uid'),
    manifest: row.manifest as PackKey | null,
  }));
  const target = rows[0]?.target;
  if (target !== undefined) await addTombstones(tx, target as TargetId, stones, at);
  await tx.run(
    `update packs set state = 'dead', dead_at = ?2 where state in ('stored', 'suspect')
       and id in (select manifest from snapshots where plan = ?1)`,
    [plan, at],
  );
  await removePlan(tx, plan);
}

/**
 * Files that the snapshot before had and whose content is nowhere in what is new with this one: changed or gone, not moved.
 * Costs what the snapshot changed.
 */
export async function countLost(db: Reader, snapshot: SnapshotId): Promise<number> {
  const inTouched = 'e.folder in (select folder from touched where snapshot = ?1) and e.kind = 1';
  const row = await db.row(
    `with fresh as materialized (select distinct substr(e.content, 1, 32) hash from entries e where ${inTouched} and e.since = ?1)
     select count(*) n from entries e
     where ${inTouched} and e.until = ?1 and substr(e.content, 1, 32) not in (select hash from fresh)`,
    [snapshot],
  );
  return int(row ?? {}, 'n');
}
