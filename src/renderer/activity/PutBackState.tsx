/** Restored files on their way to where they came from, or what came of that. */
import type { OrderSummary, PutBack } from '../../shared/types.ts';
import { useAct } from '../engine.tsx';
import { formatBytes, formatCount, formatCounted } from '../format.ts';
import { Bar } from '../pieces/Bar.tsx';
import { Button } from '../pieces/controls.tsx';
import { Elided } from '../pieces/Elided.tsx';
import { Trouble } from '../pieces/Trouble.tsx';

const SHOWN = 20;

export function PutBackState({ order, putBack }: { order: OrderSummary; putBack: PutBack }) {
  const stop = useAct('orders:cancel');
  const { moved, same, skipped, missing, failed } = putBack;
  if (putBack.state === 'moving') {
    const done = moved + same + skipped + missing + failed;
    return (
      <div className="result">
        <p>Moving back to where it was: {formatCount(moved)} moved.</p>
        <Bar label="Moving back" fraction={order.files === 0 ? null : Math.min(1, done / order.files)} />
        <div className="actions">
          <Button kind="quiet" isDisabled={stop.isPending} onPress={() => stop.mutate({ id: order.id })}>
            Stop moving
          </Button>
        </div>
        {stop.error !== null && <Trouble failure={stop.error.failure} />}
      </div>
    );
  }
  return (
    <div className="result">
      <p>{sentences(putBack).join(' ')}</p>
      {putBack.replacedIn !== null && (
        <p className="muted">
          What was replaced is in <Elided text={putBack.replacedIn} />
        </p>
      )}
      {putBack.failure !== null && <Trouble failure={putBack.failure} />}
      {putBack.problems.length > 0 && (
        <details>
          <summary>
            {formatCounted(putBack.problems.length, 'name has', 'names have')} something to say
          </summary>
          <ul className="problems">
            {putBack.problems.slice(0, SHOWN).map(({ path, message }) => (
              <li key={`${path} ${message}`}>
                <Elided text={path} />
                <span className="muted">{message}</span>
              </li>
            ))}
          </ul>
          {putBack.problems.length > SHOWN && (
            <p className="muted">and {formatCount(putBack.problems.length - SHOWN)} more</p>
          )}
        </details>
      )}
    </div>
  );
}

function sentences(putBack: PutBack): readonly string[] {
  const { state, moved, movedBytes, same, skipped, missing, failed } = putBack;
  return [
    `${formatCounted(moved, 'file')} (${formatBytes(movedBytes)}) moved back to where ${moved === 1 ? 'it was' : 'they were'}.`,
    ...(same === 0 ? [] : [`${formatCounted(same, 'file was', 'files were')} there already.`]),
    ...(skipped === 0 ? [] : [`${formatCounted(skipped, 'file')} skipped.`]),
    ...(missing === 0 ? [] : [`${formatCounted(missing, 'file')} not found in the restore folder.`]),
    ...(failed === 0 ? [] : [`${formatCounted(failed, 'file')} could not be moved.`]),
    ...(state === 'stopped' ? ['It was stopped; put back again to go on.'] : []),
  ];
}
