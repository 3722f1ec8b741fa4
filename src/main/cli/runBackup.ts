import type { RunSummary } from '../../shared/types.ts';
import { runLine } from './progress.ts';
import type { Session } from './session.ts';

/**
 * Starts a run and resolves when it has ended, however it did; its progress is shown meanwhile. When somebody asks to
 * stop, the run is asked to, and then ends as `cancelled`.
 */
export async function runBackup(
  session: Session,
  plan: string,
  acceptEmptySource: boolean,
): Promise<RunSummary> {
  const { engine, output } = session;
  const ended = new Map<number, RunSummary>();
  let look = () => undefined as unknown;
  const off = [
    engine.on('run:progress', (progress) => output.status.show((width) => runLine(progress, width))),
    engine.on('run:ended', (run) => {
      ended.set(run.id, run);
      look();
    }),
  ];
  try {
    // A quick run may have ended before its number is known here.
    const { id } = await session.ask('backup:start', { plan, acceptEmptySource });
    const stop = () => void engine.request('backup:cancel', { run: id });
    session.signal.addEventListener('abort', stop);
    try {
      return await new Promise<RunSummary>((resolve) => {
        look = () => {
          const run = ended.get(id);
          if (run !== undefined) resolve(run);
        };
        look();
      });
    } finally {
      session.signal.removeEventListener('abort', stop);
    }
  } finally {
    for (const end of off) end();
    output.status.clear();
  }
}
