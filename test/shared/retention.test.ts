import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { periods, readRetention, writeRetention, type Retention } from '../../src/shared/retention.ts';

const counts = fc.record(
  Object.fromEntries(periods.map((period) => [period, fc.integer({ min: 0, max: 100_000 })])),
) as fc.Arbitrary<Retention>;

describe('retention as text', () => {
  it('comes back as it was', () => {
    fc.assert(
      fc.property(counts, (retention) => {
        fc.pre(periods.some((period) => retention[period] > 0));
        expect(readRetention(writeRetention(retention))).toEqual(retention);
      }),
    );
    expect(readRetention(writeRetention('everything'))).toBe('everything');
  });

  it('is read with blanks and capitals, in any order', () => {
    expect(readRetention(' Weekly=4, daily=7 ')).toEqual(readRetention('daily=7,weekly=4'));
  });

  it.each([
    '',
    'daily',
    'daily=',
    'daily=x',
    'daily=-1',
    'daily=7,daily=8',
    'daily=0',
    'centuries=3',
    'daily=1000001',
  ])('is not “%s”', (text) => {
    expect(readRetention(text)).toBeNull();
  });
});
