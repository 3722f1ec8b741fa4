import { expect, test } from 'vitest';
import { currentEntriesOf, putEntries } from '../../../../src/main/engine/catalog/entries.ts';
import { FolderMap } from '../../../../src/main/engine/catalog/folderMap.ts';
import { ensureFolders, ensureTop } from '../../../../src/main/engine/catalog/folders.ts';
import { refreshEntries } from '../../../../src/main/engine/catalog/refresh.ts';
import { listFolder } from '../../../../src/main/engine/catalog/tree.ts';
import { begin, commit, file, samplePlan, sampleTarget } from './sample.ts';
import { temporaryCatalog } from './temporary.ts';

test('remembers when a file was last seen without making a version of it', async () => {
  const catalog = await temporaryCatalog();
  const target = await sampleTarget(catalog);
  const plan = await samplePlan(catalog, target);
  const snapshot = await begin(catalog, plan);
  const top = await catalog.transaction((tx) => ensureTop(tx, plan));
  const entry = file('a', { settled: false });
  await catalog.transaction((tx) => putEntries(tx, snapshot, [{ folder: top, entry }]));
  await commit(catalog, target, snapshot);
  const next = await begin(catalog, plan);
  const seen = { ...entry, settled: true, ino: 77, ctime: { s: 1_800_000_000, ns: 5 } };
  await catalog.transaction((tx) => refreshEntries(tx, [{ folder: top, entry: seen }]));
  const [known] = (await currentEntriesOf(catalog, [top])).get(top)?.entries ?? [];
  expect(known).toMatchObject({ settled: true, ino: 77, ctime: seen.ctime });
  for (const at of [snapshot, next]) {
    const listed = await listFolder(catalog, top, at, Buffer.alloc(0), 10);
    expect(listed.entries).toEqual([seen]);
  }
  expect(await catalog.row('select count(*) n from entries')).toEqual({ n: 1 });
});

test('holds every folder of one plan in memory, and those made later', async () => {
  const catalog = await temporaryCatalog();
  const target = await sampleTarget(catalog);
  const [plan, other] = [await samplePlan(catalog, target), await samplePlan(catalog, target, 'other')];
  const [top, foreign] = await catalog.transaction(async (tx) => [
    await ensureTop(tx, plan),
    await ensureTop(tx, other),
  ]);
  const places = Array.from({ length: 3000 }, (_, i) => ({
    parent: top,
    name: Buffer.from([0xff, 1 + (i & 63), 1 + (i >> 6)]),
  }));
  const ids = await catalog.transaction((tx) => ensureFolders(tx, plan, places));
  await catalog.transaction((tx) => ensureFolders(tx, other, [{ parent: foreign, name: Buffer.from('x') }]));
  const map = await FolderMap.load(catalog, plan);
  expect(places.map(({ parent, name }) => map.get(parent, name))).toEqual(ids);
  expect(map.get(foreign, Buffer.from('x'))).toBeUndefined();
  const [later] = await catalog.transaction((tx) =>
    map.ensure(tx, [{ parent: ids[0]!, name: Buffer.from('y') }]),
  );
  expect(map.get(ids[0]!, Buffer.from('y'))).toBe(later);
});
