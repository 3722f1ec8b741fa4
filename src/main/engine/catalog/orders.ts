/** Orders: restores that somebody asked for. What is needed to carry one on after a kill stands here and in retrievals. */
import type { Estimate, OrderState, OrderSummary, PutBack } from '../../../shared/types.ts';
import type { Tier } from '../target/target.ts';
import { hex, unhex } from './bulk.ts';
import { assignments, int, intOrNull, parsed, text } from './columns.ts';
import type { Reader, Row, Tx } from './db.ts';
import type { OrderKey, PlanId, SnapshotId } from './ids.ts';

/** What has come of it so far. */
export type OrderResult = Pick<
  OrderSummary,
  | 'files'
  | 'bytes'
  | 'restoredFiles'
  | 'restoredBytes'
  | 'roots'
  | 'verifiedFiles'
  | 'metadataProblems'
  | 'failedFiles'
  | 'problems'
  | 'failure'
> & {
  /** Absent until it is asked for. */
  readonly putBack?: PutBack;
};

/** What is restored beyond content, names, times and permission bits. */
export interface RestoreWishes {
  readonly ownership: boolean;
  /** Setuid, setgid and sticky. */
  readonly specialBits: boolean;
}

export interface NewOrder {
  /** 32 hex digits. */
  readonly uid: string;
  readonly snapshot: SnapshotId;
  /** Each a path taken apart: source's full path, name, name …; none: everything. */
  readonly selection: readonly (readonly Buffer[])[];
  readonly destination: string;
  readonly wishes: RestoreWishes;
  readonly tier: Tier;
  readonly createdAt: number;
  readonly estimate: Estimate;
  readonly result: OrderResult;
}

export interface OrderRow extends NewOrder {
  readonly id: OrderKey;
  readonly state: OrderState;
  readonly endedAt: number | null;
}

/** Adds an order in state `ordered`. */
export async function addOrder(tx: Tx, order: NewOrder): Promise<OrderKey> {
  const { lastId } = await tx.run(
    `insert into orders (uid, snapshot, selection, destination, wishes, tier, state, created_at, result, estimate)
     values (?, ?, ?, ?, ?, ?, 'ordered', ?, ?, ?)`,
    [
      order.uid,
      order.snapshot,
      JSON.stringify(order.selection.map((names) => names.map(hex))),
      order.destination,
      JSON.stringify(order.wishes),
      order.tier,
      order.createdAt,
      JSON.stringify(order.result),
      JSON.stringify(order.estimate),
    ],
  );
  return lastId as OrderKey;
}

/** Changes what is named, nothing else. `endedAt` belongs with a state that ends it. */
export async function updateOrder(
  tx: Tx,
  id: OrderKey,
  change: {
    readonly state?: OrderState;
    readonly endedAt?: number | null;
    readonly result?: OrderResult;
    readonly tier?: Tier;
    readonly estimate?: Estimate;
  },
): Promise<void> {
  const set = assignments({
    state: change.state,
    ended_at: change.endedAt,
    result: change.result && JSON.stringify(change.result),
    tier: change.tier,
    estimate: change.estimate && JSON.stringify(change.estimate),
  });
  if (set !== null) await tx.run(`update orders set ${set.sql} where id = ?`, [...set.values, id]);
}

export async function getOrder(db: Reader, id: OrderKey): Promise<OrderRow | undefined> {
  const row = await db.row('select * from orders where id = ?', [id]);
  return row && orderRow(row);
}

/** Those whose uid begins with `prefix` (hex digits), at most 10: more than one is ambiguous. */
export async function findOrders(db: Reader, prefix: string): Promise<readonly OrderRow[]> {
  const rows = await db.rows(
    "select * from orders where uid >= ?1 and uid < ?1 || 'g' order by id limit 10",
    [prefix],
  );
  return rows.map(orderRow);
}

/** Newest first. */
export async function listOrders(db: Reader): Promise<readonly OrderRow[]> {
  return (await db.rows('select * from orders order by id desc')).map(orderRow);
}

/** Those that have not ended, oldest first. */
export async function openOrders(db: Reader): Promise<readonly OrderRow[]> {
  return (await db.rows('select * from orders where ended_at is null order by id')).map(orderRow);
}

function orderRow(row: Row): OrderRow {
  return {
    id: int(row, 'id') as OrderKey,
    uid: text(row, 'uid'),
    snapshot: int(row, 'snapshot') as SnapshotId,
    selection: (parsed(row, 'selection') as string[][]).map((names) => names.map(unhex)),
    destination: text(row, 'destination'),
    wishes: parsed(row, 'wishes') as RestoreWishes,
    tier: text(row, 'tier') as Tier,
    state: text(row, 'state') as OrderState,
    createdAt: int(row, 'created_at'),
    endedAt: intOrNull(row, 'ended_at'),
    result: parsed(row, 'result') as OrderResult,
    estimate: parsed(row, 'estimate') as Estimate,
  };
}

/** What was restored can be put back for so long, counted to the plan's newest snapshot. */
const PUT_BACK_MS = 30 * 24 * 3_600_000;

/** Snapshots of the plan from which a restore is under way, or was lately: its files may still be put back. */
export async function snapshotsInUse(db: Reader, plan: PlanId): Promise<ReadonlySet<SnapshotId>> {
  const ids = (await db.json(
    `select json_group_array(distinct o.snapshot) from orders o join snapshots s on s.id = o.snapshot
     where s.plan = ?1 and (o.ended_at is null or o.ended_at + ?2 > (
       select max(started_at) from snapshots where plan = ?1 and state = 'committed'))`,
    [plan, PUT_BACK_MS],
  )) as SnapshotId[];
  return new Set(ids);
}
