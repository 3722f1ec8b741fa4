/**
 * A place in a folder tree that moves one folder down or up at a time, so that trees of any depth can be looked at.
 *
 * On Linux it is an open folder: a name in it is `/proc/self/fd/<n>/name`, the folder above it `/proc/self/fd/<n>/..`,
 * and no path ever gets long. Elsewhere it is a path.
 */
import { closeSync, constants, existsSync, lstatSync, openSync } from 'node:fs';

const OPEN_FOLDER = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
const UP = Buffer.from('..');
const SLASH = Buffer.from('/');

export interface TreeCursor {
  /** A path to a name in the folder where the cursor stands; `.` is the folder itself. */
  at(name: Buffer): Buffer;
  /** Goes down. The cursor stays where it is if it throws. @throws if it is no folder or may not be entered */
  enter(name: Buffer): void;
  /** Goes up, to where it came from. */
  leave(): void;
  close(): void;
}

export function treeCursor(root: string): TreeCursor {
  return process.platform === 'linux' && existsSync('/proc/self/fd') ? openFolder(root) : plainPath(root);
}

function openFolder(root: string): TreeCursor {
  let descriptor = openSync(root, constants.O_RDONLY | constants.O_DIRECTORY);
  const at = (name: Buffer): Buffer => Buffer.concat([Buffer.from(`/proc/self/fd/${descriptor}/`), name]);
  const move = (name: Buffer): void => {
    const next = openSync(at(name), OPEN_FOLDER);
    try {
      lstatSync(`/proc/self/fd/${next}/.`); // a folder that cannot be searched could not be left again either
    } catch (error) {
      closeSync(next);
      throw error;
    }
    closeSync(descriptor);
    descriptor = next;
  };
  return { at, enter: move, leave: () => move(UP), close: () => closeSync(descriptor) };
}

function plainPath(root: string): TreeCursor {
  const names: Buffer[] = [];
  const here = (): Buffer => Buffer.concat([Buffer.from(root), ...names.flatMap((name) => [SLASH, name])]);
  return {
    at: (name) => Buffer.concat([here(), SLASH, name]),
    enter: (name) => void names.push(name),
    leave: () => void names.pop(),
    close: () => undefined,
  };
}
