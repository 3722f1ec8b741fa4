/** The Electron host: one app, one window, the engine beside it. What the window may do is in window.ts. */
import { app, BrowserWindow, Menu, utilityProcess } from 'electron';
import type { MenuItemConstructorOptions } from 'electron';
import { fileURLToPath } from 'node:url';
import { answerAppScheme, registerAppScheme } from './appScheme.ts';
import { bridge, greet } from './bridge.ts';
import { hostEngine } from './engineHost.ts';
import type { EngineChild, EngineHost } from './engineHost.ts';
import { profileFolder } from './profileFolder.ts';
import { confinePage, confineSession, openWindow } from './window.ts';
import type { FromEngine } from './wire.ts';

/** Switches by which another program could steer a packed app; a person has no use for them. */
const debugSwitches = [
  'remote-debugging-port',
  'remote-debugging-pipe',
  'inspect',
  'inspect-brk',
  'js-flags',
];

run();

function run(): void {
  registerAppScheme();
  app.enableSandbox();
  const isSteered = app.isPackaged && debugSwitches.some((name) => app.commandLine.hasSwitch(name));
  // A courtesy only: what keeps two engines apart is the profile's own lock.
  if (isSteered || !app.requestSingleInstanceLock()) {
    app.quit();
    return;
  }
  app.on('web-contents-created', (_event, contents) => confinePage(contents));
  app.on('second-instance', raiseWindow);
  void app.whenReady().then(start);
}

function start(): void {
  confineSession();
  answerAppScheme();
  Menu.setApplicationMenu(Menu.buildFromTemplate(menuItems()));
  const host = hostEngine(forkEngine);
  bridge(host);
  const open = (): void => greet(openWindow(), host);
  open();
  app.on('activate', () => {
    if (BrowserWindow.getAllWindows().length === 0) open();
  });
  app.on('window-all-closed', () => {
    if (process.platform !== 'darwin') app.quit();
  });
  quitAtSafePoint(host);
}

/** Quitting waits until the engine has paused; asked a second time, it does not wait. */
function quitAtSafePoint(host: EngineHost): void {
  let isAsked = false;
  app.on('before-quit', (event) => {
    if (isAsked) return;
    isAsked = true;
    event.preventDefault();
    void host.close().finally(() => app.quit());
  });
}

function raiseWindow(): void {
  const [window] = BrowserWindow.getAllWindows();
  if (window === undefined) return;
  if (window.isMinimized()) window.restore();
  window.focus();
}

/** Edit brings copy and paste to the keyboard on macOS; the other systems have them anyway. */
function menuItems(): MenuItemConstructorOptions[] {
  const own = process.platform === 'darwin' ? [{ role: 'appMenu' as const }] : [];
  return [...own, { role: 'editMenu' }, { role: 'windowMenu' }];
}

function forkEngine(): EngineChild {
  const file = import.meta.url.endsWith('.ts') ? './engineProcess.ts' : './engineProcess.js';
  const child = utilityProcess.fork(fileURLToPath(new URL(file, import.meta.url)), [profileFolder()], {
    serviceName: 'Permafrost engine',
    // As on the command line: see cli/permafrost.ts.
    execArgv: ['--max-semi-space-size=4'],
  });
  return {
    send: (message) => child.postMessage(message),
    onMessage: (listener) => {
      child.on('message', (message: FromEngine) => listener(message));
    },
    onExit: (listener) => {
      child.once('exit', listener);
    },
    kill: () => void child.kill(),
  };
}
