import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PathKeys } from '../../../../../src/main/engine/restore/writing/pathKeys.ts';

test('the key of a path does not depend on what was asked before', () => {
  const pool = ['a', 'b', 'long name', '\xff', 'a'].map((text) => Buffer.from(text, 'latin1'));
  const path = fc.array(fc.constantFrom(...pool), { maxLength: 5 });
  fc.assert(
    fc.property(fc.array(path, { maxLength: 20 }), (paths) => {
      const keys = new PathKeys();
      for (const names of paths)
        expect(keys.keyOf(names)).toBe(names.map((n) => n.toString('latin1')).join('/'));
    }),
  );
});

test('a caller may change its array afterwards', () => {
  const keys = new PathKeys();
  const names = [Buffer.from('a')];
  keys.keyOf(names);
  names.push(Buffer.from('b'));
  expect(keys.keyOf(names)).toBe('a/b');
});

test('a name with a slash has no key', () => {
  expect(() => new PathKeys().keyOf([Buffer.from('a/b')])).toThrow(
    expect.objectContaining({ kind: 'unsupported' }),
  );
});
