/**
 * Ctrl-C: the first asks the command to stop at a safe point, the second ends the process at once. Nothing is lost
 * either way: the engine survives a kill anywhere; a safe point only saves doing work again.
 */
import { failed } from './failed.ts';

export interface Interruption {
  readonly signal: AbortSignal;
  /** Rejects with the failure `cancelled` when somebody asks to stop; never resolves. */
  readonly stopped: Promise<never>;
  /** Gives the signals back to the system. */
  end(): void;
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** `advice` ends the message of a command that was stopped. */
export function listenForStop(
  say: (line: string) => void,
  advice = 'Run the command again to go on from here.',
): Interruption {
  const controller = new AbortController();
  const stop = (signal: NodeJS.Signals) => {
    if (controller.signal.aborted) {
      end();
      process.kill(process.pid, signal);
      return;
    }
    say('Stopping at a safe point. Once more stops at once.');
    controller.abort(failed('cancelled', 'Stopped as asked.', advice));
  };
  const end = () => {
    for (const signal of SIGNALS) process.off(signal, stop);
  };
  for (const signal of SIGNALS) process.on(signal, stop);
  const stopped = new Promise<never>((_, reject) => {
    controller.signal.addEventListener('abort', () => {
      const reason: unknown = controller.signal.reason;
      reject(reason instanceof Error ? reason : new RangeError('stopped without a reason'));
    });
  });
  stopped.catch(() => undefined);
  return { signal: controller.signal, stopped, end };
}

/** Longest a timer can be set. */
const LONG_MS = 2 ** 31 - 1;

/** Resolves when `signal` aborts, and keeps the process from ending for want of anything to do until then. */
export function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const awake = setInterval(() => undefined, LONG_MS);
    const end = (): void => {
      clearInterval(awake);
      resolve();
    };
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
  });
}
