import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Catalog } from '../../../../src/main/engine/catalog/catalog.ts';
import type { PackKey, TargetId } from '../../../../src/main/engine/catalog/ids.ts';
import { findPack } from '../../../../src/main/engine/catalog/packs.ts';
import { addProof, markListed, proofsOf } from '../../../../src/main/engine/catalog/proofs.ts';
import { clearSuspect, suspectPack, takeCopy } from '../../../../src/main/engine/catalog/suspects.ts';
import type { ArchiveId } from '../../../../src/main/engine/target/target.ts';
import { sampleTarget, storedPack } from './sample.ts';
import { temporaryCatalog } from './temporary.ts';

const MIB = 1024 * 1024;

async function withPack(): Promise<{ catalog: Catalog; target: TargetId; pack: PackKey }> {
  const catalog = await temporaryCatalog();
  const target = await sampleTarget(catalog);
  const facts = { target, snapshot: null, index: null };
  const pack = await catalog.transaction((tx) => storedPack(tx, facts));
  return { catalog, target, pack };
}

async function stateOf(catalog: Catalog, pack: PackKey): Promise<string> {
  return String((await catalog.row('select state from packs where id = ?', [pack]))?.state);
}

test('what was proven adds up, each MiB once, and the date is the latest', async () => {
  const { catalog, target, pack } = await withPack();
  const range = fc
    .tuple(fc.nat(500), fc.integer({ min: 1, max: 64 }), fc.nat(1000))
    .map(([first, count, at]) => ({ first, end: first + count, at }));
  await fc.assert(
    fc.asyncProperty(fc.array(range, { minLength: 1, maxLength: 6 }), async (ranges) => {
      await catalog.transaction(async (tx) => {
        await tx.run('delete from proofs');
        for (const { first, end, at } of ranges)
          await addProof(tx, pack, { first: first * MIB, end: end * MIB }, at);
      });
      const proven = new Set(
        ranges.flatMap(({ first, end }) => Array.from({ length: end - first }, (_, i) => first + i)),
      );
      expect((await proofsOf(catalog, target)).get(pack)).toMatchObject({
        provenBytes: proven.size * MIB,
        provenAt: Math.max(...ranges.map(({ at }) => at)),
      });
    }),
    { numRuns: 50 },
  );
});

test('the date of the last listing never goes back', async () => {
  const { catalog, target, pack } = await withPack();
  for (const at of [5, 9, 7]) await catalog.transaction((tx) => markListed(tx, [pack], at));
  expect((await proofsOf(catalog, target)).get(pack)).toMatchObject({ listedAt: 9, provenAt: null });
});

test.each(['missing', 'differs'] as const)('a listing clears a pack that was %s', async (why) => {
  const { catalog, pack } = await withPack();
  await catalog.transaction((tx) => suspectPack(tx, pack, why));
  expect(await stateOf(catalog, pack)).toBe('suspect');
  await catalog.transaction((tx) => clearSuspect(tx, pack));
  expect(await stateOf(catalog, pack)).toBe('stored');
});

test.each(['damaged', 'gone', 'replaced'] as const)('no listing clears a pack that was %s', async (why) => {
  const { catalog, pack } = await withPack();
  await catalog.transaction((tx) => suspectPack(tx, pack, why));
  await catalog.transaction((tx) => clearSuspect(tx, pack));
  expect(await stateOf(catalog, pack)).toBe('suspect');
});

test('a pack that goes on with a copy has its name, and nothing of it is proven yet', async () => {
  const { catalog, target, pack } = await withPack();
  await catalog.transaction((tx) => addProof(tx, pack, { first: 0, end: MIB }, 3));
  await catalog.transaction((tx) => suspectPack(tx, pack, 'damaged'));
  await catalog.transaction((tx) => takeCopy(tx, pack, 'the copy' as ArchiveId));
  const uid = String((await catalog.row('select hex(uid) uid from packs where id = ?', [pack]))?.uid);
  expect(await findPack(catalog, uid)).toMatchObject({ state: 'stored', archiveId: 'the copy' });
  expect((await proofsOf(catalog, target)).get(pack)).toMatchObject({
    ...{ suspected: null, provenAt: null, provenBytes: 0 },
  });
});
