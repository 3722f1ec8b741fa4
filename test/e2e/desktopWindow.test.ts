/**
 * The window as the desktop shows it: pages from an address of its own that allows no connection, the built preload
 * script, the engine behind the wire. Electron itself is the only thing missing: its three calls of the preload are
 * played by the page's init script and a binding.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MessageChannel } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { hostEngine } from '../../src/main/desktop/engineHost.ts';
import type { EngineChild, EngineHost } from '../../src/main/desktop/engineHost.ts';
import { answerWire } from '../../src/main/desktop/wire.ts';
import type { ToEngine } from '../../src/main/desktop/wire.ts';
import { openEngine } from '../../src/main/engine/engine.ts';
import { builtWindow, loadPages } from '../../src/main/serve/server.ts';
import { openBrowser, openPage } from './browser.ts';
import type { Watched } from './browser.ts';

const ORIGIN = 'https://permafrost.invalid';
const preload = new URL('../../dist/preload.cjs', import.meta.url);

let folder: string;
let host: EngineHost;
let browser: Browser;
let watched: Watched;
let page: Page;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'permafrost-desktop-'));
  mkdirSync(join(folder, 'Letters'));
  writeFileSync(join(folder, 'Letters', 'ada.txt'), 'Dear Ada');
  host = hostEngine(() => engineBehindPorts(join(folder, 'profile')));
  browser = await openBrowser();
  watched = await openPage(browser);
  page = watched.page;
  await servePages();
  await playElectron();
});
afterAll(async () => {
  await browser.close();
  await host.close();
  rmSync(folder, { recursive: true });
});

/** The engine as engineProcess.ts runs it, with a pair of ports in place of the process. */
function engineBehindPorts(profile: string): EngineChild {
  const { port1, port2 } = new MessageChannel();
  void openEngine({ profile, host: 'desktop', resident: true }).then((engine) => {
    answerWire(engine, {
      send: (message) => port2.postMessage(message),
      onMessage: (listener) => port2.on('message', listener),
    });
  });
  return childOf(port1);
}

function childOf(port: MessagePort): EngineChild {
  return {
    send: (message: ToEngine) => port.postMessage(message),
    onMessage: (listener) => port.on('message', listener),
    onExit: (listener) => port.on('close', listener),
    kill: () => port.close(),
  };
}

async function servePages(): Promise<void> {
  const pages = loadPages(builtWindow(), 'none');
  await page.route(`${ORIGIN}/**`, (route) => route.fulfill(pages(new URL(route.request().url()).pathname)));
}

async function playElectron(): Promise<void> {
  await page.exposeBinding('toMain', (_source, name: string, input: unknown) => host.dispatch(name, input));
  host.onEvent((name, payload) => {
    void page.evaluate(
      ([event, value]) => dispatchEvent(new CustomEvent('from-main', { detail: [event, value] })),
      [name, payload] as const,
    );
  });
  await page.addInitScript(`(() => {
    const require = () => ({
      contextBridge: { exposeInMainWorld: (name, api) => { window[name] = api; } },
      ipcRenderer: {
        invoke: (_channel, name, input) => window.toMain(name, input),
        on: (channel, listener) => {
          if (channel === 'permafrost:event') addEventListener('from-main', ({ detail }) => listener({}, ...detail));
        },
      },
    });
    ${readFileSync(preload, 'utf8')}
  })()`);
}

it('works without a connection to anywhere', async () => {
  await page.goto(`${ORIGIN}/`);
  await page.getByLabel('Passphrase', { exact: true }).fill('four words nobody guesses');
  await page.getByLabel('Passphrase again', { exact: true }).fill('four words nobody guesses');
  await page.getByRole('button', { name: 'Set passphrase' }).click();
  await page.getByRole('textbox', { name: 'Folder' }).first().fill(join(folder, 'Letters'));
  await page.getByText('An external disk or a network drive').click();
  await page.getByLabel('Folder for the archives').fill(join(folder, 'disk'));
  await page.getByText('Make it if it is not there').click();
  await page.getByRole('button', { name: 'Save and back up' }).click();
  await page.getByRole('heading', { name: 'Everything in one folder was backed up just now.' }).waitFor();
  expect(await page.evaluate(() => fetch('/').then(String, () => 'refused'))).toBe('refused');
  expect(watched.complaints.filter((line) => !line.includes('Content Security Policy'))).toEqual([]);
});
