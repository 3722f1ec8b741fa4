import type { FolderEntry } from '../entry.ts';

/**
 * Folders of an order by number, each known by its name and its parent's number. 0 is the top, above the sources.
 * A parent's number is below its children's.
 */
export class FolderTable {
  readonly #numbers = new Map<string, number>([['', 0]]);
  readonly #parents: number[] = [0];
  readonly #names: Buffer[] = [Buffer.alloc(0)];
  readonly #entries: (FolderEntry | undefined)[] = [undefined];

  get count(): number {
    return this.#names.length - 1;
  }

  /** The folder's number, given at the first time it is asked for. `names` from the source's full path down. */
  numberOf(names: readonly Buffer[]): number {
    let number = 0;
    for (const name of names) number = this.#child(number, name);
    return number;
  }

  /** Remembers what the folder itself is like; its name counts for nothing here. */
  describe(number: number, entry: FolderEntry): void {
    this.#entries[number] = entry;
  }

  /** Undefined for a folder that was only passed on the way. */
  entryOf(number: number): FolderEntry | undefined {
    return this.#entries[number];
  }

  parentOf(number: number): number {
    return this.#parents[number] ?? 0;
  }

  /** Names from the source's full path down. */
  namesOf(number: number): Buffer[] {
    const names: Buffer[] = [];
    for (let at = number; at !== 0; at = this.#parents[at] ?? 0) {
      const name = this.#names[at];
      if (name === undefined) throw new RangeError(`the order has no folder ${number}`);
      names.push(name);
    }
    return names.reverse();
  }

  #child(parent: number, name: Buffer): number {
    const key = `${parent}/${name.toString('latin1')}`;
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    const number = this.#names.length;
    this.#numbers.set(key, number);
    this.#parents.push(parent);
    this.#names.push(name);
    this.#entries.push(undefined);
    return number;
  }
}
