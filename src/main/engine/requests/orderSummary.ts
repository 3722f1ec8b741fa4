import type { Estimate, OrderSummary } from '../../../shared/types.ts';
import type { Reader } from '../catalog/db.ts';
import type { OrderRow } from '../catalog/orders.ts';
import { getPlan } from '../catalog/plans.ts';
import { countRetrievals } from '../catalog/retrievals.ts';
import { getSnapshot } from '../catalog/snapshots.ts';
import { getTarget } from '../catalog/targets.ts';
import { pricesOf } from '../restore/quote.ts';
import { orderBill } from './orderBill.ts';

/** Null before anything was asked of a target that charges. */
async function actualOf(db: Reader, order: OrderRow): Promise<Estimate | null> {
  const snapshot = await getSnapshot(db, order.snapshot);
  const plan = snapshot && (await getPlan(db, snapshot.plan));
  const target = plan && (await getTarget(db, plan.target));
  if (target === undefined || pricesOf(target) === null) return null;
  return orderBill(db, order, target);
}

/** An order as hosts see it. A retrieval counts in every step it has reached. */
export async function orderSummary(
  db: Reader,
  order: OrderRow,
  now: Pick<OrderSummary, 'heldUpBy' | 'putBack'>,
): Promise<OrderSummary> {
  const snapshot = await getSnapshot(db, order.snapshot);
  const plan = snapshot && (await getPlan(db, snapshot.plan));
  const counts = await countRetrievals(db, order.id);
  const { planned, requested, ready, fetched, failed, expired } = counts;
  return {
    id: order.uid,
    snapshot: snapshot?.uid ?? '',
    plan: plan?.name ?? '',
    to: order.destination,
    tier: order.tier,
    state: order.state,
    createdAt: order.createdAt,
    endedAt: order.endedAt,
    retrievals: {
      total: planned + requested + ready + fetched + failed + expired,
      requested: requested + ready + fetched + failed + expired,
      ready: ready + fetched,
      fetched,
    },
    ...order.result,
    estimate: order.estimate,
    actual: await actualOf(db, order),
    ...now,
  };
}
