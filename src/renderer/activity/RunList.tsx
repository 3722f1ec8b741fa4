import { useState } from 'react';
import type { RunState, RunSummary } from '../../shared/types.ts';
import { formatBytes, formatCounted, formatDuration, formatMoment } from '../format.ts';
import { Button } from '../pieces/controls.tsx';
import { ProblemsSheet } from './ProblemsSheet.tsx';

export const runWords: Readonly<Record<RunState, string>> = {
  running: 'Under way',
  done: 'Done',
  problems: 'Done with problems',
  failed: 'Failed',
  cancelled: 'Stopped',
};

export function RunList({ runs, isNamed = true }: { runs: readonly RunSummary[]; isNamed?: boolean }) {
  const [shown, setShown] = useState<RunSummary | null>(null);
  if (runs.length === 0) return <p className="muted">No runs yet.</p>;
  return (
    <>
      <ul className="lines">
        {runs.map((run) => (
          <li key={run.id}>
            <span className={`mark ${markOf[run.state]}`} aria-hidden="true" />
            <div className="line-words">
              <p>
                {isNamed ? `${run.plan}: ` : ''}
                {runWords[run.state]}
              </p>
              <p className="muted">
                {formatMoment(run.startedAt)} · {outcome(run)}
              </p>
            </div>
            {run.counts.problems > 0 && (
              <Button kind="quiet" onPress={() => setShown(run)}>
                {formatCounted(run.counts.problems, 'problem')}
              </Button>
            )}
          </li>
        ))}
      </ul>
      {shown !== null && <ProblemsSheet run={shown} onClose={() => setShown(null)} />}
    </>
  );
}

const markOf: Readonly<Record<RunState, string>> = {
  running: 'now',
  done: 'good',
  problems: 'warn',
  failed: 'bad',
  cancelled: 'none',
};

/** What a run came to: what it sent and how long it took, that nothing had changed, or why it failed. */
export function outcome(run: RunSummary): string {
  if (run.state === 'running') return formatCounted(run.counts.files, 'file');
  if (run.failure !== null) return run.failure.message;
  const took = run.endedAt === null ? '' : `, took ${formatDuration(run.endedAt - run.startedAt)}`;
  if (!run.changed && run.state !== 'cancelled') return `Nothing had changed${took}`;
  return `${formatCounted(run.counts.readFiles, 'file')} new or changed, ${formatBytes(run.counts.sentBytes)} sent${took}`;
}
