import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  chooseWay,
  frontier,
  type TierOption,
  type Way,
} from '../../../../src/main/engine/restore/frontier.ts';
import type { Tier } from '../../../../src/shared/types.ts';

const option = (tier: Tier): fc.Arbitrary<TierOption> =>
  fc
    .record({ cents: fc.nat({ max: 40 }), from: fc.nat({ max: 8 }), more: fc.nat({ max: 5 }) })
    .map(({ cents, from, more }) => ({ tier, usd: cents / 100, hours: { from, to: from + more } }));

const options = fc
  .tuple(option('expedited'), option('standard'), option('bulk'), fc.integer({ min: 1, max: 7 }))
  .map(([a, b, c, which]) => [a, b, c].filter((_, i) => (which & (1 << i)) !== 0));

/** Every mixture of tiers there is. */
function allWays(archives: readonly (readonly TierOption[])[]): Way[] {
  let ways: Way[] = [{ tiers: [], usd: 0, hours: { from: 0, to: 0 } }];
  for (const archive of archives) {
    ways = ways.flatMap(({ tiers, usd, hours }) =>
      archive.map((one) => ({
        tiers: [...tiers, one.tier],
        usd: usd + one.usd,
        hours: { from: Math.max(hours.from, one.hours.from), to: Math.max(hours.to, one.hours.to) },
      })),
    );
  }
  return ways;
}

const cents = (usd: number): number => Math.round(usd * 100);

/** Price and time of those that no other is at least as good as in both. */
function best(ways: readonly Way[]): string[] {
  const points = ways.map(({ usd, hours }) => [cents(usd), hours.to] as const);
  const kept = points.filter(
    ([usd, to]) => !points.some(([u, t]) => u <= usd && t <= to && (u < usd || t < to)),
  );
  return [...new Set(kept.map((point) => point.join(' c, ')))].sort();
}

let compared = 0;

describe('the frontier of price and time', () => {
  it('is what trying every mixture of tiers finds', () => {
    fc.assert(
      fc.property(fc.array(options, { minLength: 1, maxLength: 5 }), (archives) => {
        const all = allWays(archives);
        compared += all.length;
        expect(best(frontier(archives))).toEqual(best(all));
        expect(
          frontier(archives)
            .map(({ usd, hours }) => `${cents(usd)} c, ${hours.to}`)
            .sort(),
        ).toEqual(best(all));
      }),
      { numRuns: 6000 },
    );
    expect(compared).toBeGreaterThan(20_000);
  });

  it('goes from the cheapest to the soonest', () => {
    fc.assert(
      fc.property(fc.array(options, { minLength: 1, maxLength: 8 }), (archives) => {
        const ways = frontier(archives);
        expect(ways.length).toBeGreaterThan(0);
        for (const [i, way] of ways.entries()) {
          const before = ways[i - 1];
          if (before === undefined) continue;
          expect(way.usd).toBeGreaterThan(before.usd);
          expect(way.hours.to).toBeLessThan(before.hours.to);
        }
      }),
    );
  });

  it('is one free way where nothing has to be retrieved', () => {
    expect(frontier([])).toEqual([]);
  });
});

describe('choosing a way', () => {
  it('keeps to the wish wherever some mixture does, and is the best that does', () => {
    const wish = fc.record(
      { byHours: fc.nat({ max: 14 }), maxUsd: fc.nat({ max: 150 }).map((c) => c / 100) },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(
        fc.array(options, { minLength: 1, maxLength: 4 }),
        wish,
        (archives, { byHours, maxUsd }) => {
          const keeping = allWays(archives).filter(
            ({ usd, hours }) =>
              hours.to <= (byHours ?? Infinity) &&
              cents(usd) <= (maxUsd === undefined ? Infinity : cents(maxUsd)),
          );
          const wished = {
            ...(byHours !== undefined && { byHours }),
            ...(maxUsd !== undefined && { maxUsd: maxUsd + 1e-9 }),
          };
          const chosen = chooseWay(frontier(archives), wished);
          if (keeping.length === 0) {
            expect(chosen.kind).toBe('none');
            return;
          }
          if (chosen.kind === 'none') throw new Error('there is a way');
          if (byHours === undefined && maxUsd !== undefined)
            expect(chosen.way.hours.to).toBe(Math.min(...keeping.map(({ hours }) => hours.to)));
          else if (byHours !== undefined)
            expect(cents(chosen.way.usd)).toBe(Math.min(...keeping.map(({ usd }) => cents(usd))));
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('tells what comes nearest where nothing keeps to it', () => {
    const bulk = { tier: 'bulk', usd: 1, hours: { from: 5, to: 12 } } as const;
    const standard = { tier: 'standard', usd: 3, hours: { from: 3, to: 5 } } as const;
    const ways = frontier([[bulk, standard]]);
    expect(chooseWay(ways, { byHours: 5, maxUsd: 2 })).toMatchObject({
      kind: 'none',
      soonest: { usd: 1 },
      cheapest: { usd: 3 },
    });
    expect(chooseWay(ways, { byHours: 1 })).toMatchObject({
      kind: 'none',
      soonest: { usd: 3 },
      cheapest: null,
    });
  });
});
