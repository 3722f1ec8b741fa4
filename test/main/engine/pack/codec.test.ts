import { deflateRawSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Codec,
  compress,
  decompress,
  DEFLATE,
  looksRandom,
  MAX_FRAME_BYTES,
  NONE,
  ZSTD,
} from '../../../../src/main/engine/pack/codec.ts';
import { pseudoRandom } from '../chunk/sample.ts';
import { prose } from './samplePack.ts';

const corrupt = expect.objectContaining({ kind: 'corrupt' }) as Error;

describe('codec', () => {
  it('gives back what was compressed', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 5_000 }).map((array) => Buffer.from(array)),
      fc.tuple(fc.nat(MAX_FRAME_BYTES), fc.nat()).map(([length, seed]) => pseudoRandom(length, seed)),
      fc.tuple(fc.nat(MAX_FRAME_BYTES), fc.nat()).map(([length, seed]) => prose(length, seed)),
      fc.tuple(fc.nat(MAX_FRAME_BYTES), fc.nat(255)).map(([length, value]) => Buffer.alloc(length, value)),
    );
    fc.assert(
      fc.property(bytes, (raw) => {
        const { codec, stored } = compress(raw);
        expect(stored.length).toBeLessThanOrEqual(raw.length);
        expect(decompress(codec, stored, raw.length, 'it').equals(raw)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it('compresses what shrinks and stores the rest as it is', () => {
    expect(compress(prose(500_000, 1)).codec).toBe(ZSTD);
    expect(compress(Buffer.alloc(1_000_000)).stored.length).toBeLessThan(200);
    const noise = pseudoRandom(500_000, 1);
    expect(compress(noise)).toEqual({ codec: NONE, stored: noise });
    expect(compress(Buffer.from('x')).codec).toBe(NONE);
    expect(compress(Buffer.alloc(0)).codec).toBe(NONE);
  });

  it('reads deflate as well', () => {
    const raw = prose(100_000, 2);
    expect(decompress(DEFLATE, deflateRawSync(raw), raw.length, 'it').equals(raw)).toBe(true);
  });

  const raw = prose(100_000, 3);
  it.each<[string, Codec, Buffer]>([
    ['zstd', ZSTD, zstdCompressSync(raw)],
    ['deflate', DEFLATE, deflateRawSync(raw)],
    ['none', NONE, raw],
  ])('refuses %s that comes to more or less than it should', (_name, codec, stored) => {
    expect(decompress(codec, stored, raw.length, 'it').equals(raw)).toBe(true);
    for (const length of [0, 1, raw.length - 1, raw.length + 1, MAX_FRAME_BYTES]) {
      expect(() => decompress(codec, stored, length, 'it'), String(length)).toThrow(corrupt);
    }
    for (const cut of [stored.subarray(0, -1), stored.subarray(1), Buffer.alloc(0)]) {
      expect(() => decompress(codec, cut, raw.length, 'it')).toThrow(corrupt);
    }
  });

  it('refuses bytes under the wrong codec', () => {
    expect(() => decompress(ZSTD, deflateRawSync(raw), raw.length, 'it')).toThrow(corrupt);
    expect(() => decompress(DEFLATE, zstdCompressSync(raw), raw.length, 'it')).toThrow(corrupt);
  });

  it('cuts off a bomb where it should have ended', () => {
    const bomb = zstdCompressSync(Buffer.alloc(2 ** 28));
    const before = process.memoryUsage().rss;
    expect(() => decompress(ZSTD, bomb, MAX_FRAME_BYTES, 'it')).toThrow(corrupt);
    expect(process.memoryUsage().rss - before).toBeLessThan(64 * 1024 * 1024);
  });

  it('survives any damage to compressed bytes', () => {
    const stored = zstdCompressSync(raw);
    fc.assert(
      fc.property(fc.nat(stored.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const damaged = Buffer.from(stored);
        damaged[at]! ^= change;
        try {
          expect(decompress(ZSTD, damaged, raw.length, 'it')).toHaveLength(raw.length);
        } catch (error) {
          expect(error).toMatchObject({ kind: 'corrupt' });
        }
      }),
    );
  });
});

describe('the look for random bytes', () => {
  it('knows noise of any kind', () => {
    for (let seed = 1; seed < 200; seed++)
      expect(looksRandom(pseudoRandom(9_000 + seed * 5_000, seed))).toBe(true);
    const packed = zstdCompressSync(prose(6_000_000, 4));
    expect(looksRandom(packed.subarray(0, Math.min(packed.length, MAX_FRAME_BYTES)))).toBe(true);
  });

  it('does not take for noise what would shrink', () => {
    const hex = Buffer.from(pseudoRandom(100_000, 5).toString('hex'));
    const base64 = Buffer.from(pseudoRandom(100_000, 5).toString('base64'));
    const samples = [prose(50_000, 6), hex, base64, Buffer.alloc(50_000), Buffer.from('short')];
    for (const sample of samples) expect(looksRandom(sample)).toBe(false);
  });

  it('sees an eighth of text among noise', () => {
    const mixed = pseudoRandom(800_000, 7);
    prose(100_000, 8).copy(mixed, 300_000);
    expect(looksRandom(mixed)).toBe(false);
  });
});
