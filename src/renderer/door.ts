/**
 * The way to the engine. In the desktop window the preload script has put it there; in a browser it is HTTP and
 * server-sent events. Both have one shape, and nothing else in the window knows which of them it uses.
 */
import type { EventName, Events, Outputs, RequestInput, RequestName } from '../shared/contract.ts';
import type { Failure, Reply } from '../shared/failure.ts';
import type { Link, WindowDoor } from '../shared/windowDoor.ts';

declare global {
  interface Window {
    readonly permafrost?: WindowDoor;
  }
}

export function openDoor(): WindowDoor {
  return window.permafrost ?? openHttpDoor();
}

/** How long after losing the stream of events it is tried again; browsers give up by themselves on some errors. */
const TRY_AGAIN_MS = 2000;

const noAnswer: Failure = {
  kind: 'offline',
  message: 'Permafrost is not answering.',
  safe: 'What it was doing goes on, or is taken up again when it starts.',
  advice: 'See that it is still running; this window comes back by itself.',
};

function openHttpDoor(): WindowDoor {
  const links = openLink();
  const stream = openStream(links.set);
  return {
    request: async (name, input) => {
      const reply = await post(name, input);
      if (reply === 'shut') links.set('shut');
      return reply === 'gone' || reply === 'shut' ? { ok: false, failure: noAnswer } : reply;
    },
    on: stream.on,
    onLink: links.on,
  };
}

async function post<R extends RequestName>(
  name: R,
  input: RequestInput<R>,
): Promise<Reply<Outputs[R]> | 'gone' | 'shut'> {
  try {
    const answer = await fetch(`/api/${name}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(input),
    });
    if (answer.status === 401) return 'shut';
    return (await answer.json()) as Reply<Outputs[R]>;
  } catch {
    return 'gone';
  }
}

function openLink() {
  let now: Link = 'up';
  const listeners = new Set<(link: Link) => void>();
  return {
    set: (link: Link): void => {
      if (link === now || now === 'shut') return;
      now = link;
      for (const listener of listeners) listener(now);
    },
    on: (listener: (link: Link) => void): (() => void) => {
      listeners.add(listener);
      listener(now);
      return () => listeners.delete(listener);
    },
  };
}

/** Keeps one stream of events open for as long as the page lives. */
function openStream(setLink: (link: Link) => void) {
  const listeners = new Map<EventName, Set<(payload: never) => void>>();
  let source: EventSource | undefined;

  const hear = (event: EventName): void => {
    source?.addEventListener(event, (message: MessageEvent<string>) => {
      const payload = JSON.parse(message.data) as never;
      for (const listener of listeners.get(event) ?? []) listener(payload);
    });
  };
  const open = (): void => {
    source = new EventSource('/api/events');
    source.onopen = () => setLink('up');
    source.onerror = () => {
      setLink('gone');
      if (source?.readyState !== EventSource.CLOSED) return;
      // Refused, not lost: a request says whether this window is still known.
      void post('profile:status', {}).then((reply) => {
        if (reply === 'shut') setLink('shut');
        else setTimeout(open, TRY_AGAIN_MS);
      });
    };
    for (const event of listeners.keys()) hear(event);
  };
  open();

  return {
    on: <E extends EventName>(event: E, listener: (payload: Events[E]) => void): (() => void) => {
      const known = listeners.get(event);
      const all = known ?? new Set<(payload: never) => void>();
      all.add(listener);
      listeners.set(event, all);
      if (known === undefined) hear(event);
      return () => all.delete(listener);
    },
  };
}
