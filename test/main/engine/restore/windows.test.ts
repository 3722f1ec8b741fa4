import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { narrowed, tierHours } from '../../../../src/main/engine/restore/windows.ts';

describe('how long retrievals take', () => {
  it('is what the service publishes until there is something to go by', () => {
    expect(narrowed(tierHours.standard, [])).toEqual(tierHours.standard);
    expect(narrowed(tierHours.standard, [4, 4, 4, 4])).toEqual(tierHours.standard);
  });

  it('is narrowed by what they took here', () => {
    const { from, to } = narrowed(tierHours.bulk, [6, 6.5, 7, 7.2, 7.5, 8, 8.1]);
    expect(from).toBeGreaterThanOrEqual(6);
    expect(to).toBeLessThanOrEqual(8.1);
  });

  it('leaves one out that took ever so long', () => {
    const { to } = narrowed(tierHours.standard, [3.5, 3.5, 3.6, 3.6, 3.7, 3.7, 3.8, 3.8, 3.9, 3.9, 40]);
    expect(to).toBe(3.9);
  });

  it('follows a service that has become slower than it says', () => {
    expect(narrowed(tierHours.standard, [7, 7, 8, 8, 9, 9])).toEqual({ from: 7, to: 9 });
  });

  it('is a range, whatever the samples', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 100, noNaN: true }), { maxLength: 60 }), (samples) => {
        for (const published of Object.values(tierHours)) {
          const { from, to } = narrowed(published, samples);
          expect(from).toBeLessThanOrEqual(to);
        }
      }),
    );
  });
});
