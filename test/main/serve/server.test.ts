import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { request as httpRequest } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { MOST_BODY_BYTES } from '../../../src/main/serve/api.ts';
import { startServe } from '../../../src/main/serve/server.ts';
import type { Serving } from '../../../src/main/serve/server.ts';
import type { RunProgress } from '../../../src/shared/types.ts';
import { scriptedDoor } from './scriptedDoor.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'permafrost-serve-'));
  mkdirSync(join(folder, 'window', 'assets'), { recursive: true });
  writeFileSync(
    join(folder, 'window', 'index.html'),
    '<meta property="csp-nonce" content="nonce-goes-here">',
  );
  writeFileSync(join(folder, 'window', 'assets', 'index-1.js'), 'void 0;');
  writeFileSync(join(folder, 'secret.txt'), 'not yours');
});
afterAll(() => rmSync(folder, { recursive: true }));

let door: ReturnType<typeof scriptedDoor>;
let serving: Serving;
beforeEach(async () => {
  door = scriptedDoor((name, input) => ({ ok: true, value: { name, input } }));
  serving = await startServe({ door, renderer: join(folder, 'window') });
});
afterEach(() => serving.close());

interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
}

/** A request with exactly these headers: `fetch` would refuse to send some of them. */
function ask(
  path: string,
  options: { method?: string; headers?: Record<string, string>; body?: string } = {},
) {
  return new Promise<Answer>((resolve, reject) => {
    const sent = httpRequest(
      {
        host: '127.0.0.1',
        port: serving.port,
        path,
        method: options.method ?? 'GET',
        headers: options.headers ?? {},
      },
      (answer) => {
        const pieces: Buffer[] = [];
        answer.on('data', (piece: Buffer) => pieces.push(piece));
        answer.on('end', () => {
          resolve({
            status: answer.statusCode ?? 0,
            headers: answer.headers,
            text: Buffer.concat(pieces).toString(),
          });
        });
      },
    );
    sent.on('error', reject);
    sent.end(options.body);
  });
}

async function enter(url = serving.url): Promise<{ cookie: string }> {
  const answer = await ask(url.slice(url.indexOf('/?')));
  expect(answer.status).toBe(303);
  expect(answer.headers.location).toBe('/');
  return { cookie: answer.headers['set-cookie']?.[0]?.split(';')[0] ?? '' };
}

const json = { 'content-type': 'application/json' };

describe('the one-time link', () => {
  it('lets one browser in', async () => {
    const guest = await enter();
    expect((await ask('/', { headers: guest })).status).toBe(200);
  });

  it('works once', async () => {
    await enter();
    const again = await ask(serving.url.slice(serving.url.indexOf('/?')));
    expect(again.status).toBe(401);
    expect(again.headers['set-cookie']).toBeUndefined();
  });

  it('leads a browser that is in to the window again', async () => {
    const guest = await enter();
    const again = await ask(serving.url.slice(serving.url.indexOf('/?')), { headers: guest });
    expect([again.status, again.headers.location]).toEqual([303, '/']);
  });

  it('is not used up by a program that looks at links', async () => {
    expect((await ask(serving.url.slice(serving.url.indexOf('/?')), { method: 'HEAD' })).status).toBe(401);
    await enter();
  });

  it('can be made again', async () => {
    await enter(serving.newLink());
    await enter(serving.newLink());
  });
});

describe('without the cookie', () => {
  it.each([
    '/',
    '/index.html',
    '/assets/index-1.js',
    '/api/events',
    '/?token=',
    '/?token=0123456789abcdef0123456789abcdef',
  ])('answers 401 to %s', async (path) => {
    const answer = await ask(path);
    expect(answer.status).toBe(401);
    expect(answer.headers['set-cookie']).toBeUndefined();
  });

  it('asks nothing of the engine', async () => {
    expect((await ask('/api/plans:list', { method: 'POST', headers: json, body: '{}' })).status).toBe(401);
    expect(door.asked).toEqual([]);
  });
});

describe('the window', () => {
  it('comes with a policy that allows no foreign and no inline script, and a nonce of its own', async () => {
    const guest = await enter();
    const [first, second] = [await ask('/', { headers: guest }), await ask('/', { headers: guest })];
    const policy = String(first.headers['content-security-policy']);
    expect(policy).toContain(`default-src 'none'; script-src 'self';`);
    expect(policy).toContain(`frame-ancestors 'none'`);
    expect(policy).toContain(`require-trusted-types-for 'script'`);
    expect(policy).not.toContain('unsafe');
    const nonce = /content="([^"]+)"/.exec(first.text)?.[1] ?? '';
    expect(nonce).toHaveLength(24);
    expect(policy).toContain(`style-src 'self' 'nonce-${nonce}'`);
    expect(second.text).not.toBe(first.text);
    expect(first.headers['x-content-type-options']).toBe('nosniff');
    expect(first.headers['cache-control']).toBe('no-store');
  });

  it('serves scripts as scripts, to be kept', async () => {
    const answer = await ask('/assets/index-1.js', { headers: await enter() });
    expect(answer.headers['content-type']).toBe('text/javascript; charset=utf-8');
    expect(answer.headers['cache-control']).toContain('immutable');
  });

  it.each([
    '/../secret.txt',
    '/..%2fsecret.txt',
    '/%2e%2e/secret.txt',
    '/assets/..\\..\\secret.txt',
    '/assets',
    '//etc/passwd',
    '/%00',
  ])('has nothing at %s', async (path) => {
    const answer = await ask(path, { headers: await enter() });
    expect(answer.status).toBe(404);
    expect(answer.text).not.toContain('not yours');
  });

  it('says that it was not built', async () => {
    await expect(startServe({ door, renderer: folder })).rejects.toMatchObject({ kind: 'not-found' });
  });
});

describe('a request', () => {
  it('reaches the engine and is answered with its reply, which no cache keeps', async () => {
    const headers = { ...json, ...(await enter()) };
    const answer = await ask('/api/plans:show', { method: 'POST', headers, body: '{"name":"Photos"}' });
    expect(JSON.parse(answer.text)).toEqual({
      ok: true,
      value: { name: 'plans:show', input: { name: 'Photos' } },
    });
    expect(answer.headers['cache-control']).toBe('no-store');
  });

  it('is refused from another page, although the cookie came along', async () => {
    const headers = { ...json, ...(await enter()), origin: 'http://evil.example' };
    expect((await ask('/api/plans:list', { method: 'POST', headers, body: '{}' })).status).toBe(403);
    expect(door.asked).toEqual([]);
  });

  it('is refused when it came under another name', async () => {
    const headers = { ...(await enter()), host: `rebound.example:${serving.port}` };
    expect((await ask('/', { headers })).status).toBe(421);
  });

  it.each([
    ['GET', '/api/plans:list', undefined, 405],
    ['POST', '/api/nothing:here', '{}', 404],
    ['POST', '/api/constructor', '{}', 404],
    ['POST', '/api/plans:list', '{', 400],
    ['POST', '/api/plans:list', 'x'.repeat(MOST_BODY_BYTES + 1), 413],
  ])('that makes no sense is answered with a failure: %s %s', async (method, path, body, status) => {
    const headers = { ...json, ...(await enter()) };
    const answer = await ask(path, { method, headers, ...(body === undefined ? {} : { body }) });
    expect(answer.status).toBe(status);
    expect(JSON.parse(answer.text)).toMatchObject({ ok: false, failure: { kind: 'invalid' } });
    expect(door.asked).toEqual([]);
  });
});

/** Opens the stream of events on a bare socket, so that the test decides when to read. */
async function openEvents(cookie: string): Promise<{ socket: Socket; text: () => string }> {
  const socket = connect(serving.port, '127.0.0.1');
  let text = '';
  socket.on('data', (piece: Buffer) => (text += piece.toString()));
  socket.on('error', () => undefined);
  socket.write(`GET /api/events HTTP/1.1\r\nHost: 127.0.0.1:${serving.port}\r\nCookie: ${cookie}\r\n\r\n`);
  await until(() => text.includes('retry:'));
  return { socket, text: () => text };
}

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise((resolve) => setTimeout(resolve, 5));
}

const progress = (currentFile: string): RunProgress => ({
  run: 1,
  plan: 'Photos',
  phase: 'packing',
  currentFile,
  files: 1,
  bytes: 1,
  readBytes: 1,
  sentBytes: 0,
  waitingBytes: 0,
  bytesPerSecond: 0,
  secondsLeft: null,
  heldUpBy: null,
});

describe('events', () => {
  it('reach every window by name', async () => {
    const { cookie } = await enter();
    const windows = [await openEvents(cookie), await openEvents(cookie)];
    door.emit('lists:changed', {});
    door.emit('engine:notice', { kind: 'offline', message: 'two\nlines', advice: '' });
    for (const window of windows) {
      await until(() => window.text().includes('engine:notice'));
      expect(window.text()).toContain('text/event-stream');
      expect(window.text()).toContain('event: lists:changed\ndata: {}\n\n');
      expect(window.text()).toContain(
        'event: engine:notice\ndata: {"kind":"offline","message":"two\\nlines","advice":""}\n\n',
      );
      window.socket.destroy();
    }
  });

  it('are not kept without end for a window that does not read', async () => {
    const { cookie } = await enter();
    const { socket } = await openEvents(cookie);
    socket.pause();
    let isClosed = false;
    socket.on('close', () => (isClosed = true));
    const before = process.memoryUsage().arrayBuffers + process.memoryUsage().heapUsed;
    const notice = { kind: 'offline', message: 'x'.repeat(100_000), advice: '' } as const;
    for (let i = 0; i < 300; i += 1) {
      door.emit('run:progress', progress(notice.message));
      door.emit('engine:notice', notice);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(process.memoryUsage().arrayBuffers + process.memoryUsage().heapUsed - before).toBeLessThan(
      50_000_000,
    );
    socket.resume();
    await until(() => isClosed);
  });

  it('end when the server closes, and so does what it listened to', async () => {
    const { cookie } = await enter();
    const { socket } = await openEvents(cookie);
    const closed = new Promise((resolve) => socket.on('close', resolve));
    expect(door.listening()).toBeGreaterThan(0);
    await serving.close();
    await closed;
    expect(door.listening()).toBe(0);
  });
});

describe('the port', () => {
  it('can be chosen, and says when another program has it', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    const port = (other.address() as AddressInfo).port;
    const renderer = join(folder, 'window');
    await expect(startServe({ door, renderer, port })).rejects.toMatchObject({ kind: 'conflict' });
    await new Promise((resolve) => other.close(resolve));
    const chosen = await startServe({ door, renderer, port });
    expect(chosen.port).toBe(port);
    await chosen.close();
  });
});
