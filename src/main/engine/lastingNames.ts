/**
 * Names that survive a power cut.
 *
 * Syncing a file brings its content to disk, not its name: that lasts when the folder it is in has been synced after
 * the name was given, and a new folder's own name when the folder above it has been.
 */
import { closeSync, constants, fsyncSync, mkdirSync, openSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { errorCode } from './failure.ts';

/** Some file systems cannot sync a folder, some folders may not be read; then names are as safe as the system makes them. */
const CANNOT_SYNC = new Set(['EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'EACCES', 'EPERM']);

/** Afterwards the names in the folder last. Windows has no such call and does not need it. */
export function syncFolder(path: string | Buffer): void {
  if (process.platform === 'win32') return;
  try {
    const folder = openSync(path, constants.O_RDONLY);
    try {
      fsyncSync(folder);
    } finally {
      closeSync(folder);
    }
  } catch (error) {
    if (!CANNOT_SYNC.has(errorCode(error) ?? '')) throw error;
  }
}

/** Makes a folder for this user only, and those above it that are missing. */
export function makeFolder(path: string): void {
  const first = mkdirSync(path, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  const top = dirname(resolve(first));
  for (let made = resolve(path); made !== top; made = dirname(made)) syncFolder(dirname(made));
}

/** Puts a file, readable for this user only, in the place of the one that has this name: all of it, or nothing. */
export function replaceFile(path: string, content: string | Buffer): void {
  writeFileAtomic.sync(path, content, { mode: 0o600 });
  syncFolder(dirname(path));
}
