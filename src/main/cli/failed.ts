import type { Failure, FailureKind } from '../../shared/failure.ts';

/** Ends a command with a failure for a person. The engine's failures and the command line's own travel in it. */
export class Failed extends Error {
  readonly failure: Failure;

  constructor(failure: Failure, cause?: unknown) {
    super(failure.message, cause === undefined ? undefined : { cause });
    this.name = 'Failed';
    this.failure = failure;
  }
}

/** A failure that the command line itself noticed. */
export function failed(kind: FailureKind, message: string, advice: string): Failed {
  return new Failed({ kind, message, advice });
}

/** Three short lines at most: what happened, what is safe, what to do. */
export function failureLines(failure: Failure): string[] {
  const { message, safe, advice } = failure;
  return safe === undefined ? [message, advice] : [message, safe, advice];
}
