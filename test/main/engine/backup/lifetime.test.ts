import { expect, it } from 'vitest';
import { expectedLifetime } from '../../../../src/main/engine/backup/packing.ts';

const DAY = 86_400;
const changed = (day: number) => ({ mtime: { s: day * DAY, ns: 0 } });

it('expects a version to last about as long as the one before it did', () => {
  expect(expectedLifetime(changed(1), null)).toBe('long');
  expect(expectedLifetime(changed(2), changed(1))).toBe('short');
  expect(expectedLifetime(changed(100), changed(1))).toBe('long');
  // An older file took its place.
  expect(expectedLifetime(changed(1), changed(2))).toBe('long');
});
