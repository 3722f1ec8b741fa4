import { isEnded } from '../../../shared/types.ts';
import type { Catalog } from '../catalog/catalog.ts';
import { findOrders, type OrderRow } from '../catalog/orders.ts';
import { EngineError } from '../failure.ts';

/**
 * The order a person means, by its id or a beginning of it.
 * @throws EngineError `not-found`, or `invalid` when a beginning fits several
 */
export async function namedOrder(catalog: Catalog, id: string): Promise<OrderRow> {
  const [found, another] = await findOrders(catalog, id);
  if (found !== undefined && another === undefined) return found;
  if (found === undefined) {
    throw new EngineError('not-found', `There is no order ${id}.`, 'See those there are: permafrost orders.');
  }
  throw new EngineError(
    'invalid',
    `Several orders begin with ${id}.`,
    'Give more digits of the one you mean.',
  );
}

/** @throws EngineError `conflict` when it has ended, beside what `namedOrder` throws */
export async function openOrder(catalog: Catalog, id: string): Promise<OrderRow> {
  const order = await namedOrder(catalog, id);
  if (!isEnded(order.state)) return order;
  throw new EngineError(
    'conflict',
    'This order has ended already.',
    'There is nothing left to change of it: order the restore again.',
  );
}
