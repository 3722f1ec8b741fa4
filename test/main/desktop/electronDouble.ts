/**
 * A double of the `electron` module: as much of it as the desktop host uses, typed against the real one. What crosses
 * between main and window is copied by structured clone, as there.
 */
import { EventEmitter } from 'node:events';
import type * as Electron from 'electron';

type Handler = (event: unknown, ...args: unknown[]) => unknown;

export class FakeContents extends EventEmitter {
  readonly mainFrame = { origin: 'app://permafrost' };
  openHandler: (() => { action: string }) | undefined;

  setWindowOpenHandler(handler: () => { action: string }): void {
    this.openHandler = handler;
  }

  send(channel: string, ...args: unknown[]): void {
    toWindow.emit(channel, {}, ...structuredClone<unknown[]>(args));
  }
}

export class FakeWindow extends EventEmitter {
  static readonly all: FakeWindow[] = [];
  static getAllWindows = (): FakeWindow[] => [...FakeWindow.all];
  static fromWebContents = (contents: unknown): FakeWindow | null =>
    FakeWindow.all.find((window) => window.webContents === contents) ?? null;

  readonly webContents = new FakeContents();
  readonly options: Electron.BrowserWindowConstructorOptions;
  readonly calls: string[] = [];
  loaded = '';

  constructor(options: Electron.BrowserWindowConstructorOptions) {
    super();
    this.options = options;
    FakeWindow.all.push(this);
    app.emit('web-contents-created', {}, this.webContents);
  }

  loadURL(url: string): Promise<void> {
    this.loaded = url;
    return Promise.resolve();
  }
  isDestroyed = (): boolean => false;
  isMinimized = (): boolean => true;
  show = (): void => void this.calls.push('show');
  restore = (): void => void this.calls.push('restore');
  focus = (): void => void this.calls.push('focus');
}

const toWindow = new EventEmitter();
const handlers = new Map<string, Handler>();

class FakeApp extends EventEmitter {
  isPackaged = false;
  readonly calls: string[] = [];
  hasLock = true;
  readonly switches = new Set<string>();
  readonly commandLine = { hasSwitch: (name: string): boolean => this.switches.has(name) };
  enableSandbox = (): void => void this.calls.push('enableSandbox');
  requestSingleInstanceLock = (): boolean => this.hasLock;
  whenReady = (): Promise<void> => Promise.resolve();
  quit = (): void => void this.calls.push('quit');
}
const app = new FakeApp();

class FakeSession extends EventEmitter {
  permissionRequest:
    ((contents: unknown, permission: string, answer: (granted: boolean) => void) => void) | undefined;
  permissionCheck: (() => boolean) | undefined;
  devicePermission: (() => boolean) | undefined;
  beforeRequest:
    ((details: { url: string }, answer: (verdict: { cancel: boolean }) => void) => void) | undefined;
  setPermissionRequestHandler = (handler: typeof this.permissionRequest): void =>
    void (this.permissionRequest = handler);
  setPermissionCheckHandler = (handler: typeof this.permissionCheck): void =>
    void (this.permissionCheck = handler);
  setDevicePermissionHandler = (handler: typeof this.devicePermission): void =>
    void (this.devicePermission = handler);
  readonly webRequest = {
    onBeforeRequest: (handler: typeof this.beforeRequest): void => void (this.beforeRequest = handler),
  };
}
const defaultSession = new FakeSession();

/** What the test can reach: everything the real module hides behind its windows. */
export const behind = {
  app,
  session: defaultSession,
  handlers,
  world: new Map<string, unknown>(),
  schemes: [] as Electron.CustomScheme[],
  schemeHandlers: new Map<string, (request: Request) => Response | Promise<Response>>(),
  forks: [] as { file: string; args: readonly string[]; child: FakeChild }[],
  menus: [] as unknown[],
};

export class FakeChild extends EventEmitter {
  readonly sent: unknown[] = [];
  postMessage(message: unknown): void {
    this.sent.push(message);
    this.emit('posted', structuredClone(message));
  }
  kill(): boolean {
    this.emit('exit', 0);
    return true;
  }
}

const ipcRenderer = {
  invoke: async (channel: string, ...args: unknown[]): Promise<unknown> => {
    const { webContents } = FakeWindow.all[0] as FakeWindow;
    const event = { sender: webContents, senderFrame: webContents.mainFrame };
    const answer = await handlers.get(channel)?.(event, ...structuredClone<unknown[]>(args));
    return structuredClone(answer);
  },
  on: (channel: string, listener: (...args: unknown[]) => void): void => void toWindow.on(channel, listener),
};

export const electronDouble = {
  app,
  BrowserWindow: FakeWindow,
  Menu: {
    buildFromTemplate: (items: unknown) => items,
    setApplicationMenu: (menu: unknown) => behind.menus.push(menu),
  },
  session: { defaultSession },
  protocol: {
    registerSchemesAsPrivileged: (schemes: Electron.CustomScheme[]): void =>
      void behind.schemes.push(...schemes),
    handle: (scheme: string, handler: (request: Request) => Response | Promise<Response>): void => {
      behind.schemeHandlers.set(scheme, handler);
    },
  },
  utilityProcess: {
    fork: (file: string, args: readonly string[] = []): FakeChild => {
      const child = new FakeChild();
      behind.forks.push({ file, args, child });
      return child;
    },
  },
  ipcMain: { handle: (channel: string, handler: Handler): void => void handlers.set(channel, handler) },
  ipcRenderer,
  contextBridge: {
    exposeInMainWorld: (name: string, api: unknown): void => void behind.world.set(name, api),
  },
} satisfies Record<keyof Pick<typeof Electron, UsedName>, unknown>;

type UsedName =
  | 'app'
  | 'BrowserWindow'
  | 'Menu'
  | 'session'
  | 'protocol'
  | 'utilityProcess'
  | 'ipcMain'
  | 'ipcRenderer'
  | 'contextBridge';
