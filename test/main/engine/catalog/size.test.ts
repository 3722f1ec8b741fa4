import { statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openCatalog } from '../../../../src/main/engine/catalog/catalog.ts';
import { putEntries } from '../../../../src/main/engine/catalog/entries.ts';
import { ensureFolders, ensureTop } from '../../../../src/main/engine/catalog/folders.ts';
import { begin, file, folder, samplePlan, sampleTarget, sealedPack } from './sample.ts';
import { temporaryFolder } from './temporary.ts';

const FILES = 100_000;
const FOLDERS = 10_000;

test('keeps 100,000 small files, a chunk each, in less than 250 bytes a file', async () => {
  const path = join(temporaryFolder(), 'catalog.db');
  const catalog = await openCatalog(path);
  const target = await sampleTarget(catalog);
  const plan = await samplePlan(catalog, target);
  const snapshot = await begin(catalog, plan);
  const { content } = file('');
  await catalog.transaction(async (tx) => {
    const top = await ensureTop(tx, plan);
    const names = Array.from({ length: FOLDERS }, (_, i) => `folder-${i}`);
    await putEntries(
      tx,
      snapshot,
      names.map((name) => ({ folder: top, entry: folder(name) })),
    );
    const ids = await ensureFolders(
      tx,
      plan,
      names.map((name) => ({ parent: top, name: Buffer.from(name) })),
    );
    const files = Array.from({ length: FILES }, (_, i) => ({
      folder: ids[Math.floor((i * FOLDERS) / FILES)]!,
      entry: file(`document-${String(i).padStart(6, '0')}.txt`, {
        size: i % 12_000,
        mtime: { s: 1_700_000_000 + i, ns: (i * 7919) % 1_000_000_000 },
        ctime: { s: 1_700_000_000 + i, ns: (i * 6007) % 1_000_000_000 },
        ino: 8_000_000 + i,
        content: { runs: Uint32Array.of(2_000_000 + i, 1), hash: content.hash },
      }),
    }));
    await putEntries(tx, snapshot, files);
    const chunks = files.map(({ entry }, i) => ({
      id: content.hash,
      frame: Math.floor(i / 80),
      offset: (i % 80) * 6000,
      length: entry.size,
    }));
    await sealedPack(tx, {
      target,
      snapshot,
      index: {
        frames: Array.from({ length: FILES / 80 }, () => ({ stored: 200_000, raw: 480_000, codec: 1 })),
        chunks,
        numbers: files.map((_, i) => 2_000_000 + i),
      },
    });
  });
  await catalog.close();
  expect(statSync(path).size / FILES).toBeLessThan(250);
});
