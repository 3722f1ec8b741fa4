/**
 * What a person does with the engine, before the power goes and after it is back. What the engine said was done is
 * told to `noted`, and afterwards it must be so.
 */
import { openEngine, type Engine } from '../../../../src/main/engine/engine.ts';
import type { Outputs, RequestInput, RequestName } from '../../../../src/shared/contract.ts';
import type { OrderSummary, RunSummary } from '../../../../src/shared/types.ts';
import { PASSPHRASE } from '../scene.ts';

/** What the engine has said: the keys are made, the plan is there, a snapshot was made, the restore is ordered, done. */
export type Promised = 'keys' | 'plan' | 'snapshot' | 'order' | 'restored';

const kdfCost = { memoryKiB: 65_536, passes: 1, lanes: 1 };

export class Person {
  readonly #engine: Engine;
  readonly #noted: (promised: Promised) => void;

  private constructor(engine: Engine, noted: (promised: Promised) => void) {
    this.#engine = engine;
    this.#noted = noted;
  }

  static async at(profile: string, noted: (promised: Promised) => void = () => undefined): Promise<Person> {
    return new Person(await openEngine({ profile, host: 'power loss', kdfCost }), noted);
  }

  /** The answer; throws on a failure. */
  async ask<R extends RequestName>(name: R, input: RequestInput<R>): Promise<Outputs[R]> {
    const reply = await this.#engine.request(name, input);
    if (!reply.ok) throw new Error(`${name}: ${JSON.stringify(reply.failure)}`);
    return reply.value;
  }

  /** Unlocks, or begins anew where there are no keys; resolves to whether that was so. */
  async unlock(): Promise<boolean> {
    const { state } = await this.ask('profile:status', {});
    if (state === 'new') await this.ask('profile:init', { passphrase: PASSPHRASE });
    if (state === 'locked') await this.ask('profile:unlock', { passphrase: PASSPHRASE });
    this.#noted('keys');
    return state === 'new';
  }

  /** Makes the target and the plan where they are missing. */
  async plan(source: string): Promise<void> {
    const settings = {
      kind: 'vault',
      vault: 'photos',
      region: 'us-east-1',
      create: true,
      packMiB: 4,
    } as const;
    const targets = await this.ask('targets:list', {});
    if (targets.length === 0) await this.ask('targets:add', { name: 'attic', settings });
    const plans = await this.ask('plans:list', {});
    if (plans.length === 0) await this.ask('plans:add', { name: 'docs', target: 'attic', sources: [source] });
    this.#noted('plan');
  }

  async backup(): Promise<void> {
    const ended = new Promise<RunSummary>((resolve) => this.#engine.on('run:ended', resolve));
    await this.ask('backup:start', { plan: 'docs' });
    const run = await ended;
    if (run.state !== 'done') throw new Error(`the backup: ${JSON.stringify(run)}`);
    this.#noted('snapshot');
  }

  async restore(to: string, snapshot = 'latest'): Promise<void> {
    const stopped = this.#stoppedOrder();
    await this.ask('restore:order', { snapshot, to, archiveOnly: true });
    this.#noted('order');
    await this.#finished(stopped);
  }

  /** Carries on what was ordered. */
  async resume(): Promise<void> {
    const stopped = this.#stoppedOrder();
    await this.ask('orders:resume', {});
    await this.#finished(stopped);
  }

  close(): Promise<void> {
    return this.#engine.close();
  }

  #stoppedOrder(): Promise<OrderSummary> {
    return new Promise((resolve) => {
      this.#engine.on('order:changed', (order) => {
        if (order.endedAt !== null || order.failure !== null) resolve(order);
      });
    });
  }

  async #finished(stopped: Promise<OrderSummary>): Promise<void> {
    const order = await stopped;
    if (order.state !== 'done') throw new Error(`the order: ${JSON.stringify(order)}`);
    this.#noted('restored');
  }
}
