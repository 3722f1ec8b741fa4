/**
 * Ways to deep folders that do not start at the top each time.
 *
 * The system walks a path from its beginning, so a tree thousands of folders deep would cost the square of its depth.
 * A walk that goes down and comes back up keeps a folder open every so often and reaches what is below from there.
 * Where there is no `/proc` every path starts at the top, as it would without this.
 */
import { closeSync, constants, openSync } from 'node:fs';
import { withShortPath } from './longPath.ts';

/** Few descriptors (32 for 4,096 folders), and short ways. */
const FOLDERS_APART = 128;
const SLASH = Buffer.from('/');
const OPEN_FOLDER = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

interface Anchor {
  readonly depth: number;
  readonly descriptor: number;
}

/** For one walk that visits every folder before those inside it and is done with them before it goes on. */
export class Anchors {
  readonly #top: Buffer;
  readonly #open: Anchor[] = [];

  constructor(top: Buffer) {
    this.#top = top;
  }

  /** A path to the folder at `names` below the top; valid until the next call. */
  reach(names: readonly Buffer[]): Buffer {
    this.#leave(names.length);
    const depth = this.#open.at(-1)?.depth ?? 0;
    if (names.length - depth > FOLDERS_APART && process.platform === 'linux') this.#drop(names.slice(0, -1));
    return this.#from(names);
  }

  close(): void {
    this.#leave(0);
  }

  /** What is open at this depth or below is not on the way to the next folder. */
  #leave(depth: number): void {
    for (let last = this.#open.at(-1); last !== undefined && last.depth >= depth; last = this.#open.at(-1)) {
      closeSync(last.descriptor);
      this.#open.pop();
    }
  }

  #drop(names: readonly Buffer[]): void {
    try {
      const descriptor = withShortPath(this.#from(names), (short) => openSync(short, OPEN_FOLDER));
      this.#open.push({ depth: names.length, descriptor });
    } catch {
      // Gone, or too many open files: the longer way tells, or does.
    }
  }

  #from(names: readonly Buffer[]): Buffer {
    const anchor = this.#open.at(-1);
    if (anchor === undefined) return joinNames(this.#top, names);
    return joinNames(Buffer.from(`/proc/self/fd/${anchor.descriptor}`), names.slice(anchor.depth));
  }
}

/** The path to `names` below `folder`. */
export function joinNames(folder: Buffer, names: readonly Buffer[]): Buffer {
  const isTop = folder.equals(SLASH);
  return Buffer.concat([folder, ...names.flatMap((name, i) => (isTop && i === 0 ? [name] : [SLASH, name]))]);
}
