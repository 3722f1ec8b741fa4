import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FileTask, PackedFile } from '../../../../src/main/engine/backup/packing.ts';
import {
  decodeFiles,
  decodePacked,
  encodeFiles,
  encodePacked,
  Gate,
  revivePack,
} from '../../../../src/main/engine/backup/packingMessages.ts';
import type { SealedPack } from '../../../../src/main/engine/pack/packWriter.ts';

const time = fc.record({ s: fc.integer({ min: -(2 ** 40), max: 2 ** 40 }), ns: fc.nat(999_999_999) });
const found = fc.record({ size: fc.maxSafeNat(), mtime: time, ctime: time, ino: fc.nat(2 ** 52 - 1) });
const key = fc.maxSafeNat();

const task: fc.Arbitrary<FileTask> = fc.record({
  key,
  path: fc.uint8Array({ minLength: 1, maxLength: 5000 }),
  found,
  lifetime: fc.constantFrom('long', 'short'),
});

const packed: fc.Arbitrary<PackedFile> = fc.record({
  kind: fc.constant('packed' as const),
  key,
  found,
  content: fc.record({
    runs: fc.uint32Array(),
    hash: fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes)),
  }),
  inconsistent: fc.boolean(),
  settled: fc.boolean(),
  newBytes: fc.maxSafeNat(),
});
const failed: fc.Arbitrary<PackedFile> = fc.record({
  kind: fc.constant('failed' as const),
  key,
  problem: fc.constantFrom(
    'vanished' as const,
    'unreadable' as const,
    'changed' as const,
    'unsupported' as const,
  ),
  message: fc.string({ unit: 'grapheme' }),
});

describe('messages between pool and workers', () => {
  it('carry files to be packed', () => {
    fc.assert(
      fc.property(fc.array(task), (tasks) => {
        const files = decodeFiles(structuredClone(encodeFiles(tasks)));
        expect(files).toEqual(
          tasks.map((one) => ({ key: one.key, ino: one.found.ino, lifetime: one.lifetime, path: one.path })),
        );
      }),
    );
  });

  it('carry packed files and failures', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(packed, failed)), (files) => {
        const failures = files.filter(({ kind }) => kind === 'failed');
        const others = files.filter(({ kind }) => kind === 'packed');
        expect(decodePacked(structuredClone(encodePacked(files)))).toEqual([...failures, ...others]);
      }),
    );
  });

  it('carry packs', () => {
    const pack: SealedPack = {
      ...{ packId: 'ab', kind: 'data', path: '/x', size: 1, frames: 1, chunks: 1, keyEpoch: 1, rawBytes: 9 },
      ...{
        header: Buffer.from('h'),
        leaves: Buffer.from('l'),
        treeHash: Buffer.from('t'),
        index: Buffer.from('i'),
      },
    };
    expect(revivePack(structuredClone(pack))).toEqual(pack);
  });
});

describe('gate', () => {
  it('lets through as many waits as it was told, whenever that was', () => {
    const gate = new Gate();
    const other = new Gate(gate.memory);
    gate.go();
    gate.go();
    other.wait();
    other.wait();
    expect(other.isStopped).toBe(false);
  });

  it('lets everybody through once it is stopped, for good', () => {
    const gate = new Gate();
    gate.stop();
    gate.go();
    const other = new Gate(gate.memory);
    expect(other.isStopped).toBe(true);
    other.wait();
    other.wait();
  });
});
