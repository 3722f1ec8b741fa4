/** One attempt in a process of its own, to be killed: `backup`, or `restore <folder>`, of the profile given. */
import { openEngine } from '../../../src/main/engine/engine.ts';
import { PASSPHRASE } from './scene.ts';

const [profile = '', act = '', to = ''] = process.argv.slice(2);
const engine = await openEngine({ profile, host: 'killed child' });
const unlocked = await engine.request('profile:unlock', { passphrase: PASSPHRASE });
if (!unlocked.ok) throw new Error(unlocked.failure.message);
const ended = new Promise<string>((resolve) => {
  engine.on('run:ended', (run) => resolve(run.state));
  engine.on('order:changed', (order) => {
    if (order.endedAt !== null || order.failure !== null) resolve(order.state);
  });
});
process.send?.('started');
const open = await engine.request('orders:resume', {});
if (act === 'backup') await engine.request('backup:start', { plan: 'docs' });
else if (open.ok && open.value.length === 0)
  await engine.request('restore:order', { snapshot: 'latest', to, archiveOnly: true });
process.send?.(await ended);
await engine.close();
