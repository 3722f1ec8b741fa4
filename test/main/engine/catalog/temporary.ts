/** Real catalogs in temporary folders, gone when the test is. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type Catalog, openCatalog } from '../../../../src/main/engine/catalog/catalog.ts';

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'permafrost-catalog-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export async function temporaryCatalog(): Promise<Catalog> {
  const catalog = await openCatalog(join(temporaryFolder(), 'catalog.db'));
  onTestFinished(() => catalog.close());
  return catalog;
}
