/** Compares an order's files with what stands in their places now; changes nothing. */
import { lstatSync } from 'node:fs';
import type { Catalog } from '../../catalog/catalog.ts';
import type { PreparedKey } from '../../crypto.ts';
import type { SymlinkEntry } from '../../entry.ts';
import type { ListedFile } from '../fileList.ts';
import { nameOnDisk } from '../names.ts';
import type { OrderPlan } from '../orderPlan.ts';
import type { ReadAt } from '../treeWriter.ts';
import { isWholeFile } from '../wholeFile.ts';
import type { Names } from '../writing/openFolders.ts';
import { isAboutOneName, pathOf, writeFailure } from '../writing/writeFailure.ts';
import type { SourceTree, SourceTrees } from './sourceTrees.ts';
import { kindOf, type LookedAt, type Standing, standingFile, standingLink } from './standing.ts';
import type { ThingKind } from '../../../../shared/types.ts';

/** A folder of the order in its place: there, not there (nor is anything in its place), or something else stands there. */
export type Ground =
  | { readonly is: 'there' }
  | { readonly is: 'missing' }
  | { readonly is: 'blocked'; readonly kind: ThingKind };

export interface SurveyOptions {
  readonly catalog: Catalog;
  readonly plan: OrderPlan;
  readonly idKeys: readonly PreparedKey[];
  /** Names of a folder of the order, from the name of its source down. */
  readonly placeOf: (folder: number) => Names;
  readonly sources: SourceTrees;
  readonly restored: LookedAt;
}

export class Survey {
  readonly #options: SurveyOptions;

  constructor(options: SurveyOptions) {
    this.#options = options;
  }

  /** Looks into the folder above, which must be there. @throws EngineError when that cannot be done */
  ground(folder: number): Ground {
    const names = this.#options.placeOf(folder);
    return this.#guard(names, () => {
      const tree = this.#options.sources.of(names, false);
      if (tree === undefined) return { is: 'missing' };
      const below = names.slice(1);
      const last = below.at(-1);
      if (last === undefined) return { is: 'there' };
      const above = below.slice(0, -1);
      const name = nameOnDisk(last, tree.rules);
      const stat = tree.folders.with(above, (handle) =>
        lstatSync(handle.at(name), { bigint: true, throwIfNoEntry: false }),
      );
      if (stat === undefined) return { is: 'missing' };
      if (stat.isDirectory() && tree.folders.has(above, name)) return { is: 'there' };
      return { is: 'blocked', kind: kindOf(stat) };
    });
  }

  /** What stands in the place of a file, or of a further name of it, in a folder that is there. */
  async file(file: number, names: Names): Promise<Standing> {
    const { plan } = this.#options;
    return this.#inPlace(names, (tree) => {
      const listed = plan.files.at(file);
      return standingFile(tree, names.slice(1), listed.size, (read) => this.isRight(file, read, listed));
    });
  }

  async link(names: Names, { to }: SymlinkEntry): Promise<Standing> {
    return this.#inPlace(names, (tree) => standingLink(tree, names.slice(1), to));
  }

  /** Whether what is read is, byte for byte, the file of the snapshot. */
  isRight(file: number, read: ReadAt, listed: ListedFile): Promise<boolean> {
    const { plan, catalog, idKeys } = this.#options;
    return isWholeFile(read, listed, plan.runs.get(file), catalog, idKeys);
  }

  /** Whether something of the right size lies in the restore folder under this name; it is proven when it is moved. */
  isRestored(file: number, names: Names): boolean {
    const { folders, rules } = this.#options.restored;
    const name = nameOnDisk(names.at(-1) ?? Buffer.alloc(0), rules);
    const { plan } = this.#options;
    try {
      const stat = folders.with(names.slice(0, -1), (handle) =>
        lstatSync(handle.at(name), { throwIfNoEntry: false }),
      );
      return stat?.isFile() === true && stat.size === plan.files.sizeOf(file);
    } catch (error) {
      if (isAboutOneName(writeFailure(error, pathOf(names)))) return false;
      throw error;
    }
  }

  async #inPlace(names: Names, look: (tree: SourceTree) => Promise<Standing>): Promise<Standing> {
    try {
      const tree = this.#options.sources.of(names, false);
      return tree === undefined ? { is: 'nothing' } : await look(tree);
    } catch (error) {
      throw writeFailure(error, pathOf(names));
    }
  }

  #guard<T>(names: Names, act: () => T): T {
    try {
      return act();
    } catch (error) {
      throw writeFailure(error, pathOf(names));
    }
  }
}
