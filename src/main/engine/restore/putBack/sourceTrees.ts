/**
 * The source folders of a plan as they are on this computer now. A source that is a link is followed once, as it was when
 * it was saved; below it every folder is entered for itself, never through a link. Names begin with the name that the source has in a restored tree.
 */
import { lstatSync, realpathSync } from 'node:fs';
import { EngineError, errorCode } from '../../failure.ts';
import { withShortPath } from '../../scan/longPath.ts';
import { folderNames } from '../../snapshotPath.ts';
import { ownNameRules } from '../names.ts';
import { makePrivateFolder } from '../writing/destination.ts';
import { Durability } from '../writing/durable.ts';
import { type FolderHandle, type Hold, holdTop } from '../writing/folderHandle.ts';
import { type Names, OpenFolders } from '../writing/openFolders.ts';
import { writeFailure } from '../writing/writeFailure.ts';
import type { LookedAt } from './standing.ts';

export interface SourceTree extends LookedAt {
  readonly path: Buffer;
  readonly durability: Durability;
}

export class SourceTrees {
  readonly #paths: ReadonlyMap<string, Buffer>;
  readonly #open = new Map<string, { readonly tree: SourceTree; readonly top: FolderHandle } | EngineError>();
  readonly #hold: Hold;

  constructor(sources: readonly Buffer[], hold: Hold) {
    const tops = folderNames(sources);
    this.#paths = new Map(
      sources.map((source, i) => [(tops[i] ?? Buffer.alloc(0)).toString('latin1'), source]),
    );
    this.#hold = hold;
  }

  pathOf(names: Names): Buffer {
    const path = this.#paths.get(names[0]?.toString('latin1') ?? '');
    if (path === undefined) throw new RangeError('a name outside every source');
    return path;
  }

  /**
   * The source that the names belong to.
   * @param make makes the folder, in a folder that is there, if it is missing
   * @returns undefined when it is missing
   * @throws EngineError when it cannot be used
   */
  of(names: Names, make: boolean): SourceTree | undefined {
    const key = names[0]?.toString('latin1') ?? '';
    const known = this.#open.get(key);
    if (known instanceof EngineError) throw known;
    if (known !== undefined) return known.tree;
    const path = this.pathOf(names);
    try {
      const opened = this.#opened(path, make);
      if (opened !== undefined) this.#open.set(key, opened);
      return opened?.tree;
    } catch (error) {
      const failure = errorCode(error) === 'ENOENT' ? nothingAbove(path, error) : writeFailure(error, path);
      this.#open.set(key, failure);
      throw failure;
    }
  }

  /** Makes all new names survive a power cut. */
  async sync(): Promise<void> {
    for (const opened of this.#open.values()) {
      if (!(opened instanceof EngineError)) await opened.tree.durability.syncNames();
    }
  }

  close(): void {
    for (const opened of this.#open.values()) {
      if (opened instanceof EngineError) continue;
      opened.tree.durability.close();
      opened.tree.folders.close();
      opened.top.close();
    }
    this.#open.clear();
  }

  #opened(path: Buffer, make: boolean): { tree: SourceTree; top: FolderHandle } | undefined {
    const place = followed(path);
    const existing = this.#held(place);
    if (existing === undefined && !make) return undefined;
    // Only in a folder that is there: a disk that is not connected is not replaced by a folder in its place.
    if (existing === undefined) makePrivateFolder(place);
    const top = existing ?? holdTop(place, this.#hold);
    const rules = ownNameRules();
    const folders = new OpenFolders(top, this.#hold, rules, false);
    const durability = new Durability(top, folders);
    return { tree: { path, folders, rules, own: false, durability }, top };
  }

  #held(path: Buffer): FolderHandle | undefined {
    try {
      return holdTop(path, this.#hold);
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return undefined;
      throw error;
    }
  }
}

function followed(path: Buffer): Buffer {
  const stat = withShortPath(path, (short) => lstatSync(short, { throwIfNoEntry: false }));
  return stat?.isSymbolicLink() === true ? realpathSync.native(path, { encoding: 'buffer' }) : path;
}

function nothingAbove(path: Buffer, cause: unknown): EngineError {
  return new EngineError(
    'not-found',
    `The folder that ${path.toString()} should lie in is not there.`,
    'Connect the disk, or make the folder, then do it again.',
    { safe: 'Nothing was moved; the files are in the restore folder.', cause },
  );
}
