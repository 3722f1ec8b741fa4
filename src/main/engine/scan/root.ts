/** The top of a walk: a source folder, looked at once before anything below it. */
import { type BigIntStats, lstatSync, realpathSync } from 'node:fs';
import type { FolderEntry } from '../entry.ts';
import { EngineError, errorCode } from '../failure.ts';
import { foundFolder } from './found.ts';
import { withShortPath } from './longPath.ts';

const SLASH = 0x2f;

export interface Root {
  /** Where the walk goes: the path as given, or what it leads to if it is a link. Absolute, no slash at its end. */
  readonly path: Buffer;
  /** The folder itself as an entry; its name is the full path as given. */
  readonly entry: FolderEntry;
  /** Folders the walk leaves out, by identity. */
  readonly skipped: ReadonlySet<string>;
}

/**
 * Looks at a source folder before it is walked. A link is followed here, once, and nowhere else.
 *
 * @param path absolute
 * @param skip folders that are not to be saved (the profile); a missing one is no matter. They are told apart by
 *   device and inode, so that no second way to them slips through
 * @throws EngineError `not-found`, `unreadable`, or `invalid` when it is not a folder or lies in a skipped one
 */
export function findRoot(path: Buffer, skip: readonly Buffer[] = []): Root {
  const given = withoutTrailingSlashes(path);
  let stat = lookAt(given, given);
  let resolved = given;
  if (stat.isSymbolicLink()) {
    resolved = follow(given);
    stat = lookAt(resolved, given);
  }
  if (!stat.isDirectory())
    throw new EngineError('invalid', `${given.toString()} is not a folder.`, 'Choose a folder.');
  const skipped = new Set(skip.flatMap(identityOf));
  if (isInsideSkipped(resolved, skipped)) {
    throw new EngineError(
      'invalid',
      `${given.toString()} lies inside a folder of Permafrost's own, the profile or one for archives, which is not saved.`,
      'Choose another folder.',
    );
  }
  return { path: resolved, entry: foundFolder(given, stat), skipped };
}

/** Device and inode: what makes two paths the same folder. */
export function identity(stat: BigIntStats): string {
  return `${stat.dev}:${stat.ino}`;
}

function lookAt(path: Buffer, given: Buffer): BigIntStats {
  try {
    return withShortPath(path, (short) => lstatSync(short, { bigint: true }));
  } catch (cause) {
    throw rootFailure(given, cause);
  }
}

function follow(path: Buffer): Buffer {
  try {
    return realpathSync.native(path, { encoding: 'buffer' });
  } catch (cause) {
    throw rootFailure(path, cause);
  }
}

function rootFailure(path: Buffer, cause: unknown): unknown {
  const code = errorCode(cause);
  if (code === undefined) return cause;
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return new EngineError(
      'not-found',
      `${path.toString()} is not there.`,
      'Connect the disk it lies on, or take the folder out of the plan.',
      { cause },
    );
  }
  return new EngineError(
    'unreadable',
    `${path.toString()} cannot be looked at (${code}).`,
    'Check its permissions and the disk it lies on.',
    { cause },
  );
}

function identityOf(path: Buffer): string[] {
  const stat = withShortPath(path, (short) => lstatSync(short, { bigint: true, throwIfNoEntry: false }));
  return stat === undefined ? [] : [identity(stat)];
}

/** Climbs to the top; each folder on the way may be a skipped one. */
function isInsideSkipped(path: Buffer, skipped: ReadonlySet<string>): boolean {
  if (skipped.size === 0) return false;
  for (let end = path.length; end > 0; end = path.lastIndexOf(SLASH, end - 1)) {
    const [found] = identityOf(path.subarray(0, end));
    if (found !== undefined && skipped.has(found)) return true;
    if (end === 1) break;
  }
  return false;
}

function withoutTrailingSlashes(path: Buffer): Buffer {
  let end = path.length;
  while (end > 1 && path[end - 1] === SLASH) end -= 1;
  return path.subarray(0, end);
}
