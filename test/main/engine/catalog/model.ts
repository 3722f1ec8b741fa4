/** The catalog's tree as simply as can be: a full copy of all paths for each snapshot. */
import fc from 'fast-check';
import type { Catalog, Tx } from '../../../../src/main/engine/catalog/catalog.ts';
import { putEntries, removeEntries } from '../../../../src/main/engine/catalog/entries.ts';
import { ensureFolders, ensureTop } from '../../../../src/main/engine/catalog/folders.ts';
import type { FolderId, PlanId, SnapshotId } from '../../../../src/main/engine/catalog/ids.ts';
import type { Entry } from '../../../../src/main/engine/entry.ts';
import { digest, file, folder } from './sample.ts';

/** Names of a path as hex, joined by `/`. */
export type ModelPath = string;
export type ModelTree = ReadonlyMap<ModelPath, Entry>;

export type Edit =
  | { readonly do: 'put'; readonly path: ModelPath; readonly kind: Entry['kind']; readonly version: number }
  | { readonly do: 'remove'; readonly path: ModelPath };

const names = ['/src', 'a', 'b', 'c.txt', '\u00e9', Buffer.from([0x80, 0xff])].map((n) =>
  Buffer.from(n).toString('hex'),
);

const path = fc
  .array(fc.constantFrom(...names.slice(1)), { minLength: 0, maxLength: 3 })
  .map((below) => [names[0], ...below].join('/'));

export const edit: fc.Arbitrary<Edit> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('put' as const),
      path,
      kind: fc.constantFrom('folder' as const, 'folder' as const, 'file' as const, 'symlink' as const),
      version: fc.integer({ min: 1, max: 3 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('remove' as const), path }) },
);

export function namesOf(at: ModelPath): Buffer[] {
  return at.split('/').map((digits) => Buffer.from(digits, 'hex'));
}

export function pathOf(parts: readonly Buffer[]): ModelPath {
  return parts.map((name) => name.toString('hex')).join('/');
}

export function parentOf(at: ModelPath): ModelPath {
  return at.includes('/') ? at.slice(0, at.lastIndexOf('/')) : '';
}

function isBelow(at: ModelPath, above: ModelPath): boolean {
  return at.startsWith(`${above}/`);
}

function entryFor(change: Extract<Edit, { do: 'put' }>): Entry {
  const name = namesOf(change.path).at(-1) ?? Buffer.alloc(0);
  if (change.kind === 'folder') return folder(name, change.version);
  if (change.kind === 'file') {
    const content = { runs: Uint32Array.of(change.version, 1), hash: digest(String(change.version)) };
    return file(name, { size: change.version, content });
  }
  return { ...folder(name), kind: 'symlink', to: Buffer.from(`to ${change.version}`) };
}

/** Whether the edit makes sense: what it puts lies in a folder, what it removes is there. */
export function applies(tree: ModelTree, change: Edit): boolean {
  if (change.do === 'remove') return tree.has(change.path);
  const above = parentOf(change.path);
  return above === '' || tree.get(above)?.kind === 'folder';
}

export function edited(tree: ModelTree, change: Edit): ModelTree {
  const next = new Map(tree);
  if (change.do === 'remove' || change.kind !== 'folder') {
    for (const at of tree.keys()) if (isBelow(at, change.path)) next.delete(at);
  }
  if (change.do === 'remove') next.delete(change.path);
  else next.set(change.path, entryFor(change));
  return next;
}

/** The folder row of `at`; the top for an empty path. */
async function folderOf(tx: Tx, plan: PlanId, at: ModelPath): Promise<FolderId> {
  let found = await ensureTop(tx, plan);
  if (at === '') return found;
  for (const name of namesOf(at)) [found = found] = await ensureFolders(tx, plan, [{ parent: found, name }]);
  return found;
}

/** Makes the same edits to the catalog as part of `snapshot`, in one transaction. */
export async function editCatalog(
  catalog: Catalog,
  plan: PlanId,
  snapshot: SnapshotId,
  edits: readonly Edit[],
): Promise<void> {
  await catalog.transaction(async (tx) => {
    for (const change of edits) {
      const at = await folderOf(tx, plan, parentOf(change.path));
      const name = namesOf(change.path).at(-1) ?? Buffer.alloc(0);
      if (change.do === 'remove') await removeEntries(tx, snapshot, [{ folder: at, name }]);
      else {
        if (change.kind === 'folder') await folderOf(tx, plan, change.path);
        await putEntries(tx, snapshot, [{ folder: at, entry: entryFor(change) }]);
      }
    }
  });
}
