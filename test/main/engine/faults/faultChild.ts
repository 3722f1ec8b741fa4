/** One life of an engine on a bad disk: `backup`, `resume`, or `restore <folder>`. Says how it ended, as JSON. */
import { openEngine, toFailure } from '../../../../src/main/engine/engine.ts';
import type { Failure } from '../../../../src/shared/failure.ts';
import { PASSPHRASE } from '../scene.ts';

/** How a run or an order came to stand. */
export interface Ending {
  readonly state: string;
  readonly failure: Failure | null;
}

const [profile = '', act = '', to = ''] = process.argv.slice(2);

process.send?.(
  await live().catch((error: unknown): Ending => ({ state: 'refused', failure: toFailure(error) })),
);
process.disconnect();

async function live(): Promise<Ending> {
  const engine = await openEngine({ profile, host: 'bad disk' });
  const ended = new Promise<Ending>((resolve) => {
    engine.on('run:ended', resolve);
    engine.on('order:changed', (order) => {
      if (order.endedAt !== null || order.failure !== null) resolve(order);
    });
  });
  const ask = async (...[name, input]: Parameters<typeof engine.request>): Promise<Ending | null> => {
    const reply = await engine.request(name, input);
    return reply.ok ? null : { state: 'refused', failure: reply.failure };
  };
  const refused =
    (await ask('profile:unlock', { passphrase: PASSPHRASE })) ??
    (act === 'backup' ? await ask('backup:start', { plan: 'docs' }) : null) ??
    (act === 'restore' ? await ask('restore:order', { snapshot: 'latest', to, archiveOnly: true }) : null) ??
    (act === 'resume' ? await ask('orders:resume', {}) : null);
  const { state, failure } = refused ?? (await ended);
  await engine.close().catch(() => undefined);
  return { state, failure };
}
