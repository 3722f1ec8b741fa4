/** Between window and engine: one request handler, and events to every window that is open. */
import { BrowserWindow, ipcMain } from 'electron';
import type { IpcMainInvokeEvent } from 'electron';
import { isRequestName } from '../../shared/contract.ts';
import type { Reply } from '../../shared/failure.ts';
import { ORIGIN } from './appScheme.ts';
import type { EngineHost } from './engineHost.ts';

export function bridge(host: EngineHost): void {
  ipcMain.handle('permafrost:request', (event, name: unknown, input: unknown) =>
    answer(host, event, name, input),
  );
  host.onEvent((name, payload) => tellAll('permafrost:event', name, payload));
  host.onLink((link) => tellAll('permafrost:link', link));
}

/** Tells a window that has just loaded its page how the engine is. */
export function greet(window: BrowserWindow, host: EngineHost): void {
  window.webContents.on('did-finish-load', () => window.webContents.send('permafrost:link', host.link()));
}

async function answer(
  host: EngineHost,
  event: IpcMainInvokeEvent,
  name: unknown,
  input: unknown,
): Promise<Reply<unknown>> {
  if (!isOurPage(event) || typeof name !== 'string' || !isRequestName(name)) {
    const message = 'This request does not come from the window of Permafrost.';
    return { ok: false, failure: { kind: 'denied', message, advice: 'Restart Permafrost.' } };
  }
  return host.dispatch(name, input);
}

/** The main frame of one of our windows, showing our page. */
function isOurPage({ sender, senderFrame }: IpcMainInvokeEvent): boolean {
  return (
    senderFrame !== null &&
    senderFrame === sender.mainFrame &&
    senderFrame.origin === ORIGIN &&
    BrowserWindow.fromWebContents(sender) !== null
  );
}

function tellAll(channel: string, ...message: unknown[]): void {
  for (const window of BrowserWindow.getAllWindows()) {
    if (!window.isDestroyed()) window.webContents.send(channel, ...message);
  }
}
