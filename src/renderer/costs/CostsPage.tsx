/** What this month costs and will have cost, how much it may, what waits for its deletion, and the months before. */
import { useState } from 'react';
import { Form } from 'react-aria-components';
import type { CostSummary, MonthCost, TargetCost } from '../../shared/costTypes.ts';
import type { PruneSummary } from '../../shared/retentionTypes.ts';
import { useAct, useAnswer } from '../engine.tsx';
import { formatBytes, formatCounted, formatDate, formatUsd } from '../format.ts';
import { Answered } from '../pieces/Answered.tsx';
import { Button, Field } from '../pieces/controls.tsx';
import { Page } from '../pieces/Page.tsx';
import { Confirm, Sheet } from '../pieces/Sheet.tsx';
import { Trouble } from '../pieces/Trouble.tsx';
import { monthWord } from './monthWord.ts';

export function CostsPage() {
  // Money grows by the hour: what was asked for a while ago is asked for again.
  const costs = useAnswer('costs:show', {}, { staleTime: 60_000 });
  const months = useAnswer('costs:months', { count: 12 }, { staleTime: 60_000 });
  const prunes = useAnswer('prune:preview', {}, { staleTime: 60_000 });
  return (
    <Page name="Costs">
      <Answered answer={costs}>
        {(now) => (
          <>
            <p className="sentence">{sentence(now)}</p>
            <BudgetLine costs={now} />
            <section>
              <h2>This month</h2>
              <TargetCosts targets={now.targets} />
            </section>
          </>
        )}
      </Answered>
      {months.data !== undefined && months.data.length > 1 && (
        <section>
          <h2>Months</h2>
          <MonthBars months={months.data} />
        </section>
      )}
      {prunes.data !== undefined && <Waiting targets={prunes.data} />}
    </Page>
  );
}

function sentence({ month, usd, forecastUsd, targets }: CostSummary): string {
  if (!targets.some(({ isPractice, priceDate }) => !isPractice && priceDate !== ''))
    return 'Nothing here costs money.';
  return `${monthWord(month)} has cost ${formatUsd(usd)} so far, and about ${formatUsd(forecastUsd)} by its end.`;
}

function BudgetLine({ costs }: { costs: CostSummary }) {
  const { monthlyUsd, isReached, isLifted } = costs.budget;
  const lift = useAct('budget:lift');
  const [isOpen, setOpen] = useState(false);
  return (
    <div className="unattended">
      <p className={isReached && !isLifted ? 'warned' : 'muted'}>
        {monthlyUsd === null
          ? 'There is no budget: what runs by itself runs whatever it costs.'
          : isReached
            ? `The budget of ${formatUsd(monthlyUsd)} is ${isLifted ? 'passed, which you have allowed this month' : 'reached: nothing is backed up by itself'}.`
            : `At ${formatUsd(monthlyUsd)} a month nothing goes on by itself.`}
      </p>
      {isReached && !isLifted && (
        <Button isDisabled={lift.isPending} onPress={() => lift.mutate({})}>
          Go on this month
        </Button>
      )}
      <Button kind="quiet" onPress={() => setOpen(true)}>
        {monthlyUsd === null ? 'Set a budget…' : 'Change…'}
      </Button>
      {lift.error !== null && <Trouble failure={lift.error.failure} />}
      {isOpen && <BudgetSheet monthlyUsd={monthlyUsd} onClose={() => setOpen(false)} />}
    </div>
  );
}

function BudgetSheet({ monthlyUsd, onClose }: { monthlyUsd: number | null; onClose: () => void }) {
  const set = useAct('budget:set');
  const [text, setText] = useState(monthlyUsd === null ? '' : String(monthlyUsd));
  const value = Number(text.trim().replace(',', '.').replace(/^\$/, ''));
  const isComplete = text.trim() !== '' && value > 0;
  const save = (next: number | null): void => set.mutate({ monthlyUsd: next }, { onSuccess: onClose });
  return (
    <Sheet title="Budget" onClose={onClose}>
      <Form
        className="form"
        onSubmit={(event) => {
          event.preventDefault();
          if (isComplete) save(value);
        }}
      >
        <Field
          label="US dollars a month"
          hint="Storage, requests, retrieval and downloads together. What you start yourself always runs."
          inputMode="decimal"
          value={text}
          onChange={setText}
        />
        {set.error !== null && <Trouble failure={set.error.failure} />}
        <div className="actions">
          <Button kind="primary" type="submit" isDisabled={!isComplete || set.isPending}>
            Set
          </Button>
          {monthlyUsd !== null && (
            <Button isDisabled={set.isPending} onPress={() => save(null)}>
              No budget
            </Button>
          )}
        </div>
      </Form>
    </Sheet>
  );
}

function TargetCosts({ targets }: { targets: readonly TargetCost[] }) {
  if (targets.length === 0) return <p className="muted">There is no vault yet.</p>;
  return (
    <ul className="lines">
      {targets.map(({ target, isPractice, usd, lines, priceDate, region }) => (
        <li key={target} className="cost-line">
          <div className="line-words">
            <p>{target}</p>
            <p className="muted">
              {priceDate === ''
                ? 'A folder: no charge'
                : isPractice
                  ? 'Practice: as if it were real, and left out of the sums'
                  : `Price list of ${priceDate}, ${region}`}
            </p>
            {usd >= 0.01 && lines.length > 0 && (
              <p className="muted">
                {lines.map((line) => `${line.what} ${formatUsd(line.usd)}`).join(' · ')}
              </p>
            )}
          </div>
          <p className="amount">{formatUsd(usd)}</p>
        </li>
      ))}
    </ul>
  );
}

/** One bar a month, the tallest as high as there is room. */
function MonthBars({ months }: { months: readonly MonthCost[] }) {
  const most = Math.max(...months.map(({ usd }) => usd), Number.MIN_VALUE);
  return (
    <ul className="months">
      {months.map(({ month, usd }) => (
        <li key={month}>
          <span className="amount">{formatUsd(usd)}</span>
          <span className="month-track" aria-hidden="true">
            <span className="month-bar" style={{ height: `${Math.max(2, (usd / most) * 100)}%` }} />
          </span>
          <span className="muted">{monthWord(month, 'short')}</span>
        </li>
      ))}
    </ul>
  );
}

function Waiting({ targets }: { targets: readonly PruneSummary[] }) {
  const [asked, setAsked] = useState<PruneSummary | null>(null);
  const start = useAct('prune:start');
  const shown = targets.filter(
    ({ days, bytes, liveBytes, failure }) =>
      days.length > 0 || bytes - liveBytes > bytes / 1000 || failure !== null,
  );
  if (shown.length === 0) return null;
  return (
    <section>
      <h2>What no snapshot needs</h2>
      <p className="muted">
        Archives are deleted whole, on the day from which that costs nothing, and never before 30 days.
      </p>
      <ul className="lines">
        {shown.map((summary) => (
          <li key={summary.target} className="cost-line">
            <div className="line-words">
              <p>{summary.target}</p>
              <p className="muted">{spaceWords(summary)}</p>
              {summary.days.slice(0, 4).map(({ day, archives, bytes }) => (
                <p key={day} className="muted">
                  {day <= Date.now() ? 'Due now' : `Free from ${formatDate(day)}`}:{' '}
                  {formatCounted(archives, 'archive')}, {formatBytes(bytes)}
                </p>
              ))}
              {summary.chargedNow.usd > 0 && (
                <p className="muted">
                  Deleted today they would still be charged {formatUsd(summary.chargedNow.usd)}.
                </p>
              )}
              {summary.failure !== null && <Trouble failure={summary.failure} />}
            </div>
            {summary.isDeleting ? (
              <p className="muted">{summary.isWaiting ? 'Waits for the vault’s list' : 'Deleting'}</p>
            ) : (
              summary.days.some(({ day }) => day <= Date.now()) && (
                <Button
                  aria-label={`Delete what is due: ${summary.target}`}
                  onPress={() => setAsked(summary)}
                >
                  Delete what is due…
                </Button>
              )
            )}
          </li>
        ))}
      </ul>
      {asked !== null && (
        <Confirm
          title={`Delete what is due in ${asked.target}?`}
          act="Delete"
          isActing={start.isPending}
          failure={start.error?.failure}
          onClose={() => setAsked(null)}
          onConfirm={() => start.mutate({ target: asked.target }, { onSuccess: () => setAsked(null) })}
        >
          <p>
            No snapshot needs these archives, and deleting them is not charged. What is deleted cannot be
            brought back.
          </p>
        </Confirm>
      )}
    </section>
  );
}

function spaceWords({ bytes, liveBytes, deadSpace }: PruneSummary): string {
  const unused = bytes - liveBytes;
  if (unused < bytes / 1000) return `${formatBytes(bytes)}, all of it needed`;
  const price = deadSpace.usd > 0 ? `, ${formatUsd(deadSpace.usd)} a month` : '';
  return `${formatBytes(bytes)}, of which ${formatBytes(unused)} in archives that are still partly needed${price}`;
}
