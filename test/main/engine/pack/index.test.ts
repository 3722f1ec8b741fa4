import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkIndex, chunkAt, frameAt, IndexBuilder } from '../../../../src/main/engine/pack/index.ts';
import { firstChunks, readTail } from '../../../../src/main/engine/pack/packReader.ts';
import {
  encodeTrailer,
  indexBytes,
  parseTrailer,
  TRAILER_BYTES,
  type Trailer,
} from '../../../../src/main/engine/pack/trailer.ts';

const corrupt = expect.objectContaining({ kind: 'corrupt' }) as Error;
const id = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes));

/** A frame that the format allows: chunks of some length, stored in no more than they come to. */
const frame = fc
  .record({
    chunks: fc.array(fc.record({ id, length: fc.integer({ min: 1, max: 20_000 }) }), {
      minLength: 1,
      maxLength: 12,
    }),
    codec: fc.constantFrom(0 as const, 1 as const, 2 as const),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
  })
  .map(({ chunks, codec, share }) => {
    const rawBytes = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    const storedBytes = codec === 0 ? rawBytes : Math.max(1, Math.floor(share * rawBytes));
    return { chunks, codec, rawBytes, storedBytes };
  });

const frames = fc.array(frame, { minLength: 1, maxLength: 15 });

function build(
  list: readonly { chunks: { id: Buffer; length: number }[]; codec: 0 | 1 | 2; storedBytes: number }[],
) {
  const builder = new IndexBuilder();
  for (const one of list) builder.add(one);
  const { framesEnd, rawBytes } = builder;
  return { index: builder.finish(), framesEnd, rawBytes };
}

describe('index', () => {
  it('gives back the frames and chunks that were recorded', () => {
    fc.assert(
      fc.property(frames, (list) => {
        const { index, framesEnd, rawBytes } = build(list);
        const { frames: frameCount, chunks: chunkCount } = index;
        const checked = checkIndex(
          index.bytes,
          { frames: frameCount, chunks: chunkCount, framesEnd, rawBytes },
          'it',
        );
        const first = firstChunks(checked);
        let offset = 0;
        let chunk = 0;
        list.forEach((one, i) => {
          const { codec, storedBytes } = one;
          expect(frameAt(checked, i)).toEqual({ offset, storedBytes, rawBytes: one.rawBytes, codec });
          expect(first[i]).toBe(chunk);
          offset += storedBytes;
          let within = 0;
          for (const { id: chunkId, length } of one.chunks) {
            expect(chunkAt(checked, chunk++)).toEqual({ id: chunkId, frame: i, offset: within, length });
            within += length;
          }
        });
        expect(chunk).toBe(checked.chunks);
        expect(() => frameAt(checked, list.length)).toThrow(RangeError);
        expect(() => chunkAt(checked, chunk)).toThrow(RangeError);
      }),
    );
  });

  it('is refused with any bit changed outside of the ids', () => {
    fc.assert(
      fc.property(frames, fc.nat(), (list, pick) => {
        const { index, framesEnd, rawBytes } = build(list);
        const bytes = Buffer.from(index.bytes);
        const bit = pick % (bytes.length * 8);
        const inChunk = (bit >> 3) - 24 * index.frames;
        const at = (bit >> 3) % 24;
        // A codec may turn from zstd to deflate: that is for the decoder to find out.
        fc.pre(inChunk < 0 ? at !== 16 : inChunk % 48 >= 32);
        bytes[bit >> 3]! ^= 1 << (bit & 7);
        const totals = { frames: index.frames, chunks: index.chunks, framesEnd, rawBytes };
        expect(() => checkIndex(bytes, totals, 'it')).toThrow(corrupt);
      }),
    );
  });

  it('is refused when it is cut short, too long, or counts otherwise', () => {
    const one = { id: Buffer.alloc(32), length: 100 };
    const { index, framesEnd, rawBytes } = build([{ chunks: [one, one], codec: 1, storedBytes: 90 }]);
    const totals = { frames: 1, chunks: 2, framesEnd, rawBytes };
    expect(checkIndex(index.bytes, totals, 'it')).toEqual(index);
    const refused = (bytes: Buffer, changed: object) =>
      expect(() => checkIndex(bytes, { ...totals, ...changed }, 'it')).toThrow(corrupt);
    refused(index.bytes.subarray(1), {});
    refused(Buffer.concat([index.bytes, Buffer.alloc(48)]), {});
    refused(Buffer.concat([index.bytes, Buffer.alloc(48)]), { chunks: 3 });
    refused(index.bytes.subarray(0, 24 + 48), { chunks: 1 });
    refused(index.bytes, { framesEnd: framesEnd + 1 });
    refused(index.bytes, { rawBytes: rawBytes - 1 });
    refused(Buffer.alloc(24), { frames: 1, chunks: 0, framesEnd: 0, rawBytes: 0 });
  });

  it('is refused with more than a MiB or 4,096 chunks in a frame', () => {
    const refused = (length: number, count: number, storedBytes: number) => {
      const chunks = Array.from({ length: count }, () => ({ id: Buffer.alloc(32), length }));
      const { index, framesEnd, rawBytes } = build([{ chunks, codec: 1, storedBytes }]);
      expect(() => checkIndex(index.bytes, { frames: 1, chunks: count, framesEnd, rawBytes }, 'it')).toThrow(
        corrupt,
      );
    };
    refused(1024 * 1024 + 1, 1, 10);
    refused(1, 4097, 10);
    refused(100, 1, 101);
  });
});

describe('trailer', () => {
  const trailer = fc.record({
    kind: fc.constantFrom('data' as const, 'manifest' as const, 'catalog' as const),
    frames: fc.integer({ min: 1, max: 1000 }),
    more: fc.nat(250_000),
    framesEnd: fc.nat(2 ** 31),
    gap: fc.nat(1_000_000),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
    indexCodec: fc.constantFrom(0 as const, 1 as const),
  });

  it('gives back what was written', () => {
    fc.assert(
      fc.property(trailer, ({ kind, frames: count, more, framesEnd, gap, share, indexCodec }) => {
        const counts = { frames: count, chunks: count + more };
        const raw = indexBytes(counts);
        const indexStoredBytes = indexCodec === 0 ? raw : Math.floor(share * raw);
        const indexOffset = framesEnd + gap;
        const made: Trailer = {
          kind,
          indexCodec,
          indexStoredBytes,
          ...counts,
          framesEnd,
          indexOffset,
          rawBytes: count,
        };
        const bodyBytes = indexOffset + indexStoredBytes + TRAILER_BYTES;
        expect(parseTrailer(encodeTrailer(made), bodyBytes, 'it')).toEqual(made);
      }),
    );
  });

  const { index, framesEnd, rawBytes } = build([
    { chunks: [{ id: Buffer.alloc(32, 5), length: 700 }], codec: 0, storedBytes: 700 },
    { chunks: [{ id: Buffer.alloc(32, 6), length: 900 }], codec: 1, storedBytes: 80 },
  ]);
  const bodyBytes = 5_000;
  const indexOffset = bodyBytes - TRAILER_BYTES - index.bytes.length;
  const good: Trailer = {
    ...{
      kind: 'data',
      indexCodec: 0,
      indexStoredBytes: index.bytes.length,
      framesEnd,
      indexOffset,
      rawBytes,
    },
    ...{ frames: index.frames, chunks: index.chunks },
  };
  const body = Buffer.alloc(bodyBytes);
  index.bytes.copy(body, indexOffset);
  encodeTrailer(good).copy(body, bodyBytes - TRAILER_BYTES);

  it('leads to the index', () => {
    expect(readTail(bodyBytes, (first, end) => body.subarray(first, end), 'it')).toEqual({
      trailer: good,
      index,
    });
  });

  it('is refused, or its index is, with any bit flipped but those that tell the kind', () => {
    for (let bit = 0; bit < TRAILER_BYTES * 8; bit++) {
      const damaged = Buffer.from(body);
      damaged[bodyBytes - TRAILER_BYTES + (bit >> 3)]! ^= 1 << (bit & 7);
      const read = () => readTail(bodyBytes, (first, end) => damaged.subarray(first, end), 'it').trailer;
      if (bit === 8 * 8 + 1) expect(read()).toEqual({ ...good, kind: 'catalog' });
      else expect(read, `bit ${bit}`).toThrow(corrupt);
    }
  });

  it('asks for no more memory than the format allows, whatever it says', () => {
    const hostile: Partial<Trailer>[] = [
      { chunks: 262_145, frames: 1, indexCodec: 1, indexStoredBytes: 100 },
      { chunks: 2 ** 32 - 1, frames: 2 ** 32 - 1, indexCodec: 1 },
      { indexStoredBytes: 2 ** 32 - 1 },
      { framesEnd: 2 ** 52 },
      { indexOffset: 2 ** 52 },
      { rawBytes: 2 ** 52 },
      { frames: 3 },
    ];
    for (const change of hostile) {
      const changed = { ...good, ...change };
      const bytes = Buffer.alloc(TRAILER_BYTES);
      encodeTrailer({ ...changed, frames: 0, chunks: 0 }).copy(bytes);
      bytes.writeUInt32LE(changed.frames, 20);
      bytes.writeUInt32LE(changed.chunks, 24);
      bytes.writeUInt32LE(indexBytes(changed) % 2 ** 32, 16);
      expect(() => parseTrailer(bytes, bodyBytes, 'it')).toThrow(corrupt);
    }
  });
});
