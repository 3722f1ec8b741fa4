/** What an order has cost so far, as its rows and the ledger tell: to stand beside what it was to cost. */
import type { Estimate } from '../../../shared/types.ts';
import type { Reader } from '../catalog/db.ts';
import type { OrderRow } from '../catalog/orders.ts';
import { getPacks } from '../catalog/packs.ts';
import { requestTotals } from '../catalog/requests.ts';
import { listRetrievals } from '../catalog/retrievals.ts';
import type { TargetRow } from '../catalog/targets.ts';
import { estimate } from '../cost/estimate.ts';
import { billOfRanges, pricesOf } from '../restore/quote.ts';

/** Each retrieval as often as it was started, and what was downloaded of their outputs. */
export async function orderBill(db: Reader, order: OrderRow, target: TargetRow): Promise<Estimate> {
  const prices = pricesOf(target);
  if (prices === null) return estimate({ kind: 'restore', tier: 'standard', bytes: 0, retrievals: 0 }, null);
  const rows = await listRetrievals(db, order.id);
  const packs = await getPacks(db, new Set(rows.map(({ pack }) => pack)));
  const paid = rows.flatMap(({ asked, range, tier, pack }) => {
    const whole = { first: 0, end: packs.get(pack)?.size ?? 0 };
    return Array.from({ length: asked }, () => ({ range: range ?? whole, tier }));
  });
  const totals = await requestTotals(db, { order: order.id });
  const downloaded = totals.find(({ operation }) => operation === 'readRetrieved')?.bytes ?? 0;
  return billOfRanges(paid, downloaded, prices);
}
