/**
 * The common HTTP door: finds the service for a request, sends its answer, and is careful about connections.
 *
 * The rest of a body is always read before an answer goes out, since many clients look for an answer only once they
 * have sent everything and take a closed connection for a broken network. A body that stalls is
 * answered at once.
 */
import { randomBytes } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { finished, pipeline } from 'node:stream/promises';
import type { Clock } from './clock.ts';
import { bodyBytes, type Incoming, type Pieces, type Reply, type Service } from './exchange.ts';
import type { Conditions } from './faults.ts';
import { firstBytes, flipped } from './playFault.ts';

interface HttpServer {
  readonly url: string;
  /** Cuts all connections and waits for the operations under way to end. */
  close(): Promise<void>;
}

interface ServerOptions {
  /** 0 for any free one. */
  readonly port: number;
  /** Real ms without a byte after which a body has stalled. */
  readonly bodyIdleMs: number;
  readonly clock: Clock;
  readonly conditions: Conditions;
  /** In order of precedence; the last claims everything. */
  readonly services: readonly Service[];
}

/** Listens on the loopback interface only. Rejects if the port is taken. */
export async function startServer(options: ServerOptions): Promise<HttpServer> {
  const underWay = new Set<Promise<void>>();
  const server = createServer({ keepAliveTimeout: 75_000, requestTimeout: 0 }, (req, res) => {
    const handled = handle(options, req, res).catch(() => void req.socket.destroy());
    underWay.add(handled);
    void handled.finally(() => underWay.delete(handled));
  });
  const port = await listen(server, options.port);
  return {
    url: `http://127.0.0.1:${port}`,
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await Promise.allSettled(underWay);
      await closed;
    },
  };
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      if (address === null || typeof address === 'string') reject(new RangeError('listening without a port'));
      else resolve(address.port);
    });
  });
}

async function handle(options: ServerOptions, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const { conditions, services } = options;
  const incoming = asIncoming(req, conditions);
  const service = services.find((candidate) => candidate.claims(incoming));
  if (service === undefined) throw new RangeError('no service claims the request');
  answerStalls(options, service, req, res);
  const answer = await service.answer(incoming);
  if (answer === 'drop') {
    req.socket.destroy();
    return;
  }
  await drain(req);
  await send(options, answer, res);
}

function asIncoming(req: IncomingMessage, conditions: Conditions): Incoming {
  const target = req.url ?? '/';
  const mark = target.indexOf('?');
  return {
    method: req.method ?? 'GET',
    path: mark < 0 ? target : target.slice(0, mark),
    query: mark < 0 ? '' : target.slice(mark + 1),
    headers: groupHeaders(req.rawHeaders),
    body: countedBody(req, conditions),
  };
}

function groupHeaders(raw: readonly string[]): Map<string, string[]> {
  const headers = new Map<string, string[]>();
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i]?.toLowerCase() ?? '';
    headers.set(name, [...(headers.get(name) ?? []), raw[i + 1] ?? '']);
  }
  return headers;
}

async function* countedBody(req: IncomingMessage, conditions: Conditions): AsyncGenerator<Buffer> {
  // Leaving the loop early must not destroy the connection: the answer still has to go out on it.
  for await (const chunk of req.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    conditions.countIn(chunk.length);
    yield chunk;
  }
}

function answerStalls(
  options: ServerOptions,
  service: Service,
  req: IncomingMessage,
  res: ServerResponse,
): void {
  req.setTimeout(options.bodyIdleMs, () => {
    if (req.complete || res.headersSent) return;
    const { body, ...reply } = service.stalled();
    if (body !== null && !Buffer.isBuffer(body)) throw new RangeError('no short answer to a stalled body');
    res.writeHead(reply.status, { ...commonHeaders(options.clock, { ...reply, body }), Connection: 'close' });
    res.end(body, () => req.destroy());
  });
}

/** Reads the rest of the body, or until the client is gone. */
async function drain(req: IncomingMessage): Promise<void> {
  if (req.readableEnded || req.destroyed) return;
  req.resume();
  await finished(req).catch(() => undefined);
}

async function send(options: ServerOptions, reply: Reply, res: ServerResponse): Promise<void> {
  const { body, mishap } = reply;
  if (mishap?.delayMs !== undefined) await pause(mishap.delayMs, res);
  if (res.headersSent || res.destroyed) return;
  const file = body !== null && 'file' in body ? await open(body.file, 'r') : null;
  try {
    res.writeHead(reply.status, commonHeaders(options.clock, reply));
    if (mishap === undefined && (body === null || Buffer.isBuffer(body))) await sendWhole(body, res);
    else await sendStream(reply, file, res);
  } finally {
    await file?.close();
  }
  options.conditions.countOut(Math.min(bodyBytes(reply), mishap?.cutAfterBytes ?? Infinity));
}

/** Waits for the time to pass or the client to go, whichever is first; it may have gone already. */
function pause(ms: number, res: ServerResponse): Promise<void> {
  if (res.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    res.once('close', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

function sendWhole(body: Buffer | null, res: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    res.once('close', resolve);
    res.end(body, resolve);
  });
}

/** Sends the body piece by piece, with the reply's mishaps. */
async function sendStream(
  { body, mishap }: Reply,
  file: FileHandle | null,
  res: ServerResponse,
): Promise<void> {
  let source = piecesOf(body, file);
  if (mishap?.flippedAt !== undefined) source = flipped(source, mishap.flippedAt);
  if (mishap?.cutAfterBytes === undefined) return pipeline(source, res);
  res.flushHeaders(); // there may be nothing to follow
  await pipeline(firstBytes(source, mishap.cutAfterBytes), res, { end: false });
  res.socket?.destroySoon();
}

function piecesOf(body: Reply['body'], file: FileHandle | null): Pieces {
  if (body === null || body.length === 0) return [];
  if (Buffer.isBuffer(body)) return [body];
  if ('bytes' in body) return body.bytes;
  if (file === null) throw new RangeError('the file of the body is not open');
  return file.createReadStream({
    start: body.first,
    end: body.first + body.length - 1,
    highWaterMark: 1024 * 1024,
    autoClose: false,
  });
}

function commonHeaders(clock: Clock, { body, headers, status }: Reply): Record<string, string | number> {
  const length =
    body === null ? (status === 204 ? {} : { 'Content-Length': 0 }) : { 'Content-Length': body.length };
  return {
    'x-amzn-RequestId': randomBytes(36).toString('base64url').slice(0, 47),
    Date: new Date(clock.transportNow()).toUTCString(),
    ...length,
    ...headers,
  };
}
