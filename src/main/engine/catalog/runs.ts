/** Runs of plans, and the problems each met. A run that is `running` when the catalog is opened was killed. */
import type { Failure } from '../../../shared/failure.ts';
import type { RunCounts, RunState } from '../../../shared/types.ts';
import type { Problem } from '../entry.ts';
import { BATCH_ROWS, bulkTexts, hex } from './bulk.ts';
import { assignments, blob, int, intOrNull, parsed, text } from './columns.ts';
import type { Reader, Row, Tx } from './db.ts';
import type { PlanId, RunId, SnapshotId } from './ids.ts';

export type RunKind = 'backup';

export interface RunRow {
  readonly id: RunId;
  readonly plan: PlanId;
  /** The snapshot it makes; null when nothing had changed, so that none was made. */
  readonly snapshot: SnapshotId | null;
  readonly kind: RunKind;
  readonly state: RunState;
  readonly startedAt: number;
  readonly endedAt: number | null;
  readonly counts: RunCounts;
  readonly failure: Failure | null;
}

export interface RunChange {
  readonly snapshot?: SnapshotId | null;
  readonly state?: RunState;
  readonly endedAt?: number;
  readonly counts?: RunCounts;
  readonly failure?: Failure | null;
}

export const noCounts: RunCounts = {
  files: 0,
  folders: 0,
  bytes: 0,
  readFiles: 0,
  readBytes: 0,
  newBytes: 0,
  sentBytes: 0,
  packs: 0,
  parts: 0,
  requests: 0,
  gone: 0,
  problems: 0,
  skipped: 0,
};

/** Adds a run in state `running`, its counts all 0. */
export async function startRun(
  tx: Tx,
  run: {
    readonly plan: PlanId;
    readonly snapshot: SnapshotId | null;
    readonly kind: RunKind;
    readonly startedAt: number;
  },
): Promise<RunId> {
  const { lastId } = await tx.run(
    "insert into runs (plan, snapshot, kind, state, started_at, counts) values (?, ?, ?, 'running', ?, ?)",
    [run.plan, run.snapshot, run.kind, run.startedAt, JSON.stringify(noCounts)],
  );
  return lastId as RunId;
}

/** Changes what is named in `change`, nothing else. */
export async function updateRun(tx: Tx, id: RunId, change: RunChange): Promise<void> {
  const set = assignments({
    snapshot: change.snapshot,
    state: change.state,
    ended_at: change.endedAt,
    counts: change.counts && JSON.stringify(change.counts),
    failure: change.failure && JSON.stringify(change.failure),
    ...(change.failure === null && { failure: null }),
  });
  if (set !== null) await tx.run(`update runs set ${set.sql} where id = ?`, [...set.values, id]);
}

export async function getRun(db: Reader, id: RunId): Promise<RunRow | undefined> {
  const row = await db.row('select * from runs where id = ?', [id]);
  return row && runRow(row);
}

/** Newest first; of all plans when `plan` is null. */
export async function listRuns(db: Reader, plan: PlanId | null, limit: number): Promise<readonly RunRow[]> {
  const rows = await db.rows('select * from runs where ?1 is null or plan = ?1 order by id desc limit ?2', [
    plan,
    limit,
  ]);
  return rows.map(runRow);
}

/** The newest of the plan. */
export async function lastRun(db: Reader, plan: PlanId): Promise<RunRow | undefined> {
  return (await listRuns(db, plan, 1))[0];
}

/** Those that have not ended, oldest first. */
export async function unfinishedRuns(db: Reader): Promise<readonly RunRow[]> {
  return (await db.rows("select * from runs where state = 'running' order by id")).map(runRow);
}

/** Adds to the run's list of problems. A resumed run calls `forgetProblems` first. */
export async function addProblems(tx: Tx, run: RunId, problems: Iterable<Problem>): Promise<void> {
  const flatten = (problem: Problem): readonly string[] => [hex(problem.path), problem.kind, problem.message];
  for (const batch of bulkTexts(problems, flatten)) {
    await tx.run(
      `insert into problems
       select ?1, n.next + key, unhex(value ->> 0), value ->> 1, value ->> 2
       from (select coalesce(max(number) + 1, 0) next from problems where run = ?1) n, jsonb_each(?2)`,
      [run, batch],
    );
  }
}

export async function forgetProblems(tx: Tx, run: RunId): Promise<void> {
  await tx.run('delete from problems where run = ?', [run]);
}

/** In the order they were met, the first `limit`. */
export async function listProblems(db: Reader, run: RunId, limit: number): Promise<readonly Problem[]> {
  const found: Problem[] = [];
  while (found.length < limit) {
    const rows = await db.rows('select * from problems where run = ? order by number limit ? offset ?', [
      run,
      Math.min(BATCH_ROWS, limit - found.length),
      found.length,
    ]);
    found.push(...rows.map(problem));
    if (rows.length < BATCH_ROWS) break;
  }
  return found;
}

function problem(row: Row): Problem {
  return {
    path: blob(row, 'path'),
    kind: text(row, 'kind') as Problem['kind'],
    message: text(row, 'message'),
  };
}

function runRow(row: Row): RunRow {
  return {
    id: int(row, 'id') as RunId,
    plan: int(row, 'plan') as PlanId,
    snapshot: intOrNull(row, 'snapshot') as SnapshotId | null,
    kind: text(row, 'kind') as RunKind,
    state: text(row, 'state') as RunState,
    startedAt: int(row, 'started_at'),
    endedAt: intOrNull(row, 'ended_at'),
    counts: parsed(row, 'counts') as RunCounts,
    failure: row.failure === null ? null : (parsed(row, 'failure') as Failure),
  };
}
