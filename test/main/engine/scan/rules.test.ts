import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseRules } from '../../../../src/main/engine/scan/rules.ts';
import { bytes } from './tempTree.ts';

function excludes(patterns: string[], path: string): boolean {
  const names = path.replace(/\/$/, '').split('/').map(bytes);
  return parseRules(patterns).below(names.slice(0, -1))(names.at(-1)!, path.endsWith('/'));
}

test.for([
  [['*.tmp'], 'a.tmp', true],
  [['*.tmp'], 'deep/er/a.tmp', true],
  [['*.tmp'], 'a.TMP', false],
  [['build/'], 'build/', true],
  [['build/'], 'build', false],
  [['/build'], 'src/build', false],
  [['a/**/z'], 'a/b/c/z', true],
  [['*', '!keep'], 'keep', false],
  [['\\!odd'], '!odd', true],
  [['caf\ufffd'], 'caf\xe9', true],
  [['a?b'], 'a\\b', true],
  [['..data'], '..data', true],
  [[], 'anything', false],
  [['', '# comment'], '# comment', false],
] as const)('%j on %s: %s', ([patterns, path, answer]) => {
  expect(excludes([...patterns], path)).toBe(answer);
});

test('answers stay the same however many were asked before', () => {
  const rules = parseRules(['*.o', '/skip/', 'deep/**/x']);
  const depth = Array.from({ length: 400 }, (_, i) => bytes(i === 0 ? 'deep' : 'd'));
  const isExcluded = rules.below(depth);
  for (let i = 0; i < 6_000; i++) {
    expect(isExcluded(bytes(`${i}.o`), false)).toBe(true);
    expect(isExcluded(bytes(`${i}.c`), false)).toBe(false);
  }
  expect(isExcluded(bytes('x'), false)).toBe(true);
});

test('takes any name a folder can hold', () => {
  const rules = parseRules(['*.o', 'a/b']);
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 255 }), fc.boolean(), (raw, isFolder) => {
      const name = Buffer.from(raw.map((byte) => (byte === 0x2f || byte === 0 ? 0x5f : byte)));
      if (name.equals(bytes('.')) || name.equals(bytes('..'))) return;
      expect(typeof rules.below([])(name, isFolder)).toBe('boolean');
      expect(typeof rules.below([name])(name, isFolder)).toBe('boolean');
    }),
  );
});
