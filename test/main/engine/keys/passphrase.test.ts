import { describe, expect, it } from 'vitest';
import { checkNewPassphrase, normalizePassphrase } from '../../../../src/main/engine/keys/passphrase.ts';

describe('passphrase', () => {
  it.each(['', 'short', 'seven77', 'aaaaaaaaaaaa', '        ', '❄️❄️❄️', '\u{1F512}'.repeat(20)])(
    'refuses %j',
    (typed) => {
      expect(() => checkNewPassphrase(typed)).toThrow(expect.objectContaining({ kind: 'invalid' }));
    },
  );

  it.each(['correct horse', 'Größenwahn', 'пароль-пароль', 'k3#v9!xq'])('takes %j', (typed) => {
    expect(() => checkNewPassphrase(typed)).not.toThrow();
  });

  it('counts characters, not the marks that make them', () => {
    // Seven letters with an accent each: 14 code points as typed on some systems.
    expect(() => checkNewPassphrase('áéíóúýć'.normalize('NFD'))).toThrow();
  });

  it('is the same however the system composes it', () => {
    expect(normalizePassphrase('Größe'.normalize('NFD'))).toBe(normalizePassphrase('Größe'.normalize('NFC')));
  });
});
