/**
 * Where files go that a restored one takes the place of: a folder of its own in the restore folder, in the same tree.
 * The file there is the very one, or, on another file system, a copy that was compared with it.
 */
import {
  closeSync,
  constants,
  fstatSync,
  linkSync,
  lstatSync,
  openSync,
  readlinkSync,
  symlinkSync,
} from 'node:fs';
import { EngineError, errorCode } from '../../failure.ts';
import { foundFile } from '../../scan/found.ts';
import { Durability } from '../writing/durable.ts';
import type { FolderHandle } from '../writing/folderHandle.ts';
import { addName, dropName, isLinkRefusal } from '../writing/placing.ts';
import type { Names, OpenFolders } from '../writing/openFolders.ts';
import { readAll } from '../writing/temporaryFile.ts';
import { copyAcross, isSameContent } from './copyAcross.ts';

const READ = constants.O_RDONLY | (constants.O_NOFOLLOW || 0) | (constants.O_NONBLOCK || 0);

export class SetAside {
  readonly name: Buffer;
  readonly #folders: OpenFolders;
  readonly #durability: Durability;
  readonly #made = new Set<string>();

  /**
   * @param folders of the restore folder
   * @param name of the folder in it
   */
  constructor(top: FolderHandle, folders: OpenFolders, name: Buffer) {
    this.name = name;
    this.#folders = folders;
    this.#durability = new Durability(top, folders);
  }

  /**
   * When it resolves, what stands at `from` in `folder` has a lasting further name here, or a copy; it still stands there.
   * @param names where it belongs, from the name of its source down
   * @returns assures that it is still the same that stands there: to be called right before something takes its place
   */
  async keep(folder: FolderHandle, from: Buffer, names: Names): Promise<() => void> {
    const before = lstatSync(folder.at(from), { bigint: true });
    const aside = [this.name, ...names];
    for (let depth = 1; depth < aside.length; depth++) this.#make(aside.slice(0, depth));
    const isLinked = before.isSymbolicLink()
      ? this.#linkAgain(readlinkSync(folder.at(from), { encoding: 'buffer' }), aside)
      : this.#nameAgain(folder, from, aside);
    if (!isLinked) await this.#copy(folder, from, aside);
    this.#durability.touch(aside.slice(0, -1));
    await this.#durability.syncNames();
    return () => {
      const now = lstatSync(folder.at(from), { bigint: true });
      const isSame = now.dev === before.dev && now.ino === before.ino;
      // The very file that is set aside may have been written to since: then what was written is there too.
      if (!isSame || (!isLinked && now.mtimeNs !== before.mtimeNs)) throw changed(from);
    };
  }

  close(): void {
    this.#durability.close();
  }

  #make(folder: Names): void {
    const key = this.#folders.keyOf(folder);
    if (this.#made.has(key)) return;
    this.#folders.make(folder);
    this.#durability.touch(folder.slice(0, -1));
    this.#made.add(key);
  }

  #linkAgain(to: Buffer, aside: Names): boolean {
    this.#folders.claim(aside, (path) => {
      try {
        symlinkSync(to, path);
        return true;
      } catch (error) {
        if (errorCode(error) !== 'EEXIST') throw error;
        return lstatSync(path).isSymbolicLink() && readlinkSync(path, { encoding: 'buffer' }).equals(to);
      }
    });
    return true;
  }

  /** False where the file cannot have a further name here. */
  #nameAgain(folder: FolderHandle, from: Buffer, aside: Names): boolean {
    try {
      this.#folders.claim(aside, (path) => {
        try {
          linkSync(folder.at(from), path);
          return true;
        } catch (error) {
          if (errorCode(error) !== 'EEXIST') throw error;
          return isSameFile(folder.at(from), path);
        }
      });
      return true;
    } catch (error) {
      if (errorCode(error) === 'EXDEV' || isLinkRefusal(error)) return false;
      throw error;
    }
  }

  async #copy(folder: FolderHandle, from: Buffer, aside: Names): Promise<void> {
    const descriptor = openSync(folder.at(from), READ);
    try {
      const stat = fstatSync(descriptor, { bigint: true });
      const metadata = foundFile(from, stat);
      const read = (into: Uint8Array, offset: number): number => readAll(descriptor, into, offset);
      await this.#folders.hold(aside.slice(0, -1), async (handle) => {
        const as = { metadata, sparse: false, wishes: { ownership: false, specialBits: false } };
        const { file } = await copyAcross(descriptor, handle, aside, as, (copy) => isSameContent(read, copy));
        try {
          this.#folders.claim(aside, (path) => addName(file.temporaryPath, path));
          dropName(file.temporaryPath);
        } finally {
          file.close();
        }
      });
    } finally {
      closeSync(descriptor);
    }
  }
}

/** Whether two paths lead to one file. */
export function isSameFile(a: Buffer, b: Buffer): boolean {
  const [one, other] = [a, b].map((path) => lstatSync(path, { bigint: true, throwIfNoEntry: false }));
  return one !== undefined && other !== undefined && one.dev === other.dev && one.ino === other.ino;
}

function changed(name: Buffer): EngineError {
  return new EngineError(
    'changed',
    `${name.toString()} changed while it was being set aside, so it was left in its place.`,
    'Do it again when nothing else writes to the folder.',
    { safe: 'The restored file is still in the restore folder.' },
  );
}
