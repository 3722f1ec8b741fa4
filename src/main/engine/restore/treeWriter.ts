/**
 * Writes a restored tree so that nothing outside it can be touched and nothing half-done looks finished.
 *
 * The order of acts: folders, then files, then further names of files, links last, then the modes and times of folders
 * from the deepest up. Every folder on the way to a name is entered by itself as a real folder, never through a link.
 * A file is written under a temporary name, checked by whoever wrote it, given its metadata, made durable, and only
 * then gets its name; that is never taken from another file: what is in the way stays, and the new one is numbered.
 *
 * Every step may be done again after a kill: an order that began here finds what it had made. Folders must be made
 * again first, all of them, because one that got a number is known only to this process.
 *
 * Failures of kind `conflict`, `changed` and `unsupported` concern one name; with any other the restore cannot go on.
 */
import { closeSync, constants, linkSync, lstatSync, readdirSync } from 'node:fs';
import { readlinkSync, rmdirSync, symlinkSync, unlinkSync } from 'node:fs';
import { crashpoint } from '../crashpoint.ts';
import { EngineError, errorCode } from '../failure.ts';
import { conflictName, nameOnDisk, type NameRules, ownNameRules } from './names.ts';
import { type Destination, takeDestination } from './writing/destination.ts';
import { Durability, syncDescriptor } from './writing/durable.ts';
import { FileWriter, temporaryFacts } from './writing/fileWriter.ts';
import { type Hold, openOwn, ownHold, type SharedFolder } from './writing/folderHandle.ts';
import {
  type Applied,
  applyFolderTime,
  applyLinkMetadata,
  applyMetadata,
  type Metadata,
  type MetadataWishes,
} from './writing/metadata.ts';
import { type Names, type OnDisk, OpenFolders } from './writing/openFolders.ts';
import { addName, dropName, isLinkRefusal } from './writing/placing.ts';
import { readAll, type TemporaryFileFacts } from './writing/temporaryFile.ts';
import {
  emptyLink,
  isAboutOneName,
  noFurtherNames,
  replaced,
  writeFailure,
  pathOf,
} from './writing/writeFailure.ts';

export interface TreeOptions extends Partial<MetadataWishes> {
  /** Id of the order, letters and digits: the destination is its own, also after a restart. */
  readonly order: string;
  /** Nothing is restored into these (the profile). */
  readonly avoid?: readonly Buffer[];
  /** Those of this system unless named. */
  readonly rules?: NameRules;
  readonly hold?: Hold;
}

/** A file or link under its final name. */
export interface Placed extends OnDisk {
  /** Its folder, as in the snapshot. */
  readonly folder: Names;
  readonly dev: bigint;
  readonly ino: bigint;
}

export type Result =
  | { readonly state: 'verified'; readonly placed: Placed }
  | { readonly state: 'metadata-problems'; readonly placed: Placed; readonly problems: readonly string[] }
  | { readonly state: 'failed'; readonly failure: EngineError };

/** A file whose content was written and found right, and which has its metadata or is to be given it. */
export type Checked =
  | { readonly file: FileWriter; readonly metadata: Metadata; readonly applied?: never }
  | { readonly file: FileWriter; readonly applied: Applied };

/** What another thread needs to write files of this tree under their temporary names. */
export interface SharedTree {
  readonly temporary: SharedFolder;
  readonly wishes: MetadataWishes;
}

interface Finished {
  readonly descriptor: number;
  readonly placed: Placed;
}

type Settled =
  | { readonly file: FileWriter; readonly applied: Applied; readonly failure?: never }
  | { readonly file: FileWriter; readonly applied?: never; readonly failure: EngineError };

/** Reads up to `into.length` bytes at `offset`; returns how many there were. */
export type ReadAt = (into: Uint8Array, offset: number) => number;

const DOT = Buffer.from('.');
const READ = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/**
 * Takes the folder at `path` (absolute): it must not exist, or be empty, or be one that this order began.
 * @throws EngineError see `takeDestination`
 */
export function openDestination(path: Buffer, options: TreeOptions): TreeWriter {
  const hold = options.hold ?? ownHold();
  return new TreeWriter(takeDestination(path, options.order, options.avoid ?? [], hold), hold, options);
}

export class TreeWriter {
  /** This order began here before: finished files may be found by `findFinished`. */
  readonly resumed: boolean;
  readonly #destination: Destination;
  readonly #folders: OpenFolders;
  readonly #rules: NameRules;
  readonly #wishes: MetadataWishes;
  readonly #durability: Durability;

  constructor(destination: Destination, hold: Hold, options: TreeOptions) {
    this.resumed = destination.resumed;
    this.#destination = destination;
    this.#rules = options.rules ?? ownNameRules();
    this.#folders = new OpenFolders(destination.top, hold, this.#rules, this.resumed);
    this.#durability = new Durability(destination.top, this.#folders);
    this.#wishes = { ownership: options.ownership ?? false, specialBits: options.specialBits ?? false };
  }

  /** Makes a folder inside one that was made before; a second time is no matter. `names` begins below the destination. */
  makeFolder(names: Names): OnDisk {
    return this.#guard(names, () => {
      const made = this.#folders.make(names);
      this.#durability.touch(names.slice(0, -1));
      return made;
    });
  }

  /**
   * Begins a file in a folder that was made, or goes on with it (`resumed`) if an earlier run began it. It holds a
   * descriptor until it is finished, closed or discarded.
   * @param sparse write holes for runs of zeros
   */
  beginFile(names: Names, size: number, sparse: boolean): FileWriter {
    return this.#guard(names, () => {
      const name = names.at(-1);
      if (name === undefined) throw new RangeError('a file needs a name');
      nameOnDisk(name, this.#rules); // refused before anything is fetched for it
      return new FileWriter(this.#destination.temporary, names, temporaryFacts(names, size, sparse));
    });
  }

  get shared(): SharedTree {
    return { temporary: this.#destination.temporary.shared, wishes: this.#wishes };
  }

  /** How another thread is to begin a file. @throws EngineError when the file system cannot hold its name */
  factsOf(names: Names, size: number, sparse: boolean): TemporaryFileFacts {
    return this.#guard(names, () => {
      nameOnDisk(names.at(-1) ?? Buffer.alloc(0), this.#rules);
      return temporaryFacts(names, size, sparse);
    });
  }

  /** Goes on with a file that another thread began. @param facts `factsOf` its names */
  takeFile(names: Names, facts: TemporaryFileFacts, descriptor: number): FileWriter {
    return new FileWriter(this.#destination.temporary, names, facts, descriptor);
  }

  /**
   * Finishes files: metadata, durable content, final name, durable name. When it resolves they are there for good.
   * Some hundreds at once cost a fraction of one by one. All of them are closed, however it ends.
   * @returns one result each, in order
   */
  async finish(batch: readonly Checked[]): Promise<Result[]> {
    try {
      const settled = batch.map((checked) => this.#settle(checked));
      const good = settled.filter((each) => each.applied !== undefined);
      await this.#guardAsync(async () => this.#durability.syncFiles(good.map(({ file }) => file.descriptor)));
      const results = settled.map((each) => this.#place(each));
      await this.sync();
      // Before the new names last, a power cut could take them back and the old ones away.
      for (const [i, { file }] of batch.entries()) {
        if (results[i]?.state !== 'failed') this.#guard(file.names, () => dropName(file.temporaryPath));
      }
      return results;
    } finally {
      for (const { file } of batch) file.close();
    }
  }

  /**
   * Looks for a file that an earlier run finished before it was killed, and gives it its metadata once more.
   * @param isRight reads it all and says whether it is the file that belongs there
   * @returns undefined when there is none and it has to be restored
   */
  async findFinished(
    names: Names,
    size: number,
    metadata: Metadata,
    isRight: (read: ReadAt) => Promise<boolean>,
  ): Promise<Result | undefined> {
    for (let number = 1; this.resumed; number++) {
      const found = this.#openFinished(names, number, size);
      if (found === 'none') return undefined;
      if (found === 'another') continue;
      try {
        const read: ReadAt = (into, offset) => readAll(found.descriptor, into, offset);
        if (!(await isRight(read))) continue;
        return resultOf(found.placed, applyMetadata(found.descriptor, metadata, this.#wishes).problems);
      } finally {
        closeSync(found.descriptor);
      }
    }
    return undefined;
  }

  /**
   * Gives a file of this restore a further name (a hard link).
   * @returns `failed` with `unsupported` where the file system takes no further names: then restore it as a file
   */
  linkFile(names: Names, source: Placed): Result {
    return this.#result(names, () => {
      const placed = this.#folders.with(source.folder, (folder) => {
        const from = folder.at(source.name);
        if (!isPlaced(from, source)) throw replaced(pathOf([...source.folder, source.name]));
        return this.#folders.claim(names, (to, name) =>
          this.#link(from, to, () => this.#isOurs(names, name, to, source)),
        );
      });
      this.#durability.touch(names.slice(0, -1));
      return { placed: { ...source, ...placed, folder: names.slice(0, -1) }, problems: [] };
    });
  }

  /** Makes a symbolic link, to be called when all files are there. What it points to is never looked at. */
  makeSymlink(names: Names, to: Buffer, metadata: Metadata): Result {
    return this.#result(names, () => {
      if (to.length === 0 || to.includes(0)) throw emptyLink(pathOf(names));
      const isMade = (path: Buffer, name: Buffer): boolean => {
        try {
          symlinkSync(to, path);
          return true;
        } catch (error) {
          if (errorCode(error) !== 'EEXIST') throw error;
          return this.resumed && isLinkTo(path, to) && this.#folders.has(names.slice(0, -1), name);
        }
      };
      const onDisk = this.#folders.claim(names, isMade);
      this.#durability.touch(names.slice(0, -1));
      return this.#folders.with(names.slice(0, -1), (folder) => {
        const problems = applyLinkMetadata(folder.at(onDisk.name), metadata, this.#wishes);
        const stat = lstatSync(folder.at(onDisk.name), { bigint: true });
        const placed = { ...onDisk, folder: names.slice(0, -1), dev: stat.dev, ino: stat.ino };
        return { placed, problems };
      });
    });
  }

  /**
   * Gives a folder its mode and time, to be called when all that is in it is done: deepest folders first. They last
   * after the next `sync`.
   * @returns what could not be set, in words
   */
  finishFolder(names: Names, metadata: Metadata): readonly string[] {
    if (names.length === 0) throw new RangeError('the destination keeps its own mode');
    try {
      return this.#guard(names, () =>
        this.#folders.with(names, (folder) => {
          if (folder.descriptor === undefined) return applyFolderTime(folder.at(DOT), metadata.mtime);
          const { problems } = applyMetadata(folder.descriptor, metadata, this.#wishes);
          this.#durability.leave(names, folder.descriptor);
          return problems;
        }),
      );
    } catch (error) {
      if (error instanceof EngineError && isAboutOneName(error)) return [error.message];
      throw error;
    }
  }

  /** Makes all names survive a power cut: to be called before folders and links are recorded as done. */
  async sync(): Promise<void> {
    await this.#guardAsync(async () => this.#durability.syncNames());
  }

  /** Makes the temporary names of files that are begun survive a power cut: to be called before anything rests on them. */
  syncBegun(): void {
    const { descriptor } = this.#destination.temporary;
    this.#guard([this.#destination.temporaryName], () => {
      if (descriptor !== undefined) syncDescriptor(descriptor);
    });
  }

  /** Lets go of the destination, to be gone on with later. */
  close(): void {
    this.#durability.close();
    this.#folders.close();
    this.#destination.temporary.close();
    this.#destination.top.close();
  }

  /** The order has ended: takes away what was not finished and the sign that the folder is this order's. */
  async end(): Promise<void> {
    const { top, temporary, temporaryName } = this.#destination;
    this.#guard([temporaryName], () => {
      for (const name of readdirSync(temporary.at(DOT), { encoding: 'buffer' }))
        unlinkSync(temporary.at(name));
      rmdirSync(top.at(temporaryName));
    });
    await this.sync();
    this.close();
  }

  #settle({ file, ...checked }: Checked): Settled {
    if (checked.applied !== undefined) return { file, applied: checked.applied };
    try {
      return { file, applied: file.settle(checked.metadata, this.#wishes) };
    } catch (error) {
      const failure = writeFailure(error, pathOf(file.names));
      if (isAboutOneName(failure)) return { file, failure };
      throw failure;
    }
  }

  #place({ file, applied, failure }: Settled): Result {
    if (applied === undefined) return { state: 'failed', failure };
    return this.#result(file.names, () => {
      const folder = file.names.slice(0, -1);
      const onDisk = this.#folders.claim(file.names, (to) => addName(file.temporaryPath, to));
      crashpoint('file-named');
      this.#folders.with(folder, (handle) => handle.confirm(onDisk.name, file.descriptor));
      this.#durability.touch(folder);
      return {
        placed: { ...onDisk, folder, dev: applied.dev, ino: applied.ino },
        problems: applied.problems,
      };
    });
  }

  #openFinished(names: Names, number: number, size: number): Finished | 'none' | 'another' {
    const folder = names.slice(0, -1);
    const original = names.at(-1) ?? Buffer.alloc(0);
    try {
      const first = nameOnDisk(original, this.#rules);
      const name = number === 1 ? first : conflictName(first, number);
      return this.#folders.with(folder, (handle) => {
        const stat = lstatSync(handle.at(name), { bigint: true, throwIfNoEntry: false });
        if (stat === undefined) return 'none';
        if (!stat.isFile() || Number(stat.size) !== size || !this.#folders.has(folder, name))
          return 'another';
        const descriptor = openOwn(handle.at(name), READ, 0o600);
        return {
          descriptor,
          placed: { name, renamed: !name.equals(original), folder, dev: stat.dev, ino: stat.ino },
        };
      });
    } catch (error) {
      if (isAboutOneName(writeFailure(error, pathOf(names)))) return 'none'; // whoever restores it will be told
      throw writeFailure(error, pathOf(names));
    }
  }

  #link(from: Buffer, to: Buffer, isOurs: () => boolean): boolean {
    try {
      linkSync(from, to);
      return true;
    } catch (error) {
      if (errorCode(error) === 'EEXIST') return isOurs();
      if (isLinkRefusal(error)) throw noFurtherNames(error);
      throw error;
    }
  }

  /** The name was given by an earlier run. */
  #isOurs(names: Names, name: Buffer, path: Buffer, source: Placed): boolean {
    return this.resumed && isPlaced(path, source) && this.#folders.has(names.slice(0, -1), name);
  }

  async #guardAsync(act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch (error) {
      throw writeFailure(error, DOT);
    }
  }

  #guard<T>(names: Names, act: () => T): T {
    try {
      return act();
    } catch (error) {
      throw writeFailure(error, pathOf(names));
    }
  }

  #result(names: Names, act: () => { placed: Placed; problems: readonly string[] }): Result {
    try {
      const { placed, problems } = this.#guard(names, act);
      return resultOf(placed, problems);
    } catch (error) {
      if (error instanceof EngineError && isAboutOneName(error)) return { state: 'failed', failure: error };
      throw error;
    }
  }
}

function resultOf(placed: Placed, problems: readonly string[]): Result {
  if (problems.length === 0) return { state: 'verified', placed };
  return { state: 'metadata-problems', placed, problems };
}

function isPlaced(path: Buffer, placed: Placed): boolean {
  const stat = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  return stat !== undefined && stat.isFile() && stat.dev === placed.dev && stat.ino === placed.ino;
}

function isLinkTo(path: Buffer, to: Buffer): boolean {
  const isLink = lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
  return isLink && readlinkSync(path, { encoding: 'buffer' }).equals(to);
}
