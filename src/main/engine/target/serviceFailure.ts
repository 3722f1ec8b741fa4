/**
 * A failure of a target that knows whether trying again can help.
 *
 * Only retry.ts reads `retry`; everybody else decides by `kind`, as with any `EngineError`.
 */
import type { FailureKind } from '../../../shared/failure.ts';
import { EngineError } from '../failure.ts';

/**
 * `later`: nothing is wrong with the request, try until patience ends. `few`: the bytes or the answer were damaged
 * on the way, which a second or third try mends if it was chance. `never`: the answer will be the same.
 */
export type Retry = 'later' | 'few' | 'never';

export interface FailureFacts {
  readonly kind: FailureKind;
  readonly message: string;
  readonly advice: string;
  readonly safe?: string;
  /** By default `later` for `offline` and `throttled`, else `never`. */
  readonly retry?: Retry;
  /** How long the service asked to wait, in ms. */
  readonly retryAfterMs?: number;
  /** What the service said, for a log: never a client's error object, which drags request headers along. */
  readonly cause?: unknown;
}

export class ServiceFailure extends EngineError {
  readonly retry: Retry;
  readonly retryAfterMs: number;

  constructor(facts: FailureFacts) {
    super(facts.kind, facts.message, facts.advice, {
      ...(facts.safe === undefined ? {} : { safe: facts.safe }),
      cause: facts.cause,
    });
    this.retry = facts.retry ?? retryOfKind(facts.kind);
    this.retryAfterMs = facts.retryAfterMs ?? 0;
  }
}

/** Whether and when trying again can help; `never` for anything that is no failure of a target. */
export function retryOf(error: unknown): { readonly retry: Retry; readonly retryAfterMs: number } {
  if (error instanceof ServiceFailure) return error;
  return { retry: error instanceof EngineError ? retryOfKind(error.kind) : 'never', retryAfterMs: 0 };
}

function retryOfKind(kind: FailureKind): Retry {
  return kind === 'offline' || kind === 'throttled' ? 'later' : 'never';
}
