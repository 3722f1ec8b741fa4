import type { ErrandSummary } from '../../../../shared/archiveTypes.ts';
import type { Session } from '../../session.ts';
import { errandLine, errandLines, exitCodeOfErrand } from './errandText.ts';

/** Nobody is needed for now: it has ended, or the service has been asked and takes hours. */
export function isAtRest({ step, endedAt }: ErrandSummary): boolean {
  return endedAt !== null || step === 'waiting';
}

export function hasEnded({ endedAt }: ErrandSummary): boolean {
  return endedAt !== null;
}

/**
 * Starts an errand and stays until `until` holds for it or something keeps it from going on (`failure`); tells how it
 * goes meanwhile. What the start answers may be from an earlier day, unless it has ended.
 */
export async function followErrand(
  session: Session,
  start: () => Promise<ErrandSummary>,
  until: (errand: ErrandSummary) => boolean,
): Promise<ErrandSummary> {
  const { engine, output, signal } = session;
  const newest = new Map<string, ErrandSummary>();
  let look = () => undefined as unknown;
  const off = engine.on('errand:changed', (errand) => {
    newest.set(errand.id, errand);
    look();
  });
  try {
    const first = await start();
    if (hasEnded(first)) return first;
    return await new Promise((resolve, reject) => {
      const stop = (): void => reject(signal.reason as Error);
      if (signal.aborted) stop();
      else signal.addEventListener('abort', stop, { once: true });
      look = () => {
        const errand = newest.get(first.id);
        if (errand === undefined) return;
        if (errand.failure !== null || until(errand)) resolve(errand);
        else output.status.show(() => errandLine(errand));
      };
      look();
    });
  } finally {
    off();
    output.status.clear();
  }
}

/** The same, and says at the end what has come of it. */
export async function runErrand(
  session: Session,
  start: () => Promise<ErrandSummary>,
  until: (errand: ErrandSummary) => boolean,
): Promise<void> {
  const errand = await followErrand(session, start, until);
  await session.output.result(errand, () => errandLines(errand));
  process.exitCode = exitCodeOfErrand(errand);
}
