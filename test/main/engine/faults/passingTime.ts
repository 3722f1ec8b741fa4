/**
 * Time for an engine under test: it passes when somebody waits, and at once. Half an hour of patience takes a moment, and
 * every wait is written down. Chance comes from a seed.
 */
import type { EngineOptions } from '../../../../src/main/engine/engine.ts';

type RetryClock = NonNullable<NonNullable<EngineOptions['line']>['clock']>;

interface Wait {
  /** When it began: that is when a request had just failed. */
  readonly at: number;
  readonly ms: number;
}

export class PassingTime implements RetryClock {
  readonly waits: Wait[] = [];
  /** What happens in the world while somebody waits: told how long, and how many waits there were. */
  meanwhile: (ms: number, waits: number) => Promise<void> | void = () => undefined;
  #now = 0;
  #state: number;

  constructor(seed = 1) {
    this.#state = seed;
  }

  now(): number {
    return this.#now;
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    this.waits.push({ at: this.#now, ms });
    this.#now += ms;
    await this.meanwhile(ms, this.waits.length);
    signal?.throwIfAborted();
  }

  /** A linear congruence: good enough for jitter. */
  random(): number {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0;
    return this.#state / 2 ** 32;
  }

  /** Most requests that failed within any stretch of so long. */
  peak(stretchMs: number): number {
    return Math.max(
      0,
      ...this.waits.map(({ at }) => this.waits.filter((w) => w.at >= at && w.at < at + stretchMs).length),
    );
  }
}
