/**
 * Entry: one name in a folder, as it was found on disk and as it is kept in the catalog and in manifests.
 * Names and link targets are bytes: file systems promise no encoding.
 */

/** A point in time as file systems keep it; `ns` in 0 … 999,999,999, `s` may be negative. */
export interface FileTime {
  readonly s: number;
  readonly ns: number;
}

interface Named {
  readonly name: Buffer;
  /** Permission bits with setuid, setgid and sticky: `st_mode & 0o7777`. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: FileTime;
}

export interface FolderEntry extends Named {
  readonly kind: 'folder';
}

export interface SymlinkEntry extends Named {
  readonly kind: 'symlink';
  /** What it points to, as written; never resolved. */
  readonly to: Buffer;
}

/** A regular file as `lstat` sees it, before anybody reads it. */
export interface FoundFile extends Named {
  readonly kind: 'file';
  readonly size: number;
  readonly ctime: FileTime;
  /** Low 52 bits of the inode number: enough to tell that a name now means another file. */
  readonly ino: number;
  /** For a file with several names: a 48-bit number equal for all of them. Else null. */
  readonly inode: number | null;
  /** Fewer blocks on disk than its size needs: it has holes. */
  readonly sparse: boolean;
}

/** A file with its content known. */
export interface FileEntry extends FoundFile {
  readonly content: FileContent;
  /** It changed while it was read, each time it was tried; the content is what was read last. */
  readonly inconsistent: boolean;
  /**
   * False when it was changed so shortly before it was read that a later change could go unseen:
   * the next run reads it again whatever its times say.
   */
  readonly settled: boolean;
}

export interface FileContent {
  /** Chunk numbers in file order, as runs: first number and how many follow upwards, alternating. */
  readonly runs: Uint32Array;
  /** SHA-256 over all chunk ids in file order: the whole-file hash. 32 bytes. */
  readonly hash: Buffer;
}

export type FoundEntry = FolderEntry | SymlinkEntry | FoundFile;
export type Entry = FolderEntry | SymlinkEntry | FileEntry;

/** A source file or folder that could not be saved, or was left out on purpose, and why. */
export interface Problem {
  readonly path: Buffer;
  /** `skipped`: not a kind of file that is saved (socket, FIFO, device). The others: see `FailureKind`. */
  readonly kind: 'skipped' | 'unreadable' | 'changed' | 'vanished' | 'unsupported';
  readonly message: string;
}

/** Expands content runs to single chunk numbers, in file order. */
export function* chunkNumbers(runs: Uint32Array): Generator<number> {
  for (let i = 0; i < runs.length; i += 2) {
    const first = runs[i] ?? 0;
    const count = runs[i + 1] ?? 0;
    for (let n = first; n < first + count; n++) yield n;
  }
}

/** How many chunks the runs stand for. */
export function countChunks(runs: Uint32Array): number {
  let total = 0;
  for (let i = 1; i < runs.length; i += 2) total += runs[i] ?? 0;
  return total;
}

/** Collects chunk numbers into runs. */
export class RunBuilder {
  #runs: number[] = [];

  add(chunk: number): void {
    const last = this.#runs.length - 2;
    const first = this.#runs[last];
    const count = this.#runs[last + 1];
    if (first !== undefined && count !== undefined && first + count === chunk)
      this.#runs[last + 1] = count + 1;
    else this.#runs.push(chunk, 1);
  }

  runs(): Uint32Array {
    return Uint32Array.from(this.#runs);
  }
}
