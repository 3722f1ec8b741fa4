import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readRetention, type Retention } from '../../../../src/shared/retention.ts';
import { reasonsToKeep, whenTheyGo, type Dated } from '../../../../src/main/engine/retain/keep.ts';

const DAY = 86_400_000;
const rules = (text: string): Retention | 'everything' => {
  const read = readRetention(text);
  if (read === null) throw new RangeError(text);
  return read;
};
const made = (iso: string, tags: string[] = []): Dated => ({ at: Date.parse(iso), tags });

describe('which snapshots are kept', () => {
  it('keeps the newest of each of the last days that have any', () => {
    const snapshots = [
      made('2026-01-01T08:00Z'),
      made('2026-01-01T20:00Z'),
      made('2026-03-01T08:00Z'),
      made('2026-03-02T08:00Z'),
      made('2026-03-02T09:00Z'),
    ];
    expect(reasonsToKeep(snapshots, rules('daily=3'), 'UTC')).toEqual([
      [],
      ['daily'],
      ['daily'],
      [],
      ['newest', 'daily'],
    ]);
  });

  it('goes by the days of the time zone, also where clocks change', () => {
    const snapshots = [made('2026-03-28T22:30Z'), made('2026-03-28T23:30Z'), made('2026-03-29T22:30Z')];
    // In Berlin 23:30 of the 28th, 0:30 of the 29th, and (summer time) 0:30 of the 30th.
    expect(reasonsToKeep(snapshots, rules('daily=9'), 'Europe/Berlin').map((r) => r.length > 0)).toEqual([
      true,
      true,
      true,
    ]);
    expect(reasonsToKeep(snapshots, rules('daily=9'), 'UTC').map((r) => r.length > 0)).toEqual([
      false,
      true,
      true,
    ]);
  });

  it('counts weeks from Monday, and the last days of December to the week of their Thursday', () => {
    const snapshots = [made('2025-12-28T12:00Z'), made('2025-12-29T12:00Z'), made('2026-01-04T12:00Z')];
    expect(reasonsToKeep(snapshots, rules('weekly=5'), 'UTC')).toEqual([
      ['weekly'],
      [],
      ['newest', 'weekly'],
    ]);
  });

  it('keeps what is tagged, what is in use, and the newest, whatever the rules', () => {
    const snapshots = [
      made('2026-01-01Z', ['tax']),
      { ...made('2026-01-02Z'), isInUse: true },
      made('2026-01-03Z'),
      made('2026-01-04Z'),
    ];
    expect(reasonsToKeep(snapshots, rules('last=1'), 'UTC')).toEqual([
      ['tagged'],
      ['in-use'],
      [],
      ['newest', 'last'],
    ]);
  });

  const history = fc
    .array(fc.integer({ min: 1, max: 40 * 24 }), { minLength: 1, maxLength: 60 })
    .map((hours) => {
      let at = Date.parse('2024-02-01Z');
      return hours.map((h): Dated => ({ at: (at += h * 3_600_000), tags: [] }));
    });
  const retention = fc.record({
    last: fc.nat(5),
    hourly: fc.nat(5),
    daily: fc.nat(9),
    weekly: fc.nat(6),
    monthly: fc.nat(6),
    yearly: fc.nat(4),
  });

  it('equals a count by hand over random histories', () => {
    const keys: Record<keyof Retention, (at: number) => string> = {
      last: String,
      hourly: (at) => new Date(at).toISOString().slice(0, 13),
      daily: (at) => new Date(at).toISOString().slice(0, 10),
      weekly: (at) => String(Math.floor((at / DAY + 3) / 7)),
      monthly: (at) => new Date(at).toISOString().slice(0, 7),
      yearly: (at) => new Date(at).toISOString().slice(0, 4),
    };
    fc.assert(
      fc.property(history, retention, (snapshots, wanted) => {
        const kept = new Set<number>([snapshots.length - 1]);
        for (const [period, key] of Object.entries(keys) as [keyof Retention, (at: number) => string][]) {
          const newest = new Map<string, number>();
          snapshots.forEach(({ at }, i) => newest.set(key(at), i));
          [...newest.values()]
            .sort((a, b) => b - a)
            .slice(0, wanted[period])
            .forEach((i) => kept.add(i));
        }
        const reasons = reasonsToKeep(snapshots, wanted, 'UTC');
        expect(reasons.flatMap((r, i) => (r.length > 0 ? [i] : []))).toEqual([...kept].sort((a, b) => a - b));
      }),
      { numRuns: 500 },
    );
  });

  it('says when each goes: exactly when doing it step by step lets it go', () => {
    fc.assert(
      fc.property(history, retention, fc.integer({ min: 1, max: 30 }), (snapshots, wanted, days) => {
        const newest = snapshots.at(-1)?.at ?? 0;
        const coming = Array.from({ length: 40 }, (_, i) => newest + (i + 1) * days * DAY);
        const told = whenTheyGo(snapshots, wanted, 'UTC', coming);
        let here: Dated[] = [...snapshots];
        const gone = new Map<Dated, number>();
        for (const at of [newest, ...coming]) {
          if (at !== newest) here = [...here, { at, tags: [] }];
          const reasons = reasonsToKeep(here, wanted, 'UTC');
          for (const [i, snapshot] of here.entries()) if (reasons[i]?.length === 0) gone.set(snapshot, at);
          here = here.filter((snapshot) => !gone.has(snapshot));
        }
        expect(told).toEqual(snapshots.map((snapshot) => gone.get(snapshot) ?? null));
      }),
      { numRuns: 200 },
    );
  });
});
