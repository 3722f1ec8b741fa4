import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Catalog } from '../../../../src/main/engine/catalog/catalog.ts';
import { joinRuns, missingChunks } from '../../../../src/main/engine/catalog/closure.ts';
import { currentEntriesOf, putEntries } from '../../../../src/main/engine/catalog/entries.ts';
import { ensureTop } from '../../../../src/main/engine/catalog/folders.ts';
import type { FolderId, PlanId, SnapshotId, TargetId } from '../../../../src/main/engine/catalog/ids.ts';
import { forgetPack, markStored } from '../../../../src/main/engine/catalog/packs.ts';
import { pruneUnstored, undoSnapshot } from '../../../../src/main/engine/catalog/undo.ts';
import { getSnapshot } from '../../../../src/main/engine/catalog/snapshots.ts';
import { chunkNumbers, type FileEntry } from '../../../../src/main/engine/entry.ts';
import type { ArchiveId } from '../../../../src/main/engine/target/target.ts';
import {
  begin,
  commit,
  digest,
  file,
  plainIndex,
  samplePlan,
  sampleTarget,
  sealedPack,
  storedPack,
} from './sample.ts';
import { temporaryCatalog } from './temporary.ts';

interface Scene {
  readonly catalog: Catalog;
  readonly target: TargetId;
  readonly plan: PlanId;
  readonly top: FolderId;
}

async function scene(): Promise<Scene> {
  const catalog = await temporaryCatalog();
  const target = await sampleTarget(catalog);
  const plan = await samplePlan(catalog, target);
  const top = await catalog.transaction((tx) => ensureTop(tx, plan));
  return { catalog, target, plan, top };
}

/** A file of the chunks in `runs`. */
function holding(name: string, runs: readonly number[]): FileEntry {
  return file(name, {
    size: runs.length,
    content: { runs: Uint32Array.from(runs), hash: digest(runs.join()) },
  });
}

async function put(
  { catalog, top }: Scene,
  snapshot: SnapshotId,
  files: readonly FileEntry[],
): Promise<void> {
  await catalog.transaction((tx) =>
    putEntries(
      tx,
      snapshot,
      files.map((entry) => ({ folder: top, entry })),
    ),
  );
}

async function names({ catalog, top }: Scene): Promise<string[]> {
  const known = (await currentEntriesOf(catalog, [top])).get(top)?.entries ?? [];
  return known.map(
    (entry) => `${entry.name.toString()}:${entry.kind === 'file' ? [...entry.content.runs].join() : ''}`,
  );
}

test('joins the runs of many files into all their chunks, each once', () => {
  const run = fc.tuple(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 9 }));
  fc.assert(
    fc.property(fc.array(fc.array(run, { maxLength: 4 }), { maxLength: 8 }), (contents) => {
      const files = contents.map((runs) => ({
        folder: 1 as FolderId,
        name: '',
        runs: Uint32Array.from(runs.flat()),
      }));
      const all = new Set(files.flatMap(({ runs }) => [...chunkNumbers(runs)]));
      const joined = joinRuns(files);
      const numbers = joined.flatMap(({ first, count }) =>
        Array.from({ length: count }, (_, i) => first + i),
      );
      expect(numbers).toEqual([...all].sort((a, b) => a - b));
      for (const [i, { first }] of joined.entries()) {
        const before = joined[i - 1];
        if (before !== undefined) expect(first).toBeGreaterThan(before.first + before.count);
      }
    }),
  );
});

test('finds the closure open until every pack is stored', async () => {
  const at = await scene();
  const { catalog, target } = at;
  const snapshot = await begin(catalog, at.plan);
  await put(at, snapshot, [holding('a', [1, 3]), holding('b', [3, 1, 4, 2])]);
  expect(await missingChunks(catalog, snapshot)).toEqual([1, 2, 3, 4, 5]);
  const [, late] = await catalog.transaction(async (tx) => [
    await storedPack(tx, { target, snapshot, index: plainIndex([1, 2, 3]) }),
    await sealedPack(tx, { target, snapshot, index: plainIndex([4, 5]) }),
  ]);
  expect(await missingChunks(catalog, snapshot)).toEqual([4, 5]);
  await catalog.transaction((tx) => markStored(tx, late, 'late' as ArchiveId, 1));
  expect(await missingChunks(catalog, snapshot)).toEqual([]);
});

test('does not count chunks that are stored at another target', async () => {
  const at = await scene();
  const other = await sampleTarget(at.catalog, 'other');
  const snapshot = await begin(at.catalog, at.plan);
  await put(at, snapshot, [holding('a', [1, 1])]);
  await at.catalog.transaction((tx) =>
    storedPack(tx, { target: other, snapshot: null, index: plainIndex([1]) }),
  );
  expect(await missingChunks(at.catalog, snapshot)).toEqual([1]);
});

test('names a thousand missing chunks of a long file and not more', async () => {
  const at = await scene();
  const snapshot = await begin(at.catalog, at.plan);
  await put(at, snapshot, [holding('long', [1, 3_000_000])]);
  const missing = await missingChunks(at.catalog, snapshot);
  expect(missing).toHaveLength(1000);
  expect(missing.at(-1)).toBe(1000);
});

test('drops files whose chunks got lost and brings back what they had replaced', async () => {
  const at = await scene();
  const { catalog, target } = at;
  const before = await begin(catalog, at.plan);
  await catalog.transaction((tx) => storedPack(tx, { target, snapshot: before, index: plainIndex([1, 2]) }));
  await put(at, before, [holding('kept', [1, 1]), holding('changed', [2, 1])]);
  await commit(catalog, target, before);

  const snapshot = await begin(catalog, at.plan);
  const pack = await catalog.transaction((tx) =>
    sealedPack(tx, { target, snapshot, index: plainIndex([3, 4]) }),
  );
  await put(at, snapshot, [
    holding('changed', [3, 3]), // 5 was claimed but never sealed
    holding('new', [5, 1]),
    holding('sealed', [4, 1, 1, 1]),
    holding('empty', []),
  ]);
  expect(await catalog.transaction((tx) => pruneUnstored(tx, snapshot))).toBe(2);
  expect(await names(at)).toEqual(['changed:2,1', 'empty:', 'kept:1,1', 'sealed:4,1,1,1']);
  expect(await catalog.transaction((tx) => pruneUnstored(tx, snapshot))).toBe(0);

  await catalog.transaction((tx) => forgetPack(tx, pack));
  expect(await catalog.transaction((tx) => pruneUnstored(tx, snapshot))).toBe(1);
  expect(await names(at)).toEqual(['changed:2,1', 'empty:', 'kept:1,1']);
});

test('prunes over many pages', async () => {
  const at = await scene();
  const snapshot = await begin(at.catalog, at.plan);
  const numbers = Array.from({ length: 6000 }, (_, i) => i + 1);
  const stored = numbers.filter((n) => n % 3 !== 0);
  await at.catalog.transaction((tx) =>
    sealedPack(tx, { target: at.target, snapshot, index: plainIndex(stored) }),
  );
  await put(
    at,
    snapshot,
    numbers.map((n) => holding(String(n).padStart(5, '0'), [n, 1])),
  );
  expect(await at.catalog.transaction((tx) => pruneUnstored(tx, snapshot))).toBe(2000);
  expect(await names(at)).toHaveLength(4000);
});

test('marks an undone snapshot abandoned, and refuses to undo one that others build on', async () => {
  const at = await scene();
  const { catalog, target, plan } = at;
  const first = await begin(catalog, plan);
  await put(at, first, [holding('a', [])]);
  await commit(catalog, target, first);
  await expect(catalog.transaction((tx) => undoSnapshot(tx, first, 5))).rejects.toThrow(RangeError);
  const second = await begin(catalog, plan);
  await put(at, second, [holding('a', [1, 1]), holding('b', [])]);
  await catalog.transaction((tx) => undoSnapshot(tx, second, 5));
  expect(await getSnapshot(catalog, second)).toMatchObject({ state: 'abandoned', endedAt: 5 });
  expect(await names(at)).toEqual(['a:']);
});

test('writes nothing for entries that are as they were', async () => {
  const at = await scene();
  const first = await begin(at.catalog, at.plan);
  const files = [holding('a', [1, 1]), holding('b', [])];
  await put(at, first, files);
  await commit(at.catalog, at.target, first);
  const second = await begin(at.catalog, at.plan);
  const written = await at.catalog.transaction((tx) =>
    putEntries(
      tx,
      second,
      [...files, holding('c', [])].map((entry) => ({ folder: at.top, entry })),
    ),
  );
  expect(written).toBe(1);
});

test('refuses to write as an older snapshot than the newest', async () => {
  const at = await scene();
  const first = await begin(at.catalog, at.plan);
  await commit(at.catalog, at.target, first);
  const second = await begin(at.catalog, at.plan);
  await put(at, second, [holding('a', [])]);
  await expect(put(at, first, [holding('a', [1, 1])])).rejects.toThrow(RangeError);
});
