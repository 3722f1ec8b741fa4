/** Plans and their source folders. */
import { EngineError } from '../failure.ts';
import { hex, unhex } from './bulk.ts';
import { keepHistory } from './history.ts';
import { assignments, int, parsed, text, textOrNull } from './columns.ts';
import type { Reader, Row, Tx } from './db.ts';
import type { PlanId, TargetId } from './ids.ts';

export interface NewPlan {
  readonly name: string;
  /** 32 hex digits; names the plan in manifests. */
  readonly uid: string;
  readonly target: TargetId;
  /** Absolute paths, in the order the user gave them. */
  readonly sources: readonly Buffer[];
  /** Rules of what is left out, one a line: see scan/rules.ts. */
  readonly excludes: readonly string[];
  readonly createdAt: number;
  /** Its text: see src/shared/schedule.ts. `manual` unless given. */
  readonly schedule?: string;
  /** Its text: see src/shared/retention.ts. `everything` unless given. */
  readonly retention?: string;
}

export interface PlanRow extends NewPlan {
  readonly id: PlanId;
  readonly schedule: string;
  readonly retention: string;
  /** When the schedule was chosen. */
  readonly scheduledAt: number;
  /** The installation it belongs to, 32 hex digits; null for this one. */
  readonly writer: string | null;
  /** The computer of that installation, as it called itself; null for this one. */
  readonly host: string | null;
}

/** Whose a plan is that was found at a target. */
export interface PlanOwner {
  readonly writer: string;
  readonly host: string;
}

/**
 * @param owner for one of another installation
 * @throws EngineError `conflict` when the name is taken
 */
export async function addPlan(tx: Tx, plan: NewPlan, owner?: PlanOwner): Promise<PlanId> {
  if ((await findPlan(tx, plan.name)) !== undefined) {
    throw new EngineError('conflict', `There already is a plan named ${plan.name}.`, 'Choose another name.');
  }
  const { lastId } = await tx.run(
    `insert into plans (uid, name, target, excludes, created_at, writer, host, schedule, scheduled_at, retention)
     values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    [
      plan.uid,
      plan.name,
      plan.target,
      JSON.stringify(plan.excludes),
      plan.createdAt,
      owner?.writer ?? null,
      owner?.host ?? null,
      plan.schedule ?? 'manual',
      plan.createdAt,
      plan.retention ?? 'everything',
    ],
  );
  await writeSources(tx, lastId as PlanId, plan.sources);
  return lastId as PlanId;
}

async function writeSources(tx: Tx, id: PlanId, sources: readonly Buffer[]): Promise<void> {
  await tx.run('delete from sources where plan = ?', [id]);
  await tx.run('insert into sources select ?, key, unhex(value) from json_each(?)', [
    id,
    JSON.stringify(sources.map(hex)),
  ]);
}

/** Brings a plan that was found at a target to what a later manifest tells of it. */
export async function redefinePlan(
  tx: Tx,
  id: PlanId,
  { sources, excludes }: Pick<NewPlan, 'sources' | 'excludes'>,
): Promise<void> {
  await tx.run('update plans set excludes = ? where id = ?', [JSON.stringify(excludes), id]);
  await writeSources(tx, id, sources);
}

/** Changes how a plan is called, when it runs and what it keeps; what it saves: `redefinePlan`. @throws EngineError `conflict` */
export async function changePlan(
  tx: Tx,
  id: PlanId,
  change: {
    readonly name?: string;
    readonly schedule?: string;
    readonly scheduledAt?: number;
    readonly retention?: string;
  },
): Promise<void> {
  if (change.name !== undefined) {
    const taken = await findPlan(tx, change.name);
    if (taken !== undefined && taken.id !== id)
      throw new EngineError(
        'conflict',
        `There already is a plan named ${change.name}.`,
        'Choose another name.',
      );
  }
  const set = assignments({
    name: change.name,
    schedule: change.schedule,
    scheduled_at: change.scheduledAt,
    retention: change.retention,
  });
  if (set !== null) await tx.run(`update plans set ${set.sql} where id = ?`, [...set.values, id]);
}

/** The name itself, or with a number after it where it is taken. */
export async function freePlanName(db: Reader, wanted: string): Promise<string> {
  for (let n = 1; ; n++) {
    const name = n === 1 ? wanted : `${wanted} ${n}`;
    if ((await findPlan(db, name)) === undefined) return name;
  }
}

/** @param uid 32 hex digits */
export async function planOfUid(db: Reader, uid: string): Promise<PlanRow | undefined> {
  const row = await db.row(`${SELECT} where uid = ?`, [uid]);
  return row && planRow(row);
}

/**
 * Makes the plan this installation's own, to be told by its manifests from now on under a new uid: each uid has one
 * writer, so that nobody's record goes on from what another has written meanwhile. The next manifest lists everything.
 */
export async function takePlan(tx: Tx, id: PlanId, uid: string): Promise<void> {
  await tx.run('update plans set uid = ?, writer = null, host = null, relist = 1 where id = ?', [uid, id]);
}

const SELECT = `
select p.*, (select json_group_array(hex(path) order by position) from sources where plan = p.id) sources
from plans p`;

/** All, by name. */
export async function listPlans(db: Reader): Promise<readonly PlanRow[]> {
  return (await db.rows(`${SELECT} order by name`)).map(planRow);
}

export async function findPlan(db: Reader, name: string): Promise<PlanRow | undefined> {
  const row = await db.row(`${SELECT} where name = ?`, [name]);
  return row && planRow(row);
}

export async function getPlan(db: Reader, id: PlanId): Promise<PlanRow | undefined> {
  const row = await db.row(`${SELECT} where id = ?`, [id]);
  return row && planRow(row);
}

/** Names of the plans that use the target, in order. */
export async function plansOfTarget(db: Reader, target: TargetId): Promise<readonly string[]> {
  const rows = await db.rows('select name from plans where target = ? order by name', [target]);
  return rows.map((row) => text(row, 'name'));
}

/**
 * Forgets the plan with its runs, snapshots, entries and ended orders. Packs stay: other plans of the target may
 * share their chunks, and nothing at the target is touched.
 * @throws EngineError `conflict` while a run or an order of it is under way
 */
export async function removePlan(tx: Tx, id: PlanId): Promise<void> {
  await refuseBusy(tx, id);
  await keepHistory(tx, { plan: id });
  await tx.run('delete from orders where snapshot in (select id from snapshots where plan = ?)', [id]);
  await tx.run(
    'update packs set run = null, snapshot = null where snapshot in (select id from snapshots where plan = ?)',
    [id],
  );
  await tx.run('delete from touched where snapshot in (select id from snapshots where plan = ?)', [id]);
  await tx.run('delete from entries where folder in (select id from folders where plan = ?)', [id]);
  await tx.run('delete from folders where plan = ?', [id]);
  await tx.run('delete from plans where id = ?', [id]);
}

/** @throws EngineError `conflict` while a run or an order of the plan is under way */
export async function refuseBusy(tx: Tx, id: PlanId): Promise<void> {
  const busy = await tx.row(
    `select exists (select 1 from runs where plan = ?1 and state = 'running')
         or exists (select 1 from orders o join snapshots s on s.id = o.snapshot
                    where s.plan = ?1 and o.ended_at is null) busy`,
    [id],
  );
  if (busy?.busy === 0) return;
  throw new EngineError(
    'conflict',
    'A backup or a restore of this plan is under way.',
    'Wait for its end or cancel it, then try again.',
  );
}

function planRow(row: Row): PlanRow {
  return {
    id: int(row, 'id') as PlanId,
    uid: text(row, 'uid'),
    name: text(row, 'name'),
    target: int(row, 'target') as TargetId,
    sources: (parsed(row, 'sources') as string[]).map(unhex),
    excludes: parsed(row, 'excludes') as string[],
    createdAt: int(row, 'created_at'),
    schedule: text(row, 'schedule'),
    retention: text(row, 'retention'),
    scheduledAt: int(row, 'scheduled_at'),
    writer: textOrNull(row, 'writer'),
    host: textOrNull(row, 'host'),
  };
}
