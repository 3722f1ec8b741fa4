import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { diskFailure } from '../failure.ts';
import type { PackFile } from '../pack/packFile.ts';

/** Writes what a pack holds, all its chunks joined, into a new file in the place of what was there. */
export async function copyToFile(pack: PackFile, path: string): Promise<void> {
  rmSync(path, { force: true });
  const fd = openSync(path, 'wx', 0o600);
  try {
    for (const chunk of pack.chunks()) {
      for (let at = 0; at < chunk.length;) at += writeSync(fd, chunk, at);
      await nextTurn();
    }
  } catch (error) {
    throw diskFailure(error, 'the disk of the profile, where recovered records wait') ?? error;
  } finally {
    closeSync(fd);
  }
}
