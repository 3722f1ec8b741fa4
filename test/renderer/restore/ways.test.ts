import { describe, expect, it } from 'vitest';
import { firstWay, momentIn, wayBy } from '../../../src/renderer/restore/ways.ts';
import type { Estimate, RestoreWay } from '../../../src/shared/types.ts';

const HOUR = 3_600_000;
const way = (usd: number, from: number, to: number): RestoreWay => ({
  ...{ usd, hours: { from, to } },
  tiers: { expedited: 0, standard: 1, bulk: 0 },
});
const ways = [way(0.1, 5, 12), way(0.4, 3, 5), way(0.5, 3, 4), way(1.2, 0.02, 0.1)];
const estimateOf = (usd: number): Estimate => ({ lines: [], usd, priceDate: '', region: '' });

describe('the way that is offered at first', () => {
  it.each([
    [0.4, 1],
    [0.45, 1],
    [5, 3],
    [0.01, 0],
  ])('at $%d is number %i', (usd, at) => {
    expect(firstWay({ ways, estimate: estimateOf(usd) })).toBe(at);
  });
});

describe('what is needed by a certain time', () => {
  const now = 1_800_000_000_000;
  it.each([
    [13, 0],
    [12, 0],
    [11.9, 1],
    [4.5, 2],
    [1, 3],
    [0.05, -1],
  ])('in %d hours comes by way %i', (hours, at) => {
    expect(wayBy(ways, now + hours * HOUR, now)).toBe(at);
  });
});

it('reads what a field for date and time holds', () => {
  expect(momentIn('')).toBeUndefined();
  expect(momentIn('soon')).toBeUndefined();
  expect(momentIn('2026-11-27T14:20')).toBe(new Date(2026, 10, 27, 14, 20).getTime());
});
