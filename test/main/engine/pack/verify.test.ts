import {
  closeSync,
  copyFileSync,
  openSync,
  readFileSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EngineError } from '../../../../src/main/engine/failure.ts';
import { openPack } from '../../../../src/main/engine/pack/packReader.ts';
import { bodyLength } from '../../../../src/main/engine/pack/segment.ts';
import { verifyPack } from '../../../../src/main/engine/pack/verify.ts';
import { pseudoRandom } from '../chunk/sample.ts';
import { idOf, keys, MIB, otherKeys, sampleChunks, tempFolder, writePack } from './samplePack.ts';

const corrupt = expect.objectContaining({ kind: 'corrupt' }) as Error;
const dir = tempFolder();
const sealed = writePack({ dir, chunks: sampleChunks() });
const good = readFileSync(sealed.path);
const segments = good.length / MIB;

/** What verification says of the pack's bytes after a change; fails the test if it says nothing. */
function complaint(change: (bytes: Buffer) => Buffer, with_ = keys): string {
  const path = join(dir, 'changed.pack');
  writeFileSync(path, change(Buffer.from(good)));
  try {
    verifyPack(path, with_);
  } catch (error) {
    expect(error).toMatchObject({ kind: 'corrupt' });
    return (error as EngineError).message;
  }
  throw new Error('it was accepted');
}

function flip(bit: number): (bytes: Buffer) => Buffer {
  return (bytes) => {
    bytes[Math.floor(bit / 8)]! ^= 1 << (bit % 8);
    return bytes;
  };
}

const segment = (bytes: Buffer, n: number) => bytes.subarray(n * MIB, (n + 1) * MIB);

describe('verification of a staged pack', () => {
  it('accepts it as it was written', () => {
    expect(segments).toBeGreaterThan(1);
    expect(verifyPack(sealed.path, keys)).toMatchObject({ packId: sealed.packId, leaves: sealed.leaves });
  });

  it('refuses every flipped bit of the header', () => {
    const path = join(dir, 'header.pack');
    copyFileSync(sealed.path, path);
    const fd = openSync(path, 'r+');
    for (let bit = 0; bit < 128 * 8; bit++) {
      const at = bit >> 3;
      writeSync(fd, Buffer.of(good[at]! ^ (1 << (bit & 7))), 0, 1, at);
      expect(() => verifyPack(path, keys), `bit ${bit}`).toThrow(corrupt);
      writeSync(fd, good, at, 1, at);
    }
    closeSync(fd);
    verifyPack(path, keys);
  });

  it('refuses a flipped bit in each segment, and names the MiB', () => {
    for (let n = 0; n < segments; n++) {
      for (const at of [n * MIB + 200, n * MIB + 500_000, (n + 1) * MIB - 17, (n + 1) * MIB - 1]) {
        expect(complaint(flip(at * 8 + 3))).toContain(`MiB ${n} of pack ${sealed.packId}`);
      }
    }
  });

  it('refuses every flipped bit of the trailer', () => {
    const pack = openPack(sealed.header, keys);
    const last = segment(good, segments - 1);
    const start = MIB - 16 - 64;
    for (let bit = start * 8; bit < (start + 64) * 8; bit++) {
      const changed = flip(bit)(Buffer.from(last));
      expect(() => pack.openSegment(segments - 1, true, changed)).toThrow(corrupt);
    }
  });

  it('refuses any other length', () => {
    for (const length of [0, 1, 127, 128, MIB - 1, MIB + 1, good.length - MIB, good.length - 1]) {
      complaint((bytes) => bytes.subarray(0, length));
    }
    complaint((bytes) => Buffer.concat([bytes, segment(bytes, segments - 1)]));
    complaint((bytes) => Buffer.concat([bytes, Buffer.alloc(MIB)]));
    complaint((bytes) => Buffer.concat([bytes, Buffer.from('x')]));
  });

  it('refuses segments in another order, twice, or from another pack', () => {
    const swap = (order: number[]) => (bytes: Buffer) =>
      Buffer.concat(order.map((n) => Buffer.from(segment(bytes, n))));
    const order = Array.from({ length: segments }, (_, n) => n);
    complaint(swap([...order].reverse()));
    complaint(swap(order.map((n) => (n === 1 ? 0 : n))));
    const other = readFileSync(writePack({ dir, chunks: sampleChunks() }).path);
    for (const n of order) {
      complaint((bytes) => {
        segment(other, n).copy(bytes, n * MIB);
        return bytes;
      });
    }
  });

  it('refuses it under another key', () => {
    complaint((bytes) => bytes, otherKeys);
    complaint((bytes) => bytes, { ...keys, id: otherKeys.id });
  });

  it('finds a chunk that changed between being named and being sealed', () => {
    const wrong = writePack({
      dir,
      chunks: [pseudoRandom(200_000, 1), pseudoRandom(200_000, 2)],
      ids: (bytes) => {
        const changed = Buffer.from(bytes);
        if (bytes[0] === pseudoRandom(1, 2)[0]) changed[100_000]! ^= 1;
        return idOf(changed);
      },
    });
    expect(() => verifyPack(wrong.path, keys)).toThrow(/Chunk 1 of pack/);
  });

  it('says that a file is missing or has become shorter', () => {
    expect(() => verifyPack(join(dir, 'none.pack'), keys)).toThrow(
      expect.objectContaining({ kind: 'corrupt' }),
    );
    const path = join(dir, 'short.pack');
    copyFileSync(sealed.path, path);
    truncateSync(path, good.length - 5);
    expect(() => verifyPack(path, keys)).toThrow(EngineError);
  });

  it('needs no more memory for a long pack than for a short one', () => {
    const long = writePack({
      dir,
      chunks: Array.from({ length: 96 }, (_, i) => pseudoRandom(MIB, i + 1)),
      packBytes: 128 * MIB,
    });
    verifyPack(sealed.path, keys);
    const before = process.memoryUsage().rss;
    verifyPack(long.path, keys);
    expect(long.size).toBeGreaterThan(bodyLength(96));
    expect(process.memoryUsage().rss - before).toBeLessThan(100 * MIB);
  });
});
