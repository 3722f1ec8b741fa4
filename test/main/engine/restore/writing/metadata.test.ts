import { lstatSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { timeArgument } from '../../../../../src/main/engine/restore/writing/metadata.ts';
import { tempTree } from '../../scan/tempTree.ts';

test('any time from 1902 to 2106 is set exactly to the microsecond', () => {
  const file = join(tempTree(), 'file');
  writeFileSync(file, '');
  const time = fc.record({
    s: fc.integer({ min: -2_145_000_000, max: 2 ** 32 - 1 }),
    ns: fc.oneof(
      fc.constantFrom(0, 1, 999, 1_000, 999_999_000, 999_999_999),
      fc.integer({ min: 0, max: 999_999_999 }),
    ),
  });
  fc.assert(
    fc.property(time, ({ s, ns }) => {
      const argument = timeArgument({ s, ns });
      utimesSync(file, argument, argument);
      const got = lstatSync(file, { bigint: true }).mtimeNs;
      const wanted = BigInt(s) * 1_000_000_000n + BigInt(ns);
      const inMicroseconds = (value: bigint) => (value - (((value % 1_000n) + 1_000n) % 1_000n)) / 1_000n;
      expect(inMicroseconds(got)).toBe(inMicroseconds(wanted));
    }),
    { numRuns: 2_000 },
  );
});

test('whole seconds stay whole', () => {
  expect(timeArgument({ s: 1_700_000_000, ns: 0 })).toBe('1700000000');
  expect(timeArgument({ s: -5, ns: 0 })).toBe('-5');
});
