/** What was done, with what it was to cost and what it did cost. */
import type { HistoryLine } from '../../../shared/costTypes.ts';
import type { Routes } from '../../../shared/contract.ts';
import type { Reader } from '../catalog/db.ts';
import { listHistory, type HistoryRow } from '../catalog/history.ts';
import type { OrderKey, RunId } from '../catalog/ids.ts';
import { getOrder } from '../catalog/orders.ts';
import { getPlan } from '../catalog/plans.ts';
import { getRun } from '../catalog/runs.ts';
import { getSnapshot } from '../catalog/snapshots.ts';
import { getTarget, type TargetRow } from '../catalog/targets.ts';
import { estimate } from '../cost/estimate.ts';
import { pricesOf } from '../restore/quote.ts';
import type { EngineContext } from './context.ts';
import { orderBill } from './orderBill.ts';

export function historyRoutes({ catalog }: EngineContext): Pick<Routes, 'history:list'> {
  return {
    'history:list': async (filter) => {
      const lines: HistoryLine[] = [];
      for (const row of await listHistory(catalog, filter)) lines.push(await lineOf(catalog, row));
      return lines;
    },
  };
}

async function lineOf(db: Reader, row: HistoryRow): Promise<HistoryLine> {
  const { kind, startedAt, endedAt, what, outcome, problems, estimateUsd, message } = row;
  const words = { running: 'under way' } as Readonly<Record<string, string>>;
  return {
    kind,
    startedAt,
    endedAt,
    what,
    outcome: endedAt === null ? 'under way' : (words[outcome] ?? outcome),
    counts: countsOf(row),
    problems,
    estimateUsd,
    actualUsd: await actual(db, row),
    message,
  };
}

/** Of a backup its requests and a month of what it stored; of an order what was asked for and downloaded. */
async function actual(db: Reader, { kind, id, counts, estimateUsd }: HistoryRow): Promise<number | null> {
  if (kind === 'deletion') return estimateUsd;
  if (id === 0) return null;
  if (kind === 'backup') {
    const run = await getRun(db, id as RunId);
    const plan = run && (await getPlan(db, run.plan));
    const target = plan && (await getTarget(db, plan.target));
    const prices = target === undefined ? null : pricesOf(target);
    if (prices === null) return null;
    const { packs = 0, sentBytes = 0, parts = 0 } = counts;
    return estimate({ kind: 'backup', archives: packs, bytes: sentBytes, parts }, prices).usd;
  }
  if (kind !== 'restore') return null;
  const order = await getOrder(db, id as OrderKey);
  const target = order && (await targetOf(db, order.snapshot));
  return order === undefined || target === undefined || pricesOf(target) === null
    ? null
    : (await orderBill(db, order, target)).usd;
}

async function targetOf(
  db: Reader,
  snapshot: Parameters<typeof getSnapshot>[1],
): Promise<TargetRow | undefined> {
  const row = await getSnapshot(db, snapshot);
  const plan = row && (await getPlan(db, row.plan));
  return plan && (await getTarget(db, plan.target));
}

/** Of all that is counted, what says something later, under the names by which hosts know it. */
const told: Readonly<Record<string, string>> = {
  files: 'files',
  readFiles: 'files read',
  sentBytes: 'sent bytes',
  verified: 'files verified',
  failed: 'files failed',
  archives: 'archives',
  bytes: 'bytes',
  snapshots: 'snapshots',
};

function countsOf({ counts }: HistoryRow): HistoryLine['counts'] {
  const pairs = Object.entries(told).flatMap(([name, word]) => {
    const count = counts[name];
    return count === undefined ? [] : [[word, count] as const];
  });
  return Object.fromEntries(pairs);
}
