import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeKeySlots, parseKeySlots, type KeySlot } from '../../../../src/main/engine/keys/slotFile.ts';

const bytes = (length: number) =>
  fc.uint8Array({ minLength: length, maxLength: length }).map((array) => Buffer.from(array));

const passphraseSlot = fc.record({
  id: bytes(16).map((id) => id.toString('hex')),
  kind: fc.constant('passphrase' as const),
  epoch: fc.integer({ min: 1, max: 0xffff_ffff }),
  kdf: fc.constant('argon2id' as const),
  memoryKiB: fc.integer({ min: 65_536, max: 1_048_576 }),
  passes: fc.integer({ min: 1, max: 10 }),
  lanes: fc.integer({ min: 1, max: 4 }),
  salt: bytes(16),
  nonce: bytes(12),
  sealed: bytes(48),
});

const codeSlot = fc.record({
  id: bytes(16).map((id) => id.toString('hex')),
  kind: fc.constant('code' as const),
  epoch: fc.integer({ min: 1, max: 0xffff_ffff }),
  kdf: fc.constant('hkdf' as const),
  salt: bytes(16),
  nonce: bytes(12),
  sealed: bytes(48),
  code: bytes(60),
});

const anySlot: fc.Arbitrary<KeySlot> = fc.oneof(passphraseSlot, codeSlot);

const slot = fc.sample(passphraseSlot, { numRuns: 1, seed: 1 })[0]!;

/** The file with one good slot and what is handed in before it. */
function withSlots(...others: unknown[]): Buffer {
  const good = JSON.parse(encodeKeySlots({ generation: 4, slots: [slot] }).toString()) as {
    slots: unknown[];
  };
  return Buffer.from(JSON.stringify({ ...good, slots: [...others, ...good.slots] }));
}

describe('key slots file', () => {
  it('gives back what was written', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 2 ** 31 }),
        fc.array(anySlot, { maxLength: 5 }),
        (generation, slots) => {
          expect(parseKeySlots(encodeKeySlots({ generation, slots }))).toEqual({
            generation,
            slots,
            skipped: 0,
          });
        },
      ),
    );
  });

  const raw = (JSON.parse(withSlots().toString()) as { slots: Record<string, unknown>[] }).slots[0]!;

  it.each([
    ['4 TiB of memory', { memoryKiB: 2 ** 32 }],
    ['too little memory', { memoryKiB: 65_535 }],
    ['no passes', { passes: 0 }],
    ['too many passes', { passes: 11 }],
    ['half a pass', { passes: 1.5 }],
    ['255 lanes', { lanes: 255 }],
    ['numbers as text', { memoryKiB: '65536' }],
    ['an unknown kind', { kind: 'fingerprint' }],
    ['an unknown key derivation', { kdf: 'md5' }],
    ['a short salt', { salt: 'AAAA' }],
    ['a salt in another spelling', { salt: (raw['salt'] as string).replace('==', '') }],
    ['a truncated key', { sealed: (raw['sealed'] as string).slice(0, 40) }],
    ['no nonce', { nonce: undefined }],
    ['an id with a path in it', { id: '../../../../etc/passwd' }],
    ['epoch 0', { epoch: 0 }],
  ])('leaves out a slot with %s and keeps the others', (_what, change) => {
    expect(parseKeySlots(withSlots({ ...raw, ...change }))).toEqual({
      generation: 4,
      slots: [slot],
      skipped: 1,
    });
  });

  it('leaves out slots that are no objects, and members it does not know', () => {
    const file = withSlots(null, 7, 'slot', [], { ...raw, comment: 'new in version 9' });
    expect(parseKeySlots(file).slots).toEqual([slot, slot]);
  });

  it('looks at no more than 32 slots', () => {
    expect(parseKeySlots(withSlots(...Array.from({ length: 100 }, () => raw))).slots).toHaveLength(32);
  });

  it.each(['', '{', '[]', 'null', '{"format":"permafrost-keys"}', '<html>', `${' '.repeat(2 ** 20)}{}`])(
    'refuses a file that is none: %.20s',
    (text) => {
      expect(() => parseKeySlots(Buffer.from(text))).toThrow(expect.objectContaining({ kind: 'corrupt' }));
    },
  );

  it('refuses another version as a whole', () => {
    const text = withSlots().toString().replace('"version":1', '"version":2');
    expect(() => parseKeySlots(Buffer.from(text))).toThrow(expect.objectContaining({ kind: 'corrupt' }));
  });

  it('survives any damage to its bytes', () => {
    const file = withSlots();
    fc.assert(
      fc.property(fc.nat(file.length - 1), fc.nat(255), (at, value) => {
        const damaged = Buffer.from(file);
        damaged[at] = value;
        try {
          expect(parseKeySlots(damaged).slots.length).toBeLessThanOrEqual(1);
        } catch (error) {
          expect(error).toMatchObject({ kind: 'corrupt' });
        }
      }),
    );
  });
});
