/**
 * Retrievals of an order: each asks the target for a range of one pack.
 *
 * `planned` -> `requested` (a job exists) -> `ready` (its output can be read) -> `fetched` (and is kept here, verified);
 * `expired` output has to be asked for again, `failed` is for good. A planned one with a time of request may have been
 * asked for: the answer was not heard. A fetched one without it was here already when the order was placed (`isKept`).
 */
import type { ByteRange, JobId, Tier } from '../target/target.ts';
import { bulkTexts } from './bulk.ts';
import { assignments, int, intOrNull, text, textOrNull } from './columns.ts';
import type { Reader, Row, Tx } from './db.ts';
import type { OrderKey, PackKey, RetrievalKey, TargetId } from './ids.ts';

export type RetrievalState = 'planned' | 'requested' | 'ready' | 'fetched' | 'failed' | 'expired';

export interface NewRetrieval {
  readonly pack: PackKey;
  /** Null: the whole archive. */
  readonly range: ByteRange | null;
  readonly tier: Tier;
  /** Goes into the job, so that it can be found again when the answer to its start is lost. Unique. */
  readonly description: string;
}

export interface RetrievalRow extends NewRetrieval {
  readonly id: RetrievalKey;
  readonly order: OrderKey;
  readonly state: RetrievalState;
  readonly jobId: JobId | null;
  /** Where in the archive the output of its job begins. */
  readonly jobFirst: number;
  /** How often it was started, and paid. */
  readonly asked: number;
  readonly requestedAt: number | null;
  readonly readyAt: number | null;
  readonly fetchedAt: number | null;
  readonly error: string | null;
}

export interface RetrievalChange {
  readonly state?: RetrievalState;
  readonly jobId?: JobId | null;
  /** Null: where its own range does. */
  readonly jobFirst?: number | null;
  readonly tier?: Tier;
  readonly asked?: number;
  readonly description?: string;
  readonly requestedAt?: number | null;
  readonly readyAt?: number | null;
  readonly fetchedAt?: number | null;
  readonly error?: string | null;
}

/** @param state `fetched` for what is here already and was never asked for */
export async function addRetrievals(
  tx: Tx,
  order: OrderKey,
  retrievals: Iterable<NewRetrieval>,
  state: 'planned' | 'fetched' = 'planned',
): Promise<void> {
  const texts = bulkTexts(retrievals, ({ pack, range, tier, description }) => [
    pack,
    range?.first ?? null,
    range?.end ?? null,
    tier,
    description,
  ]);
  for (const batch of texts) {
    await tx.run(
      `insert into retrievals (order_id, pack, range_first, range_end, tier, state, description)
       select ?, value ->> 0, value ->> 1, value ->> 2, value ->> 3, ?, value ->> 4 from jsonb_each(?)`,
      [order, state, batch],
    );
  }
}

/** Changes what is named, nothing else. */
export async function updateRetrieval(tx: Tx, id: RetrievalKey, change: RetrievalChange): Promise<void> {
  const set = assignments({
    state: change.state,
    job_id: change.jobId,
    job_first: change.jobFirst,
    tier: change.tier,
    asked: change.asked,
    description: change.description,
    requested_at: change.requestedAt,
    ready_at: change.readyAt,
    fetched_at: change.fetchedAt,
    error: change.error,
  });
  if (set !== null) await tx.run(`update retrievals set ${set.sql} where id = ?`, [...set.values, id]);
}

/** Of one order, as they are to be asked for and read; those in any of `states`, or all. */
export async function listRetrievals(
  db: Reader,
  order: OrderKey,
  states?: readonly RetrievalState[],
): Promise<readonly RetrievalRow[]> {
  const rows = await db.rows(
    `select * from retrievals
     where order_id = ?1 and (?2 is null or state in (select value from json_each(?2))) order by rank, id`,
    [order, states === undefined ? null : JSON.stringify(states)],
  );
  return rows.map(retrievalRow);
}

/** Puts those of some packs before all others of the order. */
export async function putFirst(tx: Tx, order: OrderKey, packs: Iterable<PackKey>): Promise<void> {
  await tx.run(
    `update retrievals set rank = (select min(rank) - 1 from retrievals where order_id = ?1)
     where order_id = ?1 and pack in (select value from json_each(?2))`,
    [order, JSON.stringify([...packs])],
  );
}

/** How many retrievals of the order are in each state. */
export async function countRetrievals(
  db: Reader,
  order: OrderKey,
): Promise<Readonly<Record<RetrievalState, number>>> {
  const counts = { planned: 0, requested: 0, ready: 0, fetched: 0, failed: 0, expired: 0 };
  const rows = await db.rows('select state, count(*) n from retrievals where order_id = ? group by state', [
    order,
  ]);
  for (const row of rows) counts[text(row, 'state') as RetrievalState] = int(row, 'n');
  return counts;
}

/** Hours that the newest retrievals of each tier took at a target, up to 50 of each. */
export async function hoursTaken(
  db: Reader,
  target: TargetId,
): Promise<Readonly<Record<Tier, readonly number[]>>> {
  const taken: Record<Tier, number[]> = { expedited: [], standard: [], bulk: [] };
  const rows = await db.rows(
    `select * from (
       select r.tier, (r.ready_at - r.requested_at) / 3600000.0 hours,
         row_number() over (partition by r.tier order by r.id desc) n
       from retrievals r join packs p on p.id = r.pack
       where p.target = ? and r.ready_at > r.requested_at and r.job_first is null)
     where n <= 50`,
    [target],
  );
  for (const row of rows) taken[text(row, 'tier') as Tier].push(Number(row['hours']));
  return taken;
}

/** Whether it was kept from an earlier order, and costs nothing. */
export function isKept({ state, requestedAt }: Pick<RetrievalRow, 'state' | 'requestedAt'>): boolean {
  return state === 'fetched' && requestedAt === null;
}

/** Whether anything of the order was, or may have been, asked of the target. */
export async function wasAsked(db: Reader, order: OrderKey): Promise<boolean> {
  const row = await db.row(
    'select 1 from retrievals where order_id = ? and requested_at is not null limit 1',
    [order],
  );
  return row !== undefined;
}

function retrievalRow(row: Row): RetrievalRow {
  const first = intOrNull(row, 'range_first');
  const end = intOrNull(row, 'range_end');
  return {
    id: int(row, 'id') as RetrievalKey,
    order: int(row, 'order_id') as OrderKey,
    pack: int(row, 'pack') as PackKey,
    range: first === null || end === null ? null : { first, end },
    tier: text(row, 'tier') as Tier,
    state: text(row, 'state') as RetrievalState,
    jobId: textOrNull(row, 'job_id') as JobId | null,
    jobFirst: intOrNull(row, 'job_first') ?? first ?? 0,
    asked: int(row, 'asked'),
    description: text(row, 'description'),
    requestedAt: intOrNull(row, 'requested_at'),
    readyAt: intOrNull(row, 'ready_at'),
    fetchedAt: intOrNull(row, 'fetched_at'),
    error: textOrNull(row, 'error'),
  };
}
