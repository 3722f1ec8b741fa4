import { useState } from 'react';
import type { PlanSummary, TargetSummary } from '../../shared/types.ts';
import { isEnded } from '../../shared/types.ts';
import { OrderCard } from '../activity/OrderCard.tsx';
import { useAct, useAnswer, useLink, useNow } from '../engine.tsx';
import { Answered } from '../pieces/Answered.tsx';
import { Button } from '../pieces/controls.tsx';
import { Page } from '../pieces/Page.tsx';
import { Trouble } from '../pieces/Trouble.tsx';
import { NewPlan } from '../plan/NewPlan.tsx';
import { PlanForm } from '../plan/PlanForm.tsx';
import { PlanSheet } from '../plan/PlanSheet.tsx';
import { goTo } from '../route.ts';
import { PlanRow } from './PlanRow.tsx';
import { statusOf } from './status.ts';
import { Unattended } from './Unattended.tsx';

export function HomePage({ openPlan }: { openPlan: string | undefined }) {
  const plans = useAnswer('plans:list', {});
  const targets = useAnswer('targets:list', {});
  return (
    <Answered answer={plans}>
      {(all) => (
        <Answered answer={targets}>
          {(known) =>
            all.length === 0 ? (
              <EmptyHome />
            ) : (
              <Home
                plans={all.filter(({ belongsTo }) => belongsTo === null)}
                others={all.filter(({ belongsTo }) => belongsTo !== null)}
                targets={known}
                openPlan={openPlan}
              />
            )
          }
        </Answered>
      )}
    </Answered>
  );
}

function EmptyHome() {
  return (
    <Page name="Home" title={<span className="sentence">Nothing is backed up yet.</span>}>
      <p className="lead">
        Choose a folder and try it on a practice vault first: it works like a real one, on this computer,
        without an account. Its hours pass when you say so.
      </p>
      <PlanForm isFirst onDone={() => undefined} />
    </Page>
  );
}

function Home({
  plans,
  others,
  targets,
  openPlan,
}: {
  plans: readonly PlanSummary[];
  others: readonly PlanSummary[];
  targets: readonly TargetSummary[];
  openPlan: string | undefined;
}) {
  const now = useNow();
  const link = useLink();
  const queue = useAct('backup:queue');
  const [isAdding, setAdding] = useState(false);
  const opened = plans.find(({ name }) => name === openPlan);
  const status = statusOf(plans, targets, now);
  const idle = plans.filter(({ lastRun, isWaiting }) => lastRun?.state !== 'running' && !isWaiting);
  return (
    <Page
      name="Home"
      title={
        <span aria-live="polite" className={link === 'up' ? `sentence ${status.tone}` : 'sentence stale'}>
          {status.sentence}
        </span>
      }
      action={
        <Button
          kind="primary"
          isDisabled={idle.length === 0}
          onPress={() => queue.mutate({ plans: idle.map(({ name }) => name) })}
        >
          {plans.length === 1 ? 'Back up now' : 'Back up all'}
        </Button>
      }
    >
      {status.detail !== '' && <p className="lead">{status.detail}</p>}
      {queue.error !== null && <Trouble failure={queue.error.failure} />}
      <section aria-label="Plans">
        <ul className="rows">
          {plans.map((plan) => (
            <PlanRow key={plan.name} plan={plan} targets={targets} now={now} />
          ))}
        </ul>
        {others.length > 0 && (
          <p className="muted">
            Of another computer, to restore from: {others.map(({ name }) => name).join(', ')}.
          </p>
        )}
        <div className="actions after-rows">
          <Button kind="quiet" onPress={() => setAdding(true)}>
            New plan
          </Button>
        </div>
      </section>
      {plans.some(({ schedule }) => schedule !== 'manual') && <Unattended now={now} />}
      <OrdersUnderWay />
      {isAdding && <NewPlan onClose={() => setAdding(false)} />}
      {opened !== undefined && (
        <PlanSheet plan={opened} targets={targets} onClose={() => goTo({ page: 'home' })} />
      )}
    </Page>
  );
}

function OrdersUnderWay() {
  const orders = useAnswer('orders:list', {}).data?.filter(({ state }) => !isEnded(state)) ?? [];
  if (orders.length === 0) return null;
  return (
    <section>
      <h2>Restores under way</h2>
      <ul className="cards">
        {orders.map((order) => (
          <OrderCard key={order.id} order={order} />
        ))}
      </ul>
    </section>
  );
}
