import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EngineError } from '../../../../src/main/engine/failure.ts';
import { parseRules, type RuleFacts } from '../../../../src/main/engine/scan/rules.ts';
import { bytes } from './tempTree.ts';

const facts = (isFolder: boolean): RuleFacts => ({
  ...{ kind: isFolder ? 'folder' : 'file', size: 0, changedAt: Date.now() },
});

function excludes(patterns: string[], path: string): boolean {
  const names = path.replace(/\/$/, '').split('/').map(bytes);
  return parseRules(patterns).below(names.slice(0, -1))(names.at(-1)!, facts(path.endsWith('/')));
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
  [['@usual'], 'photos/.DS_Store', true],
  [['@usual'], 'lost+found/', true],
  [['@usual'], 'lost+found', false],
  [['@usual', '!Thumbs.db'], 'Thumbs.db', false],
  [['\\@usual'], '@usual', true],
  [['@caches'], '.DS_Store', false],
] as const)('%j on %s: %s', ([patterns, path, answer]) => {
  expect(excludes([...patterns], path)).toBe(answer);
});

test('answers stay the same however many were asked before', () => {
  const rules = parseRules(['*.o', '/skip/', 'deep/**/x']);
  const depth = Array.from({ length: 400 }, (_, i) => bytes(i === 0 ? 'deep' : 'd'));
  const isExcluded = rules.below(depth);
  for (let i = 0; i < 6_000; i++) {
    expect(isExcluded(bytes(`${i}.o`), facts(false))).toBe(true);
    expect(isExcluded(bytes(`${i}.c`), facts(false))).toBe(false);
  }
  expect(isExcluded(bytes('x'), facts(false))).toBe(true);
});

test('takes any name a folder can hold', () => {
  const rules = parseRules(['*.o', 'a/b']);
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 255 }), fc.boolean(), (raw, isFolder) => {
      const name = Buffer.from(raw.map((byte) => (byte === 0x2f || byte === 0 ? 0x5f : byte)));
      if (name.equals(bytes('.')) || name.equals(bytes('..'))) return;
      expect(typeof rules.below([])(name, facts(isFolder))).toBe('boolean');
      expect(typeof rules.below([name])(name, facts(isFolder))).toBe('boolean');
    }),
  );
});

const DAY = 86_400_000;
const now = Date.parse('2026-11-27T12:00:00Z');

test.for([
  ['@larger 2GB', { size: 2e9 }, false],
  ['@larger 2GB', { size: 2e9 + 1 }, true],
  ['@larger 1.5 MiB', { size: 1_572_864 }, false],
  ['@LARGER 1.5MiB', { size: 1_572_865 }, true],
  ['@larger 10 MB', { size: 1e12, kind: 'folder' }, false],
  ['@older 5y', { changedAt: now - 5 * 365 * DAY }, false],
  ['@older 5y', { changedAt: now - 5 * 365 * DAY - 1 }, true],
  ['@older 30d', { changedAt: now - 31 * DAY, kind: 'other' }, false],
] as const)('%s of %j: %s', ([rule, change, answer]) => {
  const rules = parseRules(['*.tmp', rule], now);
  expect(rules.below([])(bytes('name'), { ...facts(false), changedAt: now, ...change })).toBe(answer);
  expect(rules.below([])(bytes('a.tmp'), { ...facts(false), changedAt: now })).toBe(true);
});

test('of several limits the strictest holds', () => {
  const rules = parseRules(['@larger 2GB', '@larger 1MB', '@larger 3GB', '@older 9y', '@older 1w'], now);
  const ask = (change: Partial<RuleFacts>): boolean =>
    rules.below([])(bytes('a'), { ...facts(false), changedAt: now, ...change });
  expect(ask({})).toBe(false);
  expect(ask({ size: 1_000_001 })).toBe(true);
  expect(ask({ changedAt: now - 8 * DAY })).toBe(true);
});

test.for(['@', '@cache', '@larger', '@larger 2', '@larger lots', '@older 0d', '@older 5', '@usual now'])(
  '“%s” is refused, and says what would be a rule',
  (line) => {
    expect(() => parseRules([line])).toThrow(EngineError);
  },
);
