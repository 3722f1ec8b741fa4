/**
 * What an order restores: the folders and files it selects, walked in an order that is always the same, so that a file's
 * number in the order means the same file after a restart.
 */
import type { Catalog } from '../catalog/catalog.ts';
import type { PlanId, SnapshotId } from '../catalog/ids.ts';
import { resolvePath } from '../catalog/tree.ts';
import { walkSnapshot } from '../catalog/walk.ts';
import type { Entry } from '../entry.ts';
import { EngineError } from '../failure.ts';

export interface Selection {
  readonly plan: PlanId;
  readonly snapshot: SnapshotId;
  /** Names from the source's full path down; none of them inside another. Empty: everything. */
  readonly paths: readonly (readonly Buffer[])[];
}

/** Some entries of one folder; a folder may come in several pieces. */
export interface SelectedPiece {
  /** Of the folder that holds them, from the source's full path down; empty: they are sources. */
  readonly names: readonly Buffer[];
  readonly entries: readonly Entry[];
}

/** Yields what is selected, every folder before what is in it, and the folders that lead to it. */
export async function* selected(catalog: Catalog, selection: Selection): AsyncGenerator<SelectedPiece> {
  const { plan, snapshot, paths } = selection;
  if (paths.length === 0) {
    for await (const { names, entries } of walkSnapshot(catalog, plan, snapshot)) yield { names, entries };
    return;
  }
  const opened = new Set<string>();
  for (const path of paths) {
    yield* folderChain(catalog, selection, path, opened);
    const found = await resolvePath(catalog, plan, snapshot, path);
    if (found === undefined || found.entry === null) throw vanished(path);
    yield { names: path.slice(0, -1), entries: [found.entry] };
    if (found.folder === null) continue;
    for await (const { names, entries } of walkSnapshot(catalog, plan, snapshot, found.folder))
      yield { names, entries };
  }
}

/** The folders above a path, each once. */
async function* folderChain(
  catalog: Catalog,
  { plan, snapshot }: Selection,
  path: readonly Buffer[],
  opened: Set<string>,
): AsyncGenerator<SelectedPiece> {
  for (let depth = 1; depth < path.length; depth++) {
    const names = path.slice(0, depth);
    const key = names.map((name) => name.toString('latin1')).join('/');
    if (opened.has(key)) continue;
    opened.add(key);
    const found = await resolvePath(catalog, plan, snapshot, names);
    if (found?.entry?.kind !== 'folder') throw vanished(path);
    yield { names: names.slice(0, -1), entries: [found.entry] };
  }
}

function vanished(path: readonly Buffer[]): EngineError {
  const shown = path.map(String).join('/');
  return new EngineError('not-found', `${shown} is not in the snapshot.`, 'Look at what is: permafrost ls.');
}

/** Drops paths that lie inside others, and repeats. The top (no names) means everything. */
export function withoutInner(paths: readonly (readonly Buffer[])[]): readonly (readonly Buffer[])[] {
  if (paths.some((path) => path.length === 0)) return [];
  return paths.filter(
    (path, i) =>
      !paths.some((other, j) => j !== i && isInside(other, path) && (other.length < path.length || j < i)),
  );
}

/** Or the same. */
export function isInside(folder: readonly Buffer[], path: readonly Buffer[]): boolean {
  return folder.length <= path.length && folder.every((name, i) => path[i]?.equals(name) === true);
}
