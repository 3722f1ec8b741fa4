/** Writes folder after folder of 500 files, a transaction each, until it is killed; the number of each goes to stdout. */
import { openCatalog } from '../../../../src/main/engine/catalog/catalog.ts';
import { putEntries } from '../../../../src/main/engine/catalog/entries.ts';
import { ensureFolders, ensureTop } from '../../../../src/main/engine/catalog/folders.ts';
import { writeSetting } from '../../../../src/main/engine/catalog/settings.ts';
import { begin, file, folder, samplePlan, sampleTarget } from './sample.ts';

const catalog = await openCatalog(process.argv[2] ?? '');
const target = await sampleTarget(catalog);
const plan = await samplePlan(catalog, target);
const snapshot = await begin(catalog, plan);
for (let number = 1; ; number++) {
  await catalog.transaction(async (tx) => {
    const top = await ensureTop(tx, plan);
    const name = `/folder ${number}`;
    const [at = top] = await ensureFolders(tx, plan, [{ parent: top, name: Buffer.from(name) }]);
    await putEntries(tx, snapshot, [{ folder: top, entry: folder(name) }]);
    const files = Array.from({ length: 500 }, (_, i) => ({ folder: at, entry: file(`file ${i}`) }));
    await putEntries(tx, snapshot, files);
    process.stdout.write('inside\n');
    await writeSetting(tx, 'written', number);
  });
  process.stdout.write(`${number}\n`);
}
