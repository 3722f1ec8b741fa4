/** Whether what begins by itself may go on just now: what it costs, and where the computer is. */
import { EngineError } from '../failure.ts';
import { waitsFor, type Surroundings } from '../schedule/conditions.ts';
import { readUnattended } from '../schedule/unattended.ts';
import type { EngineContext } from './context.ts';
import type { Purse } from './costs.ts';

/** What surrounds a computer changes slowly, and costs two commands to ask. */
const KNOWN_FOR_MS = 15_000;

export class Leave {
  readonly #context: EngineContext;
  readonly #purse: Purse;
  readonly #surroundings: () => Promise<Surroundings>;
  #known: { readonly at: number; readonly around: Surroundings } | null = null;

  constructor(context: EngineContext, purse: Purse, surroundings: () => Promise<Surroundings>) {
    this.#context = context;
    this.#purse = purse;
    this.#surroundings = surroundings;
  }

  /** What it waits for, in words that follow “waits”; null when it may. */
  async waitsFor(): Promise<string | null> {
    const { conditions } = await readUnattended(this.#context.catalog);
    const { onBattery, onMetered, networks } = conditions;
    if (onBattery && onMetered && networks === null) return null;
    return waitsFor(conditions, await this.#around());
  }

  async mayBegin(): Promise<boolean> {
    return (await this.waitsFor()) === null && (await this.#purse.mayGoOn());
  }

  /** @throws EngineError `conflict` at the budget, `offline` while it waits for something: then it is tried again */
  async assertMayGoOn(): Promise<void> {
    await this.#purse.assertMayGoOn();
    const what = await this.waitsFor();
    if (what === null) return;
    throw new EngineError('offline', `The backup waits ${what}.`, 'It goes on by itself then.', {
      safe: 'What it had packed is kept.',
    });
  }

  async #around(): Promise<Surroundings> {
    const now = Date.now();
    if (this.#known === null || Math.abs(now - this.#known.at) > KNOWN_FOR_MS)
      this.#known = { at: now, around: await this.#surroundings() };
    return this.#known.around;
  }
}
