/**
 * Folders that say of themselves that they hold nothing but a cache: by a file of this name that begins with this text
 * (Cache Directory Tagging Specification, bford.info/cachedir).
 */
import { closeSync, constants, openSync, readSync } from 'node:fs';
import { errorCode } from '../failure.ts';

export const CACHE_TAG = 'CACHEDIR.TAG';
const SIGNATURE = Buffer.from('Signature: 8a477f597d28d172789f06886806bc55');
const READ = constants.O_RDONLY | (constants.O_NOFOLLOW || 0) | (constants.O_NONBLOCK || 0);

/** @param folder a path to it that is good for one call right away */
export function isCache(folder: Buffer): boolean {
  let fd: number;
  try {
    fd = openSync(Buffer.concat([folder, Buffer.from(`/${CACHE_TAG}`)]), READ);
  } catch (error) {
    if (errorCode(error) === undefined) throw error;
    return false; // it cannot be known: then it is saved
  }
  try {
    const begin = Buffer.alloc(SIGNATURE.length);
    return readSync(fd, begin, 0, begin.length, 0) === begin.length && begin.equals(SIGNATURE);
  } catch (error) {
    if (errorCode(error) === undefined) throw error;
    return false;
  } finally {
    closeSync(fd);
  }
}
