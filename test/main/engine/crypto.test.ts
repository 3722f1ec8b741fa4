import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  gcmOpen,
  gcmSeal,
  hkdf,
  hmac,
  prepareKey,
  sha256,
  startSha256,
} from '../../../src/main/engine/crypto.ts';

const hex = (text: string) => Buffer.from(text, 'hex');

describe('crypto', () => {
  it('gives the key of RFC 5869, test case 1', () => {
    const okm = hkdf(
      Buffer.alloc(22, 0x0b),
      hex('000102030405060708090a0b0c'),
      hex('f0f1f2f3f4f5f6f7f8f9'),
      42,
    );
    expect(okm.toString('hex')).toBe(
      '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865',
    );
  });

  it('gives the code of RFC 4231, test case 2', () => {
    expect(
      hmac(prepareKey(Buffer.from('Jefe')), Buffer.from('what do ya want for nothing?')).toString('hex'),
    ).toBe('5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843');
  });

  it('seals as the AES-256 test case 14 of the GCM specification', () => {
    const sealed = gcmSeal(prepareKey(Buffer.alloc(32)), Buffer.alloc(12), Buffer.alloc(0), Buffer.alloc(16));
    expect(sealed.ciphertext.toString('hex')).toBe('cea7403d4d606b6e074ec5d3baf39d18');
    expect(sealed.tag.toString('hex')).toBe('d0d1c8a799996bf0265b98b5d48ab919');
  });

  it('opens what it sealed, and nothing that differs in one bit', () => {
    const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
    fc.assert(
      fc.property(
        bytes(32),
        bytes(12),
        fc.uint8Array(),
        fc.uint8Array({ minLength: 1 }),
        fc.nat(),
        (k, n, aad, text, at) => {
          const key = prepareKey(k);
          const { ciphertext, tag } = gcmSeal(key, n, aad, text);
          expect(gcmOpen(key, n, aad, ciphertext, tag)).toEqual(Buffer.from(text));
          const whole = Buffer.concat([ciphertext, tag]);
          whole[(at >> 3) % whole.length]! ^= 1 << (at & 7);
          const split = ciphertext.length;
          expect(gcmOpen(key, n, aad, whole.subarray(0, split), whole.subarray(split))).toBeNull();
          expect(gcmOpen(key, n, Buffer.concat([aad, Buffer.from('x')]), ciphertext, tag)).toBeNull();
          expect(gcmOpen(key, n, aad, ciphertext, tag.subarray(0, 12))).toBeNull();
        },
      ),
    );
  });

  it('hashes the same bytes alike however they are cut', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array()), (pieces) => {
        const whole = sha256(Buffer.concat(pieces));
        const running = startSha256();
        for (const piece of pieces) running.update(piece);
        expect(running.digest()).toEqual(whole);
        expect(sha256(...pieces)).toEqual(whole);
      }),
    );
  });
});
