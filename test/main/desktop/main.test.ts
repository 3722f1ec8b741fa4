/** The real main and preload scripts, run against a double of the `electron` module. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { answerAppScheme } from '../../../src/main/desktop/appScheme.ts';
import { answerWire } from '../../../src/main/desktop/wire.ts';
import type { FromEngine, ToEngine } from '../../../src/main/desktop/wire.ts';
import { eventNames, requestNames } from '../../../src/shared/contract.ts';
import type { EventName, RequestName } from '../../../src/shared/contract.ts';
import type { Link, WindowDoor } from '../../../src/shared/windowDoor.ts';
import { behind, electronDouble, FakeWindow } from './electronDouble.ts';
import type { FakeChild } from './electronDouble.ts';
import { scriptedEngine } from './scriptedEngine.ts';

vi.mock('electron', async () => (await import('./electronDouble.ts')).electronDouble);

let folder: string;
let window: FakeWindow;
let door: WindowDoor;
const far = scriptedEngine((name, input) => ({ ok: true, value: { name, input } }));

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'permafrost-desktop-'));
  mkdirSync(join(folder, 'assets'));
  writeFileSync(join(folder, 'index.html'), '<meta property="csp-nonce" content="nonce-goes-here">');
  await import('../../../src/main/desktop/main.ts');
  await vi.waitFor(() => expect(FakeWindow.all).toHaveLength(1));
  window = FakeWindow.all[0]!;
  connect(behind.forks[0]!.child);
  await import('../../../src/main/desktop/preload.ts');
  door = behind.world.get('permafrost') as WindowDoor;
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Plays the process on the other end of a fork. */
function connect(child: FakeChild): void {
  answerWire(far.engine, {
    send: (message: FromEngine) => setImmediate(() => child.emit('message', structuredClone(message))),
    onMessage: (listener) => child.on('posted', (message: ToEngine) => listener(message)),
  });
}

/** Whether an event of `contents` was stopped. */
function isStopped(name: string, url: string): boolean {
  let stopped = false;
  window.webContents.emit(name, { url, preventDefault: () => (stopped = true) });
  return stopped;
}

describe('the window', () => {
  it('is a sandboxed page of its own address, shown when it is painted', () => {
    expect(window.loaded).toBe('app://permafrost/');
    expect(window.options.webPreferences).toMatchObject({
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      nodeIntegrationInSubFrames: false,
      webSecurity: true,
      allowRunningInsecureContent: false,
      webviewTag: false,
    });
    expect(window.options.webPreferences).not.toHaveProperty('enableBlinkFeatures');
    expect(basename(window.options.webPreferences?.preload ?? '')).toBe('preload.cjs');
    expect(window.options.show).toBe(false);
    window.emit('ready-to-show');
    expect(window.calls).toContain('show');
    expect(behind.app.calls).toContain('enableSandbox');
  });

  it('goes nowhere else', () => {
    for (const name of ['will-navigate', 'will-frame-navigate', 'will-redirect', 'will-attach-webview']) {
      expect(isStopped(name, 'https://example.com/')).toBe(true);
      expect(isStopped(name, 'app://permafrost.example/')).toBe(true);
      expect(isStopped(name, 'file:///etc/passwd')).toBe(true);
    }
    expect(isStopped('will-navigate', 'app://permafrost/')).toBe(false);
    expect(window.webContents.openHandler?.()).toEqual({ action: 'deny' });
  });

  it('is given no permission, no device, no download and no connection', () => {
    const { session } = behind;
    session.permissionRequest?.(null, 'camera', (granted) => expect(granted).toBe(false));
    expect(session.permissionCheck?.()).toBe(false);
    expect(session.devicePermission?.()).toBe(false);
    let stopped = false;
    session.emit('will-download', { preventDefault: () => (stopped = true) });
    expect(stopped).toBe(true);
    const cancelled = (url: string): boolean => {
      let cancel = false;
      session.beforeRequest?.({ url }, (verdict) => (cancel = verdict.cancel));
      return cancel;
    };
    expect(cancelled('https://example.com/')).toBe(true);
    expect(cancelled('file:///etc/passwd')).toBe(true);
    expect(cancelled('app://permafrost.example/')).toBe(true);
    expect(cancelled('app://permafrost/assets/index.js')).toBe(false);
  });
});

describe('app://permafrost', () => {
  const get = async (url: string, method = 'GET'): Promise<Response> => {
    const handler = behind.schemeHandlers.get('app');
    return handler!(new Request(url.replace('app:', 'http:'), { method }));
  };

  it('is standard and secure and nothing more', () => {
    expect(behind.schemes).toEqual([{ scheme: 'app', privileges: { standard: true, secure: true } }]);
  });

  it('sends the page with a policy that allows no connection', async () => {
    answerAppScheme(folder);
    const answer = await get('app://permafrost/');
    const policy = answer.headers.get('content-security-policy') ?? '';
    const nonce = /content="([^"]+)"/.exec(await answer.text())?.[1];
    expect(answer.status).toBe(200);
    expect(policy).toContain(`default-src 'none'; script-src 'self'; style-src 'self' 'nonce-${nonce}'`);
    expect(policy).toContain(`connect-src 'none'`);
    expect(policy).toContain(`require-trusted-types-for 'script'`);
  });

  it.each([
    'app://permafrost/../../etc/passwd',
    'app://permafrost/%2e%2e/x',
    'app://elsewhere/',
    'app://permafrost/none',
  ])('has nothing at %s', async (url) => {
    answerAppScheme(folder);
    expect((await get(url)).status).toBe(404);
  });

  it('answers only GET', async () => {
    answerAppScheme(folder);
    expect((await get('app://permafrost/', 'POST')).status).toBe(404);
  });
});

describe('the preload script', () => {
  it('offers three functions and nothing of ipcRenderer', () => {
    expect([...behind.world.keys()]).toEqual(['permafrost']);
    expect(Object.keys(door).toSorted()).toEqual(['on', 'onLink', 'request']);
  });

  it('knows every name of the contract', async () => {
    for (const name of requestNames) expect(await door.request(name, {})).toMatchObject({ ok: true });
    for (const name of eventNames) door.on(name, () => undefined)();
  });

  it('knows no other name', async () => {
    await expect(door.request('constructor' as RequestName, {})).rejects.toThrow(RangeError);
    expect(() => door.on('permafrost:link' as EventName, () => undefined)).toThrow(RangeError);
  });
});

describe('between window and engine', () => {
  it('a request goes there and its reply comes back', async () => {
    expect(await door.request('plans:show', { name: 'Photos' })).toEqual({
      ok: true,
      value: { name: 'plans:show', input: { name: 'Photos' } },
    });
  });

  it('an event comes to those who listen, and only its payload', async () => {
    const heard: unknown[][] = [];
    const end = door.on('engine:notice', (...all) => heard.push(all));
    const notice = { kind: 'offline', message: 'm', advice: 'a' } as const;
    far.emit('engine:notice', notice);
    await vi.waitFor(() => expect(heard).toEqual([[notice]]));
    end();
    far.emit('engine:notice', notice);
    await door.request('plans:list', {});
    expect(heard).toHaveLength(1);
  });

  it('a request from any other frame or page is refused', async () => {
    const ask = behind.handlers.get('permafrost:request')!;
    const sender = window.webContents;
    const own = sender.mainFrame;
    const refused = { ok: false, failure: { kind: 'denied' } };
    expect(await ask({ sender, senderFrame: null }, 'plans:list', {})).toMatchObject(refused);
    expect(
      await ask({ sender, senderFrame: { origin: 'app://permafrost' } }, 'plans:list', {}),
    ).toMatchObject(refused);
    expect(await ask({ sender: {}, senderFrame: own }, 'plans:list', {})).toMatchObject(refused);
    expect(await ask({ sender, senderFrame: own }, 'toString', {})).toMatchObject(refused);
    expect(await ask({ sender, senderFrame: own }, ['plans:list'], {})).toMatchObject(refused);
    own.origin = 'https://example.com';
    expect(await ask({ sender, senderFrame: own }, 'plans:list', {})).toMatchObject(refused);
    own.origin = 'app://permafrost';
    expect(await ask({ sender, senderFrame: own }, 'plans:list', {})).toMatchObject({ ok: true });
  });

  it('the window is told how the engine is when its page is loaded', () => {
    const links: Link[] = [];
    const end = door.onLink((link) => links.push(link));
    window.webContents.emit('did-finish-load');
    expect(links).toEqual(['up', 'up']);
    end();
  });

  it('the engine runs in a process of its own, on the profile', () => {
    const { file, args } = behind.forks[0]!;
    expect(basename(file)).toMatch(/^engineProcess\./);
    expect(args).toHaveLength(1);
  });
});

describe('the app', () => {
  it('raises its window when it is started a second time', () => {
    behind.app.emit('second-instance');
    expect(window.calls.slice(-2)).toEqual(['restore', 'focus']);
  });

  it('quits when the engine has paused', async () => {
    behind.app.calls.length = 0;
    let stopped = false;
    behind.app.emit('before-quit', { preventDefault: () => (stopped = true) });
    expect(stopped).toBe(true);
    await vi.waitFor(() => expect(behind.app.calls).toEqual(['quit']));
    expect(far.closed()).toBe(1);
    stopped = false;
    behind.app.emit('before-quit', { preventDefault: () => (stopped = true) });
    expect(stopped).toBe(false);
  });
});

describe('what is used of electron', () => {
  it('is what the double has', () => {
    const sources = ['main', 'window', 'bridge', 'appScheme', 'preload'].map((name) =>
      readFileSync(new URL(`../../../src/main/desktop/${name}.ts`, import.meta.url), 'utf8'),
    );
    const used = sources.flatMap((source) =>
      [...source.matchAll(/^import \{([^}]+)\} from 'electron'/gm)].flatMap(([, names]) =>
        (names ?? '').split(',').map((name) => name.trim()),
      ),
    );
    expect([...new Set(used)].toSorted()).toEqual(Object.keys(electronDouble).toSorted());
  });
});
