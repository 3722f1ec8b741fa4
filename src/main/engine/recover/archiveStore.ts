/** Archives that a recovery has fetched: files in the profile, each as it came, until the recovery is over. */
import { closeSync, constants, openSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { diskFailure } from '../failure.ts';
import { makeFolder } from '../lastingNames.ts';
import { readExactly } from '../pack/packFile.ts';
import { SegmentFile } from '../restore/segmentStore.ts';
import { leafHash, LEAF_BYTES, treeHashOfLeaves } from '../upload/treeHash.ts';

export class ArchiveStore {
  readonly #dir: string;

  /** @param recoverDir in the profile @param recovery its uid */
  constructor(recoverDir: string, recovery: string) {
    this.#dir = join(recoverDir, recovery);
  }

  /** @param name tells the archive from others of the recovery: its pack's id, or its row's number */
  path(name: string): string {
    return join(this.#dir, name);
  }

  async openForWriting(name: string): Promise<SegmentFile> {
    try {
      makeFolder(this.#dir);
      const flags = constants.O_RDWR | constants.O_CREAT;
      return new SegmentFile(await open(this.path(name), flags, 0o600));
    } catch (error) {
      throw diskFailure(error, `the disk of ${this.#dir}`) ?? error;
    }
  }

  /** Tree hash of `size` bytes from the start of the file. */
  treeHash(name: string, size: number): Buffer {
    const fd = openSync(this.path(name), 'r');
    try {
      const leaves: Buffer[] = [];
      for (let at = 0; at < size; at += LEAF_BYTES)
        leaves.push(leafHash(readExactly(fd, Buffer.alloc(Math.min(LEAF_BYTES, size - at)), at)));
      return treeHashOfLeaves(Buffer.concat(leaves));
    } finally {
      closeSync(fd);
    }
  }

  clear(): void {
    rmSync(this.#dir, { recursive: true, force: true });
  }
}
