import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Catalog } from '../../../../src/main/engine/catalog/catalog.ts';
import { changesOf } from '../../../../src/main/engine/catalog/changes.ts';
import { currentEntriesOf } from '../../../../src/main/engine/catalog/entries.ts';
import { findEntries } from '../../../../src/main/engine/catalog/find.ts';
import { topOf } from '../../../../src/main/engine/catalog/folders.ts';
import type { FolderId, PlanId, SnapshotId } from '../../../../src/main/engine/catalog/ids.ts';
import { countTree, listFolder, resolvePath } from '../../../../src/main/engine/catalog/tree.ts';
import { undoSnapshot } from '../../../../src/main/engine/catalog/undo.ts';
import { walkSnapshot } from '../../../../src/main/engine/catalog/walk.ts';
import type { Entry } from '../../../../src/main/engine/entry.ts';
import { applies, edit, editCatalog, edited, type ModelTree, namesOf, parentOf, pathOf } from './model.ts';
import { begin, commit, samplePlan, sampleTarget } from './sample.ts';
import { temporaryCatalog } from './temporary.ts';

/** What happens in one snapshot of the random history, and whether it is committed in the end. */
const round = fc.record({ edits: fc.array(edit, { maxLength: 12 }), commit: fc.boolean() });

const sorted = (tree: ModelTree): [string, Entry][] => [...tree].sort(([a], [b]) => (a < b ? -1 : 1));

/** The tree at a snapshot, read by walking. Checks the promises about the order on the way. */
async function walked(catalog: Catalog, plan: PlanId, snapshot: SnapshotId): Promise<ModelTree> {
  const tree = new Map<string, Entry>();
  const seen = new Set<FolderId>([0 as FolderId]);
  for await (const page of walkSnapshot(catalog, plan, snapshot)) {
    expect(seen.has(page.folder)).toBe(false);
    expect(seen.has(page.parent)).toBe(true);
    seen.add(page.folder);
    for (const entry of page.entries) tree.set(pathOf([...page.names, entry.name]), entry);
  }
  return tree;
}

/** With its content looked at. */
function plain(entry: Entry): Entry {
  if (entry.kind !== 'file') return entry;
  const { runs, hash } = entry.content;
  return { ...entry, content: { runs, hash } };
}

/** The current tree, read folder by folder as a run does. */
async function currentTree(catalog: Catalog, plan: PlanId): Promise<ModelTree> {
  const tree = new Map<string, Entry>();
  const top = await topOf(catalog, plan);
  let level: [FolderId, Buffer[]][] = top === undefined ? [] : [[top, []]];
  while (level.length > 0) {
    const known = await currentEntriesOf(
      catalog,
      level.map(([id]) => id),
    );
    const next: [FolderId, Buffer[]][] = [];
    for (const [id, names] of level) {
      for (const [i, entry] of known.get(id)?.entries.entries() ?? []) {
        const own = [...names, entry.name];
        tree.set(pathOf(own), plain(entry));
        const child = known.get(id)?.children[i] ?? null;
        if (child !== null) next.push([child, own]);
      }
    }
    level = next;
  }
  return tree;
}

/** `before` with the changes of the snapshot, applied by the words of `changesOf`. */
async function changed(catalog: Catalog, snapshot: SnapshotId, before: ModelTree): Promise<ModelTree> {
  const tree = new Map(before);
  const names = new Map<FolderId, Buffer[]>();
  for await (const { folder, parent, name, gone, puts } of changesOf(catalog, snapshot)) {
    if (parent === 0) names.set(folder, []);
    const above = names.get(parent);
    if (above !== undefined) names.set(folder, [...above, name]);
    const own = names.get(folder);
    if (own === undefined) throw new Error('a folder came before its parent');
    for (const lost of gone) {
      const at = pathOf([...own, lost]);
      expect(tree.has(at)).toBe(true);
      for (const path of [...tree.keys()]) if (path === at || path.startsWith(`${at}/`)) tree.delete(path);
    }
    for (const entry of puts) {
      expect(own.length === 0 || tree.get(pathOf(own))?.kind === 'folder').toBe(true);
      tree.set(pathOf([...own, entry.name]), entry);
    }
  }
  return tree;
}

test('any history of edits, commits and undone snapshots reads like full copies', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(round, { maxLength: 6 }), async (rounds) => {
      const catalog = await temporaryCatalog();
      const target = await sampleTarget(catalog);
      const plan = await samplePlan(catalog, target);
      const copies: { snapshot: SnapshotId; tree: ModelTree }[] = [];
      let now: ModelTree = new Map();
      for (const { edits, commit: keep } of rounds) {
        const snapshot = await begin(catalog, plan);
        let next = now;
        const done = edits.filter((change) => {
          const sensible = applies(next, change);
          if (sensible) next = edited(next, change);
          return sensible;
        });
        await editCatalog(catalog, plan, snapshot, done);
        expect(sorted(await currentTree(catalog, plan))).toEqual(sorted(next));
        if (keep) {
          expect(sorted(await changed(catalog, snapshot, now))).toEqual(sorted(next));
          await commit(catalog, target, snapshot);
          now = next;
          copies.push({ snapshot, tree: now });
        } else {
          await catalog.transaction((tx) => undoSnapshot(tx, snapshot, 9));
        }
        expect(sorted(await currentTree(catalog, plan))).toEqual(sorted(now));
      }
      for (const { snapshot, tree } of copies) await expectTree(catalog, plan, snapshot, tree);
      await expectFinds(catalog, plan, copies);
    }),
    { numRuns: 60 },
  );
});

async function expectTree(
  catalog: Catalog,
  plan: PlanId,
  snapshot: SnapshotId,
  tree: ModelTree,
): Promise<void> {
  expect(sorted(await walked(catalog, plan, snapshot))).toEqual(sorted(tree));
  const entries = [...tree.values()];
  expect(await countTree(catalog, plan, snapshot)).toEqual({
    files: entries.filter(({ kind }) => kind !== 'folder').length,
    folders: entries.filter(({ kind }) => kind === 'folder').length,
    bytes: entries.reduce((sum, entry) => sum + (entry.kind === 'file' ? entry.size : 0), 0),
  });
  for (const [path, entry] of tree) {
    const found = await resolvePath(catalog, plan, snapshot, namesOf(path));
    expect(found?.entry).toEqual(entry);
    if (found === undefined || found.folder === null) continue;
    const listed = await listFolder(catalog, found.folder, snapshot, Buffer.alloc(0), 100);
    const children = sorted(new Map([...tree].filter(([at]) => parentOf(at) === path)));
    expect(listed).toEqual({ entries: children.map(([, child]) => child), more: false });
  }
  expect(await resolvePath(catalog, plan, snapshot, [Buffer.from('/other')])).toBeUndefined();
}

/** Every version that is found says rightly where it first and last was; none is missed. */
async function expectFinds(
  catalog: Catalog,
  plan: PlanId,
  copies: readonly { snapshot: SnapshotId; tree: ModelTree }[],
): Promise<void> {
  const everything = await findEntries(catalog, { plan, snapshot: null, matches: () => true, limit: 1000 });
  const spans = new Map<SnapshotId, [string, Entry][]>();
  for (const { names, entry, first, last } of everything.found) {
    for (const { snapshot } of copies) {
      if (snapshot < first || snapshot > last) continue;
      spans.set(snapshot, [...(spans.get(snapshot) ?? []), [pathOf(names), entry]]);
    }
  }
  for (const { snapshot, tree } of copies) {
    expect(sorted(new Map(spans.get(snapshot)))).toEqual(sorted(tree));
    expect(spans.get(snapshot) ?? []).toHaveLength(tree.size);
    const only = await findEntries(catalog, { plan, snapshot, matches: () => true, limit: 1000 });
    expect(only.found).toHaveLength(tree.size);
  }
}
