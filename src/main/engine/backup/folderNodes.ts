import type { FolderMap } from '../catalog/folderMap.ts';
import type { Tx } from '../catalog/db.ts';
import type { FolderId } from '../catalog/ids.ts';

/** A folder of the walk on its way to a number in the catalog. */
export interface FolderNode {
  readonly parent: FolderNode | null;
  readonly name: Buffer;
  /** Undefined until it is known or made. */
  id: FolderId | undefined;
}

/** Follows a walk (each folder before those inside it) and names its folders by catalog numbers. */
export class FolderNodes {
  readonly #map: FolderMap;
  /** The way from the top to the folder entered last. */
  #way: FolderNode[];

  constructor(map: FolderMap, top: FolderId) {
    this.#map = map;
    this.#way = [{ parent: null, name: Buffer.alloc(0), id: top }];
  }

  /** @param names from the source's full path down; all but the last were entered before */
  enter(names: readonly Buffer[]): FolderNode {
    this.#way.length = names.length;
    const parent = this.#way.at(-1);
    const name = names.at(-1);
    if (parent === undefined || name === undefined) throw new RangeError('a folder outside every source');
    const id = parent.id === undefined ? undefined : this.#map.get(parent.id, name);
    const node = { parent, name, id };
    this.#way.push(node);
    return node;
  }

  /** Makes numbers for those that have none yet, parents first, a level at a time. */
  async number(tx: Tx, nodes: readonly FolderNode[]): Promise<void> {
    let left = nodes.filter((node) => node.id === undefined);
    while (left.length > 0) {
      const ready = left.filter((node) => node.parent?.id !== undefined);
      if (ready.length === 0) throw new RangeError('a folder whose parent has no number');
      const places = ready.map(({ parent, name }) => ({ parent: idOf(parent), name }));
      const ids = await this.#map.ensure(tx, places);
      for (const [i, node] of ready.entries()) node.id = ids[i];
      left = left.filter((node) => node.id === undefined);
    }
  }
}

/** @throws RangeError when it has no number yet */
export function idOf(node: FolderNode | null): FolderId {
  if (node?.id === undefined) throw new RangeError('a folder without a number');
  return node.id;
}
