/** Gives a finished file its name without ever taking the name from another. */
import { linkSync, lstatSync, renameSync, unlinkSync } from 'node:fs';
import { errorCode } from '../../failure.ts';

/** File systems without hard links say it in several ways. */
const CANNOT_LINK = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EINVAL']);

/**
 * Moves `from` to `to`, on one file system.
 * @returns false, with nothing changed, when there is anything at `to`
 */
export function placeFile(from: Buffer, to: Buffer): boolean {
  const isPlaced = addName(from, to);
  if (isPlaced) dropName(from);
  return isPlaced;
}

/**
 * Gives `from` the name `to`. That is a further one, because linking fails where the name is taken, as renaming does
 * not; only where there are no hard links it is looked first and renamed then.
 * @returns false, with nothing changed, when there is anything at `to`
 */
export function addName(from: Buffer, to: Buffer): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    const code = errorCode(error);
    if (code === 'EEXIST') return false;
    if (code === undefined || !CANNOT_LINK.has(code)) throw error;
    if (lstatSync(to, { throwIfNoEntry: false }) !== undefined) return false;
    renameSync(from, to);
    return true;
  }
}

/** Takes the old name away, if it is still there: for good once the new one lasts. */
export function dropName(from: Buffer): void {
  try {
    unlinkSync(from);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
  }
}

/** Whether the system refused because this file, or this file system, takes no further names. */
export function isLinkRefusal(error: unknown): boolean {
  const code = errorCode(error);
  return code !== undefined && CANNOT_LINK.has(code);
}
