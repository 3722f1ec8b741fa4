/** An engine in a process of its own, which may be killed at any time and is then started again. */
import { type ChildProcess, fork } from 'node:child_process';
import type { Outputs, RequestInput, RequestName } from '../../../../src/shared/contract.ts';
import type { OrderSummary, RunSummary } from '../../../../src/shared/types.ts';
import type { ChildAct, ChildReply } from './randomKillsChild.ts';

export interface Answers {
  readonly open: unknown;
  readonly ask: unknown;
  readonly backup: RunSummary;
  readonly restore: OrderSummary;
  readonly close: unknown;
}

/** What an act came to; null when the engine was killed before it said so. */
type Ended<T> = { readonly value: T } | null;

export type ActOf<K extends ChildAct['kind']> = ChildAct & { readonly kind: K };

export class Killable {
  readonly #script: string;
  readonly #environment: NodeJS.ProcessEnv;
  #child: ChildProcess | null = null;

  constructor(script: string, environment: NodeJS.ProcessEnv) {
    this.#script = script;
    this.#environment = environment;
  }

  get isAlive(): boolean {
    return this.#child !== null;
  }

  /** Starts the process; it has loaded everything and opened nothing. */
  async start(): Promise<void> {
    this.#child = fork(this.#script, { env: this.#environment, execArgv: [], stdio: 'inherit' });
    await this.#next<unknown>(this.#child);
  }

  /**
   * Has something done. With `killAfterMs` the process is killed then, wherever it is, and at the latest when it has answered.
   * Rejects when it fails, or ends by itself.
   */
  async act<K extends ChildAct['kind']>(act: ActOf<K>, killAfterMs?: number): Promise<Ended<Answers[K]>> {
    const child = this.#child;
    if (child === null) throw new RangeError('start it first');
    const ended = this.#next<Answers[K]>(child);
    child.send(act);
    const timer =
      killAfterMs === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), killAfterMs);
    const value = await ended.finally(() => clearTimeout(timer));
    if (killAfterMs !== undefined || act.kind === 'close') await this.#gone(child);
    return value;
  }

  async ask<R extends RequestName>(name: R, input: RequestInput<R>): Promise<Outputs[R]> {
    const ended = await this.act({ kind: 'ask', name, input });
    if (ended === null) throw new Error(`killed while asked for ${name}`);
    return ended.value as Outputs[R];
  }

  async kill(): Promise<void> {
    if (this.#child !== null) await this.#gone(this.#child);
  }

  async #gone(child: ChildProcess): Promise<void> {
    if (child.exitCode === null && child.signalCode === null) {
      const over = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await over;
    }
    this.#child = null;
  }

  #next<T>(child: ChildProcess): Promise<Ended<T>> {
    return new Promise((resolve, reject) => {
      const onReply = (reply: ChildReply): void => {
        child.off('exit', onExit);
        if ('failure' in reply) reject(new Error(reply.failure));
        else resolve({ value: reply.value as T });
      };
      const onExit = (code: number | null, signal: string | null): void => {
        child.off('message', onReply);
        if (signal === 'SIGKILL') resolve(null);
        else reject(new Error(`the engine's process ended by itself (${signal ?? code})`));
      };
      child.once('message', onReply);
      child.once('exit', onExit);
    });
  }
}
