import { isEnded } from '../../shared/types.ts';
import type { OrderSummary } from '../../shared/types.ts';
import { orderLine } from './progress.ts';
import type { Session } from './session.ts';

/**
 * Resolves with the order as it is once `until` holds for it, or something keeps it from going on for now
 * (`failure`); its progress is shown meanwhile. `start` places or names the order and is called after listening has
 * begun, so that no change is missed. What it answers counts only where the order has ended and `until` holds: the rest
 * may be from an earlier day. Rejects when somebody asks to stop.
 */
export async function followOrder(
  session: Session,
  start: () => Promise<OrderSummary>,
  until: (order: OrderSummary) => boolean,
  lineOf: (order: OrderSummary) => string = orderLine,
): Promise<OrderSummary> {
  const { engine, output } = session;
  const newest = new Map<string, OrderSummary>();
  let look = () => undefined as unknown;
  const off = engine.on('order:changed', (order) => {
    newest.set(order.id, order);
    look();
  });
  try {
    const first = await start();
    return await new Promise((resolve, reject) => {
      const stop = () => reject(reasonOf(session.signal));
      if (session.signal.aborted) stop();
      else session.signal.addEventListener('abort', stop, { once: true });
      look = () => {
        const order = newest.get(first.id);
        if (order === undefined) {
          if (hasEnded(first) && until(first)) resolve(first);
          return;
        }
        const isStuck = order.failure !== null && !hasEnded(order);
        if (isStuck || until(order)) resolve(order);
        else output.status.show(() => lineOf(order));
      };
      look();
    });
  } finally {
    off();
    output.status.clear();
  }
}

function reasonOf({ reason }: AbortSignal): Error {
  return reason instanceof Error ? reason : new RangeError('stopped without a reason');
}

export function hasEnded(order: OrderSummary): boolean {
  return isEnded(order.state);
}

/**
 * Whether an order needs nobody for now: it has ended, or everything is asked for, what is ready has been fetched,
 * and the rest only takes time. Where reading is instant this is the end.
 */
export function isAtRest(order: OrderSummary): boolean {
  const { total, requested, ready, fetched } = order.retrievals;
  return hasEnded(order) || (order.state === 'thawing' && requested === total && fetched === ready);
}
