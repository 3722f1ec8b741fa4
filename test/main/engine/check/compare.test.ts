import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PackKey } from '../../../../src/main/engine/catalog/ids.ts';
import {
  compare,
  Comparison,
  LAG_MS,
  type ExpectedPack,
  type Listed,
  type ListingDate,
} from '../../../../src/main/engine/check/compare.ts';
import type { ArchiveId } from '../../../../src/main/engine/target/target.ts';

const DAY = 24 * 3_600_000;

function hashOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function uidOf(n: number): string {
  return n.toString(16).padStart(32, '0');
}

/** A description of the form of our packs; what is sealed in it does not matter here. */
function described(n: number): string {
  return `a1.${uidOf(n)}.${Buffer.alloc(12 + 24 + 16, n % 251).toString('base64url')}`;
}

function pack(n: number, change: Partial<ExpectedPack> = {}): ExpectedPack {
  return {
    id: n as PackKey,
    uid: uidOf(n),
    archiveId: `own-${n}` as ArchiveId,
    size: (1 + (n % 5)) * 1024 * 1024,
    treeHash: hashOf(`pack ${n}`),
    storedAt: n * 1000,
    listedAt: null,
    isDamaged: false,
    ...change,
  };
}

function listed(n: number, change: Partial<Listed> = {}): Listed {
  const { archiveId, size, treeHash, storedAt } = pack(n);
  return { archiveId, size, treeHash, createdAt: storedAt, description: described(n), ...change };
}

function at(takenAt: number | null, aheadMs = 0): ListingDate {
  return { takenAt, aheadMs };
}

const late = at(100 * DAY);

function kinds(packs: readonly ExpectedPack[], archives: readonly Listed[], date = late): string[] {
  const { verdicts } = compare(packs, { ...date, archives });
  return packs.map(({ id }) => verdicts.get(id)?.kind ?? 'none');
}

describe('a pack', () => {
  it('that is listed as it was stored is present, also where no hash is told', () => {
    expect(kinds([pack(1)], [listed(1)])).toEqual(['present']);
    expect(kinds([pack(1)], [listed(1, { treeHash: null })])).toEqual(['present']);
  });

  it('of another size or hash differs', () => {
    expect(kinds([pack(1)], [listed(1, { size: 7 })])).toEqual(['differs']);
    expect(kinds([pack(1)], [listed(1, { treeHash: hashOf('else') })])).toEqual(['differs']);
  });

  it('that is not listed is missing once the listing is two days younger, by a clock that may be ahead', () => {
    const { storedAt } = pack(1);
    expect(kinds([pack(1)], [], at(storedAt + LAG_MS))).toEqual(['newer']);
    expect(kinds([pack(1)], [], at(storedAt + LAG_MS + 1))).toEqual(['missing']);
    expect(kinds([pack(1)], [], at(storedAt + LAG_MS + 1, 1))).toEqual(['newer']);
    expect(kinds([pack(1)], [], at(storedAt + LAG_MS + 2, 1))).toEqual(['missing']);
  });

  it('that an earlier listing had is missing in any later one', () => {
    const seen = pack(1, { storedAt: 99 * DAY, listedAt: 99.5 * DAY });
    expect(kinds([seen], [], at(99.6 * DAY))).toEqual(['missing']);
    expect(kinds([seen], [], at(99.5 * DAY))).toEqual(['newer']);
  });

  it('stored before something that the service dates is as old as that, whatever our clock says', () => {
    const packs = [pack(1, { storedAt: 500 * DAY }), pack(2, { storedAt: 501 * DAY })];
    expect(kinds(packs, [listed(2, { createdAt: 10 * DAY })], at(12.1 * DAY))).toEqual([
      'missing',
      'present',
    ]);
    expect(kinds(packs, [listed(2, { createdAt: 10 * DAY })], at(11.9 * DAY))).toEqual(['newer', 'present']);
    expect(kinds(packs, [listed(1, { createdAt: 10 * DAY })], at(90 * DAY))).toEqual(['present', 'newer']);
  });

  it('that was found damaged is not cleared by a listing, but by a copy', () => {
    const damaged = pack(1, { isDamaged: true });
    const copy = listed(1, { archiveId: 'copy' as ArchiveId });
    expect(kinds([damaged], [listed(1)])).toEqual(['differs']);
    expect(kinds([damaged], [listed(1), copy])).toEqual(['copied']);
  });

  it('that is not in a folder is missing at once', () => {
    expect(kinds([pack(1)], [], at(null))).toEqual(['missing']);
  });

  it('of which only a copy is left goes on with that', () => {
    const copy = listed(1, { archiveId: 'copy' as ArchiveId });
    const { verdicts, extras } = compare([pack(1)], { ...late, archives: [copy] });
    expect(verdicts.get(1 as PackKey)).toEqual({ kind: 'copied', copy });
    expect(extras).toEqual([]);
  });
});

describe('an archive that is not in the catalog', () => {
  it('is an extra only if it has the bytes of a pack that is present', () => {
    const copy = listed(1, { archiveId: 'copy' as ArchiveId });
    const unlike = listed(1, { archiveId: 'unlike' as ArchiveId, treeHash: hashOf('else') });
    const other = listed(7, { archiveId: 'other' as ArchiveId });
    const foreign = listed(1, { archiveId: 'foreign' as ArchiveId, description: 'holiday.zip' });
    const unsure = listed(1, { archiveId: 'unsure' as ArchiveId, treeHash: null });
    const slots = listed(1, { archiveId: 'slots' as ArchiveId, description: 'k1.3' });
    const archives = [copy, unlike, unsure, listed(1), other, foreign, slots];
    const compared = compare([pack(1)], { ...late, archives });
    expect(compared.extras).toEqual([{ pack: 1, archive: copy }]);
    expect(compared).toMatchObject({ strangers: 3, foreign: 1 });
    expect([...compared.keySlots]).toEqual([3]);
  });
});

it('a pack that is of no more use is no stranger', () => {
  const comparison = new Comparison([pack(1)], late, new Set([uidOf(7)]));
  comparison.see([listed(1), listed(7)]);
  expect(comparison.end()).toMatchObject({ strangers: 0, foreign: 0, extras: [] });
});

describe('whatever is listed', () => {
  const scenes = fc
    .array(
      fc.record({
        state: fc.constantFrom('there', 'gone', 'changed', 'only copies'),
        copies: fc.nat(2),
        storedAt: fc.nat(200).map((days) => days * DAY),
      }),
      { maxLength: 20 },
    )
    .map((all) =>
      all.map((one, i) => ({
        ...one,
        copies: one.state === 'only copies' ? one.copies + 1 : one.copies,
        pack: pack(i + 1, { storedAt: one.storedAt }),
      })),
    );
  type Made = typeof scenes extends fc.Arbitrary<infer T> ? T : never;

  function archivesOf(made: Made): Listed[] {
    return made.flatMap(({ state, copies, storedAt }, i) => {
      const own = listed(i + 1, { createdAt: storedAt });
      const kept = { there: [own], changed: [{ ...own, size: 3 }], gone: [], 'only copies': [] }[state];
      const more = Array.from({ length: copies }, (_, c) => ({
        ...own,
        archiveId: `copy-${i}-${c}` as ArchiveId,
      }));
      return [...kept, ...more];
    });
  }

  it('every pack gets one verdict, in whatever order the archives come', () => {
    fc.assert(
      fc.property(scenes, fc.nat(300), fc.infiniteStream(fc.nat()), (made, days, order) => {
        const packs = made.map((one) => one.pack);
        const archives = archivesOf(made);
        const shuffled = archives
          .map((archive) => ({ archive, key: order.next().value as number }))
          .sort((a, b) => a.key - b.key)
          .map(({ archive }) => archive);
        const straight = compare(packs, { ...at(days * DAY), archives });
        const other = compare(packs, { ...at(days * DAY), archives: shuffled });
        expect([...straight.verdicts.keys()]).toEqual(packs.map(({ id }) => id));
        for (const { id } of packs)
          expect(other.verdicts.get(id)?.kind).toBe(straight.verdicts.get(id)?.kind);
        expect(other.extras).toHaveLength(straight.extras.length);
      }),
    );
  });

  it('no archive that a pack relies on is ever an extra, and each extra leaves its pack a whole archive', () => {
    fc.assert(
      fc.property(scenes, fc.option(fc.nat(300)), (made, days) => {
        const packs = made.map((one) => one.pack);
        const archives = archivesOf(made);
        const takenAt = days === null ? null : days * DAY;
        const { verdicts, extras } = compare(packs, { ...at(takenAt), archives });
        for (const { pack: id, archive } of extras) {
          const own = packs.find((one) => one.id === id);
          const verdict = verdicts.get(id);
          const kept = verdict?.kind === 'copied' ? verdict.copy.archiveId : own?.archiveId;
          expect(archive.archiveId).not.toBe(kept);
          const left = archives.filter((one) => !extras.some((extra) => extra.archive === one));
          expect(left.find((one) => one.archiveId === kept)).toMatchObject({
            size: own?.size,
            treeHash: own?.treeHash,
          });
        }
      }),
    );
  });

  it('a later listing never takes a verdict of missing back to unknown', () => {
    fc.assert(
      fc.property(scenes, fc.nat(300), fc.nat(100), (made, days, more) => {
        const packs = made.map((one) => one.pack);
        const archives = archivesOf(made);
        const early = compare(packs, { ...at(days * DAY), archives }).verdicts;
        const later = compare(packs, { ...at((days + more) * DAY), archives }).verdicts;
        for (const { id } of packs) {
          if (early.get(id)?.kind === 'missing') expect(later.get(id)?.kind).toBe('missing');
          if (later.get(id)?.kind === 'newer') expect(early.get(id)?.kind).toBe('newer');
        }
      }),
    );
  });
});
