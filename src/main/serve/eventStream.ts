/**
 * The engine's events as server-sent events. They carry state, so one that is lost is made good by asking again; the
 * window does that whenever its stream begins. That allows to be strict with a reader that does not keep up: first it
 * misses progress, then it is cut off and comes back by itself. Memory per reader stays below `BEHIND_BYTES`.
 */
import type { ServerResponse } from 'node:http';
import { eventNames } from '../../shared/contract.ts';
import type { Door } from '../../shared/contract.ts';

/** Unsent bytes at which a reader is cut off. */
const BEHIND_BYTES = 1024 * 1024;
/** Below the idle limits of anything that may stand between (a forwarded port); also finds dead connections. */
const HEARTBEAT_MS = 15_000;
/** More windows than anybody has open; a page that reconnects without end must not eat the computer. */
const MOST_READERS = 32;

export interface EventStream {
  /** Answers a request with the stream and keeps it open; false if there are too many. */
  add(response: ServerResponse, headers: Readonly<Record<string, string>>): boolean;
  readers(): number;
  /** Ends every stream. */
  close(): void;
}

export function openEventStream(door: Pick<Door, 'on'>, heartbeatMs = HEARTBEAT_MS): EventStream {
  const readers = new Set<ServerResponse>();
  const send = (text: string, isSpare: boolean): void => {
    for (const reader of readers) {
      if (reader.writableLength > BEHIND_BYTES) reader.destroy();
      else if (!isSpare || !reader.writableNeedDrain) reader.write(text);
    }
  };
  const ends = eventNames.map((name) =>
    door.on(name, (payload) =>
      send(`event: ${name}\ndata: ${JSON.stringify(payload)}\n\n`, name === 'run:progress'),
    ),
  );
  const heartbeat = setInterval(() => send(':\n\n', true), heartbeatMs);
  heartbeat.unref();
  return {
    add: (response, headers) => {
      if (readers.size >= MOST_READERS) return false;
      response.writeHead(200, { ...headers, 'content-type': 'text/event-stream; charset=utf-8' });
      response.write('retry: 1000\n\n');
      readers.add(response);
      response.on('close', () => readers.delete(response));
      return true;
    },
    readers: () => readers.size,
    close: () => {
      clearInterval(heartbeat);
      for (const end of ends) end();
      for (const reader of readers) reader.end();
    },
  };
}
