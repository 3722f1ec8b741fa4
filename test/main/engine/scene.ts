/** A scene for engine tests: a profile, a source folder and a target in temporary folders, driven through the contract. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Outputs, RequestInput, RequestName } from '../../../src/shared/contract.ts';
import type { Failure } from '../../../src/shared/failure.ts';
import type { OrderSummary, RunSummary } from '../../../src/shared/types.ts';
import { openEngine, type Engine, type EngineOptions } from '../../../src/main/engine/engine.ts';

export const PASSPHRASE = 'a passphrase for tests';

export class Scene {
  readonly dir = mkdtempSync(join(tmpdir(), 'permafrost-engine-'));
  readonly source = join(this.dir, 'source');
  readonly profile = join(this.dir, 'profile');
  readonly #line: NonNullable<EngineOptions['line']>;
  #engine: Engine | null = null;

  /** @param line time and limits of requests to a service, if not the usual ones */
  constructor(line: NonNullable<EngineOptions['line']> = {}) {
    this.#line = line;
    mkdirSync(this.source);
  }

  get engine(): Engine {
    if (this.#engine === null) throw new RangeError('open the scene first');
    return this.#engine;
  }

  async open(): Promise<Engine> {
    const kdfCost = { memoryKiB: 65_536, passes: 1, lanes: 1 };
    this.#engine = await openEngine({
      profile: this.profile,
      host: 'test',
      kdfCost,
      line: this.#line,
    });
    return this.#engine;
  }

  async close(): Promise<void> {
    await this.#engine?.close();
    this.#engine = null;
  }

  async remove(): Promise<void> {
    await this.close();
    rmSync(this.dir, { recursive: true, force: true });
  }

  /** A profile with keys, a folder target `attic` and a plan `docs` of the source. */
  async setUp(target: RequestInput<'targets:add'>['settings'] = this.folderTarget()): Promise<void> {
    await this.open();
    await this.ask('profile:init', { passphrase: PASSPHRASE });
    await this.ask('targets:add', { name: 'attic', settings: target });
    await this.ask('plans:add', { name: 'docs', target: 'attic', sources: [this.source] });
  }

  folderTarget(): RequestInput<'targets:add'>['settings'] {
    return { kind: 'folder', path: join(this.dir, 'attic'), create: true, packMiB: 4 };
  }

  /** The answer; fails the test on a failure. */
  async ask<R extends RequestName>(name: R, input: RequestInput<R>): Promise<Outputs[R]> {
    const reply = await this.engine.request(name, input);
    if (!reply.ok) throw new Error(`${name}: ${JSON.stringify(reply.failure)}`);
    return reply.value;
  }

  /** The failure; fails the test on an answer. */
  async refusal<R extends RequestName>(name: R, input: RequestInput<R>): Promise<Failure> {
    const reply = await this.engine.request(name, input);
    if (reply.ok) throw new Error(`${name} should have failed: ${JSON.stringify(reply.value)}`);
    return reply.failure;
  }

  async backup(plan = 'docs', more: { acceptEmptySource?: boolean } = {}): Promise<RunSummary> {
    const ended = new Promise<RunSummary>((resolve) => {
      const off = this.engine.on('run:ended', (run) => {
        off();
        resolve(run);
      });
    });
    await this.ask('backup:start', { plan, ...more });
    return ended;
  }

  /** Orders and waits for the end, or for what stopped it. */
  async restore(
    input: Omit<RequestInput<'restore:order'>, 'snapshot'> & { snapshot?: string },
  ): Promise<OrderSummary> {
    const stopped = this.stoppedOrder();
    // The sources are still there: what is tested is that the archives bring it back.
    await this.ask('restore:order', { snapshot: 'latest', archiveOnly: true, ...input });
    return stopped;
  }

  stoppedOrder(): Promise<OrderSummary> {
    return new Promise((resolve) => {
      const off = this.engine.on('order:changed', (order) => {
        if (order.endedAt === null && order.failure === null) return;
        off();
        resolve(order);
      });
    });
  }

  path(...names: string[]): string {
    return join(this.dir, ...names);
  }
}
