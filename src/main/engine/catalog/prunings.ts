/** Deletions at targets as history, and installations that write to a target no more. */
import type { Failure } from '../../../shared/failure.ts';
import { assignments, int, intOrNull, parsed, text } from './columns.ts';
import type { Reader, Tx } from './db.ts';
import type { TargetId } from './ids.ts';

export type PruningKey = number & { readonly __brand: 'PruningKey' };

export interface PruningRow {
  readonly id: PruningKey;
  readonly targetName: string;
  readonly startedAt: number;
  readonly endedAt: number | null;
  readonly archives: number;
  readonly bytes: number;
  readonly feeUsd: number;
  readonly failure: Failure | null;
}

export async function startPruning(
  tx: Tx,
  target: { readonly id: TargetId; readonly name: string },
  startedAt: number,
): Promise<PruningKey> {
  const { lastId } = await tx.run('insert into prunings (target, target_name, started_at) values (?, ?, ?)', [
    target.id,
    target.name,
    startedAt,
  ]);
  return lastId as PruningKey;
}

/** Adds to its counts. */
export async function countPruning(
  tx: Tx,
  id: PruningKey,
  more: { readonly archives: number; readonly bytes: number; readonly feeUsd: number },
): Promise<void> {
  await tx.run(
    'update prunings set archives = archives + ?, bytes = bytes + ?, fee_usd = fee_usd + ? where id = ?',
    [more.archives, more.bytes, more.feeUsd, id],
  );
}

export async function endPruning(
  tx: Tx,
  id: PruningKey,
  end: { readonly endedAt: number; readonly failure: Failure | null },
): Promise<void> {
  const set = assignments({
    ended_at: end.endedAt,
    failure: end.failure === null ? null : JSON.stringify(end.failure),
  });
  if (set !== null) await tx.run(`update prunings set ${set.sql} where id = ?`, [...set.values, id]);
}

/** The newest first. Those that a kill cut off have no end. */
export async function listPrunings(db: Reader, limit: number): Promise<readonly PruningRow[]> {
  const rows = await db.rows('select * from prunings order by id desc limit ?', [limit]);
  return rows.map((row) => ({
    id: int(row, 'id') as PruningKey,
    targetName: text(row, 'target_name'),
    startedAt: int(row, 'started_at'),
    endedAt: intOrNull(row, 'ended_at'),
    archives: int(row, 'archives'),
    bytes: int(row, 'bytes'),
    feeUsd: Number(row['fee_usd']),
    failure: row['failure'] === null ? null : (parsed(row, 'failure') as Failure),
  }));
}

/** Tags (4 hex digits, as descriptions have them) of installations that do not write there any more, and since when. */
export async function retiredWriters(db: Reader, target: TargetId): Promise<ReadonlyMap<string, number>> {
  const rows = await db.rows('select tag, retired_at from retired_writers where target = ?', [target]);
  return new Map(rows.map((row) => [text(row, 'tag'), int(row, 'retired_at')]));
}

export async function retireWriter(tx: Tx, target: TargetId, tag: string, at: number): Promise<void> {
  await tx.run(
    `insert into retired_writers (target, tag, retired_at) values (?, ?, ?)
     on conflict (target, tag) do update set retired_at = excluded.retired_at`,
    [target, tag, at],
  );
}
