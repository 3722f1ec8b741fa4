/** How much a tree holds, before anything is copied. Holds the names of one folder at a time and of those on the way. */
import { lstatSync, readdirSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';

export interface TreeSize {
  readonly files: number;
  readonly folders: number;
  /** Bytes on disk; holes take none. */
  readonly bytes: number;
}

/** Milliseconds of work between two turns of the event loop. */
const SLICE_MS = 10;
const SLASH = Buffer.from('/');

/** Leaves out what cannot be looked at: the backup will say so by name. */
export async function measureTree(
  root: string,
  signal: AbortSignal,
  onProgress: (size: TreeSize) => void,
): Promise<TreeSize> {
  const size = { files: 0, folders: 0, bytes: 0 };
  const open: Buffer[] = [Buffer.from(root)];
  let sliceEnd = performance.now() + SLICE_MS;
  for (let folder = open.pop(); folder !== undefined; folder = open.pop()) {
    size.folders++;
    for (const entry of entriesOf(folder)) {
      const path = Buffer.concat([folder, SLASH, entry.name]);
      if (entry.isDirectory()) open.push(path);
      else if (entry.isFile()) {
        size.files++;
        size.bytes += bytesOnDisk(path);
      }
      if (performance.now() < sliceEnd) continue;
      onProgress(size);
      await setImmediate();
      signal.throwIfAborted();
      sliceEnd = performance.now() + SLICE_MS;
    }
  }
  return size;
}

function entriesOf(folder: Buffer) {
  return unlessRefused(() => readdirSync(folder, { withFileTypes: true, encoding: 'buffer' }), []);
}

function bytesOnDisk(path: Buffer): number {
  return unlessRefused(() => {
    const { size, blocks } = lstatSync(path);
    // Windows counts no blocks.
    return process.platform === 'win32' ? size : Math.min(size, blocks * 512);
  }, 0);
}

function unlessRefused<T>(look: () => T, otherwise: T): T {
  try {
    return look();
  } catch {
    return otherwise;
  }
}
