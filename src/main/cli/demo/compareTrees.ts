/**
 * Compares a restored tree with its source: names, kinds, contents, modes, times, links, shared files and holes.
 *
 * It shares no code with the engine, so that a mistake there cannot hide itself here. Names are bytes; links are never
 * followed; memory holds the names of one folder and of those on the way to it, and one short line for each file with
 * several names.
 */
import {
  type BigIntStats,
  closeSync,
  constants,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
} from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { compareFiles } from './compareFiles.ts';
import { type TreeCursor, treeCursor } from './treeCursor.ts';

export interface Comparison {
  /** What both trees have. */
  readonly files: number;
  readonly folders: number;
  readonly symlinks: number;
  /** Bytes of files that were compared. */
  readonly bytes: number;
  /** Names of files beyond each file's first. */
  readonly hardLinks: number;
  /** Files with holes. */
  readonly sparseFiles: number;
  /** Sockets, FIFOs and devices in the source: they are not saved. */
  readonly specials: number;
  /** Names in the source that could not be read, and so not be compared. */
  readonly unreadable: number;
  /** Owners are not restored unless asked for; set-id and sticky bits neither. Not differences. */
  readonly otherOwners: number;
  readonly droppedBits: number;
  readonly differenceCount: number;
  /** The first of them. */
  readonly differences: readonly Difference[];
}

interface Difference {
  /** Below the root; bytes that are no text are shown as replacement characters. */
  readonly path: string;
  readonly what: string;
}

interface CompareOptions {
  readonly signal?: AbortSignal;
  /** Called a few times a second. */
  readonly onProgress?: (soFar: Comparison) => void;
}

const LISTED_DIFFERENCES = 1_000;
const TURN_MS = 10;
const PROGRESS_MS = 250;
const DOT = Buffer.from('.');
/** What a file system may need beyond the pages themselves: its own records of where they lie. */
const SLACK_BYTES = 64 * 1024;

/** @throws the system's error when one of the two roots cannot be opened; rejects when `signal` aborts */
export async function compareTrees(
  source: string,
  restored: string,
  options: CompareOptions = {},
): Promise<Comparison> {
  const ours = treeCursor(source);
  try {
    const theirs = treeCursor(restored);
    try {
      const work = new TreeComparison(ours, theirs, options);
      await work.run();
      return work.counts;
    } finally {
      theirs.close();
    }
  } finally {
    ours.close();
  }
}

type Counts = { -readonly [K in keyof Comparison]: Comparison[K] } & { differences: Difference[] };

/** One comparison: two cursors that move together, and what was found. */
class TreeComparison {
  readonly counts: Counts = {
    files: 0,
    folders: 0,
    symlinks: 0,
    bytes: 0,
    hardLinks: 0,
    sparseFiles: 0,
    specials: 0,
    unreadable: 0,
    otherOwners: 0,
    droppedBits: 0,
    differenceCount: 0,
    differences: [],
  };
  readonly #source: TreeCursor;
  readonly #restored: TreeCursor;
  readonly #options: CompareOptions;
  /** Names on the way to where the cursors stand. */
  readonly #way: Buffer[] = [];
  /** For files with several names: what one is in the other tree. */
  readonly #restoredOf = new Map<string, string>();
  readonly #sourceOf = new Map<string, string>();
  #turnEnds = performance.now() + TURN_MS;
  #progressAt = performance.now() + PROGRESS_MS;

  constructor(source: TreeCursor, restored: TreeCursor, options: CompareOptions) {
    this.#source = source;
    this.#restored = restored;
    this.#options = options;
  }

  async run(): Promise<void> {
    this.#compareMetadata(DOT, look(this.#source, DOT), look(this.#restored, DOT));
    this.counts.folders += 1;
    const toVisit: string[][] = [await this.#compareFolder()];
    for (let names = toVisit.at(-1); names !== undefined; names = toVisit.at(-1)) {
      const next = names.pop();
      if (next === undefined) {
        toVisit.pop();
        this.#leave();
      } else if (this.#enter(Buffer.from(next, 'latin1'))) toVisit.push(await this.#compareFolder());
    }
  }

  #enter(name: Buffer): boolean {
    try {
      this.#source.enter(name);
    } catch {
      this.counts.unreadable += 1;
      return false;
    }
    try {
      this.#restored.enter(name);
    } catch {
      this.#source.leave();
      this.#differs(name, 'the restored folder cannot be read');
      return false;
    }
    this.#way.push(name);
    return true;
  }

  #leave(): void {
    if (this.#way.pop() === undefined) return;
    this.#source.leave();
    this.#restored.leave();
  }

  /** Compares all names in the folder; returns those of folders both have, last first, one character a byte. */
  async #compareFolder(): Promise<string[]> {
    const source = this.#list(this.#source);
    const restored = this.#list(this.#restored);
    if (source === undefined) this.counts.unreadable += 1;
    else if (restored === undefined) this.#differs(DOT, 'the restored folder cannot be read');
    if (source === undefined || restored === undefined) return [];
    const folders: string[] = [];
    const isRestored = new Set(restored);
    for (const text of source) {
      const name = Buffer.from(text, 'latin1');
      if (!isRestored.delete(text)) this.#missing(name);
      else if (await this.#compareName(name)) folders.push(text);
      await this.#breathe();
    }
    for (const text of isRestored) this.#differs(Buffer.from(text, 'latin1'), 'is not in the source');
    return folders.reverse();
  }

  #list(cursor: TreeCursor): string[] | undefined {
    try {
      return readdirSync(cursor.at(DOT), { encoding: 'latin1' }).sort();
    } catch {
      return undefined;
    }
  }

  /** A name that was not restored, for a good reason or for none. */
  #missing(name: Buffer): void {
    const stat = lstatSync(this.#source.at(name), { bigint: true });
    if (kindOf(stat) === 'special') this.counts.specials += 1;
    else if (kindOf(stat) === 'file' && !this.#canRead(name)) this.counts.unreadable += 1;
    else this.#differs(name, 'was not restored');
  }

  #canRead(name: Buffer): boolean {
    try {
      closeSync(
        openSync(this.#source.at(name), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK),
      );
      return true;
    } catch {
      return false;
    }
  }

  /** Whether both are folders, to be gone into. */
  async #compareName(name: Buffer): Promise<boolean> {
    const source = look(this.#source, name);
    const restored = look(this.#restored, name);
    const kind = kindOf(source);
    if (kind !== kindOf(restored)) {
      this.#differs(name, `is a ${kindOf(restored)} instead of a ${kind}`);
      return false;
    }
    this.#compareMetadata(name, source, restored);
    if (kind === 'folder') this.counts.folders += 1;
    else if (kind === 'file') await this.#compareFile(name, source, restored);
    else if (kind === 'link') this.#compareLink(name);
    else this.#differs(name, 'is not a kind that is restored');
    return kind === 'folder';
  }

  #compareMetadata(name: Buffer, source: BigIntStats, restored: BigIntStats): void {
    if (microseconds(source.mtimeNs) !== microseconds(restored.mtimeNs)) {
      this.#differs(name, `has the time ${showTime(restored)} instead of ${showTime(source)}`);
    }
    if (source.uid !== restored.uid || source.gid !== restored.gid) this.counts.otherOwners += 1;
    if (source.isSymbolicLink()) return; // links have no mode of their own
    const [wanted, got] = [Number(source.mode) & 0o7777, Number(restored.mode) & 0o7777];
    if (wanted === got) return;
    if ((wanted & 0o777) === got) this.counts.droppedBits += 1;
    else this.#differs(name, `has the mode ${got.toString(8)} instead of ${wanted.toString(8)}`);
  }

  #compareLink(name: Buffer): void {
    this.counts.symlinks += 1;
    const [source, restored] = [this.#source, this.#restored].map((cursor) =>
      readlinkSync(cursor.at(name), { encoding: 'buffer' }),
    );
    if (source === undefined || restored === undefined || !source.equals(restored)) {
      this.#differs(name, 'leads somewhere else');
    }
  }

  async #compareFile(name: Buffer, source: BigIntStats, restored: BigIntStats): Promise<void> {
    this.counts.files += 1;
    this.#compareSharing(name, source, restored);
    if (source.size !== restored.size) {
      this.#differs(name, `has ${restored.size} bytes instead of ${source.size}`);
      return;
    }
    if (!this.#canRead(name)) {
      this.counts.unreadable += 1;
      return;
    }
    try {
      const paths = [this.#source.at(name), this.#restored.at(name)] as const;
      const contents = await compareFiles(...paths, async () => this.#breathe());
      this.counts.bytes += contents.bytes;
      if (!contents.isEqual) this.#differs(name, 'has other content');
      else if (source.blocks * 512n < source.size) this.#compareHoles(name, restored, contents.usedPages);
    } catch (error) {
      if (this.#options.signal?.aborted) throw error;
      this.#differs(name, `cannot be read back (${String(error)})`);
    }
  }

  /** Where the source has holes, the restored file may take what its pages with content need. */
  #compareHoles(name: Buffer, restored: BigIntStats, usedPages: number): void {
    this.counts.sparseFiles += 1;
    const needed = usedPages * 4096;
    const taken = Number(restored.blocks) * 512;
    if (taken <= needed + needed / 64 + SLACK_BYTES) return;
    this.#differs(name, `takes ${taken} bytes on disk where ${needed} would do: its holes were filled`);
  }

  /** Names of one file must be names of one file again, and no others. */
  #compareSharing(name: Buffer, source: BigIntStats, restored: BigIntStats): void {
    const [ours, theirs] = [`${source.dev}:${source.ino}`, `${restored.dev}:${restored.ino}`];
    if (source.nlink > 1n) {
      const before = this.#restoredOf.get(ours);
      if (before === undefined) this.#restoredOf.set(ours, theirs);
      else {
        this.counts.hardLinks += 1;
        if (before !== theirs) this.#differs(name, 'is no longer the same file as its other names');
      }
    }
    if (restored.nlink > 1n) {
      const before = this.#sourceOf.get(theirs);
      if (before === undefined) this.#sourceOf.set(theirs, ours);
      else if (before !== ours) this.#differs(name, 'became the same file as another');
    }
  }

  #differs(name: Buffer, what: string): void {
    this.counts.differenceCount += 1;
    if (this.counts.differences.length >= LISTED_DIFFERENCES) return;
    const names = name.equals(DOT) ? this.#way : [...this.#way, name];
    this.counts.differences.push({ path: names.map((each) => each.toString()).join('/') || '.', what });
  }

  async #breathe(): Promise<void> {
    if (performance.now() < this.#turnEnds) return;
    await nextTurn();
    this.#options.signal?.throwIfAborted();
    const now = performance.now();
    this.#turnEnds = now + TURN_MS;
    if (now < this.#progressAt) return;
    this.#progressAt = now + PROGRESS_MS;
    this.#options.onProgress?.(this.counts);
  }
}

function look(cursor: TreeCursor, name: Buffer): BigIntStats {
  return lstatSync(cursor.at(name), { bigint: true });
}

function kindOf(stat: BigIntStats): 'file' | 'folder' | 'link' | 'special' {
  if (stat.isFile()) return 'file';
  if (stat.isDirectory()) return 'folder';
  return stat.isSymbolicLink() ? 'link' : 'special';
}

/** Whole microseconds, rounded down; what Node can set. */
function microseconds(ns: bigint): bigint {
  return ns / 1_000n - (ns % 1_000n < 0n ? 1n : 0n);
}

function showTime(stat: BigIntStats): string {
  const us = microseconds(stat.mtimeNs);
  return `${us / 1_000_000n}.${(us % 1_000_000n).toString().padStart(6, '0')}`;
}
