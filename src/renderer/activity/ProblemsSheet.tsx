import type { ProblemLine, RunSummary } from '../../shared/types.ts';
import { useAnswer } from '../engine.tsx';
import { formatCount, formatMoment } from '../format.ts';
import { Answered } from '../pieces/Answered.tsx';
import { Elided } from '../pieces/Elided.tsx';
import { Sheet } from '../pieces/Sheet.tsx';

const SHOWN = 1000;

const kindWords: Readonly<Record<ProblemLine['kind'], string>> = {
  skipped: 'Left out: a socket, pipe or device',
  unreadable: 'Could not be read',
  changed: 'Changed while it was read',
  vanished: 'Was gone when its turn came',
  unsupported: 'Cannot be stored',
};

export function ProblemsSheet({ run, onClose }: { run: RunSummary; onClose: () => void }) {
  const problems = useAnswer('runs:problems', { run: run.id, limit: SHOWN });
  return (
    <Sheet title="Could not be backed up" onClose={onClose}>
      <p className="muted">
        {run.plan}, {formatMoment(run.startedAt)}. Everything else was stored.
      </p>
      <Answered answer={problems}>
        {(all) => (
          <ul className="problems">
            {all.map((problem) => (
              <li key={`${problem.path} ${problem.message}`}>
                <Elided text={problem.path} />
                <span className="muted">
                  {kindWords[problem.kind]}. {problem.message}
                </span>
              </li>
            ))}
          </ul>
        )}
      </Answered>
      {run.counts.problems > SHOWN && (
        <p className="muted">and {formatCount(run.counts.problems - SHOWN)} more</p>
      )}
    </Sheet>
  );
}
