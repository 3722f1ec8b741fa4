/** A failure, where it happened, in three parts: what happened, what is safe, what to do. */
import type { ReactNode } from 'react';
import type { Failure } from '../../shared/failure.ts';
import { AlertIcon } from './icons.tsx';

export function Trouble({ failure, children }: { failure: Failure; children?: ReactNode }) {
  return (
    <div className="trouble" role="alert">
      <AlertIcon />
      <div>
        <p className="trouble-what">{failure.message}</p>
        {failure.safe !== undefined && <p>{failure.safe}</p>}
        <p className="muted">{failure.advice}</p>
        {children !== undefined && <div className="actions">{children}</div>}
      </div>
    </div>
  );
}
