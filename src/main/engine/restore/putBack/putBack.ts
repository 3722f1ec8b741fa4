/**
 * The second step of a restore that is to end where the files came from: what was restored to a folder of its own moves
 * into its place.
 *
 * Each file is proven once more, gets its name in its place without ever taking it from another, and only when that
 * lasts loses its name in the restore folder. Where something else stands the person's choice counts: keep both,
 * replace (what was there is set aside first, see `SetAside`), or skip. Nothing is written into a file that is there, no
 * link is followed, and folders that are there keep their mode and time.
 *
 * What was done can be told from the disk alone, so after a kill it is simply done again.
 */
import { fchmodSync, fstatSync, linkSync, lstatSync, readlinkSync } from 'node:fs';
import { renameSync, rmdirSync, symlinkSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  forgetPutBackFolders,
  loadPutBackFolders,
  savePutBackFolders,
} from '../../catalog/putBackFolders.ts';
import { crashpoint } from '../../crashpoint.ts';
import type { SymlinkEntry } from '../../entry.ts';
import { EngineError, errorCode } from '../../failure.ts';
import type { ConflictChoice } from '../../../../shared/types.ts';
import { isMarked, marksOf } from '../localFiles.ts';
import { nameOnDisk } from '../names.ts';
import { selected } from '../select.ts';
import type { FolderHandle } from '../writing/folderHandle.ts';
import { applyFolderTime, applyLinkMetadata, applyMetadata, type Metadata } from '../writing/metadata.ts';
import type { Names, OnDisk, OpenFolders } from '../writing/openFolders.ts';
import { addName, dropName, isLinkRefusal } from '../writing/placing.ts';
import { pathOf, replaced, writeFailure } from '../writing/writeFailure.ts';
import { copyAcross, temporaryName } from './copyAcross.ts';
import type { PutBackTally } from './putBackTally.ts';
import { isSameFile, SetAside } from './setAside.ts';
import { type Found, type Identity, type Standing, standingFile } from './standing.ts';
import { openTrees, type PutBackJob, type Trees } from './trees.ts';

/** Names given between two syncs of the disk. */
const BATCH_NAMES = 500;
/** Names looked at between two turns of the event loop. */
const TURN_NAMES = 100;
/** What it takes to take names out of a folder. */
const USABLE = 0o300;
const DOT = Buffer.from('.');

/** The name of the folder, in the restore folder of an order, for what its files took the place of. */
export function asideName(order: string): string {
  return `Replaced ${order.slice(0, 8)}`;
}

/** A name in the restore folder to be taken away when the new one lasts. */
interface OldName {
  readonly names: Names;
  readonly found: Found | { readonly linkTo: Buffer };
}

interface PlacedFirst extends Identity {
  readonly folder: Names;
  readonly name: Buffer;
}

type State = 'there' | 'made' | 'skipped' | EngineError;

/**
 * Resolves when everything was looked at and what could be moved is in its place for good.
 * @param onProgress is called many times a second
 * @throws EngineError `not-found` when the restore folder is not there, `no-space`; AbortError when it was stopped:
 *   what was moved so far is in its place, all else in the restore folder
 */
export async function putBack(
  job: PutBackJob,
  choice: ConflictChoice,
  tally: PutBackTally,
  onProgress: () => void,
): Promise<void> {
  const trees = openTrees(job);
  const { top, folders } = trees.restored;
  const aside = new SetAside(top, folders, Buffer.from(asideName(job.order.uid)));
  try {
    await new PutBack(job, trees, aside, choice, tally, onProgress).all();
    await job.catalog.transaction((tx) => forgetPutBackFolders(tx, job.order.id));
  } finally {
    aside.close();
    trees.close();
  }
}

class PutBack {
  readonly #job: PutBackJob;
  readonly #trees: Trees;
  readonly #aside: SetAside;
  readonly #choice: ConflictChoice;
  readonly #tally: PutBackTally;
  readonly #onProgress: () => void;
  /** Of the folders in their places, by number. */
  readonly #states: State[] = ['there'];
  /** Files with further names, where their first was placed. */
  readonly #placed = new Map<number, PlacedFirst>();
  readonly #linked: ReadonlySet<number>;
  #old: OldName[] = [];
  #looked = 0;

  constructor(
    job: PutBackJob,
    trees: Trees,
    aside: SetAside,
    choice: ConflictChoice,
    tally: PutBackTally,
    onProgress: () => void,
  ) {
    this.#job = job;
    this.#trees = trees;
    this.#aside = aside;
    this.#choice = choice;
    this.#tally = tally;
    this.#onProgress = onProgress;
    this.#linked = new Set(job.plan.hardLinks.map(({ file }) => file));
  }

  async all(): Promise<void> {
    const { plan } = this.#job;
    await this.#makeFolders();
    try {
      for (let file = 0; file < plan.files.count; file++) {
        const { folder, name } = plan.files.at(file);
        await this.#name(folder, name, (names) => this.#putFile(file, folder, names));
      }
      for (const { file, folder, name } of plan.hardLinks)
        await this.#name(folder, name, (names) => this.#putFile(file, folder, names));
      await this.#settle();
      // Last of all: nothing is reached by name once links exist.
      await this.#putLinks();
    } finally {
      await this.#settle();
      await this.#finishFolders();
    }
  }

  /** Which are to be made is written down first: after a kill they are told by that from those that were there. */
  async #makeFolders(): Promise<void> {
    const { plan, catalog, order } = this.#job;
    const before = await loadPutBackFolders(catalog, order.id);
    const toMake = new Set<number>();
    for (let folder = 1; folder <= plan.folders.count; folder++) {
      await this.#breathe();
      this.#states[folder] = this.#stateOf(folder, before);
      if (this.#states[folder] === 'made') toMake.add(folder);
    }
    if (toMake.size > 0) {
      const marks = marksOf(toMake, plan.folders.count + 1);
      await catalog.transaction((tx) => savePutBackFolders(tx, order.id, marks));
    }
    for (const folder of toMake) {
      await this.#breathe();
      const names = this.#trees.placeOf(folder);
      const above = this.#states[plan.folders.parentOf(folder)];
      try {
        if (above instanceof EngineError) this.#states[folder] = above;
        else this.#makeFolder(names);
      } catch (error) {
        this.#states[folder] = this.#aboutOne(error, names);
      }
    }
    await this.#trees.sources.sync();
  }

  #stateOf(folder: number, before: Buffer | null): State {
    const above = this.#states[this.#job.plan.folders.parentOf(folder)] ?? 'there';
    if (above === 'skipped' || above instanceof EngineError) return above;
    // What lies in a folder that is still to be made is so too; `make` takes what an earlier run made.
    if (above === 'made') return 'made';
    const names = this.#trees.placeOf(folder);
    try {
      const ground = this.#trees.survey.ground(folder);
      if (ground.is === 'there') return isMarked(before, folder) ? 'made' : 'there';
      return ground.is === 'blocked' && this.#choice === 'skip' ? 'skipped' : 'made';
    } catch (error) {
      return this.#aboutOne(error, names);
    }
  }

  #makeFolder(names: Names): void {
    const { folders, durability } = this.#sourceOf(names);
    const below = names.slice(1);
    if (below.length === 0) return;
    folders.make(below);
    durability.touch(below.slice(0, -1));
  }

  /** Calls `put` unless the folder settles what becomes of the name. */
  async #name(folder: number, name: Buffer, put: (names: Names) => Promise<void>): Promise<void> {
    await this.#breathe();
    const names = [...this.#trees.placeOf(folder), name];
    const state = this.#states[folder];
    if (state instanceof EngineError) this.#tally.failed(this.#pathOf(names), state);
    else if (state === 'skipped') this.#tally.skipped(this.#pathOf(names));
    else {
      try {
        await put(names);
      } catch (error) {
        this.#tally.failed(this.#pathOf(names), this.#aboutOne(error, names));
      }
    }
    this.#onProgress();
    if (this.#old.length >= BATCH_NAMES) await this.#settle();
  }

  async #putFile(file: number, folder: number, names: Names): Promise<void> {
    const { survey, isRestored } = this.#trees;
    const standing = await survey.file(file, names);
    const isThere = isRestored(folder);
    if (isThere) this.#openUp(names.slice(0, -1));
    if (standing.is === 'same' && !this.#isToReplace(standing, file, names, isThere)) {
      this.#thereAlready(file, names, standing.found, isThere);
      return;
    }
    if (standing.is === 'other' && this.#choice === 'skip') {
      this.#tally.skipped(this.#pathOf(names));
      return;
    }
    const restored: Standing = isThere ? await this.#provenFile(file, names) : { is: 'nothing' };
    if (restored.is !== 'same') {
      this.#tally.missing(this.#pathOf(names));
      return;
    }
    await this.#bring(file, names, restored.found, standing);
  }

  /** The right file stands beside the name only, and what has the name can be replaced. */
  #isToReplace(
    { first }: Extract<Standing, { is: 'same' }>,
    file: number,
    names: Names,
    isThere: boolean,
  ): boolean {
    const canBe = first === 'file' || first === 'link';
    return this.#choice === 'replace' && canBe && isThere && this.#trees.survey.isRestored(file, names);
  }

  #thereAlready(file: number, names: Names, found: Found, isThere: boolean): void {
    this.#rememberPlaced(file, names, found);
    const { folders } = this.#trees.restored;
    const isMoved =
      isThere &&
      folders.with(names.slice(0, -1), (handle) => isFileAt(handle, this.#nameOnDisk(names), found));
    if (!isMoved) {
      this.#tally.same();
      return;
    }
    // An earlier run came as far as giving the new name.
    this.#old.push({ names, found: { ...found, name: this.#nameOnDisk(names) } });
    this.#tally.moved(this.#job.plan.files.sizeOf(file));
  }

  /** The file in the restore folder; it has its metadata afterwards. */
  #provenFile(file: number, names: Names): Promise<Standing> {
    const { restored, survey } = this.#trees;
    const listed = this.#job.plan.files.at(file);
    return standingFile(restored, names, listed.size, async (read, descriptor) => {
      const isRight = await survey.isRight(file, read, listed);
      if (isRight) applyMetadata(descriptor, listed, this.#job.order.wishes);
      return isRight;
    });
  }

  async #bring(file: number, names: Names, found: Found, standing: Standing): Promise<void> {
    const { folders, durability } = this.#sourceOf(names);
    const above = names.slice(1, -1);
    const isReplacing = this.#replaces(standing);
    const name = this.#nameOnDisk(names);
    const onDisk = await folders.hold(above, async (handle) => {
      const assure = isReplacing ? await this.#aside.keep(handle, name, names) : undefined;
      if (isReplacing) crashpoint('put-back-set-aside');
      const give = (from: Buffer): OnDisk => {
        if (assure === undefined) return claimFor(folders, names.slice(1), from);
        assure();
        renameSync(from, handle.at(name));
        return { name, renamed: !name.equals(names.at(-1) ?? name) };
      };
      if (this.#linkToPlaced(file, found, names, handle)) return giveTemporary(handle, names, give);
      try {
        return this.#trees.restored.folders.with(names.slice(0, -1), (from) => {
          if (!isFileAt(from, found.name, found)) throw replaced(pathOf(names));
          return give(from.at(found.name));
        });
      } catch (error) {
        if (errorCode(error) !== 'EXDEV') throw error;
        return await this.#copyAcross(file, names, found, handle, give);
      }
    });
    crashpoint('put-back-named');
    durability.touch(above);
    this.#old.push({ names, found });
    const placed = folders.with(above, (handle) => lstatSync(handle.at(onDisk.name), { bigint: true }));
    this.#rememberPlaced(file, names, { name: onDisk.name, dev: placed.dev, ino: placed.ino });
    this.#tally.moved(this.#job.plan.files.sizeOf(file));
    if (isReplacing) this.#tally.replaced();
    else if (!onDisk.name.equals(name)) this.#tally.keptBoth(this.#pathOf(names), onDisk.name);
  }

  async #copyAcross(
    file: number,
    names: Names,
    found: Found,
    folder: FolderHandle,
    give: (from: Buffer) => OnDisk,
  ): Promise<OnDisk> {
    const { restored, survey } = this.#trees;
    const listed = this.#job.plan.files.at(file);
    let onDisk: OnDisk | undefined;
    await standingFile(restored, names, listed.size, async (_read, descriptor) => {
      const stat = fstatSync(descriptor, { bigint: true });
      if (stat.dev !== found.dev || stat.ino !== found.ino) return false;
      const as = { metadata: listed, sparse: listed.sparse, wishes: this.#job.order.wishes };
      const copy = await copyAcross(descriptor, folder, names, as, (read) =>
        survey.isRight(file, read, listed),
      );
      try {
        crashpoint('put-back-copied');
        onDisk = give(copy.file.temporaryPath);
        dropName(copy.file.temporaryPath);
      } catch (error) {
        copy.file.discard();
        throw error;
      } finally {
        copy.file.close();
      }
      this.#tally.metadata(this.#pathOf(names), copy.problems);
      return true;
    });
    if (onDisk === undefined) throw replaced(pathOf(names));
    return onDisk;
  }

  /**
   * Where the file's first name is in its place and is not the restored file itself (it stood there already, or is a
   * copy), the further one belongs to that: it gets the temporary name of `names`.
   */
  #linkToPlaced(file: number, found: Found, names: Names, folder: FolderHandle): boolean {
    const first = this.#placed.get(file);
    if (first === undefined || (first.dev === found.dev && first.ino === found.ino)) return false;
    const { folders } = this.#sourceOf(first.folder);
    try {
      return folders.with(first.folder.slice(1), (handle) => {
        if (!isFileAt(handle, first.name, first)) return false;
        const temporary = folder.at(temporaryName(names));
        dropName(temporary);
        linkSync(handle.at(first.name), temporary);
        return true;
      });
    } catch (error) {
      if (errorCode(error) === 'EXDEV' || isLinkRefusal(error)) return false;
      throw error;
    }
  }

  async #putLinks(): Promise<void> {
    const { plan, catalog } = this.#job;
    if (plan.symlinks === 0) return;
    for await (const { names, entries } of selected(catalog, plan.selection)) {
      for (const entry of entries) {
        if (entry.kind !== 'symlink') continue;
        const folder = plan.folders.numberOf(names);
        await this.#name(folder, entry.name, (all) => this.#putLink(entry, folder, all));
      }
    }
  }

  async #putLink(entry: SymlinkEntry, folder: number, names: Names): Promise<void> {
    const standing = await this.#trees.survey.link(names, entry);
    if (standing.is === 'other' && this.#choice === 'skip') {
      this.#tally.skipped(this.#pathOf(names));
      return;
    }
    const isThere = this.#trees.isRestored(folder);
    if (isThere) this.#openUp(names.slice(0, -1));
    if (standing.is !== 'same') await this.#bringLink(entry, names, standing);
    else this.#tally.same();
    // Only now: one that could not be put there stays where it is.
    if (isThere) this.#old.push({ names, found: { linkTo: entry.to } });
  }

  async #bringLink(entry: SymlinkEntry, names: Names, standing: Standing): Promise<void> {
    const { folders, durability } = this.#sourceOf(names);
    const above = names.slice(1, -1);
    const name = this.#nameOnDisk(names);
    const isReplacing = this.#replaces(standing);
    const onDisk = await folders.hold(above, async (handle) => {
      if (!isReplacing) return folders.claim(names.slice(1), (path) => madeLink(entry.to, path));
      const assure = await this.#aside.keep(handle, name, names);
      const temporary = temporaryName(names);
      dropName(handle.at(temporary));
      symlinkSync(entry.to, handle.at(temporary));
      assure();
      renameSync(handle.at(temporary), handle.at(name));
      return { name, renamed: false };
    });
    durability.touch(above);
    const problems = folders.with(above, (handle) =>
      applyLinkMetadata(handle.at(onDisk.name), entry, this.#job.order.wishes),
    );
    this.#tally.moved(0);
    this.#tally.metadata(this.#pathOf(names), problems);
    if (isReplacing) this.#tally.replaced();
    else if (!onDisk.name.equals(name)) this.#tally.keptBoth(this.#pathOf(names), onDisk.name);
  }

  /** The new names last from here on, so the old ones can go. */
  async #settle(): Promise<void> {
    const old = this.#old;
    this.#old = [];
    if (old.length === 0) return;
    await this.#trees.sources.sync();
    for (const { names, found } of old) {
      try {
        this.#trees.restored.folders.with(names.slice(0, -1), (handle) => dropOld(handle, names, found));
      } catch (error) {
        // It stays in the restore folder as well: that is no loss.
        this.#tally.metadata(this.#pathOf(names), [this.#aboutOne(error, names).message]);
      }
    }
  }

  /** Deepest first: new folders get their mode and time, emptied ones of the restore folder go. */
  async #finishFolders(): Promise<void> {
    const { plan } = this.#job;
    for (let folder = plan.folders.count; folder > 0; folder--) {
      if (folder % TURN_NAMES === 0) await nextTurn();
      const names = this.#trees.placeOf(folder);
      const entry = plan.folders.entryOf(folder);
      try {
        if (this.#states[folder] === 'made' && entry !== undefined) {
          const { folders } = this.#sourceOf(names);
          this.#tally.metadata(this.#pathOf(names), this.#applyToFolder(folders, names.slice(1), entry));
        }
        if (this.#trees.isRestored(folder)) this.#leave(names, entry);
      } catch (error) {
        this.#tally.metadata(this.#pathOf(names), [this.#aboutOne(error, names).message]);
      }
    }
    await this.#trees.sources.sync();
  }

  /** A folder of the restore folder goes if nothing is left in it. */
  #leave(names: Names, entry: Metadata | undefined): void {
    const { folders } = this.#trees.restored;
    const name = folders.nameOf(names);
    try {
      folders.with(names.slice(0, -1), (handle) => rmdirSync(handle.at(name)));
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return;
      if (entry !== undefined) this.#applyToFolder(folders, names, entry);
    }
  }

  #applyToFolder(folders: OpenFolders, names: Names, entry: Metadata): readonly string[] {
    return folders.with(names, (folder) =>
      folder.descriptor === undefined
        ? applyFolderTime(folder.at(DOT), entry.mtime)
        : applyMetadata(folder.descriptor, entry, this.#job.order.wishes).problems,
    );
  }

  /** A folder that was restored with a mode that lets nothing be taken out of it. */
  #openUp(names: Names): void {
    this.#trees.restored.folders.with(names, ({ descriptor }) => {
      if (descriptor === undefined) return;
      const { mode } = fstatSync(descriptor);
      if ((mode & USABLE) !== USABLE) fchmodSync(descriptor, (mode & 0o7777) | 0o700);
    });
  }

  #replaces(standing: Standing): boolean {
    if (this.#choice !== 'replace' || standing.is === 'nothing') return false;
    return standing.is === 'same' || standing.kind === 'file' || standing.kind === 'link';
  }

  #rememberPlaced(file: number, names: Names, { name, dev, ino }: Found): void {
    if (!this.#linked.has(file) || this.#placed.has(file)) return;
    this.#placed.set(file, { folder: names.slice(0, -1), name, dev, ino });
  }

  #sourceOf(names: Names) {
    const tree = this.#trees.sources.of(names, true);
    if (tree === undefined) throw new RangeError('a source that was made is missing');
    return tree;
  }

  #nameOnDisk(names: Names): Buffer {
    return nameOnDisk(names.at(-1) ?? Buffer.alloc(0), this.#trees.restored.rules);
  }

  /** @throws what concerns more than this one name */
  #aboutOne(error: unknown, names: Names): EngineError {
    const failure = writeFailure(error, pathOf(names));
    if (failure.kind === 'no-space') throw failure;
    return failure;
  }

  #pathOf(names: Names): string {
    return pathOf([this.#trees.sources.pathOf(names), ...names.slice(1)]).toString();
  }

  async #breathe(): Promise<void> {
    this.#job.signal.throwIfAborted();
    if (++this.#looked % TURN_NAMES === 0) await nextTurn();
  }
}

/** The first name that is free, or already this very file's. */
function claimFor(folders: OpenFolders, names: Names, from: Buffer): OnDisk {
  return folders.claim(names, (to) => addName(from, to) || isSameFile(from, to));
}

function giveTemporary(folder: FolderHandle, names: Names, give: (from: Buffer) => OnDisk): OnDisk {
  const temporary = temporaryName(names);
  const onDisk = give(folder.at(temporary));
  dropName(folder.at(temporary));
  return onDisk;
}

function madeLink(to: Buffer, path: Buffer): boolean {
  try {
    symlinkSync(to, path);
    return true;
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
    return isLinkTo(path, to);
  }
}

function dropOld(folder: FolderHandle, names: Names, found: OldName['found']): void {
  if ('linkTo' in found) {
    const path = folder.at(names.at(-1) ?? DOT);
    if (isLinkTo(path, found.linkTo)) dropName(path);
  } else if (isFileAt(folder, found.name, found)) dropName(folder.at(found.name));
}

function isFileAt(folder: FolderHandle, name: Buffer, { dev, ino }: Identity): boolean {
  const stat = lstatSync(folder.at(name), { bigint: true, throwIfNoEntry: false });
  return stat?.isFile() === true && stat.dev === dev && stat.ino === ino;
}

function isLinkTo(path: Buffer, to: Buffer): boolean {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  return stat?.isSymbolicLink() === true && readlinkSync(path, { encoding: 'buffer' }).equals(to);
}
