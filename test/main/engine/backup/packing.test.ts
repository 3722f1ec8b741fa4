import { describe, expect, it } from 'vitest';
import { type ContentFacts, isSettled, sameFacts } from '../../../../src/main/engine/backup/packing.ts';

const old = { s: 1_600_000_000, ns: 0 };
const facts: ContentFacts = { size: 5, mtime: old, ctime: old, ino: 7 };

describe('facts of a file', () => {
  it('are the same only if all of them are', () => {
    expect(sameFacts(facts, structuredClone(facts))).toBe(true);
    const later = { s: old.s, ns: 1 };
    for (const change of [{ size: 6 }, { ino: 8 }, { mtime: later }, { ctime: later }]) {
      expect(sameFacts(facts, { ...facts, ...change })).toBe(false);
    }
  });

  const readingSince = 1_700_000_000_000;
  it.each([
    [1_699_999_997, 900_000_000, true],
    [1_699_999_998, 0, false],
    [1_699_999_999, 0, false],
    [1_700_000_000, 0, false],
    [1_700_000_500, 0, false],
    [4_000_000_000, 0, false],
    [-5, 0, true],
  ])('stamped at %i.%i are settled: %s', (s, ns, settled) => {
    expect(isSettled({ ...facts, mtime: { s, ns } }, readingSince)).toBe(settled);
    expect(isSettled({ ...facts, ctime: { s, ns } }, readingSince)).toBe(settled);
  });
});
