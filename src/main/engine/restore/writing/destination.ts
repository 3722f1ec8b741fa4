/**
 * The folder that an order restores to: new or empty when it begins, and only this order's until it ends.
 *
 * While it is under way it holds `.permafrost-<order>`: the sign that it is this order's, by which a later run
 * recognises it, and the place of files that are not finished.
 */
import { chmodSync, lstatSync, mkdirSync, readdirSync, type Stats } from 'node:fs';
import { EngineError, errorCode } from '../../failure.ts';
import { syncFolder } from '../../lastingNames.ts';
import { withShortPath } from '../../scan/longPath.ts';
import { type FolderHandle, type Hold, holdInside, holdTop } from './folderHandle.ts';
import { writeFailure } from './writeFailure.ts';

export interface Destination {
  readonly top: FolderHandle;
  /** Files under temporary names; inside `top`, so on the same file system. */
  readonly temporary: FolderHandle;
  readonly temporaryName: Buffer;
  /** This order began here before. */
  readonly resumed: boolean;
}

const SLASH = 0x2f;
const ROOM = 64;
const ABOVE = Buffer.from('/..');

/**
 * Makes or takes the folder, for this user only (mode 0700). The folder above it must be there: a disk that is not
 * connected is not replaced by a folder in its place.
 *
 * @param path absolute
 * @param order letters and digits
 * @param avoid folders in which nothing is restored (the profile)
 * @throws EngineError `conflict` when there is anything else in it, it is no folder or lies in one of `avoid`;
 *   `not-found` when the folder above is missing; `unwritable`
 */
export function takeDestination(
  path: Buffer,
  order: string,
  avoid: readonly Buffer[],
  hold: Hold,
): Destination {
  if (!/^[0-9a-z]{1,40}$/i.test(order)) throw new RangeError('not the id of an order');
  const temporaryName = Buffer.from(`.permafrost-${order}`);
  try {
    refuseInside(path, avoid);
    const resumed = prepare(path, temporaryName);
    withShortPath(path, (short) => chmodSync(short, 0o700));
    const top = holdTop(path, hold);
    return { top, temporary: openTemporary(top, temporaryName, hold), temporaryName, resumed };
  } catch (error) {
    throw errorCode(error) === 'ENOENT' ? nothingAbove(path, error) : writeFailure(error, path);
  }
}

/** Makes a folder for this user only, in one that is there; it survives a power cut. */
export function makePrivateFolder(path: Buffer): void {
  withShortPath(
    path,
    (short) => {
      mkdirSync(short, { mode: 0o700 });
      syncFolder(Buffer.concat([short, ABOVE]));
    },
    ABOVE.length,
  );
}

/** Whether it was this order's before. */
function prepare(path: Buffer, temporaryName: Buffer): boolean {
  const look = (short: Buffer) => lstatSync(short, { throwIfNoEntry: false });
  const stat = withShortPath(path, look);
  if (stat === undefined) {
    makePrivateFolder(path);
    return false;
  }
  if (!stat.isDirectory()) throw taken(path, 'is not a folder');
  if (!isOurs(stat)) throw taken(path, 'belongs to another user');
  const names = withShortPath(path, (short) => readdirSync(short, { encoding: 'buffer' }));
  if (names.length === 0) return false;
  if (names.some((name) => name.equals(temporaryName))) return true;
  throw taken(path, 'is not empty');
}

function openTemporary(top: FolderHandle, name: Buffer, hold: Hold): FolderHandle {
  try {
    mkdirSync(top.at(name), { mode: 0o700 });
    // What is paid for from now on is fetched for this folder: it and its sign have to be there after a power cut.
    syncFolder(top.at(Buffer.from('.')));
  } catch (error) {
    if (errorCode(error) !== 'EEXIST' || !isOurs(lstatSync(top.at(name)))) throw error;
  }
  return holdInside(top, name, hold);
}

function isOurs(stat: Stats): boolean {
  return process.geteuid === undefined || stat.uid === process.geteuid();
}

/** Climbs from where the folder will be; told apart by device and inode, so that links make no difference. */
function refuseInside(path: Buffer, avoid: readonly Buffer[]): void {
  const avoided = new Set(avoid.flatMap(identityOf));
  for (let end = path.length; end > 0; end = path.lastIndexOf(SLASH, end - 1)) {
    const above = path.subarray(0, end);
    const [found] = identityOf(above.length === 0 ? Buffer.from('/') : above);
    if (found !== undefined && avoided.has(found)) throw taken(path, "lies inside Permafrost's own folder");
  }
}

/** By what a path leads to, links included. */
function identityOf(path: Buffer): string[] {
  // A dot behind the path makes the system follow a link at its end, and finds only folders.
  const look = (short: Buffer) => {
    const inside = Buffer.concat([short, Buffer.from('/.')]);
    return lstatSync(inside, { bigint: true, throwIfNoEntry: false });
  };
  try {
    const stat = withShortPath(path, look, ROOM);
    return stat === undefined ? [] : [`${stat.dev}:${stat.ino}`];
  } catch (error) {
    if (errorCode(error) === 'ENOTDIR') return [];
    throw error;
  }
}

function taken(path: Buffer, why: string): EngineError {
  return new EngineError(
    'conflict',
    `${path.toString()} ${why}.`,
    'Choose a folder that does not exist yet, or an empty one.',
    { safe: 'Nothing in it was touched.' },
  );
}

function nothingAbove(path: Buffer, cause: unknown): EngineError {
  return new EngineError(
    'not-found',
    `The folder that ${path.toString()} should lie in is not there.`,
    'Connect the disk, or make the folder, or choose another place.',
    { cause },
  );
}
