import type { WiredEngine } from '../../../src/main/desktop/wire.ts';
import type { EventName, Events } from '../../../src/shared/contract.ts';
import type { Reply } from '../../../src/shared/failure.ts';

/** An engine that answers what a test tells it to, lets the test send events and counts how often it was closed. */
export function scriptedEngine(
  answer: (name: string, input: unknown) => Reply<unknown> | Promise<Reply<unknown>>,
) {
  const listeners = new Map<string, Set<(payload: never) => void>>();
  let closed = 0;
  const engine: WiredEngine = {
    dispatch: (name, input) => Promise.resolve(answer(name, input)),
    on: (event, listener) => {
      const all = listeners.get(event) ?? new Set();
      listeners.set(event, all.add(listener));
      return () => all.delete(listener);
    },
    close: () => {
      closed += 1;
      return Promise.resolve();
    },
  };
  return {
    engine,
    closed: (): number => closed,
    emit: <E extends EventName>(event: E, payload: Events[E]): void => {
      for (const listener of listeners.get(event) ?? []) (listener as (payload: Events[E]) => void)(payload);
    },
  };
}
