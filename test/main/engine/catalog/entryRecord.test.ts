import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  decodeContent,
  decodeEntry,
  encodeContent,
  encodeEntry,
} from '../../../../src/main/engine/catalog/entryRecord.ts';
import type { Entry, FileContent } from '../../../../src/main/engine/entry.ts';
import { digest, file } from './sample.ts';

const bytes = fc.uint8Array({ minLength: 1, maxLength: 255 }).map((array) => Buffer.from(array));
const time = fc.record({
  s: fc.integer({ min: -(2 ** 40), max: 2 ** 40 }),
  ns: fc.integer({ min: 0, max: 999_999_999 }),
});
const named = {
  name: bytes,
  mode: fc.integer({ min: 0, max: 0o7777 }),
  uid: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  gid: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  mtime: time,
};
const content: fc.Arbitrary<FileContent> = fc.record({
  runs: fc
    .array(fc.tuple(fc.integer({ min: 1, max: 2 ** 32 - 1 }), fc.integer({ min: 1, max: 2 ** 20 })))
    .map((pairs) => Uint32Array.from(pairs.flat())),
  hash: fc.uint8Array({ minLength: 32, maxLength: 32 }).map((array) => Buffer.from(array)),
});
const entry: fc.Arbitrary<Entry> = fc.oneof(
  fc.record({ kind: fc.constant('folder' as const), ...named }),
  fc.record({ kind: fc.constant('symlink' as const), ...named, to: bytes }),
  fc.record({
    kind: fc.constant('file' as const),
    ...named,
    size: fc.maxSafeNat(),
    ctime: time,
    ino: fc.integer({ min: 0, max: 2 ** 52 - 1 }),
    inode: fc.option(fc.integer({ min: 0, max: 2 ** 48 - 1 })),
    sparse: fc.boolean(),
    inconsistent: fc.boolean(),
    settled: fc.boolean(),
    content,
  }),
);

test('gives every entry back as it was', () => {
  fc.assert(
    fc.property(entry, (given) => {
      expect(decodeEntry(given.name, encodeEntry(given), decodeContent)).toEqual(given);
    }),
  );
});

test('gives equal columns to equal entries and other columns to others', () => {
  fc.assert(
    fc.property(entry, entry, (a, b) => {
      const same = decodeEntry(a.name, encodeEntry(a), decodeContent);
      expect(encodeEntry(same)).toEqual(encodeEntry(a));
      const differ = JSON.stringify([a, []]) !== JSON.stringify([{ ...b, name: a.name }, []]);
      if (differ) expect(encodeEntry(b)).not.toEqual(encodeEntry(a));
    }),
  );
});

test('keeps the content of a small file in 35 bytes and of one long run in a few more', () => {
  const hash = digest('x');
  expect(encodeContent({ runs: Uint32Array.of(5000, 1), hash })).toHaveLength(70);
  expect(encodeContent({ runs: Uint32Array.of(3_000_000_000, 4_000_000), hash })).toHaveLength(82);
});

test('keeps the numbers of an ordinary file in under 30 bytes', () => {
  expect(encodeEntry(file('a')).meta.length / 2).toBeLessThan(30);
});

test('refuses numbers it could not give back', () => {
  expect(() => encodeEntry(file('a', { ino: 2 ** 53 }))).toThrow(RangeError);
  expect(() => encodeEntry(file('a', { uid: -1 }))).toThrow(RangeError);
  expect(() => encodeEntry(file('a', { mode: 1.5 }))).toThrow(RangeError);
});

test('refuses packed bytes that are cut off', () => {
  const columns = encodeEntry(file('a'));
  for (let end = 0; end < columns.meta.length; end += 2) {
    const cut = { ...columns, meta: columns.meta.slice(0, end) };
    expect(() => decodeEntry(Buffer.from('a'), cut, decodeContent)).toThrow(RangeError);
  }
  expect(() => decodeContent('00'.repeat(31))).toThrow(RangeError);
});
