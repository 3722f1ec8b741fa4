import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  CODE_GROUPS,
  createRecoveryCode,
  isGroup,
  readRecoveryCode,
  spellRecoveryCode,
} from '../../../../src/main/engine/keys/recoveryCode.ts';

const anyCode = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes));

describe('the recovery code', () => {
  it('is read as it was spelled', () => {
    fc.assert(
      fc.property(anyCode, (code) => {
        expect(readRecoveryCode(spellRecoveryCode(code))).toEqual({ kind: 'code', code });
      }),
    );
  });

  it('is fourteen groups of four, of letters and digits that are not mistaken for each other', () => {
    const spelled = spellRecoveryCode(createRecoveryCode());
    expect(spelled).toMatch(/^[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){13}$/);
    expect(spelled.split('-')).toHaveLength(CODE_GROUPS);
  });

  it('may be typed in any case, with or without spaces, with I and L for 1 and O for 0', () => {
    fc.assert(
      fc.property(anyCode, (code) => {
        const typed = ` ${spellRecoveryCode(code)
          .toLowerCase()
          .replaceAll('-', '  ')
          .replaceAll('1', 'l')
          .replaceAll('0', 'o')}\n`;
        expect(readRecoveryCode(typed)).toEqual({ kind: 'code', code });
      }),
    );
  });

  it('is known as misread with any one character changed, and any two neighbours swapped', () => {
    const spelled = spellRecoveryCode(Buffer.alloc(32, 'secret'));
    for (let i = 0; i < spelled.length; i++) {
      if (spelled[i] === '-') continue;
      const other = spelled[i] === '7' ? '8' : '7';
      const changed = spelled.slice(0, i) + other + spelled.slice(i + 1);
      expect(readRecoveryCode(changed).kind).toBe('misread');
    }
    const letters = spelled.replaceAll('-', '');
    for (let i = 1; i < letters.length; i++) {
      if (letters[i] === letters[i - 1]) continue;
      const swapped = [letters.slice(0, i - 1), letters[i], letters[i - 1], letters.slice(i + 1)].join('');
      expect(readRecoveryCode(swapped).kind).toBe('misread');
    }
  });

  it.each(['', 'correct horse battery staple', 'A'.repeat(55), `${'A'.repeat(55)}U`, 'A'.repeat(57)])(
    'is not seen in %j',
    (typed) => {
      expect(readRecoveryCode(typed)).toEqual({ kind: 'none' });
    },
  );

  it('tells whether a group was typed as it is', () => {
    const code = createRecoveryCode();
    const groups = spellRecoveryCode(code).split('-');
    for (const [i, group] of groups.entries()) {
      expect(isGroup(code, i + 1, ` ${group.toLowerCase()} `)).toBe(true);
      expect(isGroup(code, i + 1, group === '7777' ? '8888' : '7777')).toBe(false);
    }
    expect(isGroup(code, 0, '')).toBe(false);
    expect(isGroup(code, CODE_GROUPS + 1, '')).toBe(false);
  });
});
