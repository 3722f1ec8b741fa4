/**
 * Gives a file its final name and makes the name last: rename, then sync the folder it is in.
 *
 * Windows has no folders to sync, and lets virus scanners and indexers hold a new file open for a while, during which
 * it cannot be renamed. Some shares cannot sync a folder either; then the name is as durable as the share makes it.
 */
import { open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { errorCode } from '../failure.ts';

const HELD_OPEN_MS = 60_000;
const heldOpen = new Set(['EPERM', 'EBUSY', 'EACCES']);
const cannotSync = new Set(['EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'EPERM', 'EISDIR', 'EBADF']);

export async function renameSynced(from: string, to: string, platform = process.platform): Promise<void> {
  if (platform !== 'win32') {
    await rename(from, to);
    await syncFolder(dirname(to));
    return;
  }
  for (let waited = 0; ;) {
    try {
      await rename(from, to);
      return;
    } catch (error) {
      if (!heldOpen.has(errorCode(error) ?? '') || waited >= HELD_OPEN_MS) throw error;
    }
    const wait = Math.min(2000, 50 + waited);
    await sleep(wait);
    waited += wait;
  }
}

async function syncFolder(dir: string): Promise<void> {
  const folder = await open(dir, 'r');
  try {
    await folder.sync();
  } catch (error) {
    if (!cannotSync.has(errorCode(error) ?? '')) throw error;
  } finally {
    await folder.close();
  }
}
