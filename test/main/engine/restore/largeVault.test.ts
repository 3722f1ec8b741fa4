/**
 * What it costs to get a part of a vault of 64 GiB back, beside whole archives. The vault is there as a catalog alone:
 * that what is said here is what the service bills is held in bill.test.ts.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Catalog, openCatalog } from '../../../../src/main/engine/catalog/catalog.ts';
import { putEntries } from '../../../../src/main/engine/catalog/entries.ts';
import { ensureFolders, ensureTop } from '../../../../src/main/engine/catalog/folders.ts';
import type { PlanId, SnapshotId } from '../../../../src/main/engine/catalog/ids.ts';
import { planOrder } from '../../../../src/main/engine/restore/orderPlan.ts';
import { priceOfRanges, pricesOf, quoteAll } from '../../../../src/main/engine/restore/quote.ts';
import { tierHours } from '../../../../src/main/engine/restore/windows.ts';
import { figure } from '../../../figures.ts';
import {
  begin,
  chunkId,
  commit,
  file,
  folder,
  samplePlan,
  sampleTarget,
  storedPack,
} from '../catalog/sample.ts';

const MIB = 2 ** 20;
const PACKS = 64;
const PACK_BYTES = 1024 * MIB;
/** Photos of 3 MiB, a chunk of 1.5 MiB in each of their two frames; the rest of the pack is its index. */
const PHOTOS = 340;
const PHOTO_BYTES = 3 * MIB;
const SCATTERED = 200;
const SOURCE = Buffer.from('/home');
const target = {
  settings: { kind: 'vault', vault: 'photos', region: 'us-east-1', create: false },
} as const;
const prices = pricesOf(target);

const dir = mkdtempSync(join(tmpdir(), 'permafrost-large-'));
let catalog: Catalog;
let plan: PlanId;
let snapshot: SnapshotId;

beforeAll(async () => {
  catalog = await openCatalog(join(dir, 'catalog.db'));
  const attic = await sampleTarget(catalog);
  plan = await samplePlan(catalog, attic);
  snapshot = await begin(catalog, plan);
  const { content } = file('');
  const firstOf = (pack: number, photo: number): number => 1 + 2 * (pack * PHOTOS + photo);
  await catalog.transaction(async (tx) => {
    const top = await ensureTop(tx, plan);
    await putEntries(tx, snapshot, [{ folder: top, entry: folder(SOURCE) }]);
    const [home] = await ensureFolders(tx, plan, [{ parent: top, name: SOURCE }]);
    const years = [...Array(PACKS).keys()].map((pack) => `album ${pack}`);
    const names = [...years, 'scattered'];
    await putEntries(
      tx,
      snapshot,
      names.map((name) => ({ folder: home!, entry: folder(name) })),
    );
    const albums = await ensureFolders(
      tx,
      plan,
      names.map((name) => ({ parent: home!, name: Buffer.from(name) })),
    );
    for (let pack = 0; pack < PACKS; pack++) {
      const numbers = Array.from({ length: 2 * PHOTOS }, (_, i) => firstOf(pack, 0) + i);
      await storedPack(tx, {
        target: attic,
        snapshot,
        size: PACK_BYTES,
        index: {
          frames: numbers.map(() => ({ stored: PHOTO_BYTES / 2, raw: PHOTO_BYTES / 2, codec: 0 })),
          chunks: numbers.map((n, frame) => ({
            ...{ id: chunkId(n), frame, offset: 0, length: PHOTO_BYTES / 2 },
          })),
          numbers,
        },
      });
      const photos = Array.from({ length: PHOTOS }, (_, photo) => ({
        folder: albums[pack]!,
        entry: file(`${photo}.jpg`, {
          size: PHOTO_BYTES,
          content: { runs: Uint32Array.of(firstOf(pack, photo), 2), hash: content.hash },
        }),
      }));
      await putEntries(tx, snapshot, photos);
    }
    // A few in each pack, far from one another: as a folder is that grew over the years.
    const scattered = Array.from({ length: SCATTERED }, (_, i) => ({
      folder: albums[PACKS]!,
      entry: file(`scattered ${i}.jpg`, {
        size: PHOTO_BYTES,
        content: {
          runs: Uint32Array.of(firstOf(i % PACKS, (i * 97) % PHOTOS), 2),
          hash: content.hash,
        },
      }),
    }));
    await putEntries(tx, snapshot, scattered);
  });
  await commit(catalog, attic, snapshot);
}, 120_000);
afterAll(async () => {
  await catalog.close();
  rmSync(dir, { recursive: true, force: true });
});

async function priced(paths: readonly (readonly string[])[]) {
  const selection = { plan, snapshot, paths: paths.map((names) => names.map((name) => Buffer.from(name))) };
  const order = await planOrder(catalog, selection);
  const traits = { instantRead: false } as Parameters<typeof quoteAll>[2];
  const quote = quoteAll(order, target, traits, tierHours).ofTier('standard');
  const whole = order.packs.map(({ pack }) => ({
    range: { first: 0, end: pack.size },
    tier: 'standard' as const,
  }));
  return {
    bytes: quote.retrieveBytes,
    usd: quote.estimate.usd,
    retrievals: quote.ranges.length,
    wholeBytes: whole.reduce((sum, { range }) => sum + range.end, 0),
    wholeUsd: priceOfRanges(whole, prices).usd,
  };
}

function told(what: string, { bytes, usd, wholeBytes, wholeUsd }: Awaited<ReturnType<typeof priced>>): void {
  figure(`${what} of a vault of 64 GiB: retrieved`, bytes / MIB);
  figure(`${what} of a vault of 64 GiB: price`, usd);
  figure(`${what} of a vault of 64 GiB, by whole archives: retrieved`, wholeBytes / MIB);
  figure(`${what} of a vault of 64 GiB, by whole archives: price`, wholeUsd);
}

describe('of a vault of 64 GiB', () => {
  it('one photo of 3 MiB takes a few MiB, not its archive', async () => {
    const one = await priced([['/home', 'album 17', '123.jpg']]);
    told('one photo', one);
    expect(one.bytes).toBeLessThanOrEqual(8 * MIB);
    expect(one.wholeBytes).toBe(PACK_BYTES);
    expect(one.usd).toBeLessThan(one.wholeUsd / 100);
  });

  it('a folder of 200 files that lie all over it takes little more than they are', async () => {
    const some = await priced([['/home', 'scattered']]);
    told('a folder of 200 scattered photos', some);
    expect(some.bytes).toBeGreaterThanOrEqual(SCATTERED * PHOTO_BYTES);
    expect(some.bytes).toBeLessThan(2.5 * SCATTERED * PHOTO_BYTES);
    expect(some.wholeBytes).toBe(PACKS * PACK_BYTES);
    expect(some.usd).toBeLessThan(some.wholeUsd / 20);
  });

  it('everything costs no more than whole archives do', async () => {
    const all = await priced([]);
    told('everything', all);
    expect(all.bytes).toBeLessThanOrEqual(all.wholeBytes);
    expect(all.usd).toBeLessThanOrEqual(all.wholeUsd);
  });
});
