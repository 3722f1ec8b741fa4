/**
 * Snapshots of plans. `committed` is the only state anybody restores from; it is reached in one transaction with the
 * target's new epoch and head, the commit point of a run.
 */
import { int, intOrNull, parsed, text, textOrNull } from './columns.ts';
import type { Reader, Row, Tx } from './db.ts';
import type { PackKey, PlanId, SnapshotId } from './ids.ts';
import { mendLost } from './suspects.ts';

/** `forgotten`: it was committed, and its plan's rules or somebody let it go; entries it has none. */
export type SnapshotState = 'running' | 'committed' | 'abandoned' | 'forgotten';

export interface SnapshotTotals {
  readonly files: number;
  readonly folders: number;
  readonly bytes: number;
  /** Bytes of chunks that were not stored before, uncompressed. */
  readonly newBytes: number;
  /** Bytes of the packs it added, manifest included. */
  readonly storedBytes: number;
}

export interface SnapshotRow extends SnapshotTotals {
  readonly id: SnapshotId;
  /** 32 hex digits. */
  readonly uid: string;
  readonly plan: PlanId;
  /** The plan's committed snapshot before it, if any. */
  readonly parent: SnapshotId | null;
  /** Whether its manifest lists the whole tree. */
  readonly base: boolean;
  readonly state: SnapshotState;
  readonly startedAt: number;
  readonly endedAt: number | null;
  readonly epoch: number | null;
  readonly manifest: PackKey | null;
  /** What somebody called it: then no rule lets it go. */
  readonly tags: readonly string[];
  /** Most of its files were new content at once: nothing older goes until somebody has looked at it. */
  readonly storm: 'open' | 'accepted' | null;
}

/**
 * Adds a snapshot in state `running`, a base when the plan has none committed. A plan has one running at most, and its
 * number is above that of every snapshot before.
 */
export async function startSnapshot(
  tx: Tx,
  snapshot: { readonly plan: PlanId; readonly uid: string; readonly startedAt: number },
): Promise<SnapshotId> {
  const running = await tx.row("select id from snapshots where plan = ? and state = 'running'", [
    snapshot.plan,
  ]);
  if (running !== undefined) throw new RangeError('the plan has a running snapshot already');
  const { lastId } = await tx.run(
    `insert into snapshots (uid, plan, parent, base, state, started_at)
     select ?1, ?2, parent, parent is null, 'running', ?3
     from (select max(id) parent from snapshots where plan = ?2 and state = 'committed')`,
    [snapshot.uid, snapshot.plan, snapshot.startedAt],
  );
  return lastId as SnapshotId;
}

/** Names it, or takes its names away with an empty list. */
export async function tagSnapshot(tx: Tx, id: SnapshotId, tags: readonly string[]): Promise<void> {
  await tx.run('update snapshots set tags = ? where id = ?', [JSON.stringify(tags), id]);
}

/** Of a plan, all at once, by uid: those not named have none. */
export async function retagSnapshots(
  tx: Tx,
  plan: PlanId,
  tagged: ReadonlyMap<string, readonly string[]>,
): Promise<void> {
  await tx.run(
    `update snapshots set tags = coalesce((
       select value ->> '$[1]' from json_each(?2) where value ->> '$[0]' = uid), '[]')
     where plan = ?1`,
    [plan, JSON.stringify([...tagged])],
  );
}

export async function setStorm(tx: Tx, id: SnapshotId, storm: 'open' | 'accepted'): Promise<void> {
  await tx.run('update snapshots set storm = ? where id = ?', [storm, id]);
}

/** A running snapshot that a new run goes on with is as old as that run: it holds the tree as that finds it. */
export async function restartSnapshot(tx: Tx, id: SnapshotId, startedAt: number): Promise<void> {
  await tx.run("update snapshots set started_at = ? where id = ? and state = 'running'", [startedAt, id]);
}

/** Makes the manifest list the whole tree, whatever came before. */
export async function setBase(tx: Tx, id: SnapshotId): Promise<void> {
  await tx.run('update snapshots set base = 1 where id = ?', [id]);
}

/**
 * The commit point: the snapshot counts, and the target's epoch and head are its own.
 * The caller has checked the closure (`missingChunks` is empty) and that the manifest is stored.
 * @param epoch the target's epoch plus 1
 * @param head tree hash of the manifest pack, 32 bytes
 * @throws RangeError when one of these does not hold; nothing is written then
 */
export async function commitSnapshot(
  tx: Tx,
  id: SnapshotId,
  commit: {
    readonly endedAt: number;
    readonly epoch: number;
    readonly manifest: PackKey;
    readonly head: Buffer;
    readonly totals: SnapshotTotals;
  },
): Promise<void> {
  const { endedAt, epoch, manifest, head, totals } = commit;
  const raised = await tx.run(
    `update targets set epoch = ?1, head = ?2
     where epoch = ?1 - 1 and id = (select target from packs where id = ?3 and state = 'stored' and tree_hash = ?2)`,
    [epoch, head, manifest],
  );
  if (raised.changes !== 1)
    throw new RangeError('the manifest is not stored or the epoch is not the next one');
  const committed = await tx.run(
    `update snapshots set state = 'committed', ended_at = ?, epoch = ?, manifest = ?,
       files = ?, folders = ?, bytes = ?, new_bytes = ?, stored_bytes = ?
     where id = ? and state = 'running'`,
    [
      endedAt,
      epoch,
      manifest,
      totals.files,
      totals.folders,
      totals.bytes,
      totals.newBytes,
      totals.storedBytes,
      id,
    ],
  );
  if (committed.changes !== 1) throw new RangeError('the snapshot is not running');
  await tx.run('update plans set relist = 0 where id = (select plan from snapshots where id = ? and base)', [
    id,
  ]);
  await mendLost(tx, id);
}

export async function getSnapshot(db: Reader, id: SnapshotId): Promise<SnapshotRow | undefined> {
  const row = await db.row('select * from snapshots where id = ?', [id]);
  return row && snapshotRow(row);
}

/** Committed ones, oldest first; of all plans when `plan` is null. */
export async function listSnapshots(db: Reader, plan: PlanId | null): Promise<readonly SnapshotRow[]> {
  const rows = await db.rows(
    "select * from snapshots where (?1 is null or plan = ?1) and state = 'committed' order by id",
    [plan],
  );
  return rows.map(snapshotRow);
}

export async function latestSnapshot(db: Reader, plan: PlanId): Promise<SnapshotRow | undefined> {
  const row = await db.row(
    "select * from snapshots where plan = ? and state = 'committed' order by id desc limit 1",
    [plan],
  );
  return row && snapshotRow(row);
}

/** Committed ones whose uid begins with `prefix` (hex digits), at most 10: more than one is ambiguous. */
export async function findSnapshots(db: Reader, prefix: string): Promise<readonly SnapshotRow[]> {
  const rows = await db.rows(
    "select * from snapshots where uid >= ?1 and uid < ?1 || 'g' and state = 'committed' order by id limit 10",
    [prefix],
  );
  return rows.map(snapshotRow);
}

/** Those a run was killed in or gave up without clearing up. */
export async function runningSnapshots(db: Reader): Promise<readonly SnapshotRow[]> {
  return (await db.rows("select * from snapshots where state = 'running' order by id")).map(snapshotRow);
}

function snapshotRow(row: Row): SnapshotRow {
  return {
    id: int(row, 'id') as SnapshotId,
    uid: text(row, 'uid'),
    plan: int(row, 'plan') as PlanId,
    parent: intOrNull(row, 'parent') as SnapshotId | null,
    base: int(row, 'base') !== 0,
    state: text(row, 'state') as SnapshotState,
    startedAt: int(row, 'started_at'),
    endedAt: intOrNull(row, 'ended_at'),
    epoch: intOrNull(row, 'epoch'),
    manifest: intOrNull(row, 'manifest') as PackKey | null,
    tags: parsed(row, 'tags') as string[],
    storm: textOrNull(row, 'storm') as SnapshotRow['storm'],
    files: int(row, 'files'),
    folders: int(row, 'folders'),
    bytes: int(row, 'bytes'),
    newBytes: int(row, 'new_bytes'),
    storedBytes: int(row, 'stored_bytes'),
  };
}
