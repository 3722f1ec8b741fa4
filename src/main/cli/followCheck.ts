import type { CheckSummary } from '../../shared/checkTypes.ts';
import { checkLine } from './checkText.ts';
import type { Session } from './session.ts';

/** Nobody is needed for now: it has ended, or everything was asked for and takes hours. */
export function isAtRest({ endedAt, waiting }: CheckSummary): boolean {
  return endedAt !== null || waiting;
}

export function hasEnded({ endedAt }: CheckSummary): boolean {
  return endedAt !== null;
}

/**
 * Starts a check, or carries on the open one, and stays until `until` holds for it or something keeps it from going on
 * (`failure`); tells how it goes meanwhile. What the start answers may be from an earlier day.
 */
export async function followCheck(
  { engine, output, signal }: Session,
  start: () => Promise<CheckSummary>,
  until: (check: CheckSummary) => boolean,
): Promise<CheckSummary> {
  const newest = new Map<string, CheckSummary>();
  let look = () => undefined as unknown;
  const off = engine.on('check:changed', (check) => {
    newest.set(check.id, check);
    look();
  });
  try {
    const { id } = await start();
    return await new Promise((resolve, reject) => {
      const stop = (): void => reject(signal.reason as Error);
      if (signal.aborted) stop();
      else signal.addEventListener('abort', stop, { once: true });
      look = () => {
        const check = newest.get(id);
        if (check === undefined) return;
        if (check.failure !== null || until(check)) resolve(check);
        else output.status.show(() => checkLine(check));
      };
      look();
    });
  } finally {
    off();
    output.status.clear();
  }
}
