import { expect, test } from 'vitest';
import type { Catalog } from '../../../../src/main/engine/catalog/catalog.ts';
import { changesOf } from '../../../../src/main/engine/catalog/changes.ts';
import {
  currentEntriesOf,
  type EntryPut,
  putEntries,
  removeEntries,
} from '../../../../src/main/engine/catalog/entries.ts';
import { findEntries } from '../../../../src/main/engine/catalog/find.ts';
import {
  ensureFolders,
  ensureTop,
  findFolder,
  folderPaths,
} from '../../../../src/main/engine/catalog/folders.ts';
import type { FolderId, PlanId, SnapshotId, TargetId } from '../../../../src/main/engine/catalog/ids.ts';
import { listFolder, resolvePath } from '../../../../src/main/engine/catalog/tree.ts';
import { walkSnapshot } from '../../../../src/main/engine/catalog/walk.ts';
import { begin, commit, file, folder, samplePlan, sampleTarget } from './sample.ts';
import { temporaryCatalog } from './temporary.ts';

interface Scene {
  readonly catalog: Catalog;
  readonly target: TargetId;
  readonly plan: PlanId;
  readonly top: FolderId;
  readonly snapshot: SnapshotId;
}

async function scene(): Promise<Scene> {
  const catalog = await temporaryCatalog();
  const target = await sampleTarget(catalog);
  const plan = await samplePlan(catalog, target);
  const top = await catalog.transaction((tx) => ensureTop(tx, plan));
  return { catalog, target, plan, top, snapshot: await begin(catalog, plan) };
}

/** Puts folders named so below `parent`, with their rows; resolves to their numbers. */
async function grow(
  { catalog, plan, snapshot }: Scene,
  parent: FolderId,
  names: readonly string[],
): Promise<readonly FolderId[]> {
  return catalog.transaction(async (tx) => {
    await putEntries(
      tx,
      snapshot,
      names.map((name) => ({ folder: parent, entry: folder(name) })),
    );
    return ensureFolders(
      tx,
      plan,
      names.map((name) => ({ parent, name: Buffer.from(name) })),
    );
  });
}

async function fill({ catalog, snapshot }: Scene, at: FolderId, names: readonly string[]): Promise<void> {
  await catalog.transaction((tx) =>
    putEntries(
      tx,
      snapshot,
      names.map((name) => ({ folder: at, entry: file(name) })),
    ),
  );
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

const numbered = (count: number, prefix: string): string[] =>
  Array.from({ length: count }, (_, i) => `${prefix}${String(i).padStart(6, '0')}`);

test('walks folders of any size in the order of their names', async () => {
  const at = await scene();
  const [source] = await grow(at, at.top, ['/home']);
  const wide = numbered(4500, 'd');
  const folders = await grow(at, source!, wide);
  const big = numbered(4001, 'f');
  await fill(at, folders[7]!, big);
  await at.catalog.transaction((tx) =>
    putEntries(
      tx,
      at.snapshot,
      folders.map((id) => ({ folder: id, entry: file('one') })),
    ),
  );
  const pages: { names: string; entries: number; last: boolean }[] = [];
  const order: string[] = [];
  for await (const { names, entries, last } of walkSnapshot(at.catalog, at.plan, at.snapshot)) {
    pages.push({ names: names.join('/'), entries: entries.length, last });
    order.push(...entries.map((entry) => [...names, entry.name].join('/')));
  }
  expect(pages.slice(0, 5)).toEqual([
    { names: '', entries: 1, last: true },
    { names: '/home', entries: 2000, last: false },
    { names: '/home', entries: 2000, last: false },
    { names: '/home', entries: 500, last: true },
    { names: '/home/d000000', entries: 1, last: true },
  ]);
  expect(pages.filter(({ names }) => names === '/home/d000007')).toEqual([
    { names: '/home/d000007', entries: 2000, last: false },
    { names: '/home/d000007', entries: 2000, last: false },
    { names: '/home/d000007', entries: 2, last: true },
  ]);
  const inFolders = wide.flatMap((name, i) =>
    [...(i === 7 ? big : []), 'one'].map((own) => `/home/${name}/${own}`),
  );
  expect(order).toEqual(['/home', ...wide.map((name) => `/home/${name}`), ...inFolders]);
});

test('walks from any folder on, with names that count from the source', async () => {
  const at = await scene();
  const [source] = await grow(at, at.top, ['/home']);
  const [a] = await grow(at, source!, ['a', 'b']);
  const [below] = await grow(at, a!, ['below']);
  await fill(at, below!, ['x']);
  const pages = await collect(walkSnapshot(at.catalog, at.plan, at.snapshot, a));
  expect(pages.map(({ names, parent }) => [names.join('/'), parent])).toEqual([
    ['/home/a', source],
    ['/home/a/below', a],
  ]);
  expect(await collect(walkSnapshot(at.catalog, 99 as PlanId, at.snapshot))).toEqual([]);
});

test('reads trees thousands of folders deep', async () => {
  const at = await scene();
  const depth = 4200;
  const names = numbered(depth, '');
  await at.catalog.transaction(async (tx) => {
    const puts: EntryPut[] = [];
    let parent = at.top;
    for (const name of names) {
      puts.push({ folder: parent, entry: folder(name) });
      [parent = parent] = await ensureFolders(tx, at.plan, [{ parent, name: Buffer.from(name) }]);
    }
    await putEntries(tx, at.snapshot, [...puts, { folder: parent, entry: file('deep') }]);
  });
  const bytes = [...names, 'deep'].map((name) => Buffer.from(name));
  const found = await resolvePath(at.catalog, at.plan, at.snapshot, bytes);
  expect(found?.entry).toEqual(file('deep'));
  expect((await folderPaths(at.catalog, [found!.parent])).get(found!.parent)).toEqual(bytes.slice(0, -1));
  let pages = 0;
  for await (const page of walkSnapshot(at.catalog, at.plan, at.snapshot))
    expect(page.names).toHaveLength(pages++);
  expect(pages).toBe(depth + 1);
  let folders = 0;
  for await (const { puts } of changesOf(at.catalog, at.snapshot)) folders += puts.length;
  expect(folders).toBe(depth + 1);

  await commit(at.catalog, at.target, at.snapshot);
  const next = await begin(at.catalog, at.plan);
  const gone = await at.catalog.transaction((tx) =>
    removeEntries(tx, next, [{ folder: at.top, name: bytes[0]! }]),
  );
  expect(gone).toBe(depth + 1);
});

test('lists a folder page by page', async () => {
  const at = await scene();
  const [source] = await grow(at, at.top, ['/home']);
  const names = numbered(2500, 'f');
  await fill(at, source!, names);
  const listed: string[] = [];
  for (let more = true, after = Buffer.alloc(0); more;) {
    const page = await listFolder(at.catalog, source!, at.snapshot, after, 1000);
    listed.push(...page.entries.map((entry) => entry.name.toString()));
    after = Buffer.from(listed.at(-1) ?? '');
    more = page.more;
  }
  expect(listed).toEqual(names);
  await expect(listFolder(at.catalog, source!, at.snapshot, Buffer.alloc(0), 5001)).rejects.toThrow(
    RangeError,
  );
});

test('finds the way through files and links nowhere', async () => {
  const at = await scene();
  const [source] = await grow(at, at.top, ['/home']);
  await fill(at, source!, ['a']);
  const path = (...names: string[]): Buffer[] => names.map((name) => Buffer.from(name));
  expect(await resolvePath(at.catalog, at.plan, at.snapshot, path('/home', 'a', 'b'))).toBeUndefined();
  expect(await resolvePath(at.catalog, at.plan, at.snapshot, path('/home', 'a'))).toMatchObject({
    folder: null,
  });
  expect(await resolvePath(at.catalog, at.plan, at.snapshot, [])).toEqual({
    entry: null,
    parent: at.top,
    folder: at.top,
  });
  expect(await findFolder(at.catalog, source!, Buffer.from('a'))).toBeUndefined();
});

test('reads what hundreds of folders hold now, small and big ones together', async () => {
  const at = await scene();
  const folders = await grow(at, at.top, numbered(1200, '/s'));
  const names = numbered(5000, 'f');
  await fill(at, folders[600]!, names);
  const [inner] = await grow(at, folders[601]!, ['inner']);
  await at.catalog.transaction((tx) =>
    putEntries(tx, at.snapshot, [{ folder: folders[601]!, entry: folder('other') }]),
  );
  const known = await currentEntriesOf(at.catalog, [...folders].reverse());
  expect(known.size).toBe(1200);
  expect(known.get(folders[600]!)?.entries.map((entry) => entry.name.toString())).toEqual(names);
  expect(known.get(folders[601]!)).toEqual({
    entries: [folder('inner'), folder('other')],
    children: [inner, null],
  });
  expect(known.get(folders[602]!)).toEqual({ entries: [], children: [] });
});

test('gives numbers to thousands of folders in the order asked, the same ones again', async () => {
  const at = await scene();
  const places = numbered(5000, 'x').map((name) => ({ parent: at.top, name: Buffer.from(name) }));
  const first = await at.catalog.transaction((tx) => ensureFolders(tx, at.plan, places));
  expect(new Set(first).size).toBe(5000);
  const again = await at.catalog.transaction((tx) => ensureFolders(tx, at.plan, [...places].reverse()));
  expect(again).toEqual([...first].reverse());
  const other = await samplePlan(at.catalog, at.target, 'other');
  expect(await at.catalog.transaction((tx) => ensureTop(tx, other))).not.toBe(at.top);
});

test('tells the changes of a big folder in pieces, what is gone before what is put', async () => {
  const at = await scene();
  const [source, untouched] = await grow(at, at.top, ['/home', '/other']);
  const old = numbered(4100, 'old');
  await fill(at, source!, [...old, 'kept']);
  await fill(at, untouched!, ['x']);
  await commit(at.catalog, at.target, at.snapshot);
  const next = { ...at, snapshot: await begin(at.catalog, at.plan) };
  await at.catalog.transaction((tx) =>
    removeEntries(
      tx,
      next.snapshot,
      old.map((name) => ({ folder: source!, name: Buffer.from(name) })),
    ),
  );
  const fresh = numbered(4100, 'new');
  await fill(next, source!, fresh);
  const pieces = await collect(changesOf(at.catalog, next.snapshot));
  expect(pieces[0]).toEqual({ folder: at.top, parent: 0, name: Buffer.alloc(0), gone: [], puts: [] });
  expect(new Set(pieces.slice(1).map((piece) => piece.folder))).toEqual(new Set([source]));
  expect(pieces.flatMap(({ gone }) => gone.map(String))).toEqual(old);
  expect(pieces.flatMap(({ puts }) => puts.map(({ name }) => name.toString()))).toEqual(fresh);
  const firstPut = pieces.findIndex(({ puts }) => puts.length > 0);
  expect(pieces.slice(firstPut + 1).every(({ gone }) => gone.length === 0)).toBe(true);
});

test('finds versions by name, as many as asked for', async () => {
  const at = await scene();
  const [source] = await grow(at, at.top, ['/home']);
  await fill(at, source!, [...numbered(3000, 'f'), 'Ünder.JPG']);
  const search = { plan: null, snapshot: null, limit: 10 };
  const lower = (name: string): boolean => name.toLowerCase().endsWith('ünder.jpg');
  expect(await findEntries(at.catalog, { ...search, matches: lower })).toEqual({ found: [], more: false });
  await commit(at.catalog, at.target, at.snapshot);

  const first = at.snapshot;
  const later = { ...at, snapshot: await begin(at.catalog, at.plan) };
  await at.catalog.transaction((tx) =>
    putEntries(tx, later.snapshot, [{ folder: source!, entry: file('Ünder.JPG', { size: 9 }) }]),
  );
  await commit(at.catalog, at.target, later.snapshot);
  const second = later.snapshot;
  const { found, more } = await findEntries(at.catalog, { ...search, matches: lower });
  expect(more).toBe(false);
  expect(found.map(({ names, first: from, last: to }) => [names.join('/'), from, to])).toEqual([
    ['/home/Ünder.JPG', first, first],
    ['/home/Ünder.JPG', second, second],
  ]);
  const some = await findEntries(at.catalog, { ...search, matches: (name) => name.startsWith('f') });
  expect([some.found.length, some.more]).toEqual([10, true]);
  expect(some.found[0]).toMatchObject({ first, last: second, plan: at.plan });
  const elsewhere = { ...search, plan: (at.plan + 1) as PlanId, matches: () => true };
  expect(await findEntries(at.catalog, elsewhere)).toEqual({ found: [], more: false });
});
