/** Catalogs with damage: refused at the door, or found out when all of it is read. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkCatalog, openCatalog } from '../../../../src/main/engine/catalog/catalog.ts';
import { below, type Random } from '../crash/randomTree.ts';
import { mutated } from './mutate.ts';
import type { Reader } from './reader.ts';

export async function catalogReader(): Promise<Reader> {
  const folder = mkdtempSync(join(tmpdir(), 'permafrost-fuzz-'));
  const file = join(folder, 'catalog.db');
  await (await openCatalog(file)).close();
  const sound = readFileSync(file);
  return {
    weight: 100,
    async attempt(random) {
      for (const ending of ['', '-wal', '-shm']) rmSync(`${file}${ending}`, { force: true });
      writeFileSync(file, damagedFile(random, sound));
      const catalog = await openCatalog(file);
      try {
        await checkCatalog(catalog, file);
        return true;
      } finally {
        await catalog.close();
      }
    },
    end: () => rmSync(folder, { recursive: true }),
  };
}

/** Damage to its first page, where the schema begins, or to any stretch of it. */
function damagedFile(random: Random, sound: Buffer): Buffer {
  const first = random() < 0.5 ? 0 : below(random, sound.length);
  const end = first + Math.min(4096, sound.length - first);
  return Buffer.concat([
    sound.subarray(0, first),
    mutated(random, sound.subarray(first, end)),
    sound.subarray(end),
  ]);
}
