import { statfs } from 'node:fs/promises';
import type { Corpus } from './corpora.ts';

/** Packs on their way, databases, caches. */
const SLACK_BYTES = 2 ** 30;

/** Bytes one corpus needs at once: itself, its edited twin, what one program restores, and a store of each program. */
export function spaceNeeded({ expectedBytes, steps }: Corpus, contenders: number): number {
  const trees = steps.includes('edit') ? 3 : 2;
  return expectedBytes * (trees + contenders) + SLACK_BYTES;
}

/** @throws Error when the file system of `folder` has less than `bytes` */
export async function checkSpace(bytes: number, folder: string): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize >= bytes) return;
  const [needed, free] = [bytes, bavail * bsize].map((n) => `${(n / 2 ** 30).toFixed(1)} GiB`);
  throw new Error(
    `This needs ${needed} in ${folder}, and ${free} are free. Choose another place with --dir.`,
  );
}
