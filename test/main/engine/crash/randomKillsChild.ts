/** An engine in a process of its own that does one act after the other as it is told, to be killed at any time. */
import type { RequestInput, RequestName } from '../../../../src/shared/contract.ts';
import type { OrderSummary, RunSummary } from '../../../../src/shared/types.ts';
import { type Engine, openEngine } from '../../../../src/main/engine/engine.ts';

export const PASSPHRASE = 'a passphrase for tests';

export type ChildAct =
  | { readonly kind: 'open'; readonly profile: string }
  | { readonly kind: 'ask'; readonly name: RequestName; readonly input: unknown }
  | { readonly kind: 'backup' }
  /** Carries the order for `to` on, or places it; answers with what it came to. */
  | { readonly kind: 'restore'; readonly snapshot: string; readonly to: string }
  | { readonly kind: 'close' };

export type ChildReply = { readonly value: unknown } | { readonly failure: string };

const kdfCost = { memoryKiB: 65_536, passes: 1, lanes: 1 };
let engine: Engine | null = null;

process.on('message', (act: ChildAct) => {
  void perform(act)
    .then(
      (value): ChildReply => ({ value }),
      (error: unknown): ChildReply => ({ failure: String(error) }),
    )
    .then((reply) => {
      process.send?.(reply);
      if (act.kind === 'close') process.disconnect();
    });
});
process.send?.({ value: 'loaded' });

async function perform(act: ChildAct): Promise<unknown> {
  if (act.kind === 'open') {
    engine = await openEngine({ profile: act.profile, host: 'test', kdfCost });
    const { state } = await ask(engine, 'profile:status', {});
    return ask(engine, state === 'new' ? 'profile:init' : 'profile:unlock', { passphrase: PASSPHRASE });
  }
  if (engine === null) throw new RangeError('open the engine first');
  if (act.kind === 'ask') return outcome(await engine.dispatch(act.name, act.input));
  if (act.kind === 'backup') return backUp(engine);
  if (act.kind === 'restore') return restore(engine, act);
  return engine.close();
}

async function backUp(engine: Engine): Promise<RunSummary> {
  const ended = new Promise<RunSummary>((resolve) => engine.on('run:ended', resolve));
  await ask(engine, 'backup:start', { plan: 'docs' });
  return ended;
}

async function restore(
  engine: Engine,
  { snapshot, to }: ChildAct & { kind: 'restore' },
): Promise<OrderSummary> {
  const stopped = new Promise<OrderSummary>((resolve) => {
    engine.on('order:changed', (order) => {
      if (order.endedAt !== null || order.failure !== null) resolve(order);
    });
  });
  const placed = (await ask(engine, 'orders:list', {})).find((order) => order.to === to);
  if (placed !== undefined && placed.endedAt !== null) return placed;
  if (placed === undefined) await ask(engine, 'restore:order', { snapshot, to, archiveOnly: true });
  else await ask(engine, 'orders:resume', {});
  return stopped;
}

async function ask<R extends RequestName>(engine: Engine, name: R, input: RequestInput<R>) {
  return outcome(await engine.request(name, input));
}

function outcome<T>(reply: { ok: true; value: T } | { ok: false; failure: { message: string } }): T {
  if (reply.ok) return reply.value;
  throw new Error(reply.failure.message);
}
