/**
 * Patience: the one policy of trying again, for whatever asks a service.
 *
 * Full jitter: each wait is drawn evenly from nothing up to a bound that doubles with every failure, so that many
 * callers do not come back in step; never shorter than the service asked for. `offline` and `throttled` are tried
 * until patience ends, damage on the way a few times, everything else is final.
 */
import { setTimeout as timer } from 'node:timers/promises';
import { EngineError } from '../failure.ts';
import { retryOf } from './serviceFailure.ts';

/** Time and chance, so that tests can hold them. */
export interface RetryClock {
  /** Ms from any start; never set back. */
  now(): number;
  /** Rejects with the signal's reason when it is aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Evenly from 0 to 1. */
  random(): number;
}

export interface RetryOptions {
  /** How long a call keeps trying after its first failure, in ms; by default a quarter of an hour. */
  readonly patienceMs?: number;
  readonly clock?: RetryClock;
  /**
   * Told what keeps a call from being answered, when it has failed several times and is to be tried again; and null when
   * it has been answered after all, or is given up.
   */
  readonly onTrouble?: (failure: EngineError | null) => void;
}

const PATIENCE_MS = 15 * 60_000;
const FIRST_BOUND_MS = 500;
const LAST_BOUND_MS = 60_000;
const FEW = 3;
/** Failures in a row that are nobody's business: they cost a second or two. */
const HICCUPS = 2;

const realClock: RetryClock = {
  now: () => performance.now(),
  sleep: async (ms, signal) => {
    await timer(ms, undefined, { signal }).catch((error: unknown) => {
      signal?.throwIfAborted();
      throw error;
    });
  },
  random: () => Math.random(),
};

/** Makes a call, again where that can help; `isRepeat` tells it that the effect of an earlier try may be there. */
export type Attempt = <T>(act: (isRepeat: boolean) => Promise<T>, signal?: AbortSignal) => Promise<T>;

/** Makes calls until one succeeds, its failure is final or patience ends; then rejects with the last failure. */
export function patient({ patienceMs = PATIENCE_MS, clock = realClock, onTrouble }: RetryOptions): Attempt {
  return async (act, signal) => {
    let failures = 0;
    let since = 0;
    try {
      for (;;) {
        signal?.throwIfAborted();
        try {
          return await act(failures > 0);
        } catch (error) {
          if (failures === 0) since = clock.now();
          failures += 1;
          const waitMs = waitBefore(error, failures, patienceMs - (clock.now() - since), clock.random());
          if (waitMs === undefined || !(error instanceof EngineError)) throw error;
          if (failures > HICCUPS) onTrouble?.(error);
          await clock.sleep(waitMs, signal);
        }
      }
    } finally {
      if (failures > HICCUPS) onTrouble?.(null);
    }
  };
}

/**
 * How long to wait before the next try, in ms, after `failures` of them; undefined to give up. A wait that the
 * service asks for is kept to even where it is longer than the bound, but not beyond `leftMs`.
 */
export function waitBefore(
  error: unknown,
  failures: number,
  leftMs: number,
  chance: number,
): number | undefined {
  const { retry, retryAfterMs } = retryOf(error);
  if (retry === 'never' || (retry === 'few' && failures >= FEW)) return undefined;
  if (leftMs <= 0 || retryAfterMs > leftMs) return undefined;
  const bound = Math.min(LAST_BOUND_MS, FIRST_BOUND_MS * 2 ** (failures - 1));
  return Math.min(leftMs, Math.max(retryAfterMs, Math.round(chance * bound)));
}

/** Relies on lists keeping their place after a failed `next()`, as `Target` promises, and keeps its own. */
export function patientList<Item>(
  list: AsyncIterable<Item>,
  attempt: Attempt,
  signal?: AbortSignal,
): AsyncIterable<Item> {
  return {
    [Symbol.asyncIterator]() {
      const items = list[Symbol.asyncIterator]();
      return {
        next: () => attempt(() => items.next(), signal),
        return: async () => (await items.return?.()) ?? { done: true, value: undefined },
      };
    },
  };
}
