import { isEnded } from '../../shared/types.ts';
import type { OrderSummary, RunSummary } from '../../shared/types.ts';
import { useAnswer } from '../engine.tsx';
import { RunNow } from '../home/RunNow.tsx';
import { Answered } from '../pieces/Answered.tsx';
import { Page } from '../pieces/Page.tsx';
import { History } from './History.tsx';
import { OrderCard } from './OrderCard.tsx';
import { RunList } from './RunList.tsx';

/** The rest is in the history. */
const MOST_RUNS = 10;

export function ActivityPage() {
  const orders = useAnswer('orders:list', {});
  const runs = useAnswer('runs:list', { limit: 50 });
  return (
    <Page name="Activity">
      <Answered answer={orders}>
        {(allOrders) => (
          <Answered answer={runs}>{(allRuns) => <Activity orders={allOrders} runs={allRuns} />}</Answered>
        )}
      </Answered>
    </Page>
  );
}

function Activity({ orders, runs }: { orders: readonly OrderSummary[]; runs: readonly RunSummary[] }) {
  if (orders.length === 0 && runs.length === 0) {
    return (
      <p className="lead">
        Backups and restores are followed here, step by step, however long they take.{' '}
        <a href="#/home">Start a backup</a>
      </p>
    );
  }
  const running = runs.filter(({ state }) => state === 'running');
  return (
    <>
      {running.length > 0 && (
        <section>
          <h2>Under way</h2>
          <ul className="rows">
            {running.map((run) => (
              <li key={run.id} className="plan-row">
                <h3>{run.plan}</h3>
                <RunNow run={run} />
              </li>
            ))}
          </ul>
        </section>
      )}
      {orders.length > 0 && (
        <section>
          <h2>Restores</h2>
          <ul className="cards">
            {underWayFirst(orders).map((order) => (
              <OrderCard key={order.id} order={order} />
            ))}
          </ul>
        </section>
      )}
      <section>
        <h2>Backups</h2>
        <RunList runs={runs.filter(({ state }) => isEnded(state)).slice(0, MOST_RUNS)} />
      </section>
      <History />
    </>
  );
}

function underWayFirst(orders: readonly OrderSummary[]): OrderSummary[] {
  return orders.toSorted(
    (a, b) => Number(isEnded(a.state)) - Number(isEnded(b.state)) || b.createdAt - a.createdAt,
  );
}
