import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Catalog } from '../../../../src/main/engine/catalog/catalog.ts';
import {
  addDeletions,
  addUnknownDeletions,
  countDeletions,
  markDeletions,
  nextDeletions,
} from '../../../../src/main/engine/catalog/deletions.ts';
import { addErrand, openErrands, updateErrand } from '../../../../src/main/engine/catalog/errands.ts';
import type { InventoryKey } from '../../../../src/main/engine/catalog/ids.ts';
import {
  beginInventory,
  keepInventory,
  listInventories,
  newestInventory,
  uselessInventories,
  WHOLE,
} from '../../../../src/main/engine/catalog/inventories.ts';
import {
  addInventoryArchives,
  dropInventoryArchives,
  findInventoryArchive,
  listInventoryArchives,
  markGone,
  sumInventoryArchives,
  weighArchives,
} from '../../../../src/main/engine/catalog/inventoryArchives.ts';
import { planVaultJob, updateVaultJob } from '../../../../src/main/engine/catalog/vaultJobs.ts';
import { DAY_MS, daysLeft } from '../../../../src/main/engine/cost/earlyDeletion.ts';
import type { ArchiveId, JobId } from '../../../../src/main/engine/target/target.ts';
import { temporaryCatalog } from './temporary.ts';

const place = { service: 's', vault: 'photos' };
const facts = {
  arn: 'arn',
  takenAt: 5,
  readAt: 6,
  archives: 3,
  bytes: 30,
  duplicates: 0,
  knownAt: 7,
};

const archive = (number: number, more: object = {}) => ({
  number,
  archiveId: `${String(number).padStart(8, '0')}-id` as ArchiveId,
  description: `d${number}`,
  name: `Photo ${number}.jpg`,
  tool: 'text' as const,
  createdAt: number,
  size: number,
  treeHash: 'ab'.repeat(32),
  ...more,
});

async function kept(catalog: Catalog, numbers: readonly number[], scope = WHOLE): Promise<InventoryKey> {
  return catalog.transaction(async (tx) => {
    const id = await beginInventory(tx, place, scope);
    await addInventoryArchives(
      tx,
      id,
      numbers.map((n) => archive(n)),
    );
    await keepInventory(tx, id, facts);
    return id;
  });
}

describe('kept inventories', () => {
  it('count once they are whole, the newest in place of the one before', async () => {
    const catalog = await temporaryCatalog();
    expect(await newestInventory(catalog, place)).toBeUndefined();
    const part = await kept(catalog, [9], '{"limit":1}');
    expect(await newestInventory(catalog, place)).toBeUndefined();
    expect(await newestInventory(catalog, place, true)).toMatchObject({ id: part });
    const first = await kept(catalog, [1]);
    const half = await catalog.transaction((tx) => beginInventory(tx, place, WHOLE));
    expect(await newestInventory(catalog, place, true)).toMatchObject({ id: first, ...facts });
    const second = await kept(catalog, [1, 2]);
    expect(await newestInventory(catalog, place)).toMatchObject({ id: second });
    expect((await listInventories(catalog, place)).map(({ id, state }) => [id, state])).toEqual([
      [second, 'kept'],
      [first, 'old'],
      [part, 'kept'],
    ]);
    expect((await uselessInventories(catalog, place)).map(({ id }) => id)).toEqual([first, half]);
    expect(await catalog.transaction((tx) => dropInventoryArchives(tx, first))).toBe(1);
    expect(await catalog.transaction((tx) => dropInventoryArchives(tx, first))).toBe(0);
    expect(await sumInventoryArchives(catalog, second)).toEqual({ archives: 2, bytes: 3 });
  });

  it('give way only to one that was taken later', async () => {
    const catalog = await temporaryCatalog();
    const taken = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(taken, fc.uuid(), async (times, vault) => {
        const here = { service: 's', vault };
        for (const takenAt of times) {
          await catalog.transaction(async (tx) => {
            const id = await beginInventory(tx, here, WHOLE);
            await keepInventory(tx, id, { ...facts, takenAt });
          });
        }
        const all = await listInventories(catalog, here);
        expect(all.filter(({ state }) => state === 'kept')).toHaveLength(1);
        expect(await newestInventory(catalog, here)).toMatchObject({ takenAt: Math.max(...times) });
        expect(all.map(({ takenAt }) => takenAt)).toEqual(times.toSorted((a, b) => b - a));
      }),
      { numRuns: 30 },
    );
  });

  it('hold an archive once, however often and where it is listed', async () => {
    const catalog = await temporaryCatalog();
    const numbers = fc.array(fc.array(fc.integer({ min: 1, max: 12 }), { maxLength: 8 }), { maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(numbers, async (batches) => {
        const id = await catalog.transaction((tx) => beginInventory(tx, place, WHOLE));
        let number = 0;
        let added = 0;
        for (const batch of batches) {
          const rows = batch.map((n) => archive(n, { number: ++number }));
          added += await catalog.transaction((tx) => addInventoryArchives(tx, id, rows));
        }
        const listed = await listInventoryArchives(catalog, id, { after: 0, limit: 100 });
        const ids = batches.flat().map((n) => archive(n).archiveId);
        expect(listed.map(({ archiveId }) => archiveId)).toEqual([...new Set(ids)]);
        expect(added).toBe(listed.length);
      }),
      { numRuns: 30 },
    );
  });

  it('are searched in names, descriptions and ids, a page at a time', async () => {
    const catalog = await temporaryCatalog();
    const id = await kept(catalog, [1, 2, 3, 10]);
    const page = async (search: string | undefined, after = 0, limit = 10) =>
      (await listInventoryArchives(catalog, id, { search, after, limit })).map(({ number }) => number);
    expect(await page(undefined)).toEqual([1, 2, 3, 10]);
    expect(await page(undefined, 1, 2)).toEqual([2, 3]);
    expect(await page('pHOTO 1')).toEqual([1, 10]);
    expect(await page('D3')).toEqual([3]);
    expect(await page('00000002-ID')).toEqual([2]);
    expect(await page('%')).toEqual([]);
    expect(await findInventoryArchive(catalog, id, '00000010-id')).toMatchObject({ number: 10, size: 10 });
    expect(await findInventoryArchive(catalog, id, '00000010-i')).toBeUndefined();
    await catalog.transaction((tx) => markGone(tx, place, ['00000010-id', 'unknown']));
    expect(await findInventoryArchive(catalog, id, '00000010-id')).toMatchObject({ gone: true });
    expect(await findInventoryArchive(catalog, id, '00000001-id')).toMatchObject({ gone: false });
  });

  it('weigh archives as the price of deleting them does', async () => {
    const catalog = await temporaryCatalog();
    const made = fc.record({
      createdAt: fc.integer({ min: 0, max: 200 * DAY_MS }),
      size: fc.integer({ min: 0, max: 2 ** 40 }),
    });
    const now = fc.integer({ min: 0, max: 200 * DAY_MS });
    await fc.assert(
      fc.asyncProperty(fc.array(made, { maxLength: 6 }), now, async (archives, at) => {
        const id = await catalog.transaction(async (tx) => {
          const key = await beginInventory(tx, place, WHOLE);
          await addInventoryArchives(
            tx,
            key,
            archives.map((one, i) => archive(i + 1, one)),
          );
          return key;
        });
        const weighing = { now: at, dayMs: DAY_MS, minimumDays: 90, overheadBytes: 32_768 };
        const days = archives.map(({ createdAt }) => daysLeft(createdAt, at, 90));
        expect(await weighArchives(catalog, id, { all: true }, weighing)).toEqual({
          archives: archives.length,
          bytes: archives.reduce((sum, { size }) => sum + size, 0),
          young: days.filter((left) => left > 0).length,
          byteDays: archives.reduce((sum, { size }, i) => sum + (size + 32_768) * (days[i] ?? 0), 0),
          youngestAt: archives.length === 0 ? null : Math.max(...archives.map((one) => one.createdAt)),
          ours: 0,
        });
      }),
      { numRuns: 40 },
    );
  });
});

const errand = (uid: string, wanted: unknown) => ({
  uid,
  kind: 'clearing' as const,
  ...place,
  place: { target: 'attic' },
  wanted,
  step: 'deleting' as const,
  progress: {},
  estimate: { lines: [], usd: 0, priceDate: '', region: '' },
  createdAt: 1,
});

describe('errands', () => {
  it('for the same thing are one while it is open', async () => {
    const catalog = await temporaryCatalog();
    const add = (uid: string, wanted: unknown) =>
      catalog.transaction((tx) => addErrand(tx, errand(uid, wanted)));
    const first = await add('aa', { all: true });
    expect(first.isNew).toBe(true);
    expect(await add('bb', { all: true })).toEqual({ row: first.row, isNew: false });
    expect((await add('cc', { search: 'x' })).isNew).toBe(true);
    await catalog.transaction((tx) =>
      updateErrand(tx, first.row.id, { endedAt: 2, outcome: 'done', step: 'over' }),
    );
    expect((await add('dd', { all: true })).isNew).toBe(true);
    expect((await openErrands(catalog, 'clearing')).map(({ uid }) => uid)).toEqual(['cc', 'dd']);
    expect(await openErrands(catalog, 'upload')).toEqual([]);
  });

  it('that clear go through their archives, known and unknown', async () => {
    const catalog = await temporaryCatalog();
    const inventory = await kept(catalog, [1, 2, 3]);
    await catalog.transaction((tx) => markGone(tx, place, ['00000002-id']));
    const { row } = await catalog.transaction((tx) => addErrand(tx, errand('aa', {})));
    expect(
      await catalog.transaction((tx) => addDeletions(tx, row.id, inventory, { all: true }, false)),
    ).toEqual({ taken: 2, ours: 0 });
    await catalog.transaction((tx) => addUnknownDeletions(tx, row.id, ['-x', '-y']));
    const next = await nextDeletions(catalog, row.id, 10);
    expect(next.map(({ archiveId }) => archiveId)).toEqual(['00000001-id', '00000003-id', '-x', '-y']);
    const [one, two] = next.map(({ number }) => number);
    await catalog.transaction((tx) => markDeletions(tx, row.id, [one ?? 0], 'deleted'));
    await catalog.transaction((tx) => markDeletions(tx, row.id, [two ?? 0], 'refused'));
    expect(await countDeletions(catalog, row.id)).toEqual({ wanted: 2, deleted: 1, refused: 1 });
    expect(await nextDeletions(catalog, row.id, 1)).toMatchObject([{ archiveId: '-x' }]);
  });
});

describe('vault jobs', () => {
  it('are planned once for the same thing until they can bring it no more', async () => {
    const catalog = await temporaryCatalog();
    const plan = (description: string, asked = 'all') =>
      catalog.transaction((tx) => planVaultJob(tx, { ...place, asked, description, createdAt: 1 }));
    const first = await plan('v1.a');
    expect(first).toMatchObject({ state: 'planned', jobId: null, error: null });
    for (const state of ['planned', 'requested', 'ready'] as const) {
      await catalog.transaction((tx) => updateVaultJob(tx, first.id, { state, jobId: 'j' as JobId }));
      expect(await plan(`v1.${state}`)).toMatchObject({ id: first.id, state, jobId: 'j' });
    }
    expect((await plan('v1.b', 'other')).id).not.toBe(first.id);
    await catalog.transaction((tx) => updateVaultJob(tx, first.id, { state: 'over' }));
    expect(await plan('v1.c')).toMatchObject({ state: 'planned', description: 'v1.c' });
  });
});
