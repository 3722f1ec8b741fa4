/**
 * One life of the engine in a process of its own, which a crash point may end: `init`, `backup`, `resume`, `check`,
 * `keep-one` (a backup after which only the newest snapshot is kept), `prune`, `restore <folder>`, `put-back` (what was restored last, replacing what stands there), or `recover <settings of the target>`.
 */
import { openEngine } from '../../../../src/main/engine/engine.ts';
import type { RequestInput } from '../../../../src/shared/contract.ts';
import { PASSPHRASE } from '../scene.ts';

const [profile = '', act = '', to = ''] = process.argv.slice(2);
const kdfCost = { memoryKiB: 65_536, passes: 1, lanes: 1 };
const engine = await openEngine({ profile, host: 'crash child', kdfCost });
const ended = new Promise<string>((resolve) => {
  engine.on('run:ended', (run) => resolve(run.state));
  engine.on('check:changed', (check) => {
    if (check.endedAt !== null || check.failure !== null)
      resolve(check.failure?.message ?? String(check.outcome));
  });
  engine.on('order:changed', (order) => {
    if (order.endedAt !== null || order.failure !== null) resolve(order.failure?.message ?? order.state);
  });
});

async function ask(...[name, input]: Parameters<typeof engine.request>): Promise<void> {
  const reply = await engine.request(name, input);
  if (!reply.ok) throw new Error(`${name}: ${reply.failure.message}`);
}

async function putBack(): Promise<string> {
  const over = new Promise<string>((resolve) => {
    engine.on('order:changed', ({ putBack: now }) => {
      if (now !== null && now.state !== 'moving') resolve(now.failure?.message ?? now.state);
    });
  });
  const orders = await engine.request('orders:list', {});
  await ask('orders:putBack', { id: (orders.ok && orders.value[0]?.id) || '', choice: 'replace' });
  return over;
}

async function prune(): Promise<string> {
  const over = new Promise<string>((resolve) => {
    engine.on('prune:changed', ({ isDeleting, failure }) => {
      if (!isDeleting) resolve(failure?.message ?? 'done');
    });
  });
  await ask('prune:start', { target: 'attic' });
  return over;
}

/** Begins it or carries it on, and opens the keys when there are some. */
async function recover(): Promise<string> {
  const over = new Promise<string>((resolve) => {
    engine.on('recovery:changed', ({ step, endedAt, outcome, failure }) => {
      if (endedAt !== null || failure !== null) resolve(failure?.message ?? String(outcome));
      else if (step === 'locked') {
        void ask('profile:unlock', { passphrase: PASSPHRASE }).then(() => ask('recover:resume', {}));
      }
    });
  });
  const shown = await engine.request('recover:show', {});
  const before = shown.ok ? shown.value : null;
  if (before !== null && before.outcome !== null) return before.outcome;
  const settings = JSON.parse(to) as RequestInput<'targets:add'>['settings'];
  if (before === null) await ask('recover:start', { name: 'attic', settings });
  else await ask('recover:resume', {});
  return over;
}

const status = await engine.request('profile:status', {});
const isNew = !status.ok || status.value.state === 'new';
if (isNew && act !== 'recover') await ask('profile:init', { passphrase: PASSPHRASE });
else if (!isNew) await ask('profile:unlock', { passphrase: PASSPHRASE });
if (act === 'backup') await ask('backup:start', { plan: 'docs' });
if (act === 'restore') await ask('restore:order', { snapshot: 'latest', to, archiveOnly: true });
if (act === 'check') await ask('check:start', { target: 'attic', readPercent: 20, maxUsd: 1 });
if (act === 'resume') await ask('orders:resume', {});
if (act === 'keep-one') {
  await ask('plans:edit', { name: 'docs', retention: 'last=1' });
  await ask('backup:start', { plan: 'docs' });
}
const over =
  { init: () => Promise.resolve('done'), recover, prune, 'put-back': putBack }[act] ?? (() => ended);
process.send?.(await over());
await engine.close();
process.disconnect();
