import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  DAY_MS,
  daysLeft,
  earlyDeletionCharge,
  freeFrom,
} from '../../../../src/main/engine/cost/earlyDeletion.ts';
import { vaultPrices } from '../../../../src/main/engine/cost/prices.ts';

const prices = vaultPrices('us-east-1');

it.each([
  ['just made', 0, 90],
  ['made a moment ago', 1, 90],
  ['a day old', DAY_MS, 89],
  ['a moment short of 90 days', 90 * DAY_MS - 1, 1],
  ['90 days old', 90 * DAY_MS, 0],
  ['a year old', 365 * DAY_MS, 0],
  ['made in the future', -DAY_MS, 90],
])('an archive %s has so many days left', (_what, age, left) => {
  expect(daysLeft(1_700_000_000_000, 1_700_000_000_000 + age, 90)).toBe(left);
});

it('is free exactly from the day on which no day is left', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2e12 }), (createdAt) => {
      expect(daysLeft(createdAt, freeFrom(createdAt, 90), 90)).toBe(0);
      expect(daysLeft(createdAt, freeFrom(createdAt, 90) - 1, 90)).toBe(1);
    }),
  );
});

it('a new archive costs no less than any three months of storage, and so do its parts together', () => {
  const whole = earlyDeletionCharge({ archives: 1, byteDays: 90 * prices.bytesPerGB }, prices);
  // A day is charged as its part of its month, so it costs most in a February of 28.
  expect(whole.usd).toBeCloseTo((90 / 28) * prices.usd.storagePerGBMonth, 12);
  expect(whole.lines).toMatchObject([{ unit: 'GB-months', quantity: 90 / 28 }]);
  const half = earlyDeletionCharge({ archives: 1, byteDays: 45 * prices.bytesPerGB }, prices);
  expect(2 * half.usd).toBeCloseTo(whole.usd, 12);
});

it('an old archive costs nothing', () => {
  expect(earlyDeletionCharge({ archives: 3, byteDays: 0 }, prices)).toMatchObject({ lines: [], usd: 0 });
});
