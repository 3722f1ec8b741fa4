/**
 * Makes what was written survive a power cut.
 *
 * One fsync a file is dear: on the ext4 disk this was measured on half a millisecond each, against about 25
 * microseconds a file when the file system is told once, for some thousands of files together. Where that cannot be had,
 * each file is synced by itself.
 */
import { fsync, fsyncSync } from 'node:fs';
import { promisify } from 'node:util';
import { errorCode } from '../../failure.ts';
import { FileSystemSync } from './fileSystemSync.ts';
import type { FolderHandle } from './folderHandle.ts';
import type { Names, OpenFolders } from './openFolders.ts';
import { isAboutOneName, pathOf, writeFailure } from './writeFailure.ts';

/** From so many files on, one call for the whole file system costs less. */
const FILES_FOR_ONE_CALL = 32;
const FOLDERS_FOR_ONE_CALL = 8;
const syncFile = promisify(fsync);

/** Keeps track of what a power cut could still take back. */
export class Durability {
  readonly #fileSystem: FileSystemSync;
  readonly #folders: OpenFolders;
  /** Folders with new names, by their text. */
  readonly #touched = new Map<string, Names>();
  /** Folders that were left, and whether some of them are not on disk yet. */
  #left = 0;
  #isOwed = false;

  /** @param top any folder on the file system that is written to */
  constructor(top: FolderHandle, folders: OpenFolders) {
    this.#fileSystem = new FileSystemSync(top.descriptor);
    this.#folders = folders;
  }

  close(): void {
    this.#fileSystem.close();
  }

  /** There is a new name in the folder. */
  touch(folder: Names): void {
    this.#touched.set(this.#folders.keyOf(folder), folder);
  }

  /**
   * The folder has its mode and time, and soon it may not be opened any more. A few are brought to disk now, many
   * together with the next `syncNames`.
   */
  leave(folder: Names, descriptor: number): void {
    this.#left += 1;
    const isOneOfMany = this.#left > FOLDERS_FOR_ONE_CALL && process.platform === 'linux';
    if (this.#touched.delete(this.#folders.keyOf(folder)) || !isOneOfMany) syncDescriptor(descriptor);
    else this.#isOwed = true;
  }

  /** Resolves when the content of the open files is on disk. */
  async syncFiles(descriptors: readonly number[]): Promise<void> {
    if (descriptors.length >= FILES_FOR_ONE_CALL && (await this.#fileSystem.sync())) return;
    await Promise.all(descriptors.map(async (descriptor) => syncFile(descriptor)));
  }

  /** Resolves when all names are on disk. */
  async syncNames(): Promise<void> {
    const isCheaperTogether = this.#isOwed || this.#touched.size >= FOLDERS_FOR_ONE_CALL;
    this.#isOwed = false;
    if (isCheaperTogether && (await this.#fileSystem.sync())) this.#touched.clear();
    for (const folder of this.#touched.values()) this.#syncNamesIn(folder);
    this.#touched.clear();
  }

  #syncNamesIn(folder: Names): void {
    try {
      this.#folders.with(folder, ({ descriptor }) => descriptor !== undefined && syncDescriptor(descriptor));
    } catch (error) {
      // Moved or replaced by somebody else: what they made of it is theirs to keep.
      const failure = writeFailure(error, pathOf(folder));
      if (!isAboutOneName(failure)) throw failure;
    }
  }
}

/** Some file systems have no fsync for folders; then their names are as safe as that system makes them. */
export function syncDescriptor(descriptor: number): void {
  try {
    fsyncSync(descriptor);
  } catch (error) {
    if (errorCode(error) !== 'EINVAL' && errorCode(error) !== 'ENOTSUP') throw error;
  }
}
