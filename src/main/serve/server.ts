/**
 * The browser host: the contract over HTTP on 127.0.0.1.
 *
 *   GET  /?token=…       the one-time link: gives the session cookie, then leads to /
 *   GET  /, /assets/…    the window
 *   GET  /api/events     the engine's events, as server-sent events
 *   POST /api/<request>  one request: input as JSON, answered with a `Reply`
 *
 * What a request must show before any of it happens is in gate.ts. To use it from another computer, forward the port
 * under the same number: ssh -L 8014:127.0.0.1:8014 nas.
 */
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { EngineError } from '../engine/engine.ts';
import type { Engine } from '../engine/engine.ts';
import { answerApi, refused } from './api.ts';
import { openEventStream } from './eventStream.ts';
import type { EventStream } from './eventStream.ts';
import { openGuests, refusal } from './gate.ts';
import type { Guests } from './gate.ts';
import { openInBrowser } from './opener.ts';
import { builtWindow, guardHeaders, loadPages, textPage } from './pages.ts';
import type { PageAnswer, Pages } from './pages.ts';

export { builtWindow, loadPages } from './pages.ts';
export type { PageAnswer, Pages } from './pages.ts';

export interface ServeOptions {
  readonly door: Pick<Engine, 'dispatch' | 'on'>;
  /** 0 or absent: any free one. */
  readonly port?: number | undefined;
  /** The built window; absent: where the build puts it. */
  readonly renderer?: string | undefined;
}

export interface Serving {
  /** A link that lets one browser in, once. */
  readonly url: string;
  readonly port: number;
  /** Another such link. */
  newLink(): string;
  /** Ends every connection. The engine stays open. */
  close(): Promise<void>;
}

/** @throws EngineError `conflict` when the port is taken, `not-found` when the window has not been built */
export async function startServe({
  door,
  port = 0,
  renderer = builtWindow(),
}: ServeOptions): Promise<Serving> {
  const pages = loadPages(renderer, 'self');
  const server = createServer();
  await listen(server, port);
  const bound = (server.address() as AddressInfo).port;
  const house: House = { door, port: bound, pages, guests: openGuests(bound), events: openEventStream(door) };
  server.on('request', (request, response) => {
    answer(house, request, response).catch(() => response.destroy());
  });
  const newLink = (): string => `http://127.0.0.1:${bound}/?token=${house.guests.invite()}`;
  return {
    url: newLink(),
    port: bound,
    newLink,
    close: async () => {
      house.events.close();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}

export interface RunServeOptions extends ServeOptions {
  /** Open the link in the browser of this computer. */
  readonly open: boolean;
  /** Receives lines for the person who started it: the link first. */
  readonly say: (line: string) => void;
}

/** Starts serving, says where, and opens a browser if asked. That this fails is only said: the link still works. */
export async function runServe({ open, say, ...options }: RunServeOptions): Promise<Serving> {
  const serving = await startServe(options);
  say(`Permafrost is at ${serving.url}`);
  say('The link lets one browser in, once. Keep this running; Ctrl-C ends it.');
  if (open) openInBrowser(serving.url, () => say('No browser could be opened here: open the link yourself.'));
  return serving;
}

interface House {
  readonly door: ServeOptions['door'];
  readonly port: number;
  readonly pages: Pages;
  readonly guests: Guests;
  readonly events: EventStream;
}

async function answer(house: House, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method = 'GET', headers } = request;
  const wrong = refusal(method, headers, house.port);
  if (wrong !== undefined) {
    sendPage(request, response, textPage(wrong.status, wrong.why));
    return;
  }
  // Never thrown by: the base is whole, and a path that is no URL becomes one that is not found.
  const url = new URL(`http://localhost${request.url?.startsWith('/') === true ? request.url : '/'}`);
  const token = url.searchParams.get('token');
  // A HEAD comes from something that looks at links, not from the person: it must not use the link up.
  if (token !== null && url.pathname === '/' && method === 'GET') {
    enter(house, token, request, response);
  } else if (!house.guests.knows(headers.cookie)) {
    const status = 401;
    sendPage(
      request,
      response,
      textPage(status, 'Open the link that Permafrost printed when it started. Each link works once.'),
    );
  } else if (url.pathname.startsWith('/api/')) {
    await answerApiPath(house, url.pathname.slice('/api/'.length), request, response);
  } else {
    sendPage(
      request,
      response,
      method === 'POST' ? textPage(405, 'Pages are asked for with GET.') : house.pages(url.pathname),
    );
  }
}

function enter(house: House, token: string, request: IncomingMessage, response: ServerResponse): void {
  const cookie = house.guests.admit(token);
  if (cookie === undefined && !house.guests.knows(request.headers.cookie)) {
    const sentence = 'This link was used already or is from an earlier start. Ask Permafrost for a new one.';
    sendPage(request, response, textPage(401, sentence));
    return;
  }
  response.writeHead(303, {
    ...guardHeaders(undefined, 'none'),
    location: '/',
    'cache-control': 'no-store',
    ...(cookie === undefined ? {} : { 'set-cookie': cookie }),
  });
  response.end();
}

async function answerApiPath(
  house: House,
  name: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const headers = { ...guardHeaders(undefined, 'none'), 'cache-control': 'no-store' };
  if (name === 'events' && request.method === 'GET') {
    if (!house.events.add(response, headers))
      sendPage(request, response, textPage(503, 'Too many windows are open.'));
    return;
  }
  const isPost = request.method === 'POST';
  const { status, reply } = isPost
    ? await answerApi(house.door, name, request)
    : refused(405, 'Requests are sent with POST.');
  response.writeHead(status, {
    ...headers,
    'content-type': 'application/json; charset=utf-8',
    // What was left unread of a body that is too long must not be taken for the next request.
    ...(status === 413 ? { connection: 'close' } : {}),
  });
  response.end(JSON.stringify(reply));
}

function sendPage(request: IncomingMessage, response: ServerResponse, page: PageAnswer): void {
  response.writeHead(page.status, {
    ...page.headers,
    'content-length': String(page.body.length),
    ...(request.method === 'POST' ? { connection: 'close' } : {}),
  });
  response.end(request.method === 'HEAD' ? undefined : page.body);
}

/** @throws EngineError when the port cannot be had */
async function listen(server: Server, port: number): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', () => {
        server.off('error', reject);
        resolve();
      });
    });
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    const advice = 'Choose another with --port, or 0 for any free one.';
    if (code === 'EADDRINUSE')
      throw new EngineError('conflict', `Another program uses port ${port}.`, advice, { cause });
    if (code === 'EACCES')
      throw new EngineError('denied', `This user may not use port ${port}.`, advice, { cause });
    throw cause;
  }
}
