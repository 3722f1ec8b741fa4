import { EventEmitter } from 'node:events';
import type { EventName, Events } from '../../shared/contract.ts';

/** Carries the engine's events to whoever listens. A listener that throws hurts neither the engine nor the others. */
export class EngineEvents {
  readonly #emitter = new EventEmitter().setMaxListeners(0);

  emit<E extends EventName>(event: E, payload: Events[E]): void {
    for (const listener of this.#emitter.listeners(event)) {
      try {
        (listener as (payload: Events[E]) => void)(payload);
      } catch (error) {
        process.emitWarning(error instanceof Error ? error : String(error));
      }
    }
  }

  on<E extends EventName>(event: E, listener: (payload: Events[E]) => void): () => void {
    this.#emitter.on(event, listener);
    return () => this.#emitter.off(event, listener);
  }
}
