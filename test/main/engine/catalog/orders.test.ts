import { expect, test } from 'vitest';
import type { Catalog } from '../../../../src/main/engine/catalog/catalog.ts';
import type { OrderKey, PackKey, SnapshotId } from '../../../../src/main/engine/catalog/ids.ts';
import {
  addOrder,
  findOrders,
  getOrder,
  listOrders,
  type NewOrder,
  openOrders,
  updateOrder,
} from '../../../../src/main/engine/catalog/orders.ts';
import {
  addRetrievals,
  countRetrievals,
  listRetrievals,
  updateRetrieval,
} from '../../../../src/main/engine/catalog/retrievals.ts';
import { removePlan } from '../../../../src/main/engine/catalog/plans.ts';
import { getSnapshot } from '../../../../src/main/engine/catalog/snapshots.ts';
import type { JobId } from '../../../../src/main/engine/target/target.ts';
import { begin, commit, samplePlan, sampleTarget } from './sample.ts';
import { temporaryCatalog } from './temporary.ts';

function newOrder(snapshot: SnapshotId, uid: string): NewOrder {
  return {
    uid,
    snapshot,
    selection: [[Buffer.from('/home'), Buffer.from([0xff, 0x2f])], [Buffer.from('/other')]],
    destination: '/restored here',
    wishes: { ownership: true, specialBits: false },
    tier: 'bulk',
    createdAt: 1_700_000_000_000,
    estimate: {
      lines: [{ what: 'retrieval', quantity: 2, unit: 'GB', usd: 0.005 }],
      usd: 0.01,
      priceDate: '2026-01-01',
      region: 'eu-central-1',
    },
    result: {
      files: 10,
      bytes: 2 ** 40,
      restoredFiles: 0,
      restoredBytes: 0,
      roots: [],
      verifiedFiles: 0,
      metadataProblems: 0,
      failedFiles: 0,
      problems: [],
      failure: null,
    },
  };
}

async function ordered(): Promise<{ catalog: Catalog; order: NewOrder; id: OrderKey }> {
  const catalog = await temporaryCatalog();
  const target = await sampleTarget(catalog);
  const snapshot = await begin(catalog, await samplePlan(catalog, target));
  await commit(catalog, target, snapshot);
  const order = newOrder(snapshot, 'ab'.repeat(16));
  return { catalog, order, id: await catalog.transaction((tx) => addOrder(tx, order)) };
}

test('keeps an order as it was given, and follows it to its end', async () => {
  const { catalog, order, id } = await ordered();
  const fresh = { ...order, id, state: 'ordered', endedAt: null };
  expect(await getOrder(catalog, id)).toEqual(fresh);
  expect(await openOrders(catalog)).toEqual([fresh]);
  const result = {
    ...order.result,
    restoredFiles: 10,
    roots: [{ source: '/home', to: '/restored here/home' }],
  };
  await catalog.transaction((tx) => updateOrder(tx, id, { state: 'downloading' }));
  await catalog.transaction((tx) => updateOrder(tx, id, { result }));
  await catalog.transaction((tx) => updateOrder(tx, id, { state: 'done', endedAt: 9 }));
  expect(await getOrder(catalog, id)).toEqual({ ...fresh, state: 'done', endedAt: 9, result });
  expect(await openOrders(catalog)).toEqual([]);
});

test('finds orders by the beginning of their id, and lists the newest first', async () => {
  const { catalog, order, id } = await ordered();
  const second = await catalog.transaction((tx) => addOrder(tx, { ...order, uid: 'abcd'.repeat(8) }));
  const ids = async (prefix: string): Promise<unknown> =>
    (await findOrders(catalog, prefix)).map((row) => row.id);
  expect(await ids('abab')).toEqual([id]);
  expect(await ids('ab')).toEqual([id, second]);
  expect(await ids('ff')).toEqual([]);
  expect((await listOrders(catalog)).map((row) => row.id)).toEqual([second, id]);
});

test('keeps a plan while an order of it is open', async () => {
  const { catalog, order, id } = await ordered();
  const plan = (await getSnapshot(catalog, order.snapshot))!.plan;
  await expect(catalog.transaction((tx) => removePlan(tx, plan))).rejects.toMatchObject({ kind: 'conflict' });
  await catalog.transaction((tx) => updateOrder(tx, id, { state: 'cancelled', endedAt: 1 }));
  await catalog.transaction((tx) => removePlan(tx, plan));
  expect(await listOrders(catalog)).toEqual([]);
});

test('follows each retrieval of an order', async () => {
  const { catalog, id } = await ordered();
  const pack = 5 as PackKey;
  const planned = [
    { pack, range: { first: 2 ** 20, end: 3 * 2 ** 31 }, tier: 'bulk', description: 'r1' },
    { pack, range: null, tier: 'expedited', description: 'r2' },
  ] as const;
  await catalog.transaction((tx) => addRetrievals(tx, id, planned));
  const rows = await listRetrievals(catalog, id);
  const untouched = {
    order: id,
    state: 'planned',
    jobId: null,
    requestedAt: null,
    readyAt: null,
    fetchedAt: null,
    error: null,
    asked: 0,
  };
  expect(rows).toEqual(
    planned.map((retrieval, i) => ({
      ...untouched,
      ...retrieval,
      id: rows[i]?.id,
      jobFirst: retrieval.range?.first ?? 0,
    })),
  );

  const [first, second] = rows.map((row) => row.id);
  const requested = { state: 'requested', jobId: 'job' as JobId, requestedAt: 3 } as const;
  await catalog.transaction((tx) => updateRetrieval(tx, first!, requested));
  await catalog.transaction((tx) => updateRetrieval(tx, second!, { state: 'failed', error: 'gone' }));
  expect(await listRetrievals(catalog, id, ['requested', 'ready'])).toEqual([{ ...rows[0], ...requested }]);
  expect(await listRetrievals(catalog, id, ['failed'])).toEqual([
    { ...rows[1], state: 'failed', error: 'gone' },
  ]);
  await catalog.transaction((tx) =>
    updateRetrieval(tx, first!, { state: 'planned', jobId: null, requestedAt: null, description: 'r1b' }),
  );
  expect(await countRetrievals(catalog, id)).toEqual({
    planned: 1,
    requested: 0,
    ready: 0,
    fetched: 0,
    failed: 1,
    expired: 0,
  });
  const again = catalog.transaction((tx) => addRetrievals(tx, id, [planned[1]]));
  await expect(again).rejects.toThrow(RangeError);
});
