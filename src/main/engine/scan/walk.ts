/**
 * Walks a source folder and says what is in it, one folder at a time, each before those inside it, in the order of
 * names as bytes: the order in which the catalog can be read beside it.
 *
 * What a walk must never do is take something it could not see for deleted. So a folder counts as `complete` only if
 * every name in it was looked at; a folder that cannot be read, or is gone when its turn comes, is reported with
 * nothing in it and `complete: false`. An entry that goes away between listing and looking is simply not there, unless
 * its whole folder went with it (a disk was unplugged).
 *
 * Links are never followed. File systems mounted below the source belong to it and are walked: to a person they are
 * folders in the folder. The calls are synchronous, ten times as fast as promises, and go in slices.
 */
import { type BigIntStats, lstatSync, readdirSync, readlinkSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { FoundEntry, Problem } from '../entry.ts';
import { errorCode } from '../failure.ts';
import { Anchors, joinNames } from './anchors.ts';
import { foundFile, foundFolder, foundSymlink } from './found.ts';
import { withShortPath } from './longPath.ts';
import { identity, type Root } from './root.ts';
import { isCache, CACHE_TAG } from './cacheTag.ts';
import { type IsExcluded, parseRules, type RuleFacts, type Rules } from './rules.ts';

/** Names looked at between two chances to let others run: well under a millisecond. */
const SLICE_NAMES = 64;
const TURN_MS = 8;
/** Room behind a folder's path: a slash and the longest name. */
const NAME_ROOM = 256 * 4;

export interface FoundFolder {
  /** Absolute. */
  readonly path: Buffer;
  /** Path below the root; empty for the root itself. */
  readonly names: readonly Buffer[];
  /** By name as bytes, ascending. Excluded names, and kinds that are not saved, are not among them. */
  readonly entries: readonly FoundEntry[];
  /** False when something in it could not be seen: then a name that is missing need not be gone. */
  readonly complete: boolean;
  readonly problems: readonly Problem[];
}

export interface WalkOptions {
  readonly rules?: Rules;
  readonly signal?: AbortSignal;
}

/**
 * Holds the entries of one folder, and the names of the folders still to be entered. Gives the event loop a turn at
 * least every 10 ms of its own work, save that the system lists a folder in one go (about a microsecond a name).
 * Names share memory with their neighbours: copy one before it is handed to another thread.
 * Rejects only when `signal` aborts.
 */
export async function* walk(
  root: Root,
  options: WalkOptions = {},
): AsyncGenerator<FoundFolder, void, undefined> {
  let turnEnds = performance.now() + TURN_MS;
  for (const found of walkInSlices(root, options.rules ?? parseRules([]))) {
    if (performance.now() >= turnEnds) {
      await nextTurn();
      turnEnds = performance.now() + TURN_MS;
    }
    options.signal?.throwIfAborted();
    if (found !== undefined) yield found;
  }
}

/** A folder to be entered. */
interface Visit {
  readonly name: Buffer;
  /** How much of names and path of the folder visited before it are its parent's too: a walk always comes back up. */
  readonly parent: { readonly depth: number; readonly pathBytes: number } | undefined;
  /** What the name meant when it was found; undefined for the root. */
  readonly identity: string | undefined;
}

interface Place {
  readonly names: readonly Buffer[];
  /** As it is reported. */
  readonly path: Buffer;
  readonly identity: string | undefined;
}

/** Undefined is a chance to let others run. */
function* walkInSlices(root: Root, rules: Rules): Generator<FoundFolder | undefined, void, undefined> {
  const anchors = new Anchors(root.path);
  const pending: Visit[] = [{ name: root.entry.name, parent: undefined, identity: undefined }];
  let place: Place = { names: [], path: root.path, identity: undefined };
  try {
    for (let visit = pending.pop(); visit !== undefined; visit = pending.pop()) {
      place = placeOf(visit, place);
      const { names, path } = place;
      const look = new FolderLook(place, anchors.reach(names), rules, root.skipped);
      yield* look.run();
      yield { path, names, entries: look.entries, complete: look.complete, problems: look.problems };
      for (const inner of look.folders.reverse()) pending.push(inner);
    }
  } finally {
    anchors.close();
  }
}

function placeOf({ name, parent, identity }: Visit, last: Place): Place {
  if (parent === undefined) return last;
  const names = last.names.slice(0, parent.depth);
  names.push(name);
  return { names, path: joinNames(last.path.subarray(0, parent.pathBytes), [name]), identity };
}

/** One look into one folder; a class because it stops half-way, again and again, to let others run. */
class FolderLook {
  readonly entries: FoundEntry[] = [];
  readonly folders: Visit[] = [];
  readonly problems: Problem[] = [];
  complete = true;
  readonly #place: Place;
  /** As it is reached. */
  readonly #way: Buffer;
  readonly #isExcluded: IsExcluded;
  readonly #leavesCaches: boolean;
  readonly #skipped: ReadonlySet<string>;
  #self = '';
  #hasVanished = false;
  /** It may be listed, but nothing in it looked at: one problem, not one for each name. */
  #isShut = false;

  constructor(place: Place, way: Buffer, rules: Rules, skipped: ReadonlySet<string>) {
    this.#place = place;
    this.#way = way;
    this.#isExcluded = rules.below(place.names);
    this.#leavesCaches = rules.leavesCaches;
    this.#skipped = skipped;
  }

  *run(): Generator<undefined, void, undefined> {
    const names = this.#list();
    yield;
    for (let at = 0; at < names.length && !this.#isShut; at += SLICE_NAMES) {
      this.#lookAtSlice(names.slice(at, at + SLICE_NAMES));
      yield;
    }
    if (this.#hasVanished && this.#identityNow() !== this.#self) {
      this.#miss(
        this.#place.path,
        'vanished',
        'It went away while it was read; what was saved of it before is kept.',
      );
    }
  }

  /** Names as latin1 text: one character a byte, so nothing is lost, and they sort as bytes do. */
  #list(): string[] {
    try {
      return withShortPath(
        this.#way,
        (short) => {
          const stat = lstatSync(short, { bigint: true });
          this.#self = identity(stat);
          const expected = this.#place.identity ?? this.#self;
          if (!stat.isDirectory() || this.#self !== expected) {
            this.#miss(
              this.#place.path,
              'changed',
              'It became something else while the folder above it was read.',
            );
            return [];
          }
          const names = readdirSync(short, { encoding: 'latin1' });
          return this.#leavesCaches && names.includes(CACHE_TAG) && isCache(short)
            ? [CACHE_TAG]
            : names.sort();
        },
        NAME_ROOM,
      );
    } catch (error) {
      this.#missFor(this.#place.path, error);
      return [];
    }
  }

  #lookAtSlice(names: readonly string[]): void {
    try {
      withShortPath(
        this.#way,
        (short) => {
          const path = Buffer.allocUnsafe(short.length + NAME_ROOM);
          short.copy(path);
          path.write('/', short.length);
          for (const name of names) {
            if (this.#isShut) return;
            const end = short.length + 1 + path.write(name, short.length + 1, 'latin1');
            this.#lookAt(Buffer.from(name, 'latin1'), path.subarray(0, end));
          }
        },
        NAME_ROOM,
      );
    } catch (error) {
      this.#missFor(this.#place.path, error);
    }
  }

  #lookAt(name: Buffer, path: Buffer): void {
    try {
      const stat = lstatSync(path, { bigint: true, throwIfNoEntry: false });
      if (stat === undefined) this.#hasVanished = true;
      else if (!this.#isExcluded(name, factsOf(stat))) this.#add(name, stat, path);
    } catch (error) {
      this.#isShut = errorCode(error) === 'EACCES';
      this.#missFor(this.#isShut ? this.#place.path : this.#pathTo(name), error);
    }
  }

  #add(name: Buffer, stat: BigIntStats, path: Buffer): void {
    if (stat.isFile()) this.entries.push(foundFile(name, stat));
    else if (stat.isDirectory()) this.#addFolder(name, stat);
    else if (stat.isSymbolicLink()) {
      this.entries.push(foundSymlink(name, stat, readlinkSync(path, { encoding: 'buffer' })));
    } else
      this.#report(
        this.#pathTo(name),
        'skipped',
        `It is ${specialKind(stat)}, which has no content to save.`,
      );
  }

  #addFolder(name: Buffer, stat: BigIntStats): void {
    const found = identity(stat);
    if (this.#skipped.has(found)) return;
    this.entries.push(foundFolder(name, stat));
    const { names, path } = this.#place;
    this.folders.push({ name, parent: { depth: names.length, pathBytes: path.length }, identity: found });
  }

  #identityNow(): string | undefined {
    const look = (short: Buffer) => lstatSync(short, { bigint: true, throwIfNoEntry: false });
    try {
      const stat = withShortPath(this.#way, look);
      return stat && identity(stat);
    } catch {
      return undefined; // whatever it is: the folder can no longer be seen
    }
  }

  #missFor(path: Buffer, error: unknown): void {
    const code = errorCode(error);
    if (code === undefined) throw error;
    if (code === 'ENOENT' || code === 'ENOTDIR')
      this.#miss(path, 'vanished', 'It went away while it was read.');
    else if (code === 'EINVAL')
      this.#miss(path, 'changed', 'It became something else while it was looked at.');
    else this.#miss(path, 'unreadable', unreadable(code));
  }

  #miss(path: Buffer, kind: Problem['kind'], message: string): void {
    this.complete = false;
    this.#report(path, kind, message);
  }

  #report(path: Buffer, kind: Problem['kind'], message: string): void {
    this.problems.push({ path, kind, message });
  }

  #pathTo(name: Buffer): Buffer {
    return joinNames(this.#place.path, [name]);
  }
}

function factsOf(stat: BigIntStats): RuleFacts {
  const kind = stat.isDirectory() ? 'folder' : stat.isFile() ? 'file' : 'other';
  return { kind, size: Number(stat.size), changedAt: Number(stat.mtimeMs) };
}

function unreadable(code: string): string {
  if (code === 'EACCES' || code === 'EPERM') return 'It may not be read: permission denied.';
  return `It cannot be read (${code}).`;
}

function specialKind(stat: BigIntStats): string {
  if (stat.isSocket()) return 'a socket';
  if (stat.isFIFO()) return 'a FIFO';
  if (stat.isBlockDevice() || stat.isCharacterDevice()) return 'a device';
  return 'of an unknown kind';
}
