/** An order on its way: where each archive stands, what comes first, and how soon what was not asked for yet. */
import type { Routes } from '../../../shared/contract.ts';
import {
  isEnded,
  type OrderArchive,
  type OrderFolder,
  type Tier,
  type TierChange,
} from '../../../shared/types.ts';
import type { Catalog } from '../catalog/catalog.ts';
import type { Reader } from '../catalog/db.ts';
import { loadLocalFiles, loadOrderProgress } from '../catalog/orderProgress.ts';
import { type OrderRow, updateOrder } from '../catalog/orders.ts';
import { getPacks, type PackRow } from '../catalog/packs.ts';
import { getPlan } from '../catalog/plans.ts';
import {
  isKept,
  listRetrievals,
  putFirst,
  type RetrievalRow,
  updateRetrieval,
} from '../catalog/retrievals.ts';
import { getSnapshot } from '../catalog/snapshots.ts';
import { getTarget, type TargetRow } from '../catalog/targets.ts';
import { EngineError } from '../failure.ts';
import { isMarked } from '../restore/localFiles.ts';
import { planOrder } from '../restore/orderPlan.ts';
import { MOST_EXPEDITED_BYTES, priceOfRanges, pricesOf } from '../restore/quote.ts';
import { rollUp } from '../restore/rollUp.ts';
import { isInside } from '../restore/select.ts';
import type { ByteRange } from '../target/target.ts';
import { choosePath, type ChosenSnapshot, planAt } from './chosenSnapshot.ts';
import type { EngineContext } from './context.ts';
import { namedOrder, openOrder } from './namedOrder.ts';
import type { OrderRuns } from './orderRuns.ts';
import { windowsOf } from './tierWindows.ts';

export type SteeringRoutes = Pick<
  Routes,
  'orders:archives' | 'orders:folders' | 'orders:first' | 'orders:tier'
>;

export function steeringRoutes({ catalog }: EngineContext, orders: OrderRuns): SteeringRoutes {
  return {
    'orders:archives': async ({ id }) => archivesOf(catalog, await namedOrder(catalog, id)),

    'orders:folders': async ({ id, at }) => {
      const order = await namedOrder(catalog, id);
      if (isEnded(order.state)) throw noLongerKept(order);
      const chosen = await chosenOf(catalog, order);
      const below = at === undefined ? [] : (await choosePath(catalog, chosen, at)).names;
      return foldersOf(catalog, order, chosen, below);
    },

    'orders:first': async ({ id, paths }) => {
      const order = await openOrder(catalog, id);
      const chosen = await chosenOf(catalog, order);
      const wanted: (readonly Buffer[])[] = [];
      for (const where of paths) {
        const { names } = await choosePath(catalog, chosen, where);
        const isOrdered =
          order.selection.length === 0 || order.selection.some((path) => isInside(path, names));
        if (!isOrdered) throw notOrdered(names);
        wanted.push(names);
      }
      const { packs } = await planOrder(catalog, {
        plan: chosen.plan.id,
        snapshot: order.snapshot,
        paths: wanted,
      });
      await catalog.transaction((tx) =>
        putFirst(
          tx,
          order.id,
          packs.map(({ pack }) => pack.id),
        ),
      );
      return orders.summary(order);
    },

    'orders:tier': async ({ id, tier, accept }) => {
      const order = await openOrder(catalog, id);
      if (accept !== true) return (await changeOf(catalog, order, tier)).told;
      // What is being asked for right now would be asked for at the old tier.
      return orders.whilePaused(order, async () => {
        const change = await changeOf(catalog, order, tier);
        await catalog.transaction(async (tx) => {
          for (const row of change.rows) await updateRetrieval(tx, row.id, { tier });
          await updateOrder(tx, order.id, { tier: change.slowest, estimate: change.told.estimate });
        });
        return change.told;
      });
    },
  };
}

async function archivesOf(db: Reader, order: OrderRow): Promise<readonly OrderArchive[]> {
  const rows = await listRetrievals(db, order.id);
  const packs = await getPacks(db, new Set(rows.map(({ pack }) => pack)));
  return rows.map((row) => {
    const range = rangeOf(row, packs);
    return {
      pack: packs.get(row.pack)?.uid ?? '',
      first: range.first,
      bytes: range.end - range.first,
      tier: row.tier,
      state: row.state,
      requestedAt: row.requestedAt,
      readyAt: row.readyAt,
      reason: row.error,
    };
  });
}

async function foldersOf(
  db: Catalog,
  order: OrderRow,
  { plan }: ChosenSnapshot,
  below: readonly Buffer[],
): Promise<readonly OrderFolder[]> {
  const selection = { plan: plan.id, snapshot: order.snapshot, paths: order.selection };
  const local = await loadLocalFiles(db, order.id);
  const orderPlan = await planOrder(db, selection, (file) => isMarked(local, file));
  const rows = await listRetrievals(db, order.id);
  const progress = await loadOrderProgress(db, order.id);
  const folders = rollUp(orderPlan, rows, progress, below);
  if (folders.length === 0) throw noFolder(below);
  return folders.map(({ names, ...counts }) => ({ path: names.map(String).join('/'), ...counts }));
}

interface Change {
  readonly rows: readonly RetrievalRow[];
  readonly slowest: Tier;
  readonly told: TierChange;
}

/** What may still be asked for at another tier: what was never sent, and what has to be sent again. */
async function changeOf(db: Catalog, order: OrderRow, tier: Tier): Promise<Change> {
  const target = await targetOf(db, order);
  const prices = pricesOf(target);
  const all = (await listRetrievals(db, order.id)).filter((row) => !isKept(row));
  const packs = await getPacks(db, new Set(all.map(({ pack }) => pack)));
  const rows = all.filter((row) => isOpen(row) && row.tier !== tier && fits(rangeOf(row, packs), tier));
  const after = all.map((row) => ({
    range: rangeOf(row, packs),
    tier: rows.includes(row) ? tier : row.tier,
  }));
  const changed = rows.map((row) => ({ range: rangeOf(row, packs), tier }));
  const before = rows.map((row) => ({ range: rangeOf(row, packs), tier: row.tier }));
  return {
    rows,
    slowest: slowestFirst.find((one) => after.some((range) => range.tier === one)) ?? tier,
    told: {
      retrievals: rows.length,
      bytes: changed.reduce((sum, { range }) => sum + range.end - range.first, 0),
      tooLarge: all.filter((row) => isOpen(row) && !fits(rangeOf(row, packs), tier)).length,
      extraUsd: priceOfRanges(changed, prices).usd - priceOfRanges(before, prices).usd,
      hours: (await windowsOf(db, target.id))[tier],
      estimate: priceOfRanges(after, prices),
    },
  };
}

const slowestFirst: readonly Tier[] = ['bulk', 'standard', 'expedited'];

function isOpen({ state, requestedAt }: RetrievalRow): boolean {
  return state === 'expired' || (state === 'planned' && requestedAt === null);
}

function fits({ first, end }: ByteRange, tier: Tier): boolean {
  return tier !== 'expedited' || end - first <= MOST_EXPEDITED_BYTES;
}

function rangeOf({ range, pack }: RetrievalRow, packs: ReadonlyMap<number, PackRow>): ByteRange {
  return range ?? { first: 0, end: packs.get(pack)?.size ?? 0 };
}

async function chosenOf(db: Reader, order: OrderRow): Promise<ChosenSnapshot> {
  const snapshot = await getSnapshot(db, order.snapshot);
  const plan = snapshot && (await getPlan(db, snapshot.plan));
  if (snapshot === undefined || plan === undefined) {
    throw new EngineError(
      'not-found',
      'The snapshot of this order is no longer known here.',
      'Order the restore again from another snapshot.',
    );
  }
  return { snapshot, plan: await planAt(db, plan, snapshot.id) };
}

async function targetOf(db: Reader, order: OrderRow): Promise<TargetRow> {
  const { plan } = await chosenOf(db, order);
  const target = await getTarget(db, plan.target);
  if (target === undefined) throw new RangeError('a plan without its target');
  return target;
}

function noLongerKept({ uid }: OrderRow): EngineError {
  return new EngineError(
    'conflict',
    'This order has ended: how far each folder was is not kept.',
    `See what came of it: permafrost orders ${uid.slice(0, 8)}.`,
  );
}

function noFolder(names: readonly Buffer[]): EngineError {
  return new EngineError(
    'invalid',
    `${names.map(String).join('/')} is no folder of this order.`,
    'Name a folder that it restores, or none to see it from the top.',
  );
}

function notOrdered(names: readonly Buffer[]): EngineError {
  return new EngineError(
    'invalid',
    `${names.map(String).join('/')} is not a part of this order.`,
    'Name a file or folder that it restores.',
  );
}
