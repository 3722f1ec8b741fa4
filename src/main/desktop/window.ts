/** The window: what it is made of, and what it may never do. */
import { app, BrowserWindow, session } from 'electron';
import type { Session, WebContents } from 'electron';
import { fileURLToPath } from 'node:url';
import { ORIGIN } from './appScheme.ts';

export function openWindow(): BrowserWindow {
  const window = new BrowserWindow({
    width: 1080,
    height: 720,
    minWidth: 760,
    minHeight: 520,
    show: false,
    autoHideMenuBar: true,
    title: 'Permafrost',
    // What is seen for a moment before the page is there; the page follows the same setting of the system.
    backgroundColor: '#f4f6f9',
    webPreferences: {
      preload: preloadFile(),
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      nodeIntegrationInSubFrames: false,
      webSecurity: true,
      allowRunningInsecureContent: false,
      webviewTag: false,
      navigateOnDragDrop: false,
      spellcheck: false,
      devTools: !app.isPackaged,
    },
  });
  window.once('ready-to-show', () => window.show());
  void window.loadURL(`${ORIGIN}/`);
  return window;
}

/** Beside the built main script; from source, where `npm run build` put it. */
function preloadFile(): string {
  const up = import.meta.url.endsWith('.ts') ? '../../../dist/preload.cjs' : './preload.cjs';
  return fileURLToPath(new URL(up, import.meta.url));
}

/** For every page there will ever be: no other address, no second window, no embedded page. */
export function confinePage(contents: WebContents): void {
  const stay = (event: { readonly url: string; preventDefault(): void }): void => {
    if (event.url !== `${ORIGIN}/`) event.preventDefault();
  };
  contents.on('will-navigate', stay);
  contents.on('will-frame-navigate', stay);
  contents.on('will-redirect', (event) => event.preventDefault());
  contents.on('will-attach-webview', (event) => event.preventDefault());
  contents.setWindowOpenHandler(() => ({ action: 'deny' }));
}

/** For the session: no permission, no device, no download, and no connection to anywhere. */
export function confineSession(to: Session = session.defaultSession): void {
  to.setPermissionRequestHandler((_contents, _permission, answer) => answer(false));
  to.setPermissionCheckHandler(() => false);
  to.setDevicePermissionHandler(() => false);
  to.on('will-download', (event) => event.preventDefault());
  to.webRequest.onBeforeRequest((request, answer) => {
    answer({ cancel: !isOurs(request.url) });
  });
}

function isOurs(url: string): boolean {
  return url.startsWith(`${ORIGIN}/`) || (!app.isPackaged && url.startsWith('devtools:'));
}
