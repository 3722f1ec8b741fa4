/**
 * All that the window can reach of the desktop: two named functions and a state, never `ipcRenderer` or its events.
 * It is bundled into one CommonJS file, so it carries the names of the contract itself, without the schemas: the
 * compiler holds both lists complete.
 */
import { contextBridge, ipcRenderer } from 'electron';
import type { EventName, RequestName } from '../../shared/contract.ts';
import type { Link, WindowDoor } from '../../shared/windowDoor.ts';

const requests: Readonly<Record<RequestName, true>> = {
  'profile:status': true,
  'profile:init': true,
  'profile:unlock': true,
  'targets:list': true,
  'targets:show': true,
  'targets:add': true,
  'targets:remove': true,
  'plans:list': true,
  'plans:show': true,
  'plans:add': true,
  'plans:edit': true,
  'plans:remove': true,
  'rules:preview': true,
  'unattended:show': true,
  'unattended:set': true,
  'backup:start': true,
  'backup:queue': true,
  'backup:unqueue': true,
  'backup:cancel': true,
  'runs:list': true,
  'runs:problems': true,
  'snapshots:list': true,
  'entries:list': true,
  'entries:find': true,
  'restore:preview': true,
  'restore:order': true,
  'orders:list': true,
  'orders:show': true,
  'orders:cancel': true,
  'orders:archives': true,
  'orders:folders': true,
  'orders:first': true,
  'orders:tier': true,
  'orders:putBackPreview': true,
  'orders:putBack': true,
  'orders:resume': true,
  'vaults:list': true,
  'vaults:show': true,
  'vaults:create': true,
  'vaults:delete': true,
  'notifications:show': true,
  'notifications:set': true,
  'notifications:delete': true,
  'accessPolicy:show': true,
  'accessPolicy:set': true,
  'accessPolicy:delete': true,
  'vaultLock:show': true,
  'vaultLock:preview': true,
  'vaultLock:start': true,
  'vaultLock:complete': true,
  'vaultLock:abort': true,
  'tags:list': true,
  'tags:add': true,
  'tags:remove': true,
  'retrievalPolicy:show': true,
  'retrievalPolicy:set': true,
  'capacity:list': true,
  'capacity:preview': true,
  'capacity:buy': true,
  'openUploads:list': true,
  'openUploads:abort': true,
  'inventories:request': true,
  'inventories:list': true,
  'inventories:export': true,
  'archives:list': true,
  'jobs:list': true,
  'jobs:show': true,
  'uploads:preview': true,
  'uploads:start': true,
  'downloads:preview': true,
  'downloads:start': true,
  'clearings:preview': true,
  'clearings:start': true,
  'errands:list': true,
  'errands:show': true,
  'errands:resume': true,
  'errands:cancel': true,
  'check:preview': true,
  'check:start': true,
  'check:show': true,
  'check:cancel': true,
  'check:archives': true,
  'check:extras': true,
  'check:deleteExtras': true,
  'keys:changePassphrase': true,
  'keys:renew': true,
  'keys:remember': true,
  'awsKeys:set': true,
  'awsKeys:remove': true,
  'kit:page': true,
  'kit:save': true,
  'kit:challenge': true,
  'kit:prove': true,
  'recover:start': true,
  'recover:show': true,
  'recover:resume': true,
  'recover:cancel': true,
  'plans:takeOver': true,
  'retention:preview': true,
  'retention:acceptStorm': true,
  'snapshots:tag': true,
  'snapshots:forget': true,
  'prune:preview': true,
  'prune:start': true,
  'prune:history': true,
  'writers:list': true,
  'writers:retire': true,
  'costs:show': true,
  'costs:months': true,
  'budget:set': true,
  'budget:lift': true,
  'budget:policy': true,
  'history:list': true,
  'practice:advance': true,
};

const events: Readonly<Record<EventName, true>> = {
  'run:progress': true,
  'run:started': true,
  'run:ended': true,
  'order:changed': true,
  'errand:changed': true,
  'check:changed': true,
  'recovery:changed': true,
  'prune:changed': true,
  'lists:changed': true,
  'profile:changed': true,
  'engine:notice': true,
};

const eventListeners = new Map<string, Set<(payload: unknown) => void>>();
const linkListeners = new Set<(link: Link) => void>();
let link: Link = 'up';

ipcRenderer.on('permafrost:event', (_event, name: EventName, payload: unknown) => {
  for (const listener of eventListeners.get(name) ?? []) listener(payload);
});
ipcRenderer.on('permafrost:link', (_event, next: Link) => {
  link = next;
  for (const listener of linkListeners) listener(link);
});

const door: WindowDoor = {
  request: (name, input) => {
    if (!Object.hasOwn(requests, name)) return Promise.reject(new RangeError('no such request'));
    // What comes back was made by the engine for this name; it is only typed, as over HTTP.
    return ipcRenderer.invoke('permafrost:request', name, input) as never;
  },
  on: (event, listener) => {
    if (!Object.hasOwn(events, event)) throw new RangeError('no such event');
    const all = eventListeners.get(event) ?? new Set();
    // Main sends each event with the payload of its name.
    const hear = listener as (payload: unknown) => void;
    eventListeners.set(event, all.add(hear));
    return () => all.delete(hear);
  },
  onLink: (listener) => {
    linkListeners.add(listener);
    listener(link);
    return () => linkListeners.delete(listener);
  },
};

contextBridge.exposeInMainWorld('permafrost', door);
