import type { RecoverySummary } from '../../shared/recoveryTypes.ts';
import { recoveryLine } from './recoveryText.ts';
import type { Session } from './session.ts';

/** Nobody is needed for now, or somebody is: it has ended, is locked, or waits for hours. */
export function isAtRest({ endedAt, waiting, step }: RecoverySummary): boolean {
  return endedAt !== null || waiting || step === 'locked';
}

export function hasEnded({ endedAt, step }: RecoverySummary): boolean {
  return endedAt !== null || step === 'locked';
}

/**
 * Starts a recovery, or carries on the open one, and stays until `until` holds for it or something keeps it from going on
 * (`failure`); tells how it goes meanwhile.
 */
export async function followRecovery(
  { engine, output, signal }: Session,
  start: () => Promise<RecoverySummary>,
  until: (recovery: RecoverySummary) => boolean,
): Promise<RecoverySummary> {
  let newest: RecoverySummary | undefined;
  let look = () => undefined as unknown;
  const off = engine.on('recovery:changed', (recovery) => {
    newest = recovery;
    look();
  });
  try {
    await start();
    return await new Promise((resolve, reject) => {
      const stop = (): void => reject(signal.reason as Error);
      if (signal.aborted) stop();
      else signal.addEventListener('abort', stop, { once: true });
      look = () => {
        const recovery = newest;
        if (recovery === undefined) return;
        if (recovery.failure !== null || until(recovery)) resolve(recovery);
        else output.status.show(() => recoveryLine(recovery));
      };
      look();
    });
  } finally {
    off();
    output.status.clear();
  }
}
