/**
 * The engine's door carried over messages, for an engine in a process of its own.
 *
 *   host -> engine   { kind: 'ask', id, name, input }     a request; `id` counts up within one wire
 *                    { kind: 'close', id }                pause at a safe point and free the profile
 *   engine -> host   { kind: 'opened' }                   requests are answered from now on
 *                    { kind: 'refused', failure }         the profile cannot be opened; nothing follows
 *                    { kind: 'answer', id, reply }        to an `ask` or a `close`, in any order
 *                    { kind: 'event', name, payload }
 *
 * Messages are copied by structured clone. Both ends are ours and of one build, so they are typed, not parsed; what
 * comes from the window is parsed by the engine itself.
 */
import type { EventName, Events } from '../../shared/contract.ts';
import { eventNames } from '../../shared/contract.ts';
import type { Failure, Reply } from '../../shared/failure.ts';
import type { Engine } from '../engine/engine.ts';

export type ToEngine =
  | { readonly kind: 'ask'; readonly id: number; readonly name: string; readonly input: unknown }
  | { readonly kind: 'close'; readonly id: number };

export type FromEngine =
  | { readonly kind: 'opened' }
  | { readonly kind: 'refused'; readonly failure: Failure }
  | { readonly kind: 'answer'; readonly id: number; readonly reply: Reply<unknown> }
  | { readonly kind: 'event'; readonly name: EventName; readonly payload: Events[EventName] };

/** One end of a wire: a MessagePort, a utility process seen from outside, or its parent seen from inside. */
export interface WireEnd<Out, In> {
  send(message: Out): void;
  /** Calls `listener` for each message from now on. */
  onMessage(listener: (message: In) => void): void;
}

/** The parts of the engine that cross. */
export type WiredEngine = Pick<Engine, 'dispatch' | 'on' | 'close'>;

/** The engine's side: answers what is asked and passes every event on. Says `opened` first. */
export function answerWire(engine: WiredEngine, wire: WireEnd<FromEngine, ToEngine>): void {
  const ends = eventNames.map((name) =>
    engine.on(name, (payload) => wire.send({ kind: 'event', name, payload })),
  );
  wire.onMessage((message) => {
    const { id } = message;
    if (message.kind === 'ask') {
      void engine
        .dispatch(message.name, message.input)
        .then((reply) => wire.send({ kind: 'answer', id, reply }));
      return;
    }
    for (const end of ends) end();
    void engine.close().then(() => wire.send({ kind: 'answer', id, reply: { ok: true, value: null } }));
  });
  wire.send({ kind: 'opened' });
}

/** The host's side of one wire. */
export interface WireClient {
  ask(name: string, input: unknown): Promise<Reply<unknown>>;
  close(): Promise<Reply<unknown>>;
  /** The other end is gone: everything that waits for an answer gets `failure`. */
  giveUp(failure: Failure): void;
}

export function askOverWire(
  wire: WireEnd<ToEngine, FromEngine>,
  heard: (message: Exclude<FromEngine, { kind: 'answer' }>) => void,
): WireClient {
  const waiting = new Map<number, (reply: Reply<unknown>) => void>();
  let count = 0;
  wire.onMessage((message) => {
    if (message.kind !== 'answer') {
      heard(message);
      return;
    }
    const answered = waiting.get(message.id);
    waiting.delete(message.id);
    answered?.(message.reply);
  });
  const send = (make: (id: number) => ToEngine): Promise<Reply<unknown>> =>
    new Promise((resolve) => {
      count += 1;
      waiting.set(count, resolve);
      wire.send(make(count));
    });
  return {
    ask: (name, input) => send((id) => ({ kind: 'ask', id, name, input })),
    close: () => send((id) => ({ kind: 'close', id })),
    giveUp: (failure) => {
      for (const resolve of waiting.values()) resolve({ ok: false, failure });
      waiting.clear();
    },
  };
}
