import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { estimate } from '../../../../src/main/engine/cost/estimate.ts';
import type { Act, BackupAct, RestoreAct } from '../../../../src/main/engine/cost/estimate.ts';
import { vaultPrices } from '../../../../src/main/engine/cost/prices.ts';

const prices = vaultPrices('us-east-1');
const GB = 2 ** 30;

const count = fc.nat({ max: 1_000_000 });
const size = fc.nat({ max: 2 ** 44 });
const backup = fc.record({
  kind: fc.constant('backup' as const),
  archives: count,
  bytes: size,
  parts: count,
});
const restore = fc.record({
  kind: fc.constant('restore' as const),
  tier: fc.constantFrom('expedited' as const, 'standard' as const, 'bulk' as const),
  bytes: size,
  retrievals: count,
});
const hold = fc.record({ kind: fc.constant('hold' as const), bytes: size });
const capacity = fc.record({ kind: fc.constant('capacity' as const), units: fc.nat({ max: 2 }) });
const act: fc.Arbitrary<Act> = fc.oneof(backup, restore, hold, capacity);

describe('estimate', () => {
  it('prices a backup of one full pack of 256 MiB in 64 parts by hand', () => {
    const { lines, usd } = estimate({ kind: 'backup', archives: 1, bytes: 2 ** 28, parts: 64 }, prices);
    expect(lines.map((line) => [line.quantity, line.unit])).toEqual([
      [66, 'requests'],
      [(2 ** 28 + 32_768) / GB, 'GB-months'],
    ]);
    expect(usd).toBeCloseTo((66 * 0.05) / 1000 + 0.004 * (0.25 + 32_768 / GB), 12);
  });

  it.each([
    ['expedited', 0.03 + 0.01 * 3 + 0.09],
    ['standard', 0.01 + 0.00005 * 3 + 0.09],
    ['bulk', 0.0025 + 0.000025 * 3 + 0.09],
  ] as const)('prices 1 GB in three retrievals, %s', (tier, usd) => {
    expect(estimate({ kind: 'restore', tier, bytes: GB, retrievals: 3 }, prices).usd).toBeCloseTo(usd, 12);
  });

  it('prices parts that are held and capacity that is bought, by the month', () => {
    expect(estimate({ kind: 'hold', bytes: 5 * GB }, prices)).toMatchObject({
      lines: [{ quantity: 5, unit: 'GB-months' }],
      usd: 0.02,
    });
    expect(estimate({ kind: 'capacity', units: 2 }, prices).usd).toBe(200);
  });

  it('says for how long storage is charged at least', () => {
    const { lines } = estimate({ kind: 'backup', archives: 1, bytes: 1, parts: 1 }, prices);
    expect(lines[1]?.what).toContain('90 days');
  });

  it('names the region of the table, whatever region was asked for', () => {
    const far = vaultPrices('ap-south-1');
    expect(estimate({ kind: 'backup', archives: 1, bytes: 1, parts: 1 }, far)).toMatchObject({
      region: 'us-east-1',
      priceDate: far.date,
    });
    expect(far.date).toMatch(/^\d{4}-\d\d-\d\d$/);
  });

  it('charges nothing where nothing is done', () => {
    expect(estimate({ kind: 'backup', archives: 0, bytes: 0, parts: 0 }, prices).usd).toBe(0);
    expect(estimate({ kind: 'restore', tier: 'expedited', bytes: 0, retrievals: 0 }, prices).usd).toBe(0);
  });

  it('charges nothing at a target without prices', () => {
    fc.assert(
      fc.property(act, (a) => {
        expect(estimate(a, null)).toEqual({ lines: [], usd: 0, priceDate: '', region: '' });
      }),
    );
  });

  it('is the sum of its lines, none of them rounded', () => {
    fc.assert(
      fc.property(act, (a) => {
        const { lines, usd } = estimate(a, prices);
        expect(usd).toBe(lines.reduce((sum, line) => sum + line.usd, 0));
      }),
    );
    expect(estimate({ kind: 'backup', archives: 0, bytes: 1, parts: 0 }, prices).usd).toBeGreaterThan(0);
  });

  it('costs the same in one act as in two', () => {
    fc.assert(
      fc.property(backup, backup, (a, b) => {
        expectClose(
          estimate(backupOfBoth(a, b), prices).usd,
          estimate(a, prices).usd + estimate(b, prices).usd,
        );
      }),
    );
    fc.assert(
      fc.property(restore, restore, (a, other) => {
        const b = { ...other, tier: a.tier };
        expectClose(
          estimate(restoreOfBoth(a, b), prices).usd,
          estimate(a, prices).usd + estimate(b, prices).usd,
        );
      }),
    );
  });

  it('never gets cheaper by doing more', () => {
    fc.assert(
      fc.property(backup, backup, (a, b) => {
        expect(estimate(backupOfBoth(a, b), prices).usd).toBeGreaterThanOrEqual(estimate(a, prices).usd);
      }),
    );
    fc.assert(
      fc.property(restore, restore, (a, b) => {
        expect(estimate(restoreOfBoth(a, b), prices).usd).toBeGreaterThanOrEqual(estimate(a, prices).usd);
      }),
    );
  });

  it('costs more the sooner it is wanted', () => {
    fc.assert(
      fc.property(restore, (a) => {
        const [bulk, standard, expedited] = (['bulk', 'standard', 'expedited'] as const).map(
          (tier) => estimate({ ...a, tier }, prices).usd,
        ) as [number, number, number];
        expect(bulk).toBeLessThanOrEqual(standard);
        expect(standard).toBeLessThanOrEqual(expedited);
      }),
    );
  });

  it('refuses quantities that cannot be', () => {
    expect(() => estimate({ kind: 'backup', archives: 0, bytes: -GB, parts: 0 }, prices)).toThrow(RangeError);
    expect(() => estimate({ kind: 'backup', archives: 0, bytes: NaN, parts: 0 }, prices)).toThrow(RangeError);
  });
});

function backupOfBoth(a: BackupAct, b: BackupAct): BackupAct {
  const { kind } = a;
  return { kind, archives: a.archives + b.archives, bytes: a.bytes + b.bytes, parts: a.parts + b.parts };
}

function restoreOfBoth(a: RestoreAct, b: RestoreAct): RestoreAct {
  return { ...a, bytes: a.bytes + b.bytes, retrievals: a.retrievals + b.retrievals };
}

/** Equal but for the last digits of a float. */
function expectClose(actual: number, expected: number): void {
  expect(Math.abs(actual - expected)).toBeLessThanOrEqual(1e-12 * Math.max(1, Math.abs(expected)));
}
