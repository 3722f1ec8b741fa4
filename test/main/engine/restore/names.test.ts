import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  conflictName,
  nameInSnapshot,
  nameOnDisk,
  type NameRules,
  ownNameRules,
} from '../../../../src/main/engine/restore/names.ts';

const ALL: NameRules[] = ['linux', 'darwin', 'win32'];
const bytes = (latin1: string) => Buffer.from(latin1, 'latin1');
const onDisk = (latin1: string, rules: NameRules) => nameOnDisk(bytes(latin1), rules).toString('latin1');

/** Short names over the bytes that matter, and any bytes at all. */
const anyName = fc
  .oneof(
    fc.uint8Array({ minLength: 1, maxLength: 60 }),
    fc
      .array(fc.constantFrom(...'%25AFcon.nul :*\\?\xc3\xa9\xff\xed\xa0\x80~a1'.split('')), {
        minLength: 1,
        maxLength: 12,
      })
      .map((characters) => bytes(characters.join(''))),
  )
  .map((raw) => Buffer.from(raw))
  .filter((name) => !name.includes(0) && !name.includes(0x2f))
  .filter((name) => !['.', '..'].includes(name.toString('latin1')));

describe.each(ALL)('on %s', (rules) => {
  test.for(['', '.', '..', 'a/b', '/', '/etc/passwd', '../x', 'a\0b', '\0'])('%j is refused', (name) => {
    expect(() => nameOnDisk(bytes(name), rules)).toThrow(expect.objectContaining({ kind: 'unsupported' }));
  });

  test('every other name has a name on disk, and it leads back', () => {
    fc.assert(
      fc.property(anyName, (name) => {
        expect(nameInSnapshot(nameOnDisk(name, rules), rules)).toEqual(name);
      }),
      { numRuns: 3_000 },
    );
  });

  test('two names never become one', () => {
    fc.assert(
      fc.property(anyName, anyName, (a, b) => {
        expect(nameOnDisk(a, rules).equals(nameOnDisk(b, rules))).toBe(a.equals(b));
      }),
    );
  });

  test('a name on disk is one the system can hold', () => {
    fc.assert(
      fc.property(anyName, (name) => {
        const made = nameOnDisk(name, rules);
        expect(made.includes(0) || made.includes(0x2f)).toBe(false);
        if (rules === 'linux') return;
        expect(Buffer.from(made.toString('utf8'))).toEqual(made);
        if (rules === 'win32') {
          expect(made.toString('utf8')).not.toMatch(/[<>:"|?*\\]|[. ]$/);
          expect(made.every((byte) => byte >= 0x20)).toBe(true);
          expect(made.toString('utf8')).not.toMatch(
            /^(con|prn|aux|nul|com\d|lpt\d|conin\$|conout\$) *(\.|$)/i,
          );
        }
      }),
      { numRuns: 3_000 },
    );
  });

  test('ordinary names stay as they are', () => {
    for (const name of [
      'a',
      '.hidden',
      '..data',
      '~',
      '100%',
      '50%off',
      '%a',
      'console',
      'com',
      'caf\xc3\xa9',
      '-rf',
      'a.b.c',
    ]) {
      expect(onDisk(name, rules)).toBe(name);
    }
  });
});

test.for([
  ['C:x', 'C%3Ax'],
  ['a\\b', 'a%5Cb'],
  ['\\\\?\\UNC', '%5C%5C%3F%5CUNC'],
  ['file.txt:stream', 'file.txt%3Astream'],
  ['CON', '%43ON'],
  ['nul.tar.gz', '%6Eul.tar.gz'],
  ['com1', '%63om1'],
  ['LPT\xc2\xb9.x', '%4CPT\xc2\xb9.x'],
  ['CONIN$', '%43ONIN$'],
  ['aux .txt', '%61ux .txt'],
  ['dot.', 'dot%2E'],
  ['space ', 'space%20'],
  ['...', '..%2E'],
  ['new\nline', 'new%0Aline'],
  ['what?%3F', 'what%3F%253F'],
  ['caf\xe9', 'caf%E9'],
  ['\xed\xa0\x80', '%ED%A0%80'],
] as const)('Windows holds %j as %j', ([name, made]) => {
  expect(onDisk(name, 'win32')).toBe(made);
});

test.for([
  ['caf\xe9', 'caf%E9'],
  ['%E9', '%25E9'],
  ['a:b\\c*', 'a:b\\c*'],
  ['CON', 'CON'],
] as const)('macOS holds %j as %j', ([name, made]) => {
  expect(onDisk(name, 'darwin')).toBe(made);
});

test('Linux holds any bytes', () => {
  fc.assert(
    fc.property(anyName, (name) => {
      expect(nameOnDisk(name, 'linux')).toBe(name);
    }),
  );
});

test('length counts in the unit of the system, after escaping', () => {
  expect(() => nameOnDisk(bytes('x'.repeat(255)), 'linux')).not.toThrow();
  expect(() => nameOnDisk(bytes('x'.repeat(256)), 'linux')).toThrow();
  expect(() => nameOnDisk(Buffer.from('é'.repeat(255)), 'win32')).not.toThrow();
  expect(() => nameOnDisk(Buffer.from('é'.repeat(255)), 'linux')).toThrow();
  expect(() => nameOnDisk(bytes(':'.repeat(86)), 'win32')).toThrow();
});

test('a conflict name is still a name', () => {
  expect(conflictName(bytes('a.txt'), 2).toString()).toBe('a.txt (conflict 2)');
  fc.assert(
    fc.property(
      fc.string({ minLength: 1, maxLength: 255, unit: 'binary' }),
      fc.integer({ min: 2, max: 99 }),
      (text, n) => {
        const made = conflictName(Buffer.from(text), n);
        expect(made.length).toBeLessThanOrEqual(255);
        expect(Buffer.from(made.toString('utf8'))).toEqual(made);
      },
    ),
  );
});

test('this system has rules', () => {
  expect(ALL).toContain(ownNameRules());
});
