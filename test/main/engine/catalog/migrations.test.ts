import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openCatalog } from '../../../../src/main/engine/catalog/catalog.ts';
import { connect } from '../../../../src/main/engine/catalog/db.ts';
import { migrate } from '../../../../src/main/engine/catalog/migrations/migrate.ts';
import { v1 } from '../../../../src/main/engine/catalog/migrations/v1.ts';
import { v2 } from '../../../../src/main/engine/catalog/migrations/v2.ts';
import { newestInventory } from '../../../../src/main/engine/catalog/inventories.ts';
import { findPack } from '../../../../src/main/engine/catalog/packs.ts';
import { readSetting } from '../../../../src/main/engine/catalog/settings.ts';
import { listTargets } from '../../../../src/main/engine/catalog/targets.ts';
import { findLock, forgetLock, keepLock } from '../../../../src/main/engine/catalog/vaultLocks.ts';
import { temporaryCatalog, temporaryFolder } from './temporary.ts';

test('a catalog of schema 1 keeps what it holds and gets the tables of schema 2', async () => {
  const file = join(temporaryFolder(), 'catalog.db');
  const old = await connect(file);
  await migrate(old, file, [v1]);
  await old.script(`
    insert into settings values ('colour', '"blue"');
    insert into targets (name, kind, settings, pack_bytes, uid, created_at)
      values ('attic', 'folder', '{"kind":"folder","path":"/attic","create":false}', 4194304, 'aa', 7);
  `);
  await old.close();

  const catalog = await openCatalog(file);
  expect(catalog.isNew).toBe(false);
  expect(await readSetting(catalog, 'colour')).toBe('blue');
  expect(await listTargets(catalog)).toMatchObject([{ name: 'attic', createdAt: 7 }]);
  for (const table of [
    'vault_locks',
    'vault_jobs',
    'inventories',
    'inventory_archives',
    'errands',
    'deletions',
  ]) {
    expect(await catalog.row(`select count(*) n from ${table}`)).toEqual({ n: 0 });
  }
  await catalog.close();
});

test('a catalog of schema 2 keeps what it holds and gets the tables of schema 3', async () => {
  const file = join(temporaryFolder(), 'catalog.db');
  const old = await connect(file);
  await migrate(old, file, [v1, v2]);
  await old.script(`
    insert into targets (name, kind, settings, pack_bytes, uid, created_at)
      values ('attic', 'folder', '{"kind":"folder","path":"/attic","create":false}', 4194304, 'aa', 7);
    insert into packs (uid, target, kind, state, size, header, tree_hash, archive_id, key_epoch, staged, raw_bytes,
        first_frame, frame_count, first_chunk, last_chunk, chunk_count, created_at, stored_at)
      values (x'000102030405060708090a0b0c0d0e0f', 1, 'data', 'stored', 1048576, x'00', x'01', 'a', 1, 0, 5,
        1, 0, 0, 0, 0, 3, 4);
    insert into inventories (service, vault, scope, state, arn, taken_at, read_at, archives, bytes, duplicates, known_at)
      values ('s', 'v', '', 'kept', 'arn', 1, 2, 3, 4, 0, 1);
  `);
  await old.close();

  const catalog = await openCatalog(file);
  expect(await findPack(catalog, '000102030405060708090a0b0c0d0e0f')).toMatchObject({ state: 'stored' });
  expect(await newestInventory(catalog, { service: 's', vault: 'v' })).toMatchObject({ archives: 3 });
  for (const table of ['checks', 'check_reads', 'check_findings', 'proofs']) {
    expect(await catalog.row(`select count(*) n from ${table}`)).toEqual({ n: 0 });
  }
  await catalog.close();
});

test('a vault has one lock under test at most, the last one kept', async () => {
  const catalog = await temporaryCatalog();
  const first = { lockId: 'first', startedAt: 1, expiresAt: 2 };
  const second = { lockId: 'second', startedAt: 3, expiresAt: 4 };
  await catalog.transaction((tx) => keepLock(tx, 's', 'photos', first));
  await catalog.transaction((tx) => keepLock(tx, 's', 'films', first));
  await catalog.transaction((tx) => keepLock(tx, 's', 'photos', second));
  expect(await findLock(catalog, 's', 'photos')).toEqual(second);
  expect(await findLock(catalog, 'other', 'photos')).toBeUndefined();
  await catalog.transaction((tx) => forgetLock(tx, 's', 'photos'));
  expect(await findLock(catalog, 's', 'photos')).toBeUndefined();
  expect(await findLock(catalog, 's', 'films')).toEqual(first);
});
