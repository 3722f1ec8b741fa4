/** The ledger of billable requests: what was spent is a query over it. Rows stay when their target is removed. */
import { bulkTexts } from './bulk.ts';
import { int, text } from './columns.ts';
import type { Reader, Tx } from './db.ts';
import type { OrderKey, RunId, TargetId } from './ids.ts';

/** Requests of one kind that were made together; written from time to time, not one by one. */
export interface RequestLine {
  readonly at: number;
  readonly target: TargetId;
  readonly run: RunId | null;
  readonly order: OrderKey | null;
  /** As the service names it. */
  readonly operation: string;
  readonly count: number;
  readonly bytes: number;
}

export async function addRequests(tx: Tx, lines: Iterable<RequestLine>): Promise<void> {
  const texts = bulkTexts(lines, (line) => [
    line.at,
    line.target,
    line.run,
    line.order,
    line.operation,
    line.count,
    line.bytes,
  ]);
  for (const batch of texts) {
    await tx.run(
      `insert into requests (at, target, run, order_id, operation, count, bytes)
       select value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6
       from jsonb_each(?)`,
      [batch],
    );
  }
}

export interface RequestFilter {
  readonly target?: TargetId;
  readonly run?: RunId;
  readonly order?: OrderKey;
  /** Epoch ms, inclusive. */
  readonly since?: number;
  /** Epoch ms, exclusive. */
  readonly until?: number;
}

/** Counts and bytes together for each operation, by name. */
export async function requestTotals(
  db: Reader,
  filter: RequestFilter,
): Promise<readonly { readonly operation: string; readonly count: number; readonly bytes: number }[]> {
  const rows = await db.rows(
    `select operation, sum(count) count, sum(bytes) bytes from requests
     where (?1 is null or target = ?1) and (?2 is null or run = ?2) and (?3 is null or order_id = ?3)
       and at >= coalesce(?4, at) and at < coalesce(?5, at + 1)
     group by operation order by operation`,
    [
      filter.target ?? null,
      filter.run ?? null,
      filter.order ?? null,
      filter.since ?? null,
      filter.until ?? null,
    ],
  );
  return rows.map((row) => ({
    operation: text(row, 'operation'),
    count: int(row, 'count'),
    bytes: int(row, 'bytes'),
  }));
}
