/** Plans and their source folders. */
import { EngineError } from '../failure.ts';
import { hex, unhex } from './bulk.ts';
import { int, parsed, text } from './columns.ts';
import type { Reader, Row, Tx } from './db.ts';
import type { PlanId, TargetId } from './ids.ts';

export interface NewPlan {
  readonly name: string;
  /** 32 hex digits; names the plan in manifests. */
  readonly uid: string;
  readonly target: TargetId;
  /** Absolute paths, in the order the user gave them. */
  readonly sources: readonly Buffer[];
  /** Patterns in gitignore syntax. */
  readonly excludes: readonly string[];
  readonly createdAt: number;
}

export interface PlanRow extends NewPlan {
  readonly id: PlanId;
}

/** @throws EngineError `conflict` when the name is taken */
export async function addPlan(tx: Tx, plan: NewPlan): Promise<PlanId> {
  if ((await findPlan(tx, plan.name)) !== undefined) {
    throw new EngineError('conflict', `There already is a plan named ${plan.name}.`, 'Choose another name.');
  }
  const { lastId } = await tx.run(
    'insert into plans (uid, name, target, excludes, created_at) values (?, ?, ?, ?, ?)',
    [plan.uid, plan.name, plan.target, JSON.stringify(plan.excludes), plan.createdAt],
  );
  await tx.run('insert into sources select ?, key, unhex(value) from json_each(?)', [
    lastId,
    JSON.stringify(plan.sources.map(hex)),
  ]);
  return lastId as PlanId;
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

async function refuseBusy(tx: Tx, id: PlanId): Promise<void> {
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
    'Wait for its end or cancel it, then remove the plan.',
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
  };
}
