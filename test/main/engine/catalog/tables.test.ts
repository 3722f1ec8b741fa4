import { expect, test } from 'vitest';
import type { Catalog } from '../../../../src/main/engine/catalog/catalog.ts';
import { putEntries } from '../../../../src/main/engine/catalog/entries.ts';
import { ensureTop } from '../../../../src/main/engine/catalog/folders.ts';
import type { RunId, SnapshotId, TargetId } from '../../../../src/main/engine/catalog/ids.ts';
import {
  addPlan,
  changePlan,
  findPlan,
  getPlan,
  listPlans,
  plansOfTarget,
  removePlan,
} from '../../../../src/main/engine/catalog/plans.ts';
import { listPacks } from '../../../../src/main/engine/catalog/packs.ts';
import { addRequests, requestTotals } from '../../../../src/main/engine/catalog/requests.ts';
import {
  addProblems,
  forgetProblems,
  getRun,
  listProblems,
  listRuns,
  noCounts,
  startRun,
  unfinishedRuns,
  updateRun,
} from '../../../../src/main/engine/catalog/runs.ts';
import { readSetting, writeSetting } from '../../../../src/main/engine/catalog/settings.ts';
import {
  commitSnapshot,
  findSnapshots,
  getSnapshot,
  latestSnapshot,
  listSnapshots,
  runningSnapshots,
  setBase,
  startSnapshot,
} from '../../../../src/main/engine/catalog/snapshots.ts';
import {
  addTarget,
  findTarget,
  getTarget,
  listTargets,
  removeTarget,
  setKeysStored,
} from '../../../../src/main/engine/catalog/targets.ts';
import { undoSnapshot } from '../../../../src/main/engine/catalog/undo.ts';
import type { Problem } from '../../../../src/main/engine/entry.ts';
import { begin, commit, digest, file, plainIndex, samplePlan, sampleTarget, storedPack } from './sample.ts';
import { temporaryCatalog } from './temporary.ts';

async function rowsOf(catalog: Catalog, table: string): Promise<unknown> {
  return (await catalog.row(`select count(*) n from ${table}`))?.n;
}

test('keeps targets, each name once', async () => {
  const catalog = await temporaryCatalog();
  const settings = { kind: 'vault', vault: 'photos', region: 'eu-central-1', create: true } as const;
  const target = {
    name: 'photos',
    settings,
    packBytes: 2 ** 28,
    uid: '0f'.repeat(16),
    createdAt: 1_700_000_000_000,
  };
  const id = await catalog.transaction((tx) => addTarget(tx, target));
  const expected = { ...target, id, kind: 'vault', epoch: 0, head: null, keysStored: 0 };
  expect(await getTarget(catalog, id)).toEqual(expected);
  expect(await findTarget(catalog, 'photos')).toEqual(expected);
  await catalog.transaction((tx) => setKeysStored(tx, id, 3));
  expect(await listTargets(catalog)).toEqual([{ ...expected, keysStored: 3 }]);
  const twice = catalog.transaction((tx) => addTarget(tx, { ...target, uid: '1f'.repeat(16) }));
  await expect(twice).rejects.toMatchObject({ kind: 'conflict' });
});

test('keeps plans with their sources as bytes, in order', async () => {
  const catalog = await temporaryCatalog();
  const target = await sampleTarget(catalog);
  const sources = [Buffer.from('/z'), Buffer.from([0x2f, 0xff, 0x00, 0x80]), Buffer.from('/a')];
  const plan = {
    name: 'docs',
    uid: 'ab'.repeat(16),
    target,
    sources,
    excludes: ['*.tmp', 'ü'],
    createdAt: 5,
  };
  const id = await catalog.transaction((tx) => addPlan(tx, plan));
  const kept = {
    ...plan,
    id,
    writer: null,
    host: null,
    retention: 'everything',
    schedule: 'manual',
    scheduledAt: 5,
  };
  expect(await getPlan(catalog, id)).toEqual(kept);
  expect(await findPlan(catalog, 'docs')).toEqual(kept);
  expect(await findPlan(catalog, 'none')).toBeUndefined();
  expect(await plansOfTarget(catalog, target)).toEqual(['docs']);
  const twice = catalog.transaction((tx) => addPlan(tx, { ...plan, uid: 'ac'.repeat(16) }));
  await expect(twice).rejects.toMatchObject({ kind: 'conflict' });
  expect(await listPlans(catalog)).toHaveLength(1);
});

test('changes how a plan is called and when it runs, and nothing else of it', async () => {
  const catalog = await temporaryCatalog();
  const target = await sampleTarget(catalog);
  const id = await samplePlan(catalog, target);
  await samplePlan(catalog, target, 'other');
  const before = await getPlan(catalog, id);
  const change = { name: 'renamed', schedule: 'daily 02:00', scheduledAt: 77 };
  await catalog.transaction((tx) => changePlan(tx, id, change));
  expect(await getPlan(catalog, id)).toEqual({ ...before, ...change });
  await catalog.transaction((tx) => changePlan(tx, id, { name: 'renamed' }));
  const taken = catalog.transaction((tx) => changePlan(tx, id, { name: 'other' }));
  await expect(taken).rejects.toMatchObject({ kind: 'conflict' });
  expect(await getPlan(catalog, id)).toEqual({ ...before, ...change });
});

test('removes a plan with all that is its own, and then its target', async () => {
  const catalog = await temporaryCatalog();
  const target = await sampleTarget(catalog);
  const plan = await samplePlan(catalog, target);
  const other = await samplePlan(catalog, target, 'other');
  for (const of of [plan, other]) {
    const snapshot = await begin(catalog, of);
    const run = await catalog.transaction(async (tx) => {
      const number = of === plan ? 1 : 2;
      await storedPack(tx, { target, snapshot, index: plainIndex([number]) });
      await putEntries(tx, snapshot, [{ folder: await ensureTop(tx, of), entry: file('a') }]);
      const started = await startRun(tx, { plan: of, snapshot, kind: 'backup', startedAt: 1 });
      await addProblems(tx, started, [{ path: Buffer.from('/x'), kind: 'unreadable', message: 'no' }]);
      return started;
    });
    await expect(catalog.transaction((tx) => removePlan(tx, of))).rejects.toMatchObject({ kind: 'conflict' });
    await commit(catalog, target, snapshot);
    await catalog.transaction((tx) => updateRun(tx, run, { state: 'done', endedAt: 2 }));
  }
  await expect(catalog.transaction((tx) => removeTarget(tx, target))).rejects.toMatchObject({
    kind: 'conflict',
  });
  await catalog.transaction((tx) => removePlan(tx, plan));
  for (const table of [
    'plans',
    'sources',
    'snapshots',
    'runs',
    'problems',
    'folders',
    'entries',
    'touched',
  ]) {
    expect([table, await rowsOf(catalog, table)]).toEqual([table, 1]);
  }
  expect(await listPacks(catalog, {})).toHaveLength(4);
  await catalog.transaction((tx) => removePlan(tx, other));
  await catalog.transaction((tx) => removeTarget(tx, target));
  for (const table of ['targets', 'packs', 'frames', 'chunks', 'uploads', 'entries']) {
    expect([table, await rowsOf(catalog, table)]).toEqual([table, 0]);
  }
});

test('follows a run from its start to its end', async () => {
  const catalog = await temporaryCatalog();
  const plan = await samplePlan(catalog, await sampleTarget(catalog));
  const start = { plan, snapshot: 7 as SnapshotId, kind: 'backup', startedAt: 10 } as const;
  const id = await catalog.transaction((tx) => startRun(tx, start));
  const running = { ...start, id, state: 'running', endedAt: null, counts: noCounts, failure: null };
  expect(await unfinishedRuns(catalog)).toEqual([running]);
  const counts = { ...noCounts, files: 3, bytes: 2 ** 40 };
  const failure = { kind: 'offline', message: 'No answer.', advice: 'Wait.' } as const;
  await catalog.transaction((tx) => updateRun(tx, id, { counts }));
  await catalog.transaction((tx) => updateRun(tx, id, {}));
  await catalog.transaction((tx) =>
    updateRun(tx, id, { state: 'failed', endedAt: 20, failure, snapshot: null }),
  );
  expect(await getRun(catalog, id)).toEqual({
    ...running,
    state: 'failed',
    endedAt: 20,
    counts,
    failure,
    snapshot: null,
  });
  await catalog.transaction((tx) => updateRun(tx, id, { failure: null }));
  expect(await getRun(catalog, id)).toMatchObject({ failure: null, state: 'failed' });
  expect(await unfinishedRuns(catalog)).toEqual([]);
});

test('lists runs newest first, of one plan or of all', async () => {
  const catalog = await temporaryCatalog();
  const target = await sampleTarget(catalog);
  const [docs, pictures] = [await samplePlan(catalog, target), await samplePlan(catalog, target, 'pictures')];
  const ids: RunId[] = [];
  for (const plan of [docs, pictures, docs]) {
    const run = { plan, snapshot: null, kind: 'backup', startedAt: 1 } as const;
    ids.push(await catalog.transaction((tx) => startRun(tx, run)));
  }
  expect((await listRuns(catalog, null, 2)).map(({ id }) => id)).toEqual([ids[2], ids[1]]);
  expect((await listRuns(catalog, docs, 10)).map(({ id }) => id)).toEqual([ids[2], ids[0]]);
});

test('keeps thousands of problems in the order they were met', async () => {
  const catalog = await temporaryCatalog();
  const plan = await samplePlan(catalog, await sampleTarget(catalog));
  const run = await catalog.transaction((tx) =>
    startRun(tx, { plan, snapshot: null, kind: 'backup', startedAt: 1 }),
  );
  const problems = Array.from({ length: 5001 }, (_, i): Problem => ({
    path: Buffer.from([0x2f, 0xff, i & 255]),
    kind: 'unreadable',
    message: `no ${i} "\u2028`,
  }));
  await catalog.transaction((tx) => addProblems(tx, run, problems.slice(0, 10)));
  await catalog.transaction((tx) => addProblems(tx, run, problems.slice(10)));
  expect(await listProblems(catalog, run, 10_000)).toEqual(problems);
  expect(await listProblems(catalog, run, 3)).toEqual(problems.slice(0, 3));
  await catalog.transaction((tx) => forgetProblems(tx, run));
  expect(await listProblems(catalog, run, 10)).toEqual([]);
});

test('a snapshot counts only once it is committed, with the epoch and head of its target', async () => {
  const catalog = await temporaryCatalog();
  const target = await sampleTarget(catalog);
  const plan = await samplePlan(catalog, target);
  const id = await begin(catalog, plan);
  expect(await getSnapshot(catalog, id)).toMatchObject({
    state: 'running',
    base: true,
    parent: null,
    epoch: null,
  });
  expect(await runningSnapshots(catalog)).toMatchObject([{ id }]);
  expect(await latestSnapshot(catalog, plan)).toBeUndefined();
  const totals = { files: 5, folders: 2, bytes: 2 ** 45, newBytes: 7, storedBytes: 3 };
  const manifest = await commit(catalog, target, id, totals);
  const row = await latestSnapshot(catalog, plan);
  expect(row).toMatchObject({ id, state: 'committed', epoch: 1, manifest, endedAt: 2, ...totals });
  const [pack] = await listPacks(catalog, { kind: 'manifest' });
  expect(await getTarget(catalog, target)).toMatchObject({ epoch: 1, head: pack?.treeHash });
  expect(await findSnapshots(catalog, row?.uid.slice(0, 30) ?? '')).toEqual([row]);
  expect(await findSnapshots(catalog, 'f')).toEqual([]);

  const next = await begin(catalog, plan);
  expect(await getSnapshot(catalog, next)).toMatchObject({ base: false, parent: id });
  await catalog.transaction((tx) => setBase(tx, next));
  expect(await getSnapshot(catalog, next)).toMatchObject({ base: true, parent: id });
  expect(await listSnapshots(catalog, null)).toEqual([row]);
});

test('a plan has one running snapshot at most, and an undone one is no parent', async () => {
  const catalog = await temporaryCatalog();
  const target = await sampleTarget(catalog);
  const plan = await samplePlan(catalog, target);
  const id = await begin(catalog, plan);
  await expect(begin(catalog, plan)).rejects.toThrow(RangeError);
  await catalog.transaction((tx) => undoSnapshot(tx, id, 1));
  const next = await begin(catalog, plan);
  expect(next).toBeGreaterThan(id);
  expect(await getSnapshot(catalog, next)).toMatchObject({ parent: null, base: true });
});

test.each([
  ['a manifest that is not stored', { state: 'sealed' }],
  ['a head that is not its manifest', { head: digest('other') }],
  ['an epoch that is not the next', { epoch: 2 }],
] as const)('does not commit with %s', async (_, wrong) => {
  const catalog = await temporaryCatalog();
  const target = await sampleTarget(catalog);
  const plan = await samplePlan(catalog, target);
  const id = await catalog.transaction((tx) =>
    startSnapshot(tx, { plan, uid: 'cd'.repeat(16), startedAt: 1 }),
  );
  const committed = catalog.transaction(async (tx) => {
    const manifest = await storedPack(tx, {
      target,
      snapshot: id,
      kind: 'manifest',
      index: null,
      treeHash: digest('m'),
    });
    if ('state' in wrong) await tx.run("update packs set state = 'sealed'");
    const totals = { files: 0, folders: 0, bytes: 0, newBytes: 0, storedBytes: 0 };
    await commitSnapshot(tx, id, { endedAt: 2, epoch: 1, manifest, head: digest('m'), totals, ...wrong });
  });
  await expect(committed).rejects.toThrow(RangeError);
  expect(await getTarget(catalog, target)).toMatchObject({ epoch: 0, head: null });
  expect(await latestSnapshot(catalog, plan)).toBeUndefined();
});

test('sums the ledger by operation, for a run, an order or a time', async () => {
  const catalog = await temporaryCatalog();
  const target = 1 as TargetId;
  const run = 4 as RunId;
  const line = { target, run, order: null, operation: 'UploadPart', count: 3, bytes: 2 ** 33 };
  await catalog.transaction((tx) =>
    addRequests(tx, [
      { ...line, at: 100 },
      { ...line, at: 200, run: null },
      { ...line, at: 200, operation: 'DescribeJob', count: 1, bytes: 0 },
    ]),
  );
  expect(await requestTotals(catalog, { target })).toEqual([
    { operation: 'DescribeJob', count: 1, bytes: 0 },
    { operation: 'UploadPart', count: 6, bytes: 2 ** 34 },
  ]);
  expect(await requestTotals(catalog, { run, since: 0, until: 200 })).toEqual([
    { operation: 'UploadPart', count: 3, bytes: 2 ** 33 },
  ]);
  expect(await requestTotals(catalog, { since: 101, until: 200 })).toEqual([]);
  expect(await requestTotals(catalog, { target: 2 as TargetId })).toEqual([]);
});

test('keeps settings as they were written, until they are taken back', async () => {
  const catalog = await temporaryCatalog();
  expect(await readSetting(catalog, 'a')).toBeUndefined();
  await catalog.transaction((tx) => writeSetting(tx, 'a', { list: [1, null, 'ü'] }));
  await catalog.transaction((tx) => writeSetting(tx, 'a', [false]));
  expect(await readSetting(catalog, 'a')).toEqual([false]);
  await catalog.transaction((tx) => writeSetting(tx, 'a', undefined));
  expect(await readSetting(catalog, 'a')).toBeUndefined();
});
