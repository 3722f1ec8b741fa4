/** Readers of packs: what is stored, and what lies inside when it was sealed with the right key. */
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as zlib from 'node:zlib';
import { hmac, prepareKey } from '../../../../src/main/engine/crypto.ts';
import { deriveKeys } from '../../../../src/main/engine/keys/masterKey.ts';
import {
  type Codec,
  compress,
  decompress,
  DEFLATE,
  NONE,
  ZSTD,
} from '../../../../src/main/engine/pack/codec.ts';
import {
  openDescription,
  parseDescription,
  sealDescription,
} from '../../../../src/main/engine/pack/description.ts';
import { createHeader, HEADER_BYTES, openHeader } from '../../../../src/main/engine/pack/header.ts';
import { frameAt, chunkAt, IndexBuilder } from '../../../../src/main/engine/pack/index.ts';
import {
  decodeFrame,
  firstChunks,
  isChunk,
  openPack,
  readTail,
} from '../../../../src/main/engine/pack/packReader.ts';
import { bodyLength, SEGMENT_BYTES, sealSegment } from '../../../../src/main/engine/pack/segment.ts';
import { encodeTrailer, indexBytes, TRAILER_BYTES } from '../../../../src/main/engine/pack/trailer.ts';
import { verifyPack } from '../../../../src/main/engine/pack/verify.ts';
import { pseudoRandom } from '../chunk/sample.ts';
import { below, type Random } from '../crash/randomTree.ts';
import { mutated, overwritten, pick } from './mutate.ts';
import { type Reader, WronglyTaken } from './reader.ts';

const keys = deriveKeys({ epoch: 1, key: Buffer.alloc(32, 7) });
const idKey = prepareKey(keys.id);
const writer = Buffer.alloc(16, 1);
const BODY = bodyLength(1);

/** The body of a pack of one segment, and where in it there is anything. */
interface SampleBody {
  readonly bytes: Buffer;
  readonly framesEnd: number;
  readonly indexOffset: number;
}

/** Few frames of all codecs, and an index that is compressed or not. */
function sampleBody(indexCodec: typeof NONE | typeof ZSTD): SampleBody {
  const index = new IndexBuilder();
  const frames: Buffer[] = [];
  for (const [i, codec] of ([NONE, ZSTD, DEFLATE, ZSTD] as const).entries()) {
    const chunks = Array.from({ length: 1 + i }, (_, j) => textOf(100 + 150 * j, 10 * i + j));
    const raw = Buffer.concat(chunks);
    const stored = storedAs(codec, raw);
    index.add({
      codec,
      storedBytes: stored.length,
      chunks: chunks.map((chunk) => ({ id: hmac(idKey, chunk), length: chunk.length })),
    });
    frames.push(stored);
  }
  const { bytes: raw, frames: frameCount, chunks } = index.finish();
  const stored = storedAs(indexCodec, raw);
  const { framesEnd, rawBytes } = index;
  const indexOffset = BODY - TRAILER_BYTES - stored.length;
  const place = { indexCodec, indexStoredBytes: stored.length, indexOffset };
  const trailer = encodeTrailer({ kind: 'data', frames: frameCount, chunks, framesEnd, rawBytes, ...place });
  const bytes = Buffer.alloc(BODY);
  Buffer.concat(frames).copy(bytes);
  Buffer.concat([stored, trailer]).copy(bytes, indexOffset);
  return { bytes, framesEnd, indexOffset };
}

function textOf(length: number, seed: number): Buffer {
  return Buffer.alloc(length, pseudoRandom(40, seed + 1).toString('hex'));
}

function storedAs(codec: Codec, raw: Buffer): Buffer {
  if (codec === NONE) return raw;
  return codec === ZSTD ? zlib.zstdCompressSync(raw) : zlib.deflateRawSync(raw);
}

/** One for all: a new MiB for each attempt would be most of the work. */
const damagedBytes = Buffer.alloc(BODY);

/** A stretch of the body that means something, damaged; the rest is zeros and is left alone. Good until the next call. */
function damagedBody(random: Random, { bytes, framesEnd, indexOffset }: SampleBody): Buffer {
  const [first, end] = random() < 0.3 ? [0, framesEnd] : [indexOffset, BODY];
  damagedBytes.fill(0, 0, 4096).fill(0, BODY - 4096);
  bytes.copy(damagedBytes, 0, 0, framesEnd);
  bytes.copy(damagedBytes, indexOffset, indexOffset, BODY);
  overwritten(random, bytes.subarray(first, end)).copy(damagedBytes, first);
  return damagedBytes;
}

/** Trailer, index and frames behind the seal: what somebody who holds our key may have written. */
export function packTailReader(): Reader {
  const samples = [sampleBody(NONE), sampleBody(ZSTD)];
  return {
    attempt(random) {
      const body = damagedBody(random, pick(random, samples));
      const { index, trailer } = readTail(BODY, (first, end) => body.subarray(first, end), 'a pack');
      const first = firstChunks(index);
      if (indexBytes(index) !== index.bytes.length) throw new WronglyTaken('an index of another length');
      let isSound = true;
      for (let i = 0; i < index.frames; i++) {
        const frame = frameAt(index, i);
        if (frame.offset + frame.storedBytes > trailer.framesEnd)
          throw new WronglyTaken('a frame beyond its place');
        const raw = decodeFrame(
          frame,
          body.subarray(frame.offset, frame.offset + frame.storedBytes),
          'a frame',
        );
        for (let c = first[i] ?? 0; c < (first[i + 1] ?? 0); c++) {
          const { id, offset, length } = chunkAt(index, c);
          if (offset + length > raw.length) throw new WronglyTaken('a chunk beyond its frame');
          isSound &&= isChunk(idKey, id, raw.subarray(offset, offset + length));
        }
      }
      return isSound;
    },
  };
}

/** The whole pack, sealed again after the damage, through the check that makes it `sealed`. */
export function resealedPackReader(): Reader {
  const folder = mkdtempSync(join(tmpdir(), 'permafrost-fuzz-'));
  const path = join(folder, 'pack');
  const samples = [sampleBody(NONE), sampleBody(ZSTD)];
  return {
    weight: 100,
    attempt(random) {
      const sample = pick(random, samples);
      const body = damagedBody(random, sample);
      const header = createHeader(keys, writer);
      const { ciphertext, tag } = sealSegment(header.seal, 0, true, body);
      const file = openSync(path, 'w');
      for (const piece of [header.bytes, ciphertext, tag]) writeSync(file, piece);
      closeSync(file);
      verifyPack(path, keys);
      const isPadding = body.subarray(0, sample.framesEnd).equals(sample.bytes.subarray(0, sample.framesEnd));
      if (!isPadding) throw new WronglyTaken('a chunk that is not what its id says');
      return true;
    },
    end: () => rmSync(folder, { recursive: true }),
  };
}

/** What is stored: any damage to a segment, its number or its place is found. */
export function segmentReader(): Reader {
  const header = createHeader(keys, writer);
  const sealed = [0, 1].map((n) => {
    const body = pseudoRandom(n === 0 ? BODY : bodyLength(2) - BODY, n + 1);
    const { ciphertext, tag } = sealSegment(header.seal, n, n === 1, body);
    return n === 0 ? Buffer.concat([header.bytes, ciphertext, tag]) : Buffer.concat([ciphertext, tag]);
  });
  const pack = openPack(header.bytes, keys);
  return {
    weight: 25,
    attempt(random) {
      const n = below(random, 2);
      const [number, last] = pick(random, [
        [n, n === 1],
        [n, n !== 1],
        [1 - n, n === 1],
        [n + 2, n === 1],
      ] as const);
      const sound = sealed[n] ?? Buffer.alloc(0);
      const isMoved = number !== n || last !== (n === 1);
      // The header in front of segment 0 is held against the key by itself.
      const from = n === 0 ? HEADER_BYTES : 0;
      const stored = random() < 0.2 ? mutated(random, sound) : Buffer.from(sound);
      if (!isMoved && stored.equals(sound)) {
        const at = from + below(random, SEGMENT_BYTES - from);
        stored[at] = (stored[at] ?? 0) ^ (1 << below(random, 8));
      }
      pack.openSegment(number, last, stored);
      if (!stored.subarray(from).equals(sound.subarray(from)) || isMoved)
        throw new WronglyTaken('a segment that is not the one');
      return true;
    },
  };
}

export function headerReader(): Reader {
  const sound = createHeader(keys, writer).bytes;
  return {
    attempt(random) {
      openHeader(overwritten(random, sound), keys);
      throw new WronglyTaken('a header that was changed');
    },
  };
}

/** Compressed bytes that are damaged, swell, or come to another length than they should. */
export function frameReader(): Reader {
  const raws = [textOf(2000, 1), Buffer.alloc(60_000), pseudoRandom(500, 2), Buffer.from('x')];
  const samples = raws.flatMap((raw) =>
    ([NONE, ZSTD, DEFLATE] as const).map((codec) => ({ raw, codec, stored: storedAs(codec, raw) })),
  );
  for (const log of [10, 21, 27])
    samples.push({ raw: Buffer.from('a'), codec: ZSTD, stored: wideWindow(log) });
  const bombs = ([ZSTD, DEFLATE] as const).map((codec) => ({
    ...{ raw: Buffer.alloc(1000), codec },
    stored: storedAs(codec, Buffer.alloc(64 * 1024 * 1024)),
  }));
  return {
    attempt(random) {
      const { raw, codec, stored } = random() < 0.002 ? pick(random, bombs) : pick(random, samples);
      const length = random() < 0.7 ? raw.length : below(random, 1024 * 1024);
      const out = decompress(codec, random() < 0.1 ? stored : mutated(random, stored), length, 'a frame');
      if (out.length !== length) throw new WronglyTaken('a frame of another length');
      return out.equals(raw);
    },
  };
}

/** A frame that has its reader make a window of that size: magic, a descriptor without content size, the window, one empty last block. */
function wideWindow(log: number): Buffer {
  return Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, (log - 10) << 3, 0x03, 0xe8, 0x00, 0x61]);
}

export function descriptionReader(): Reader {
  const packId = '0123456789abcdef'.repeat(2);
  const sound = sealDescription(keys, {
    packId,
    kind: 'manifest',
    keyEpoch: 1,
    epoch: 7,
    writerTag: 5,
    createdAt: 1e12,
  });
  const samples = [sound, 'k1.12', 'k1.1'].map((text) => Buffer.from(text));
  return {
    attempt(random) {
      const text = mutated(random, pick(random, samples)).toString('latin1');
      const parsed = parseDescription(text);
      if (parsed?.kind !== 'pack') return parsed !== null;
      if (openDescription(keys, parsed) !== null && text !== sound)
        throw new WronglyTaken('a description that was changed');
      return true;
    },
  };
}

/** What packs compress themselves comes back, whatever it is. */
export function ownFrames(): Reader {
  return {
    weight: 4,
    attempt(random) {
      const raw = mutated(random, textOf(below(random, 3000), below(random, 1000)));
      const { codec, stored } = compress(raw);
      if (!decompress(codec, stored, raw.length, 'a frame').equals(raw))
        throw new WronglyTaken('other bytes');
      return true;
    },
  };
}
