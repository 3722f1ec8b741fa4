/**
 * Keeps an engine running in a process of its own. A crash there ends no window: what waited is answered with a
 * failure, the process is started again after a pause that grows, and every run and order goes on from its row in the
 * catalog. A profile that another program uses is tried again in the same way.
 */
import type { EventName, Events } from '../../shared/contract.ts';
import type { Failure, Reply } from '../../shared/failure.ts';
import type { Link } from '../../shared/windowDoor.ts';
import { askOverWire } from './wire.ts';
import type { FromEngine, ToEngine, WireClient, WireEnd } from './wire.ts';

/** A process that runs engineProcess.ts. */
export interface EngineChild extends WireEnd<ToEngine, FromEngine> {
  onExit(listener: () => void): void;
  kill(): void;
}

export interface EngineHost {
  dispatch(name: string, input: unknown): Promise<Reply<unknown>>;
  /** Hears every event of every engine that is started. */
  onEvent(listener: (name: EventName, payload: Events[EventName]) => void): void;
  link(): Link;
  onLink(listener: (link: Link) => void): void;
  /** Pauses the engine at a safe point, for at most `CLOSE_MS`, and ends its process. Not started again. */
  close(): Promise<void>;
}

/** A safe point may be a part's upload away; after this the catalog has to do, as after a power cut. */
const CLOSE_MS = 20_000;
const MOST_PAUSE_MS = 30_000;

const crashed: Failure = {
  kind: 'offline',
  message: 'The part of Permafrost that does the work has stopped.',
  safe: 'What was stored stays stored, and what was under way is taken up again.',
  advice: 'It is being started again. If this repeats, restart Permafrost.',
};

/** @param firstPauseMs before the first new start; doubles with each that fails */
export function hostEngine(fork: () => EngineChild, firstPauseMs = 1000): EngineHost {
  const eventListeners: ((name: EventName, payload: Events[EventName]) => void)[] = [];
  const linkListeners: ((link: Link) => void)[] = [];
  let link: Link = 'gone';
  let failure = crashed;
  let pauseMs = firstPauseMs;
  let current: { readonly child: EngineChild; readonly client: WireClient } | undefined;
  /** Resolves when the process under way has opened the profile or has failed to. */
  let decided = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  let isClosing = false;

  const setLink = (next: Link): void => {
    if (link === next) return;
    link = next;
    for (const listener of linkListeners) listener(link);
  };
  const start = (): void => {
    const child = fork();
    failure = crashed;
    decided = new Promise((decide) => {
      const client = askOverWire(child, (message) => {
        if (message.kind === 'event') {
          for (const listener of eventListeners) listener(message.name, message.payload);
          return;
        }
        if (message.kind === 'refused') failure = message.failure;
        else {
          pauseMs = firstPauseMs;
          setLink('up');
        }
        decide();
      });
      current = { child, client };
      child.onExit(() => {
        current = undefined;
        setLink('gone');
        decide();
        client.giveUp(failure);
        if (!isClosing) timer = setTimeout(start, pauseMs);
        pauseMs = Math.min(pauseMs * 2, MOST_PAUSE_MS);
      });
    });
  };
  start();

  return {
    dispatch: async (name, input) => {
      await decided;
      return current === undefined || link !== 'up'
        ? { ok: false, failure }
        : current.client.ask(name, input);
    },
    onEvent: (listener) => eventListeners.push(listener),
    link: () => link,
    onLink: (listener) => linkListeners.push(listener),
    close: async () => {
      isClosing = true;
      clearTimeout(timer);
      const last = current;
      if (last === undefined) return;
      await Promise.race([link === 'up' ? last.client.close() : undefined, pause(CLOSE_MS)]);
      last.child.kill();
    },
  };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}
