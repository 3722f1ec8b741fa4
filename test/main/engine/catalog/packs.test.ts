import { expect, test } from 'vitest';
import {
  chunkIdsOf,
  chunkPlaces,
  type ChunkPlace,
  lastChunkNumber,
  loadChunkIds,
} from '../../../../src/main/engine/catalog/chunks.ts';
import type { Catalog } from '../../../../src/main/engine/catalog/catalog.ts';
import { framesOf, type FrameContents } from '../../../../src/main/engine/catalog/frames.ts';
import type { PackKey, TargetId } from '../../../../src/main/engine/catalog/ids.ts';
import {
  findPack,
  forgetPack,
  getPacks,
  listPacks,
  markDead,
  markStored,
  markSuspect,
  markUnknown,
  markUnstaged,
  markUploading,
  type PackIndex,
} from '../../../../src/main/engine/catalog/packs.ts';
import { targetTotals } from '../../../../src/main/engine/catalog/targets.ts';
import { forgetUpload, markBegun, owedUploads } from '../../../../src/main/engine/catalog/uploads.ts';
import type { ArchiveId, UploadId } from '../../../../src/main/engine/target/target.ts';
import {
  begin,
  chunkId,
  commit,
  plainIndex,
  samplePlan,
  sampleTarget,
  sealedPack,
  storedPack,
} from './sample.ts';
import { temporaryCatalog } from './temporary.ts';

const archive = 'archive' as ArchiveId;

async function allPlaces(catalog: Catalog, runs: readonly number[]): Promise<ChunkPlace[]> {
  const places: ChunkPlace[] = [];
  for await (const batch of chunkPlaces(catalog, Uint32Array.from(runs))) places.push(...batch);
  return places;
}

async function allFrames(catalog: Catalog, pack: PackKey): Promise<FrameContents[]> {
  const frames: FrameContents[] = [];
  for await (const batch of framesOf(catalog, pack)) frames.push(...batch);
  return frames;
}

async function loaded(catalog: Catalog, target: TargetId): Promise<Map<number, string>> {
  const found = new Map<number, string>();
  await loadChunkIds(catalog, target, ({ numbers, ids }) => {
    for (const [i, number] of numbers.entries()) {
      found.set(number, ids.subarray(i * 32, (i + 1) * 32).toString('hex'));
    }
  });
  return found;
}

/** Frames of three chunks each, numbered in an order of their own, as two workers at once make them. */
function groupedIndex(frames: number, number: (chunk: number) => number): PackIndex {
  const chunks = Array.from({ length: frames * 3 }, (_, i) => ({
    id: chunkId(number(i)),
    frame: Math.floor(i / 3),
    offset: (i % 3) * 100,
    length: 100 + (i % 3),
  }));
  return {
    frames: Array.from({ length: frames }, (_, i) => ({ stored: 50 + i, raw: 303, codec: i % 2 })),
    chunks,
    numbers: chunks.map((_, i) => number(i)),
  };
}

test('keeps of a sealed pack all that is needed to send it later', async () => {
  const catalog = await temporaryCatalog();
  const target = await sampleTarget(catalog);
  const pack = await catalog.transaction((tx) =>
    sealedPack(tx, { target, snapshot: null, index: plainIndex([1, 2]) }),
  );
  const [row] = await listPacks(catalog, { target, states: ['sealed'], staged: true });
  expect(row).toMatchObject({
    id: pack,
    state: 'sealed',
    frames: 2,
    chunks: 2,
    archiveId: null,
    storedAt: null,
  });
  const [owed] = await owedUploads(catalog, target);
  expect(owed).toMatchObject({ pack, uid: row?.uid, size: row?.size, state: 'sealed', uploadId: null });
  expect(owed?.leaves).toHaveLength(32);
  expect(owed?.description).toBe(`a1.${row?.uid ?? ''}.sealed`);
  expect(await findPack(catalog, row?.uid ?? '')).toEqual(row);
});

test('moves a pack only along its way, and forgets the upload when it is stored', async () => {
  const catalog = await temporaryCatalog();
  const target = await sampleTarget(catalog);
  const pack = await catalog.transaction((tx) => sealedPack(tx, { target, snapshot: null, index: null }));
  const state = async (): Promise<unknown> => (await getPacks(catalog, [pack])).get(pack)?.state;
  const begun = { uploadId: 'up' as UploadId, partBytes: 2 ** 20, begunAt: 7 };

  await expect(catalog.transaction((tx) => markUnstaged(tx, pack))).rejects.toThrow(RangeError);
  await expect(catalog.transaction((tx) => markSuspect(tx, pack))).rejects.toThrow(RangeError);
  await catalog.transaction((tx) => markUploading(tx, pack));
  await catalog.transaction((tx) => markBegun(tx, pack, begun));
  expect(await owedUploads(catalog, target)).toMatchObject([{ state: 'uploading', ...begun }]);
  await catalog.transaction((tx) => forgetUpload(tx, pack));
  await catalog.transaction((tx) => markUnknown(tx, pack));
  expect(await owedUploads(catalog, target)).toMatchObject([
    { state: 'unknown', uploadId: null, partBytes: null },
  ]);
  await catalog.transaction((tx) => markStored(tx, pack, archive, 8));
  expect(await owedUploads(catalog, target)).toEqual([]);
  await expect(catalog.transaction((tx) => markStored(tx, pack, archive, 8))).rejects.toThrow(RangeError);
  await catalog.transaction((tx) => markUnstaged(tx, pack));
  expect(await listPacks(catalog, { staged: true })).toEqual([]);
  await catalog.transaction((tx) => markSuspect(tx, pack));
  await catalog.transaction((tx) => markDead(tx, pack));
  expect(await state()).toBe('dead');
});

test('finds packs by every word of a filter', async () => {
  const catalog = await temporaryCatalog();
  const target = await sampleTarget(catalog);
  const other = await sampleTarget(catalog, 'other');
  const plan = await samplePlan(catalog, target);
  const snapshot = await begin(catalog, plan);
  const [data, sealed] = await catalog.transaction(async (tx) => [
    await storedPack(tx, { target, snapshot, index: plainIndex([1]) }),
    await sealedPack(tx, { target: other, snapshot: null, index: plainIndex([2]) }),
  ]);
  const manifest = await commit(catalog, target, snapshot);
  const found = async (filter: Parameters<typeof listPacks>[1]): Promise<unknown> =>
    (await listPacks(catalog, filter)).map(({ id }) => id);
  expect(await found({})).toEqual([data, sealed, manifest]);
  expect(await found({ target })).toEqual([data, manifest]);
  expect(await found({ snapshot, kind: 'data' })).toEqual([data]);
  expect(await found({ states: ['sealed', 'uploading'] })).toEqual([sealed]);
  expect(await found({ states: [] })).toEqual([]);
  expect(await targetTotals(catalog, target)).toEqual({ archives: 2, storedBytes: 2 * 2 ** 20 });
});

test('loads the chunks of one target that are stored or on their way, and no others', async () => {
  const catalog = await temporaryCatalog();
  const target = await sampleTarget(catalog);
  const other = await sampleTarget(catalog, 'other');
  await catalog.transaction(async (tx) => {
    await storedPack(tx, { target, snapshot: null, index: plainIndex([1, 2, 20_000]) });
    await sealedPack(tx, { target, snapshot: null, index: plainIndex([3]) });
    await storedPack(tx, { target: other, snapshot: null, index: plainIndex([4]) });
    await markSuspect(tx, await storedPack(tx, { target, snapshot: null, index: plainIndex([5]) }));
  });
  const expected = [1, 2, 3, 20_000].map((n) => [n, chunkId(n).toString('hex')] as const);
  expect(await loaded(catalog, target)).toEqual(new Map(expected));
});

test('never gives a chunk number out twice, even when its pack is forgotten', async () => {
  const catalog = await temporaryCatalog();
  const target = await sampleTarget(catalog);
  expect(await lastChunkNumber(catalog)).toBe(0);
  const pack = await catalog.transaction((tx) =>
    sealedPack(tx, { target, snapshot: null, index: plainIndex([7, 9]) }),
  );
  await catalog.transaction((tx) => forgetPack(tx, pack));
  expect(await lastChunkNumber(catalog)).toBe(9);
  expect(await loaded(catalog, target)).toEqual(new Map());
  expect(await owedUploads(catalog, target)).toEqual([]);
});

test('forgets the chunks of one pack and leaves those of its neighbours', async () => {
  const catalog = await temporaryCatalog();
  const target = await sampleTarget(catalog);
  const [, even] = await catalog.transaction(async (tx) => [
    await sealedPack(tx, { target, snapshot: null, index: plainIndex([1, 3, 5]) }),
    await sealedPack(tx, { target, snapshot: null, index: plainIndex([2, 4, 6]) }),
  ]);
  await catalog.transaction((tx) => forgetPack(tx, even));
  expect([...(await loaded(catalog, target)).keys()]).toEqual([5, 3, 1]);
});

test('refuses to forget a pack that reached its target, and a chunk number used before', async () => {
  const catalog = await temporaryCatalog();
  const target = await sampleTarget(catalog);
  const pack = await catalog.transaction((tx) =>
    storedPack(tx, { target, snapshot: null, index: plainIndex([1]) }),
  );
  await expect(catalog.transaction((tx) => forgetPack(tx, pack))).rejects.toThrow(RangeError);
  const again = catalog.transaction((tx) =>
    sealedPack(tx, { target, snapshot: null, index: plainIndex([1]) }),
  );
  await expect(again).rejects.toThrow(RangeError);
  expect(await listPacks(catalog, {})).toHaveLength(1);
});

test('says where each chunk lies, in the order asked for, over many batches', async () => {
  const catalog = await temporaryCatalog();
  const target = await sampleTarget(catalog);
  const frames = 1500;
  const pack = await catalog.transaction(async (tx) => {
    await sealedPack(tx, { target, snapshot: null, index: plainIndex([9999]) });
    return sealedPack(tx, { target, snapshot: null, index: groupedIndex(frames, (i) => i + 1) });
  });
  const places = await allPlaces(catalog, [4000, 500, 1, 4200]);
  expect(places.map(({ chunk }) => chunk)).toEqual([
    ...Array.from({ length: 500 }, (_, i) => 4000 + i),
    ...Array.from({ length: 4200 }, (_, i) => 1 + i),
  ]);
  const start = (frame: number): number => frame * 50 + (frame * (frame - 1)) / 2;
  expect(places.find(({ chunk }) => chunk === 3002)).toEqual({
    chunk: 3002,
    id: chunkId(3002),
    offset: 100,
    length: 101,
    pack,
    frame: { key: expect.any(Number) as number, start: start(1000), stored: 1050, raw: 303, codec: 0 },
  });
  const [first, , , next] = await allPlaces(catalog, [1, 4]);
  expect(next?.frame.key).toBe((first?.frame.key ?? 0) + 1);
});

test('leaves out chunks that it does not know', async () => {
  const catalog = await temporaryCatalog();
  const target = await sampleTarget(catalog);
  await catalog.transaction((tx) => sealedPack(tx, { target, snapshot: null, index: plainIndex([1, 2, 4]) }));
  expect((await allPlaces(catalog, [1, 6])).map(({ chunk }) => chunk)).toEqual([1, 2, 4]);
});

test('gives the ids of many contents at once, and refuses when one is unknown', async () => {
  const catalog = await temporaryCatalog();
  const target = await sampleTarget(catalog);
  const numbers = Array.from({ length: 10_000 }, (_, i) => i + 1);
  await catalog.transaction((tx) => sealedPack(tx, { target, snapshot: null, index: plainIndex(numbers) }));
  const hash = Buffer.alloc(32);
  const contents = [[1, 9000], [], [9000, 2, 5, 1]].map((runs) => ({ runs: Uint32Array.from(runs), hash }));
  const [long, none, mixed] = await chunkIdsOf(catalog, contents);
  expect(long).toEqual(Buffer.concat(numbers.slice(0, 9000).map(chunkId)));
  expect(none).toHaveLength(0);
  expect(mixed).toEqual(Buffer.concat([9000, 9001, 5].map(chunkId)));
  const unknown = [{ runs: Uint32Array.of(9999, 3), hash }];
  await expect(chunkIdsOf(catalog, unknown)).rejects.toMatchObject({ kind: 'corrupt' });
});

test('gives the frames of a pack back as they were, whatever numbers their chunks got', async () => {
  const catalog = await temporaryCatalog();
  const target = await sampleTarget(catalog);
  const frames = 2500;
  // Two packs filled at once: odd numbers to one, even ones to the other, the second backwards.
  const odd = groupedIndex(frames, (i) => 2 * i + 1);
  const even = groupedIndex(frames, (i) => 2 * (3 * frames - i));
  const [first, second] = await catalog.transaction(async (tx) => [
    await sealedPack(tx, { target, snapshot: null, index: odd }),
    await sealedPack(tx, { target, snapshot: null, index: even }),
  ]);
  for (const [pack, index] of [
    [first, odd],
    [second, even],
  ] as const) {
    const found = await allFrames(catalog, pack);
    expect(found.map(({ stored, raw, codec }) => ({ stored, raw, codec }))).toEqual(index.frames);
    expect(found.flatMap(({ lengths }) => lengths)).toEqual(index.chunks.map(({ length }) => length));
    expect(Buffer.concat(found.map(({ ids }) => ids))).toEqual(
      Buffer.concat(index.chunks.map(({ id }) => id)),
    );
  }
});

test('gives no frames of a pack without an index', async () => {
  const catalog = await temporaryCatalog();
  const target = await sampleTarget(catalog);
  const pack = await catalog.transaction((tx) => sealedPack(tx, { target, snapshot: null, index: null }));
  expect(await allFrames(catalog, pack)).toEqual([]);
});
