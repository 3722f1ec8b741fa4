import { describe, expect, it } from 'vitest';
import {
  createHeader,
  HEADER_BYTES,
  openHeader,
  parseHeader,
} from '../../../../src/main/engine/pack/header.ts';
import { keys, otherKeys, writer } from './samplePack.ts';

const made = createHeader(keys, writer);
const corrupt = expect.objectContaining({ kind: 'corrupt' }) as Error;

describe('header', () => {
  it('says who wrote the pack and which key epoch it needs', () => {
    expect(parseHeader(made.bytes)).toEqual({ keyEpoch: 1, writer, packId: made.packId });
    expect(made.bytes.toString('hex', 0, 16)).toBe('50465041434b0d0a0100010001000000');
  });

  it('opens to the key that it was made with', () => {
    const opened = openHeader(made.bytes, keys);
    expect(opened.header.packId).toBe(made.packId);
    expect(opened.seal.key.equals(made.seal.key)).toBe(true);
    expect(opened.seal.headerHash).toEqual(made.seal.headerHash);
  });

  it('is refused with any bit flipped', () => {
    for (let bit = 0; bit < HEADER_BYTES * 8; bit++) {
      const damaged = Buffer.from(made.bytes);
      damaged[bit >> 3]! ^= 1 << (bit & 7);
      expect(() => openHeader(damaged, keys), `bit ${bit}`).toThrow(corrupt);
    }
  });

  it('is refused with other keys, or keys of another epoch', () => {
    expect(() => openHeader(made.bytes, otherKeys)).toThrow(corrupt);
    expect(() => openHeader(made.bytes, { ...keys, epoch: 2 })).toThrow(corrupt);
  });

  it('never has an id, a salt or a key that another one had', () => {
    const seen = new Set<string>();
    for (let i = 0; i < 500; i++) {
      const { bytes, packId, seal } = createHeader(keys, writer);
      for (const part of [packId, bytes.toString('hex', 48, 80), seal.key.export().toString('hex')]) {
        expect(seen.has(part)).toBe(false);
        seen.add(part);
      }
    }
  });
});
