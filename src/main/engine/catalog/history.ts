/** Everything that was done, whatever it was, as one list. */
import { z } from 'zod';
import type { HistoryKind } from '../../../shared/costTypes.ts';
import { int, intOrNull, text } from './columns.ts';
import type { Reader, Row, Tx } from './db.ts';
import type { PlanId, TargetId } from './ids.ts';

/** A row of any table of work, with what its own table says of it. */
export interface HistoryRow {
  readonly kind: HistoryKind;
  /** In its own table; 0 for what is past. */
  readonly id: number;
  readonly startedAt: number;
  readonly endedAt: number | null;
  readonly what: string;
  readonly outcome: string;
  readonly counts: Readonly<Record<string, number>>;
  readonly problems: number;
  readonly estimateUsd: number | null;
  readonly message: string | null;
}

const columns = `kind, id, started_at, ended_at, what, outcome, counts, problems, estimate, message`;

/** All that is still in its own table; of what was removed, `past` has the rest. */
const LIVE = `
  select 'backup' kind, r.id id, r.started_at, r.ended_at, p.name what, r.state outcome, r.counts counts,
    coalesce(r.counts ->> '$.problems', 0) problems, null estimate, r.failure ->> '$.message' message,
    r.plan plan, p.target target
  from runs r join plans p on p.id = r.plan
  union all
  select 'restore', o.id, o.created_at, o.ended_at, p.name, o.state, o.result,
    coalesce(o.result ->> '$.failed', 0), o.estimate ->> '$.usd', null, s.plan, p.target
  from orders o join snapshots s on s.id = o.snapshot join plans p on p.id = s.plan
  union all
  select 'check', c.id, c.created_at, c.ended_at, t.name, coalesce(c.outcome, 'running'), '{}',
    (select count(*) from check_findings f where f.check_id = c.id and f.kind <> 'extra'),
    c.estimate ->> '$.usd', c.failure ->> '$.message', null, c.target
  from checks c join targets t on t.id = c.target
  union all
  select 'recovery', v.id, v.created_at, v.ended_at, t.name, coalesce(v.outcome, 'running'), coalesce(v.result, '{}'),
    coalesce(v.result ->> '$.packsMissing', 0), v.estimate ->> '$.usd', v.failure ->> '$.message', null, v.target
  from recoveries v join targets t on t.id = v.target
  union all
  select 'deletion', d.id, d.started_at, d.ended_at, d.target_name,
    iif(d.ended_at is null, 'running', iif(d.failure is null, 'done', 'failed')),
    json_object('archives', d.archives, 'bytes', d.bytes), 0, d.fee_usd, d.failure ->> '$.message', null, null
  from prunings d
  union all
  select 'archives', e.id, e.created_at, e.ended_at, e.kind || ' at ' || e.vault, coalesce(e.outcome, 'running'), '{}', 0,
    e.estimate ->> '$.usd', e.failure ->> '$.message', null, null
  from errands e`;

const ALL = `select ${columns} from (${LIVE})
  union all select kind, 0, started_at, line ->> '$.ended_at', line ->> '$.what', line ->> '$.outcome', line -> '$.counts',
    line ->> '$.problems', line ->> '$.estimate', line ->> '$.message' from past`;

export interface HistoryFilter {
  readonly kinds?: readonly HistoryKind[] | undefined;
  /** In names, outcomes and messages. */
  readonly text?: string | undefined;
  readonly since?: number | undefined;
  readonly until?: number | undefined;
  readonly limit: number;
}

/** The newest first. */
export async function listHistory(db: Reader, filter: HistoryFilter): Promise<readonly HistoryRow[]> {
  const rows = await db.rows(
    `select * from (${ALL})
     where (?1 is null or kind in (select value from json_each(?1)))
       and (?2 is null or instr(lower(what || ' ' || outcome || ' ' || coalesce(message, '')), lower(?2)) > 0)
       and started_at >= ?3 and started_at < ?4
     order by started_at desc, id desc limit ?5`,
    [
      filter.kinds === undefined ? null : JSON.stringify(filter.kinds),
      filter.text ?? null,
      filter.since ?? 0,
      filter.until ?? Number.MAX_SAFE_INTEGER,
      filter.limit,
    ],
  );
  return rows.map(historyRow);
}

const countsShape = z.record(z.string(), z.unknown()).catch({});

function historyRow(row: Row): HistoryRow {
  const counts = countsShape.parse(JSON.parse(text(row, 'counts')));
  const numbers = Object.entries(counts).filter(
    (pair): pair is [string, number] => typeof pair[1] === 'number',
  );
  return {
    kind: text(row, 'kind') as HistoryKind,
    id: int(row, 'id'),
    startedAt: int(row, 'started_at'),
    endedAt: intOrNull(row, 'ended_at'),
    what: text(row, 'what'),
    outcome: text(row, 'outcome'),
    counts: Object.fromEntries(numbers),
    problems: int(row, 'problems'),
    estimateUsd: row['estimate'] === null ? null : Number(row['estimate']),
    message: row['message'] === null ? null : text(row, 'message'),
  };
}

/** Before its rows go: what was done for a plan, or for a target, stays in the history. */
export async function keepHistory(
  tx: Tx,
  of: { readonly plan: PlanId } | { readonly target: TargetId },
): Promise<void> {
  const [column, id] = 'plan' in of ? (['plan', of.plan] as const) : (['target', of.target] as const);
  await tx.run(
    `insert into past (kind, started_at, line)
     select kind, started_at, json_object('ended_at', ended_at, 'what', what, 'outcome', outcome, 'counts', json(counts),
       'problems', problems, 'estimate', estimate, 'message', message)
     from (${LIVE}) where ${column} = ?`,
    [id],
  );
}
