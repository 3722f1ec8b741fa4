import { copyFileSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { checkCatalog, compareVersions, openCatalog } from '../../../../src/main/engine/catalog/catalog.ts';
import { connect } from '../../../../src/main/engine/catalog/db.ts';
import { migrate, migrations } from '../../../../src/main/engine/catalog/migrations/migrate.ts';
import { listTargets } from '../../../../src/main/engine/catalog/targets.ts';
import { readSetting, writeSetting } from '../../../../src/main/engine/catalog/settings.ts';
import { temporaryCatalog, temporaryFolder } from './temporary.ts';

const pragmas: readonly [string, number | string][] = [
  ['journal_mode', 'wal'],
  ['synchronous', 2],
  ['fullfsync', 1],
  ['checkpoint_fullfsync', 1],
  ['mmap_size', 0],
  ['foreign_keys', 1],
  ['trusted_schema', 0],
  ['cell_size_check', 1],
];

test.each(pragmas)('opens with %s = %s', async (pragma, value) => {
  const catalog = await temporaryCatalog();
  expect(Object.values((await catalog.row(`pragma ${pragma}`)) ?? {})).toEqual([value]);
});

test('knows a fresh file from one that was there', async () => {
  const file = join(temporaryFolder(), 'catalog.db');
  const first = await openCatalog(file);
  expect(first.isNew).toBe(true);
  await first.transaction((tx) => writeSetting(tx, 'colour', { name: 'blue' }));
  await first.close();
  const second = await openCatalog(file);
  expect(second.isNew).toBe(false);
  expect(await readSetting(second, 'colour')).toEqual({ name: 'blue' });
  await second.close();
});

test('keeps the file and its log to the owner', async () => {
  const file = join(temporaryFolder(), 'catalog.db');
  const catalog = await openCatalog(file);
  await catalog.transaction((tx) => writeSetting(tx, 'colour', 'blue'));
  // Windows has no such bits: there the profile folder's own rights must do.
  const mode = process.platform === 'win32' ? 0o666 : 0o600;
  for (const name of [file, `${file}-wal`]) expect(statSync(name).mode & 0o777).toBe(mode);
  await catalog.close();
});

test('migrates one step at a time from the schema it finds', async () => {
  const file = join(temporaryFolder(), 'catalog.db');
  const db = await connect(file);
  expect(await migrate(db, file, migrations)).toBe(0);
  const newest = migrations.length;
  const next = [...migrations, { version: newest + 1, sql: 'create table later (x integer)' }];
  expect(await migrate(db, file, next)).toBe(newest);
  expect(await migrate(db, file, next)).toBe(newest + 1);
  expect(await db.rows('select * from later')).toEqual([]);
  await db.close();
});

test('leaves nothing of a migration that fails', async () => {
  const file = join(temporaryFolder(), 'catalog.db');
  const db = await connect(file);
  const broken = [{ version: 1, sql: 'create table a (x integer); create table a (x integer)' }];
  await expect(migrate(db, file, broken)).rejects.toThrow('already exists');
  await db.close();
  const again = await openCatalog(file);
  expect(again.isNew).toBe(true);
  await again.close();
});

test('refuses a catalog of a newer Permafrost and leaves it as it was', async () => {
  const file = join(temporaryFolder(), 'catalog.db');
  const db = await connect(file);
  await migrate(db, file);
  await db.script('pragma user_version = 99; pragma journal_mode = wal');
  await db.close();
  const before = readFileSync(file);
  await expect(openCatalog(file)).rejects.toMatchObject({
    kind: 'unsupported',
    message: expect.stringContaining('newer Permafrost (schema 99') as string,
  });
  expect(readFileSync(file).equals(before)).toBe(true);
});

test('refuses a file that is no database, and one of somebody else', async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'text.db'), 'not a database '.repeat(1000));
  await expect(openCatalog(join(folder, 'text.db'))).rejects.toMatchObject({ kind: 'corrupt' });
  const other = await connect(join(folder, 'other.db'));
  await other.script('create table notes (x text)');
  await other.close();
  await expect(openCatalog(join(folder, 'other.db'))).rejects.toMatchObject({ kind: 'corrupt' });
});

test('says so when pages are damaged', async () => {
  const file = join(temporaryFolder(), 'catalog.db');
  const catalog = await openCatalog(file);
  const rows = Array.from({ length: 2000 }, (_, i) => i);
  await catalog.transaction(async (tx) => {
    for (const i of rows) await writeSetting(tx, `key ${i}`, 'x'.repeat(50));
  });
  await checkCatalog(catalog, file);
  await catalog.close();

  const cut = `${file}.cut`;
  copyFileSync(file, cut);
  truncateSync(cut, Math.floor(statSync(cut).size / 2 / 4096) * 4096);
  await expect(openAndCheck(cut)).rejects.toMatchObject({ kind: 'corrupt' });

  const flipped = readFileSync(file);
  for (let page = 4096; page < flipped.length; page += 4096) flipped.fill(0xff, page, page + 64);
  writeFileSync(file, flipped);
  await expect(openAndCheck(file)).rejects.toMatchObject({
    kind: 'corrupt',
    advice: expect.stringContaining('rebuild the catalog') as string,
  });
});

async function openAndCheck(file: string): Promise<void> {
  const catalog = await openCatalog(file);
  try {
    await listTargets(catalog);
    await checkCatalog(catalog, file);
  } finally {
    await catalog.close();
  }
}

test('makes the catalog anew where only an empty file was left', async () => {
  const file = join(temporaryFolder(), 'catalog.db');
  writeFileSync(file, '');
  const catalog = await openCatalog(file);
  expect(catalog.isNew).toBe(true);
  await catalog.close();
  rmSync(file);
});

test('cannot be opened where its folder is missing', async () => {
  await expect(openCatalog(join(temporaryFolder(), 'none', 'catalog.db'))).rejects.toMatchObject({
    kind: 'unwritable',
  });
});

test('orders versions by number, not by letter', () => {
  expect(compareVersions('3.52.0', '3.51.3')).toBeGreaterThan(0);
  expect(compareVersions('3.9.10', '3.51.3')).toBeLessThan(0);
  expect(compareVersions('3.51.3', '3.51.3')).toBe(0);
});
