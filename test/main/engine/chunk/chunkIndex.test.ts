import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ChunkIndex, createChunkIndex } from '../../../../src/main/engine/chunk/chunkIndex.ts';

const idOf = (n: number) => createHash('sha256').update(String(n)).digest();

describe('chunk index', () => {
  it('answers as a Map would', () => {
    const step = fc.record({
      kind: fc.constantFrom('claim', 'add', 'find'),
      id: fc.nat(60),
      number: fc.nat(0xffff_fffd),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), fc.nat(0xffff_0000), (steps, start) => {
        const index = createChunkIndex({ expected: 10, nextNumber: start });
        const model = new Map<number, number>();
        let next = start;
        for (const { kind, id, number } of steps) {
          if (kind === 'find') expect(index.find(idOf(id))).toBe(model.get(id));
          if (kind === 'add') {
            index.add(idOf(id), number);
            if (!model.has(id)) model.set(id, number);
          }
          if (kind === 'claim') {
            const known = model.get(id);
            expect(index.claim(idOf(id))).toEqual(
              known === undefined ? { number: next, isNew: true } : { number: known, isNew: false },
            );
            if (known === undefined) model.set(id, next++);
          }
          expect(index.nextNumber).toBe(next);
        }
      }),
      { numRuns: 25 },
    );
  });

  it('grows far beyond what was expected and forgets nothing', () => {
    const index = createChunkIndex({ expected: 100, nextNumber: 1 });
    const before = index.memory.byteLength;
    const other = new ChunkIndex(index.memory);
    for (let n = 1; n <= 250_000; n++) index.claim(idOf(n));
    expect(index.memory.byteLength).toBeGreaterThan(before);
    for (let n = 1; n <= 250_000; n += 97) expect(other.find(idOf(n))).toBe(n);
    expect(other.find(idOf(0))).toBeUndefined();
    expect(index.nextNumber).toBe(250_001);
  });

  it('takes at most 33 bytes a chunk when it was told how many to expect', () => {
    const expected = 300_000;
    const index = createChunkIndex({ expected, nextNumber: 0 });
    for (let n = 0; n < expected; n++) index.add(idOf(n), n);
    expect(index.memory.byteLength / expected).toBeLessThanOrEqual(33);
  });

  it('keeps the ids of a crowded stretch apart in the next segment', () => {
    const index = createChunkIndex({ expected: 1, nextNumber: 0 });
    const crowded = Array.from({ length: 500 }, (_, n) => {
      const id = idOf(n);
      id.writeUInt32LE(12345, 16);
      return id;
    });
    for (const id of crowded) expect(index.claim(id).isNew).toBe(true);
    crowded.forEach((id, n) => expect(index.find(id)).toBe(n));
  });

  it('gives each id to one of the threads that claim it at the same time', async () => {
    const index = createChunkIndex({ expected: 1000, nextNumber: 5 });
    const ids = 120_000;
    const gate = new Int32Array(new SharedArrayBuffer(4));
    const source = `
      const { parentPort, workerData } = require('node:worker_threads');
      const { createHash } = require('node:crypto');
      import(workerData.module).then(({ ChunkIndex }) => {
        const index = new ChunkIndex(workerData.memory);
        const ids = Array.from({ length: workerData.ids }, (_, n) => createHash('sha256').update(String(n)).digest());
        Atomics.add(workerData.gate, 0, 1);
        while (Atomics.load(workerData.gate, 0) < 2);
        const numbers = new Uint32Array(ids.length);
        let fresh = 0;
        ids.forEach((id, n) => {
          const claim = index.claim(id);
          numbers[n] = claim.number;
          if (claim.isNew) fresh++;
        });
        parentPort.postMessage({ numbers, fresh });
      });`;
    const module = new URL('../../../../src/main/engine/chunk/chunkIndex.ts', import.meta.url).href;
    const workerData = { module, memory: index.memory, ids, gate };
    const workers = [0, 1].map(() => new Worker(source, { eval: true, workerData }));
    const results = await Promise.all(
      workers.map(async (worker) => {
        const [result] = (await once(worker, 'message')) as [{ numbers: Uint32Array; fresh: number }];
        return result;
      }),
    );
    const [one, two] = results as [(typeof results)[0], (typeof results)[0]];
    expect(one.fresh + two.fresh).toBe(ids);
    expect(Buffer.from(one.numbers.buffer).equals(Buffer.from(two.numbers.buffer))).toBe(true);
    expect(new Set(one.numbers).size).toBe(ids);
    expect(Math.min(...one.numbers.subarray(0, 1000))).toBeGreaterThanOrEqual(5);
    expect(index.nextNumber).toBe(5 + ids);
    expect(index.find(idOf(ids - 1))).toBe(one.numbers[ids - 1]);
    await Promise.all(workers.map((worker) => worker.terminate()));
  });
});
