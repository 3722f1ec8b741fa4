/** A new computer: an empty profile beside the one that stored something, recovering from the same target. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { openEngine, type Engine, type EngineOptions } from '../../../../src/main/engine/engine.ts';
import type { Outputs, RequestInput, RequestName } from '../../../../src/shared/contract.ts';
import type { Failure } from '../../../../src/shared/failure.ts';
import type { RecoverySummary } from '../../../../src/shared/recoveryTypes.ts';
import type { OrderSummary, RunSummary } from '../../../../src/shared/types.ts';

export class NewComputer {
  readonly profile: string;
  #engine: Engine | null = null;

  constructor(dir: string, name = 'new-computer') {
    this.profile = join(dir, name);
    mkdirSync(this.profile, { recursive: true, mode: 0o700 });
  }

  async open(options: Partial<EngineOptions> = {}): Promise<Engine> {
    const kdfCost = { memoryKiB: 65_536, passes: 1, lanes: 1 };
    this.#engine = await openEngine({ profile: this.profile, host: 'test', kdfCost, ...options });
    return this.#engine;
  }

  get engine(): Engine {
    if (this.#engine === null) throw new RangeError('open it first');
    return this.#engine;
  }

  async close(): Promise<void> {
    await this.#engine?.close();
    this.#engine = null;
  }

  async ask<R extends RequestName>(name: R, input: RequestInput<R>): Promise<Outputs[R]> {
    const reply = await this.engine.request(name, input);
    if (!reply.ok) throw new Error(`${name}: ${JSON.stringify(reply.failure)}`);
    return reply.value;
  }

  async refusal<R extends RequestName>(name: R, input: RequestInput<R>): Promise<Failure> {
    const reply = await this.engine.request(name, input);
    if (reply.ok) throw new Error(`${name} should have failed: ${JSON.stringify(reply.value)}`);
    return reply.failure;
  }

  /** Runs `act` and resolves when the recovery is over, locked or stopped by a failure. */
  async settled(act: () => Promise<unknown>): Promise<RecoverySummary> {
    const ended = new Promise<RecoverySummary>((resolve) => {
      const off = this.engine.on('recovery:changed', (summary) => {
        if (summary.endedAt === null && summary.failure === null && summary.step !== 'locked') return;
        off();
        resolve(summary);
      });
    });
    await act();
    return ended;
  }

  /** From the beginning to the end, with a passphrase or a recovery code. */
  async recover(input: RequestInput<'recover:start'>, secret: string): Promise<RecoverySummary> {
    const locked = await this.settled(() => this.ask('recover:start', input));
    if (locked.step !== 'locked') return locked;
    await this.ask('profile:unlock', { passphrase: secret });
    return this.settled(() => this.ask('recover:resume', {}));
  }

  async restore(input: RequestInput<'restore:order'>): Promise<OrderSummary> {
    const stopped = new Promise<OrderSummary>((resolve) => {
      const off = this.engine.on('order:changed', (order) => {
        if (order.endedAt === null && order.failure === null) return;
        off();
        resolve(order);
      });
    });
    await this.ask('restore:order', { archiveOnly: true, ...input });
    return stopped;
  }

  async backup(plan: string): Promise<RunSummary> {
    const ended = new Promise<RunSummary>((resolve) => {
      const off = this.engine.on('run:ended', (run) => {
        off();
        resolve(run);
      });
    });
    await this.ask('backup:start', { plan });
    return ended;
  }
}
