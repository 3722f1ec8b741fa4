import { expect, test } from 'vitest';
import { currentFilesOfSizes } from '../../../../src/main/engine/catalog/currentFiles.ts';
import { removeEntries, putEntries } from '../../../../src/main/engine/catalog/entries.ts';
import { ensureFolders, ensureTop } from '../../../../src/main/engine/catalog/folders.ts';
import { begin, commit, file, folder, samplePlan, sampleTarget } from './sample.ts';
import { temporaryCatalog } from './temporary.ts';

const FOLDERS = 7;
const FILES = 3000;
const wanted = [3, 5];

test('finds the current files of some sizes, over many pages, each once and with its path', async () => {
  const catalog = await temporaryCatalog();
  const target = await sampleTarget(catalog);
  const plan = await samplePlan(catalog, target);
  const first = await begin(catalog, plan);
  const names = Array.from({ length: FOLDERS }, (_, i) => `folder ${i}`);
  const rows = Array.from({ length: FILES }, (_, i) => ({
    name: `file ${i}`,
    size: i % 8 === 7 ? 3 : i % 6,
  }));
  const [gone] = rows.filter(({ size }) => size === 3);
  await catalog.transaction(async (tx) => {
    const top = await ensureTop(tx, plan);
    await putEntries(
      tx,
      first,
      names.map((name) => ({ folder: top, entry: folder(name) })),
    );
    const places = names.map((name) => ({ parent: top, name: Buffer.from(name) }));
    for (const id of await ensureFolders(tx, plan, places)) {
      await putEntries(
        tx,
        first,
        rows.map(({ name, size }) => ({ folder: id, entry: file(name, { size }) })),
      );
    }
  });
  await commit(catalog, target, first);
  const second = await begin(catalog, plan);
  await catalog.transaction(async (tx) => {
    const [id] = await ensureFolders(tx, plan, [
      { parent: await ensureTop(tx, plan), name: Buffer.from('folder 4') },
    ]);
    await removeEntries(tx, second, [{ folder: id!, name: Buffer.from(gone!.name) }]);
  });

  const found: string[] = [];
  for await (const page of currentFilesOfSizes(catalog, [...wanted, 99])) {
    for (const one of page) found.push([...one.folder, one.entry.name].map(String).join('/'));
  }
  const expected = names.flatMap((name) =>
    rows.filter(({ size }) => wanted.includes(size)).map((row) => `${name}/${row.name}`),
  );
  expect(found.toSorted()).toEqual(expected.filter((path) => path !== `folder 4/${gone?.name}`).toSorted());
});
