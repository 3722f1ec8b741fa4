import { statfs } from 'node:fs/promises';
import { Failed } from '../failed.ts';
import { formatBytes } from '../format.ts';

/** Packs that may be staged on their way to the practice vault, at most. */
const STAGED_BYTES = 2 ** 30;

/**
 * Bytes the demo needs beside a source of `bytes`: once in the practice vault, once restored, and what is on its way
 * between them. Data that does not compress is assumed.
 */
export function spaceNeeded(bytes: number): number {
  return Math.ceil(2.05 * bytes + Math.min(bytes, STAGED_BYTES));
}

/** @throws Failed `no-space` when the file system of `folder` has less */
export async function checkSpace(bytes: number, folder: string): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  const needed = spaceNeeded(bytes);
  if (free >= needed) return;
  throw new Failed({
    kind: 'no-space',
    message: `The demo needs about ${formatBytes(needed)} in ${folder}, and ${formatBytes(free)} are free there.`,
    safe: 'Nothing was written.',
    advice: 'Choose another place with --tmp DIR, or a smaller folder to try.',
  });
}
