import { useState } from 'react';
import type { ChangeStorm, PlanSummary, TargetSummary } from '../../shared/types.ts';
import { ProblemsSheet } from '../activity/ProblemsSheet.tsx';
import { useAct } from '../engine.tsx';
import { formatAgo, formatBytes, formatCounted, formatMoment } from '../format.ts';
import { Button } from '../pieces/controls.tsx';
import { Elided } from '../pieces/Elided.tsx';
import { Trouble } from '../pieces/Trouble.tsx';
import { nextWords } from '../plan/scheduleWords.ts';
import { goTo } from '../route.ts';
import { RunNow } from './RunNow.tsx';
import { RunStrip } from './RunStrip.tsx';

export function PlanRow({
  plan,
  targets,
  now,
}: {
  plan: PlanSummary;
  targets: readonly TargetSummary[];
  now: number;
}) {
  const queue = useAct('backup:queue');
  const unqueue = useAct('backup:unqueue');
  const running = plan.lastRun?.state === 'running' ? plan.lastRun : null;
  const target = targets.find(({ name }) => name === plan.target);
  const at = storedAt(plan);
  return (
    <li className="plan-row">
      <div className="plan-line">
        <div className="plan-name">
          <button className="open" onClick={() => goTo({ page: 'home', plan: plan.name })}>
            {plan.name}
          </button>
          <p className="muted plan-where">
            <Elided text={plan.sources[0] ?? ''} />
            {plan.sources.length > 1 && <span>and {plan.sources.length - 1} more</span>}
            <span>· {target?.kind === 'practice' ? 'a practice vault' : plan.target}</span>
          </p>
          {plan.isWaiting ? (
            <p className="muted">Waits for its turn</p>
          ) : (
            plan.nextRunAt !== null && <p className="muted">Runs next {nextWords(plan.nextRunAt, now)}</p>
          )}
        </div>
        <RunStrip plan={plan.name} />
        <div className="plan-facts">
          <p>{plan.latestSnapshot === null ? 'Nothing stored' : formatBytes(plan.latestSnapshot.bytes)}</p>
          <p className="muted">{at === null ? '' : formatAgo(at, now)}</p>
        </div>
        <div className="plan-act">
          {plan.isWaiting ? (
            <Button
              kind="quiet"
              aria-label={`Do not back up now: ${plan.name}`}
              onPress={() => unqueue.mutate({ plan: plan.name })}
            >
              Not now
            </Button>
          ) : (
            <Button
              kind="quiet"
              aria-label={`Back up now: ${plan.name}`}
              isDisabled={running !== null || queue.isPending}
              onPress={() => queue.mutate({ plans: [plan.name] })}
            >
              Back up now
            </Button>
          )}
        </div>
      </div>
      {running !== null && <RunNow run={running} />}
      {queue.error !== null && <Trouble failure={queue.error.failure} />}
      {plan.storm !== null && <Storm plan={plan} storm={plan.storm} />}
      {running === null && <LastRun plan={plan} />}
    </li>
  );
}

/** Most files changed at once: somebody has to say whether that is as it should be. */
function Storm({ plan, storm }: { plan: PlanSummary; storm: ChangeStorm }) {
  const accept = useAct('retention:acceptStorm');
  return (
    <Trouble
      failure={
        accept.error?.failure ?? {
          kind: 'conflict',
          message: `Most files of ${plan.name} changed or went with the backup of ${formatMoment(storm.at)}.`,
          safe: 'All snapshots before it are kept until you have looked.',
          advice: 'If that was you, say so. If not, get files back from a snapshot before it.',
        }
      }
    >
      <Button isDisabled={accept.isPending} onPress={() => accept.mutate({ plan: plan.name })}>
        That was me
      </Button>
      <Button kind="quiet" onPress={() => goTo({ page: 'restore' })}>
        Look at the snapshots
      </Button>
    </Trouble>
  );
}

/** What of the last run needs the person: its failure, or what it left out. */
function LastRun({ plan }: { plan: PlanSummary }) {
  const start = useAct('backup:start');
  const [isOpen, setOpen] = useState(false);
  const run = plan.lastRun;
  if (run?.state === 'failed' && run.failure !== null) {
    const again = (acceptEmptySource: boolean): void => start.mutate({ plan: plan.name, acceptEmptySource });
    return (
      <Trouble failure={run.failure}>
        <Button onPress={() => again(false)}>Try again</Button>
        {run.failure.kind === 'changed' && (
          <Button onPress={() => again(true)}>It is meant to be empty</Button>
        )}
      </Trouble>
    );
  }
  if (run?.state !== 'problems') return null;
  return (
    <p className="plan-problems">
      <span className="mark warn" aria-hidden="true" />
      {formatCounted(run.counts.problems, 'file or folder', 'files or folders')} could not be backed up.{' '}
      <Button kind="quiet" onPress={() => setOpen(true)}>
        See which
      </Button>
      {isOpen && <ProblemsSheet run={run} onClose={() => setOpen(false)} />}
    </p>
  );
}

/** When it was last as stored as it could be: a run that found nothing new made no snapshot and still counts. */
function storedAt({ lastRun, latestSnapshot }: PlanSummary): number | null {
  if (lastRun?.state === 'done' || lastRun?.state === 'problems') return lastRun.startedAt;
  return latestSnapshot?.startedAt ?? null;
}
