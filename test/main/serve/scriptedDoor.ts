import type { EventName, Events } from '../../../src/shared/contract.ts';
import type { Reply } from '../../../src/shared/failure.ts';

/** An engine's door that answers what a test tells it to and lets the test send events. */
export function scriptedDoor(answer: (name: string, input: unknown) => Reply<unknown>) {
  const listeners = new Map<string, Set<(payload: never) => void>>();
  const asked: { name: string; input: unknown }[] = [];
  return {
    asked,
    dispatch: (name: string, input: unknown): Promise<Reply<unknown>> => {
      asked.push({ name, input });
      return Promise.resolve(answer(name, input));
    },
    on: <E extends EventName>(event: E, listener: (payload: Events[E]) => void): (() => void) => {
      const all = listeners.get(event) ?? new Set();
      listeners.set(event, all.add(listener));
      return () => all.delete(listener);
    },
    emit: <E extends EventName>(event: E, payload: Events[E]): void => {
      for (const listener of listeners.get(event) ?? []) (listener as (payload: Events[E]) => void)(payload);
    },
    listening: (): number => [...listeners.values()].reduce((sum, all) => sum + all.size, 0),
  };
}
