/**
 * One folder of the destination, held so that names in it can be used and nothing outside it can be reached.
 *
 * On Linux it is an open descriptor, and `/proc/self/fd/<n>/name` is that name in that very folder, whatever has since
 * been moved, removed or replaced by a link on the way to it; that also makes paths of any length short. Elsewhere it
 * is a path with the device and inode found there, checked again before each use.
 */
import { chmodSync, closeSync, constants, existsSync, fstatSync, lstatSync, openSync } from 'node:fs';
import { EngineError, errorCode } from '../../failure.ts';
import { withShortPath } from '../../scan/longPath.ts';

export interface FolderHandle {
  /** A path to `name` in this folder, for one call right away. @throws if the folder is no longer where it was */
  at(name: Buffer): Buffer;
  /** @throws if `name` in this folder is not what is open: then it was made or opened somewhere else */
  confirm(name: Buffer, descriptor: number): void;
  /** Open on the folder itself; undefined where folders cannot be opened (Windows). */
  readonly descriptor: number | undefined;
  /** The same folder for another thread of this process, as long as it is held here: see `holdShared`. */
  readonly shared: SharedFolder;
  close(): void;
}

export type SharedFolder =
  | { readonly hold: 'descriptors'; readonly descriptor: number }
  | { readonly hold: 'paths'; readonly path: Uint8Array };

/** How folders are held. `descriptors` needs `/proc`. */
export type Hold = 'descriptors' | 'paths';

const OPEN_FOLDER = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
/** Linux: names a file without opening it, which needs no rights on it. Not among Node's constants. */
const O_PATH = 0o10000000;

export function ownHold(): Hold {
  return process.platform === 'linux' && existsSync('/proc/self/fd') ? 'descriptors' : 'paths';
}

/** A folder that another thread holds: descriptors of it remain that thread's, and nothing is opened or closed here. */
export function holdShared(shared: SharedFolder): FolderHandle {
  if (shared.hold === 'paths') return heldByPath(Buffer.from(shared.path), false);
  return { ...heldByDescriptor(shared.descriptor), close: () => undefined };
}

/** Opens the top by its path, which may be any length and may not end in a link. */
export function holdTop(path: Buffer, hold: Hold): FolderHandle {
  if (hold === 'paths') return heldByPath(path);
  return heldByDescriptor(withShortPath(path, (short) => openSync(short, OPEN_FOLDER)));
}

/**
 * Opens a folder inside another.
 * @param resumed an earlier run may have given it a mode that shuts us out; then it gets back mode 0700
 * @throws the system's ENOTDIR or ELOOP where `name` is no real folder
 */
export function holdInside(parent: FolderHandle, name: Buffer, hold: Hold, resumed = false): FolderHandle {
  const path = parent.at(name);
  if (hold === 'paths') return heldByPath(path);
  return heldByDescriptor(resumed ? openOwn(path, OPEN_FOLDER, 0o700) : openSync(path, OPEN_FOLDER));
}

/**
 * Opens what an earlier run of the same order may have finished and given a mode that shuts us out too. Then its mode
 * becomes `mode` until it is finished again. The file is named once, by `path`, so no other can take its place.
 */
export function openOwn(path: Buffer, flags: number, mode: number): number {
  try {
    return openSync(path, flags);
  } catch (error) {
    if (errorCode(error) !== 'EACCES' || process.platform !== 'linux') throw error;
    const named = openSync(path, O_PATH | constants.O_NOFOLLOW);
    try {
      const self = `/proc/self/fd/${named}`;
      const stat = fstatSync(named);
      if (stat.uid !== process.geteuid?.() || stat.isSymbolicLink()) throw error;
      chmodSync(self, mode);
      return openSync(self, flags & ~constants.O_NOFOLLOW);
    } finally {
      closeSync(named);
    }
  }
}

function heldByDescriptor(descriptor: number): FolderHandle {
  const prefix = Buffer.from(`/proc/self/fd/${descriptor}/`);
  return {
    at: (name) => Buffer.concat([prefix, name]),
    confirm: () => undefined, // a descriptor cannot be led elsewhere
    descriptor,
    shared: { hold: 'descriptors', descriptor },
    close: () => closeSync(descriptor),
  };
}

function heldByPath(path: Buffer, mayOpen = true): FolderHandle {
  const found = lookAtFolder(path);
  const isOpened = mayOpen && process.platform !== 'win32';
  const descriptor = isOpened ? openSync(path, OPEN_FOLDER) : undefined;
  const isStillThere = (): boolean => {
    const now = lookAtFolder(path);
    return now.dev === found.dev && now.ino === found.ino;
  };
  const at = (name: Buffer): Buffer => {
    if (!isStillThere()) throw movedAway(path);
    return Buffer.concat([path, Buffer.from('/'), name]);
  };
  return {
    at,
    confirm(name, opened) {
      const named = lstatSync(at(name), { bigint: true });
      const stat = fstatSync(opened, { bigint: true });
      if (named.dev !== stat.dev || named.ino !== stat.ino) throw movedAway(path);
    },
    descriptor,
    shared: { hold: 'paths', path: Uint8Array.from(path) },
    close: () => {
      if (descriptor !== undefined) closeSync(descriptor);
    },
  };
}

function lookAtFolder(path: Buffer): { dev: bigint; ino: bigint } {
  const stat = lstatSync(path, { bigint: true });
  if (!stat.isDirectory()) throw movedAway(path);
  return stat;
}

function movedAway(path: Buffer): EngineError {
  return new EngineError(
    'conflict',
    `${path.toString()} is no longer the folder that the restore made.`,
    'Leave the restore folder alone until the restore is done, or restore to a new folder.',
    { safe: 'Nothing was written through it.' },
  );
}
