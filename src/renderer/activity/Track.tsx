import { CheckIcon, CloseIcon } from '../pieces/icons.tsx';
import type { Step } from './orderTrack.ts';

const stateWords: Readonly<Record<Step['state'], string>> = {
  done: 'done',
  now: 'under way',
  ahead: 'still to come',
  stopped: 'stopped here',
};

export function Track({ steps }: { steps: readonly Step[] }) {
  return (
    <ol className="track">
      {steps.map(({ name, state, count }) => (
        <li key={name} className={`step ${state}`} aria-current={state === 'now' ? 'step' : undefined}>
          <span className="step-mark" aria-hidden="true">
            {state === 'done' && <CheckIcon />}
            {state === 'stopped' && <CloseIcon />}
          </span>
          <span className="step-name">{name}</span>
          <span className="for-readers">, {stateWords[state]}</span>
          <span className="step-count">{count}</span>
        </li>
      ))}
    </ol>
  );
}
