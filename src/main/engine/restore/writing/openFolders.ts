/**
 * The folders of a restored tree: made, found again, and the last few of them kept open.
 *
 * A folder is named by its path in the snapshot. On disk its name may differ: escaped, or numbered because the file
 * system took its own name for one that was there (upper and lower case, composed and decomposed letters). Escapes
 * follow from the name; numbered ones are remembered here, so after a restart each folder is made again first.
 */
import { lstatSync, mkdirSync, readdirSync } from 'node:fs';
import { errorCode } from '../../failure.ts';
import { conflictName, nameOnDisk, type NameRules } from '../names.ts';
import { type FolderHandle, type Hold, holdInside } from './folderHandle.ts';
import { PathKeys } from './pathKeys.ts';

/** Path below the destination, as in the snapshot. */
export type Names = readonly Buffer[];

export interface OnDisk {
  /** The name it has on disk. */
  readonly name: Buffer;
  /** It differs from the one in the snapshot. */
  readonly renamed: boolean;
}

const FOLDERS_KEPT_OPEN = 64;

interface Kept {
  readonly handle: FolderHandle;
  users: number;
  /** Names in it, once they had to be read; kept up to date from then on. */
  listing: Set<string> | undefined;
}

export class OpenFolders {
  readonly #top: Kept;
  readonly #hold: Hold;
  readonly #rules: NameRules;
  readonly #keys = new PathKeys();
  readonly #resumed: boolean;
  /** By path, least recently used first. */
  readonly #kept = new Map<string, Kept>();
  /** Numbered folders, by path. */
  readonly #renamed = new Map<string, Buffer>();

  /** @param resumed folders may have been finished by an earlier run */
  constructor(top: FolderHandle, hold: Hold, rules: NameRules, resumed: boolean) {
    this.#resumed = resumed;
    this.#top = { handle: top, users: 1, listing: undefined };
    this.#hold = hold;
    this.#rules = rules;
  }

  /**
   * Makes a folder in one that was made before. A real folder that already has exactly this name is taken as it is:
   * it was made by this order before a restart. Any other thing in its place stays, and the new folder is numbered.
   */
  make(names: Names): OnDisk {
    const wanted = names.at(-1);
    if (wanted === undefined) throw new RangeError('the destination itself is not made twice');
    const made = this.#withKept(names.slice(0, -1), (parent) =>
      this.#claim(parent, nameOnDisk(wanted, this.#rules), (path, name) => {
        try {
          mkdirSync(path, { mode: 0o700 });
          return true;
        } catch (error) {
          if (errorCode(error) !== 'EEXIST') throw error;
          return lstatSync(path).isDirectory() && this.#hasExactly(parent, name);
        }
      }),
    );
    if (!made.equals(nameOnDisk(wanted, this.#rules))) this.#renamed.set(this.#keys.keyOf(names), made);
    return { name: made, renamed: !made.equals(wanted) };
  }

  /**
   * Looks for the folder that `make` made in an earlier run, in one that was made or found before.
   * @returns whether it is there; then it can be used under its path in the snapshot
   */
  find(names: Names): boolean {
    const wanted = names.at(-1);
    if (wanted === undefined) return true;
    const name = nameOnDisk(wanted, this.#rules);
    return this.#withKept(names.slice(0, -1), (parent) => {
      for (let number = 1; ; number++) {
        const candidate = number === 1 ? name : conflictName(name, number);
        const stat = lstatSync(parent.handle.at(candidate), { throwIfNoEntry: false });
        if (stat === undefined) return false;
        if (!stat.isDirectory() || !this.#hasExactly(parent, candidate)) continue;
        if (number > 1) this.#renamed.set(this.#keys.keyOf(names), candidate);
        return true;
      }
    });
  }

  /** The name that a folder which was made or found has on disk. */
  nameOf(names: Names): Buffer {
    return (
      this.#renamed.get(this.#keys.keyOf(names)) ?? nameOnDisk(names.at(-1) ?? Buffer.alloc(0), this.#rules)
    );
  }

  /**
   * Finds a name in a folder for something new, beginning with that of the snapshot and numbering on.
   * @param tryName makes it at the path and says whether that name is now ours; false when it is taken
   */
  claim(names: Names, tryName: (path: Buffer, name: Buffer) => boolean): OnDisk {
    const wanted = names.at(-1);
    if (wanted === undefined) throw new RangeError('a name is needed');
    const name = this.#withKept(names.slice(0, -1), (parent) =>
      this.#claim(parent, nameOnDisk(wanted, this.#rules), tryName),
    );
    return { name, renamed: !name.equals(wanted) };
  }

  /** Whether the folder's own listing has exactly these bytes: a name it merely answers to is another's. */
  has(folder: Names, name: Buffer): boolean {
    return this.#withKept(folder, (kept) => this.#hasExactly(kept, name));
  }

  /** Calls `use` with the folder held open. It stays so until `use` returns, whatever else is opened meanwhile. */
  with<T>(folder: Names, use: (handle: FolderHandle) => T): T {
    return this.#withKept(folder, (kept) => use(kept.handle));
  }

  /** The same for what takes longer: the folder stays open until it has settled. */
  async hold<T>(folder: Names, use: (handle: FolderHandle) => Promise<T>): Promise<T> {
    const kept = this.#open(folder);
    kept.users += 1;
    try {
      return await use(kept.handle);
    } finally {
      kept.users -= 1;
    }
  }

  /** The path as text that no other path has. */
  keyOf(folder: Names): string {
    return this.#keys.keyOf(folder);
  }

  /** Lets go of all but the top, which is its owner's. */
  close(): void {
    for (const kept of this.#kept.values()) kept.handle.close();
    this.#kept.clear();
  }

  #claim(parent: Kept, name: Buffer, tryName: (path: Buffer, name: Buffer) => boolean): Buffer {
    for (let number = 1; ; number++) {
      const candidate = number === 1 ? name : conflictName(name, number);
      if (!tryName(parent.handle.at(candidate), candidate)) continue;
      parent.listing?.add(candidate.toString('latin1'));
      return candidate;
    }
  }

  #hasExactly(kept: Kept, name: Buffer): boolean {
    kept.listing ??= new Set(readdirSync(kept.handle.at(Buffer.from('.')), { encoding: 'latin1' }));
    return kept.listing.has(name.toString('latin1'));
  }

  #withKept<T>(folder: Names, use: (kept: Kept) => T): T {
    const kept = this.#open(folder);
    kept.users += 1;
    try {
      return use(kept);
    } finally {
      kept.users -= 1;
    }
  }

  /** Goes down from the nearest folder that is open, one real folder at a time. */
  #open(folder: Names): Kept {
    const key = this.#keys.keyOf(folder);
    let depth = folder.length;
    let end = key.length;
    let at = this.#kept.get(key);
    while (at === undefined && depth > 0) {
      depth -= 1;
      end = depth === 0 ? 0 : key.lastIndexOf('/', end - 1);
      at = this.#kept.get(key.slice(0, end));
    }
    at ??= this.#top;
    for (const name of folder.slice(depth)) {
      end += (end === 0 ? 0 : 1) + name.length;
      at = this.#enter(at, name, key.slice(0, end));
    }
    if (folder.length > 0) this.#keep(key, at);
    return at;
  }

  #enter(parent: Kept, name: Buffer, key: string): Kept {
    const onDisk = this.#renamed.get(key) ?? nameOnDisk(name, this.#rules);
    const handle = holdInside(parent.handle, onDisk, this.#hold, this.#resumed);
    const kept: Kept = { handle, users: 0, listing: undefined };
    this.#keep(key, kept);
    return kept;
  }

  #keep(key: string, kept: Kept): void {
    this.#kept.delete(key);
    this.#kept.set(key, kept);
    if (this.#kept.size <= FOLDERS_KEPT_OPEN) return;
    for (const [oldKey, old] of this.#kept) {
      if (old.users > 0 || old === kept) continue;
      this.#kept.delete(oldKey);
      old.handle.close();
      return;
    }
  }
}
