import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Failed } from '../../../src/main/cli/failed.ts';
import { givenPassphrase, TypedLine } from '../../../src/main/cli/passphrase.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'permafrost-cli-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function file(content: string | Uint8Array): string {
  const path = join(folder, 'passphrase');
  writeFileSync(path, content);
  return path;
}

describe('a passphrase that was given', () => {
  it('is the first line of the file, without what editors add', () => {
    expect(givenPassphrase(file('correct horse\n'), {})).toBe('correct horse');
    expect(givenPassphrase(file('correct horse\r\nsecond line\n'), {})).toBe('correct horse');
    expect(givenPassphrase(file('\u{feff}correct horse'), {})).toBe('correct horse');
    expect(givenPassphrase(file(' spaces count \n'), {})).toBe(' spaces count ');
  });

  it('comes from the file before the environment', () => {
    const env = { PERMAFROST_PASSPHRASE: 'from the environment' };
    expect(givenPassphrase(file('from the file'), env)).toBe('from the file');
    expect(givenPassphrase(undefined, env)).toBe('from the environment');
    expect(givenPassphrase(undefined, {})).toBeUndefined();
  });

  it('must be there when a file is named', () => {
    expect(() => givenPassphrase(join(folder, 'missing'), {})).toThrow(Failed);
    expect(() => givenPassphrase(file('\n'), {})).toThrow(/is empty/);
  });
});

describe('a typed line', () => {
  function type(keys: string): { state: string; text: string } {
    const line = new TypedLine();
    let state = 'open';
    for (const key of keys) {
      state = line.press(key);
      if (state !== 'open') break;
    }
    return { state, text: line.text };
  }

  it('obeys the keys that edit it', () => {
    expect(type('secret\r')).toEqual({ state: 'entered', text: 'secret' });
    expect(type('secrex\u{7f}t\n')).toEqual({ state: 'entered', text: 'secret' });
    expect(type('wrong\u{15}right\r')).toEqual({ state: 'entered', text: 'right' });
    expect(type('\u{7f}\u{7f}a\r')).toEqual({ state: 'entered', text: 'a' });
    expect(type('pässwörd🙂\u{7f}\r')).toEqual({ state: 'entered', text: 'pässwörd' });
  });

  it('is given up by Ctrl-C, and by Ctrl-D before anything was typed', () => {
    expect(type('half\u{3}').state).toBe('cancelled');
    expect(type('\u{4}').state).toBe('cancelled');
    expect(type('all\u{4}')).toEqual({ state: 'entered', text: 'all' });
  });

  it('is what was typed', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...Array.from('abc XYZ09äé写!?')) }), (text) => {
        expect(type(`${text}\r`)).toEqual({ state: 'entered', text });
      }),
    );
  });
});
