import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decompress } from '../../../../src/main/engine/pack/codec.ts';
import {
  FrameBuilder,
  GROUP_BYTES,
  LARGE_CHUNK_BYTES,
} from '../../../../src/main/engine/pack/frameBuilder.ts';
import { pseudoRandom } from '../chunk/sample.ts';
import { MIB } from './samplePack.ts';

interface MadeFrame {
  raw: Buffer;
  names: { id: Buffer; length: number }[];
}

function framesOf(chunks: readonly Buffer[]): MadeFrame[] {
  const made: MadeFrame[] = [];
  const builder = new FrameBuilder(({ codec, stored, rawBytes, chunks: names }) => {
    made.push({ raw: Buffer.from(decompress(codec, stored, rawBytes, 'it')), names: [...names] });
  });
  chunks.forEach((chunk, i) => {
    const id = Buffer.alloc(32);
    id.writeUInt32LE(i);
    builder.add(id, chunk);
  });
  builder.flush();
  builder.flush();
  return made;
}

describe('frames', () => {
  it('hold every chunk once, whole, small ones in order', () => {
    const length = fc.oneof(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: MIB }));
    fc.assert(
      fc.property(fc.array(length, { maxLength: 40 }), (lengths) => {
        const chunks = lengths.map((n, i) => pseudoRandom(n, i + 1));
        const order: number[] = [];
        for (const { raw, names } of framesOf(chunks)) {
          let at = 0;
          for (const { id, length: n } of names) {
            const i = id.readUInt32LE();
            expect(raw.subarray(at, at + n).equals(chunks[i]!)).toBe(true);
            order.push(i);
            at += n;
          }
          expect(at).toBe(raw.length);
        }
        const isSmall = (i: number) => chunks[i]!.length < LARGE_CHUNK_BYTES;
        expect([...order].sort((a, b) => a - b)).toEqual(chunks.map((_, i) => i));
        expect(order.filter(isSmall)).toEqual(chunks.map((_, i) => i).filter(isSmall));
      }),
      { numRuns: 30 },
    );
  });

  it('group small chunks up to about 512 KiB and leave large ones alone', () => {
    const small = Array.from({ length: 30 }, (_, i) => pseudoRandom(100_000, i + 1));
    const frames = framesOf([...small, pseudoRandom(LARGE_CHUNK_BYTES, 40), pseudoRandom(MIB, 41)]);
    const groups = frames.filter(({ names }) => names.length > 1);
    expect(groups.map(({ raw }) => raw.length)).toEqual([600_000, 600_000, 600_000, 600_000, 600_000]);
    expect(600_000 - GROUP_BYTES).toBeLessThan(LARGE_CHUNK_BYTES);
    expect(frames.filter(({ names }) => names.length === 1).map(({ raw }) => raw.length)).toEqual([
      LARGE_CHUNK_BYTES,
      MIB,
    ]);
  });

  it('hold at most 4,096 chunks', () => {
    const frames = framesOf(Array.from({ length: 5_000 }, (_, i) => Buffer.from([i])));
    expect(frames.map(({ names }) => names.length)).toEqual([4096, 904]);
  });

  it('take chunks of 1 byte to 1 MiB only', () => {
    const builder = new FrameBuilder(() => undefined);
    expect(() => builder.add(Buffer.alloc(32), Buffer.alloc(0))).toThrow(RangeError);
    expect(() => builder.add(Buffer.alloc(32), Buffer.alloc(MIB + 1))).toThrow(RangeError);
  });
});
