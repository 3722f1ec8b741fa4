import { createDecipheriv } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  describeKeySlots,
  openDescription,
  type PackDescription,
  parseDescription,
  sealDescription,
} from '../../../../src/main/engine/pack/description.ts';
import { keys, otherKeys } from './samplePack.ts';

const packId = '00112233445566778899aabbccddeeff';
const sample: PackDescription = {
  packId,
  kind: 'manifest',
  keyEpoch: 1,
  epoch: 12,
  writerTag: 0x1234,
  createdAt: 1_700_000_000_000,
};

function parsePack(text: string) {
  const parsed = parseDescription(text);
  if (parsed?.kind !== 'pack') throw new Error('not a pack');
  return parsed;
}

describe('archive description', () => {
  it('gives back what was sealed', () => {
    const any = fc.record({
      packId: fc
        .uint8Array({ minLength: 16, maxLength: 16 })
        .map((bytes) => Buffer.from(bytes).toString('hex')),
      kind: fc.constantFrom('data' as const, 'manifest' as const, 'catalog' as const),
      keyEpoch: fc.integer({ min: 1, max: 0xffff_ffff }),
      epoch: fc.maxSafeNat(),
      writerTag: fc.nat(0xffff),
      createdAt: fc.maxSafeNat(),
    });
    fc.assert(
      fc.property(any, (drawn) => {
        const described = drawn.kind === 'data' ? { ...drawn, writerTag: 0 } : drawn;
        const text = sealDescription(keys, described);
        expect(text).toMatch(/^[\x21-\x7e]{106}$/);
        expect(openDescription(keys, parsePack(text))).toEqual(described);
      }),
    );
  });

  it('is different each time and shows nothing but the pack id', () => {
    const one = sealDescription(keys, sample);
    expect(one).not.toBe(sealDescription(keys, sample));
    expect(one.startsWith(`a1.${packId}.`)).toBe(true);
  });

  it('does not open with other keys, for another pack, or with a bit flipped', () => {
    const parsed = parsePack(sealDescription(keys, sample));
    expect(openDescription(otherKeys, parsed)).toBeNull();
    expect(openDescription(keys, { ...parsed, packId: packId.replace('0', '1') })).toBeNull();
    for (let bit = 0; bit < parsed.sealed.length * 8; bit++) {
      const sealed = Buffer.from(parsed.sealed);
      sealed[bit >> 3]! ^= 1 << (bit & 7);
      expect(openDescription(keys, { ...parsed, sealed })).toBeNull();
    }
  });

  it('is opened by a reader that knows only the format', () => {
    const [, id = '', sealed = ''] = sealDescription(keys, sample).split('.');
    const bytes = Buffer.from(sealed, 'base64url');
    const decipher = createDecipheriv('aes-256-gcm', keys.desc, bytes.subarray(0, 12));
    decipher.setAAD(Buffer.from(id));
    decipher.setAuthTag(bytes.subarray(36));
    const fields = Buffer.concat([decipher.update(bytes.subarray(12, 36)), decipher.final()]);
    expect([...fields.subarray(0, 4)]).toEqual([1, 2, 0x34, 0x12]);
    expect(fields.readUInt32LE(4)).toBe(1);
    expect(fields.readBigUInt64LE(8)).toBe(12n);
    expect(fields.readBigUInt64LE(16)).toBe(1_700_000_000_000n);
  });

  it('tells key slots from packs and from what is not ours', () => {
    expect(parseDescription(describeKeySlots(3))).toEqual({ kind: 'slots', generation: 3 });
    const text = sealDescription(keys, sample);
    const foreign = [
      '',
      'photos 2019',
      'k1.',
      'k1.0',
      'k1.x',
      'k1.01',
      'k2.1',
      'a1.',
      `a1.${packId}`,
      `a1.${packId}.AA`,
    ];
    const almost = [
      ` ${text}`,
      `${text}\n`,
      `${text}A`,
      text.slice(0, -1),
      text.replace('a1', 'a2'),
      text.replace(/00/, 'ZZ'),
    ];
    for (const other of [...foreign, ...almost])
      expect(parseDescription(other), JSON.stringify(other)).toBeNull();
  });
});
