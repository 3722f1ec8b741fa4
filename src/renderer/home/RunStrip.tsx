import type { RunState, RunSummary } from '../../shared/types.ts';
import { useAnswer } from '../engine.tsx';
import { formatCounted } from '../format.ts';

const SHOWN = 30;

/** The last runs of a plan, oldest first, one mark each. Shapes differ as well as colours. */
export function RunStrip({ plan }: { plan: string }) {
  const runs = useAnswer('runs:list', { plan, limit: SHOWN }).data ?? [];
  const marks: (RunState | 'none')[] = Array.from({ length: Math.max(0, SHOWN - runs.length) }, () => 'none');
  for (const run of runs.toReversed()) marks.push(run.state);
  return (
    <div className="strip" role="img" aria-label={stripWords(runs)}>
      {marks.map((state, index) => (
        <span key={index} className={`strip-mark ${state}`} />
      ))}
    </div>
  );
}

/** "Last 12 runs: 10 done, 1 with problems, 1 failed". */
export function stripWords(runs: readonly RunSummary[]): string {
  if (runs.length === 0) return 'No runs yet';
  const parts = (
    [
      ['done', 'done'],
      ['problems', 'with problems'],
      ['failed', 'failed'],
      ['cancelled', 'stopped'],
      ['running', 'under way'],
    ] as const
  ).flatMap(([state, words]) => {
    const count = runs.filter((run) => run.state === state).length;
    return count === 0 ? [] : [`${count} ${words}`];
  });
  return `Last ${formatCounted(runs.length, 'run')}: ${parts.join(', ')}`;
}
