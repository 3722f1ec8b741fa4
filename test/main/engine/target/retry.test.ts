import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EngineError } from '../../../../src/main/engine/failure.ts';
import { countRequests } from '../../../../src/main/engine/target/countRequests.ts';
import { waitBefore, type RetryClock } from '../../../../src/main/engine/target/patience.ts';
import { retrying } from '../../../../src/main/engine/target/retry.ts';
import { ServiceFailure, type Retry } from '../../../../src/main/engine/target/serviceFailure.ts';
import type { Target } from '../../../../src/main/engine/target/target.ts';
import { openVault } from '../../../../src/main/engine/target/vault.ts';
import { startSimulator, type Simulator } from '../../../../src/main/simulator/simulator.ts';
import { collect, expectKind, MIB, store, uploadsOf } from './contract.ts';
import { refuse, startRawService } from './rawService.ts';

/** A clock that only sleeping moves; chance is always the largest there is. */
function clockOfSleeps(): RetryClock & { readonly slept: number[] } {
  const slept: number[] = [];
  let now = 1000;
  return {
    slept,
    now: () => now,
    sleep(ms, signal) {
      signal?.throwIfAborted();
      slept.push(ms);
      now += ms;
      return Promise.resolve();
    },
    random: () => 1,
  };
}

function failure(retry: Retry, retryAfterMs = 0): ServiceFailure {
  return new ServiceFailure({ kind: 'offline', message: 'M.', advice: 'A.', retry, retryAfterMs });
}

describe('the wait before another try', () => {
  it('is at most a bound that doubles up to a minute', () => {
    const bounds = Array.from({ length: 10 }, (_, i) => waitBefore(failure('later'), i + 1, 1e9, 1));
    expect(bounds).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000]);
  });

  it('is drawn evenly from nothing to the bound, never beyond patience, never below what was asked', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 60 }),
        fc.integer({ min: 1, max: 900_000 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.integer({ min: 0, max: 100_000 }),
        (failures, left, chance, asked) => {
          const wait = waitBefore(failure('later', asked), failures, left, chance);
          if (asked > left) {
            expect(wait).toBeUndefined();
            return;
          }
          expect(wait).toBeLessThanOrEqual(left);
          expect(wait).toBeGreaterThanOrEqual(Math.min(asked, left));
          const jitter = Math.round(chance * Math.min(60_000, 500 * 2 ** (failures - 1)));
          if (asked < jitter && jitter < left) expect(wait).toBe(jitter);
        },
      ),
    );
  });

  it('is none after the last try of few, at the end of patience, and where the answer will be the same', () => {
    expect(waitBefore(failure('few'), 2, 1e6, 0.5)).toBeGreaterThan(0);
    expect(waitBefore(failure('few'), 3, 1e6, 0.5)).toBeUndefined();
    expect(waitBefore(failure('later'), 3, 0, 0.5)).toBeUndefined();
    expect(waitBefore(failure('never'), 1, 1e6, 0.5)).toBeUndefined();
    expect(waitBefore(new EngineError('denied', 'M.', 'A.'), 1, 1e6, 0.5)).toBeUndefined();
    expect(waitBefore(new EngineError('offline', 'M.', 'A.'), 1, 1e6, 0.5)).toBe(250);
    expect(waitBefore(new RangeError('a bug'), 1, 1e6, 0.5)).toBeUndefined();
  });
});

describe('a vault that is retried', () => {
  let dir: string;
  let simulator: Simulator;
  let bare: Target;
  let target: Target;
  let clock: ReturnType<typeof clockOfSleeps>;

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'permafrost-retry-'));
    simulator = await startSimulator({ dir, durability: 'none' });
    const { url, region, accessKeyId, secretAccessKey } = simulator;
    bare = openVault({ vault: 'v', region, endpoint: url, credentials: { accessKeyId, secretAccessKey } });
    clock = clockOfSleeps();
    target = retrying(bare, { clock });
    await target.create();
  });
  afterEach(async () => {
    target.close();
    await simulator.close();
    await rm(dir, { recursive: true });
  });

  const asked = (operation: string): number => simulator.counts().operations[operation] ?? 0;
  const answer = (operation: string, status: number, code: string, times = 1): void =>
    simulator.failNext({ operation, times, status, code, message: 'M', when: 'before' });

  it('gets through throttling, errors of the service, slow bodies and cut lines', async () => {
    answer('DescribeVault', 400, 'ThrottlingException', 2);
    answer('DescribeVault', 500, 'ServiceUnavailableException');
    answer('DescribeVault', 408, 'RequestTimeoutException');
    simulator.failNext({ operation: 'DescribeVault', when: 'drop-before', times: 2 });
    await target.probe();
    expect(asked('DescribeVault')).toBe(7);
    expect(clock.slept).toEqual([500, 1000, 2000, 4000, 8000, 16_000]);
  });

  it('gives up when its patience ends, with what it heard last', async () => {
    answer('DescribeVault', 400, 'ThrottlingException', 3);
    answer('DescribeVault', 503, 'ServiceUnavailableException', 1000);
    await expectKind(target.probe(), 'offline');
    expect(clock.slept.reduce((sum, ms) => sum + ms, 0)).toBe(15 * 60_000);
  });

  it('asks once only where the answer will be the same', async () => {
    for (const [code, kind] of [
      ['AccessDeniedException', 'denied'],
      ['LimitExceededException', 'conflict'],
      ['PolicyEnforcedException', 'conflict'],
      ['ResourceNotFoundException', 'not-found'],
      ['NoLongerSupportedException', 'closed'],
    ] as const) {
      const before = asked('DescribeVault');
      answer('DescribeVault', 400, code);
      await expectKind(target.probe(), kind);
      expect(asked('DescribeVault')).toBe(before + 1);
    }
    expect(clock.slept).toEqual([]);
  });

  it('tells what keeps it waiting from the third failure on, and stops waiting when it is aborted', async () => {
    const told: (string | null)[] = [];
    const controller = new AbortController();
    const telling = retrying(bare, {
      clock,
      onTrouble: (failure) => {
        told.push(failure?.kind ?? null);
        if (told.length === 2) controller.abort(new Error('enough'));
      },
    });
    answer('DescribeVault', 500, 'ServiceUnavailableException', 100);
    await expect(telling.probe(controller.signal)).rejects.toThrow('enough');
    expect(told).toEqual(['offline', 'offline', null]);
    expect(clock.slept.slice(0, 3)).toEqual([500, 1000, 2000]);
  });

  it('tells that it goes on when it is answered, and nothing of a hiccup', async () => {
    const told: (string | null)[] = [];
    const telling = retrying(bare, { clock, onTrouble: (failure) => told.push(failure?.kind ?? null) });
    answer('DescribeVault', 500, 'ServiceUnavailableException', 2);
    await telling.probe();
    expect(told).toEqual([]);
    answer('DescribeVault', 500, 'ServiceUnavailableException', 4);
    await telling.probe();
    expect(told).toEqual(['offline', 'offline', null]);
  });

  it('takes a real clock when none is given', async () => {
    answer('DescribeVault', 500, 'ServiceUnavailableException');
    await retrying(bare).probe();
    const controller = new AbortController();
    answer('DescribeVault', 500, 'ServiceUnavailableException', 9);
    setTimeout(() => controller.abort(new Error('enough')), 100);
    await expect(retrying(bare).probe(controller.signal)).rejects.toThrow('enough');
  });

  it('does not begin a second upload when the answer to the first is lost', async () => {
    simulator.failNext({ operation: 'InitiateMultipartUpload', when: 'drop-after' });
    const uploadId = await target.beginUpload('only-one', MIB);
    expect((await uploadsOf(target)).map((upload) => upload.uploadId)).toEqual([uploadId]);
  });

  it('begins one when the request was lost before it had its effect', async () => {
    simulator.failNext({ operation: 'InitiateMultipartUpload', when: 'drop-before' });
    await target.beginUpload('only-one', MIB);
    expect(await uploadsOf(target)).toHaveLength(1);
  });

  it('does not take up another upload of the same words', async () => {
    await target.beginUpload('other', MIB);
    await target.beginUpload('only-one', 2 * MIB);
    simulator.failNext({ operation: 'InitiateMultipartUpload', when: 'drop-before' });
    await target.beginUpload('only-one', MIB);
    expect(await uploadsOf(target)).toHaveLength(3);
  });

  it.each([null, { first: MIB, end: 2 * MIB }, { first: 0, end: 3 * MIB }])(
    'does not pay for a second retrieval when the answer to the first is lost (%o)',
    async (range) => {
      const archiveId = await store(target, randomBytes(3 * MIB), MIB);
      await target.requestRetrieval(archiveId, { first: 0, end: MIB }, 'standard', 'order.1');
      simulator.failNext({ operation: 'InitiateJob', when: 'drop-after' });
      const jobId = await target.requestRetrieval(archiveId, range, 'standard', 'order.1');
      const jobs = await collect(target.listRetrievals());
      expect(jobs).toHaveLength(2);
      expect(jobs.map((job) => job.jobId)).toContain(jobId);
      expect((await target.describeRetrieval(jobId)).range).toEqual(range?.first === MIB ? range : null);
    },
  );

  it('finishes once when the answer to the finish is lost', async () => {
    simulator.failNext({ operation: 'CompleteMultipartUpload', when: 'drop-after' });
    const archiveId = await store(target, randomBytes(MIB), MIB);
    await target.requestRetrieval(archiveId, null, 'standard', 'o');
  });

  it('reads a list to its end through failures in its middle', async () => {
    for (let i = 0; i < 55; i++) await bare.beginUpload(`u${i}`, MIB);
    const seen: string[] = [];
    for await (const upload of target.listUploads()) {
      seen.push(upload.description);
      if (seen.length === 50) answer('ListMultipartUploads', 500, 'ServiceUnavailableException', 2);
    }
    expect(new Set(seen).size).toBe(55);
    expect(seen).toHaveLength(55);
    expect(asked('ListMultipartUploads')).toBe(4);
  });

  it('counts every request that is made, repeats included', async () => {
    const counted: string[] = [];
    const counting = retrying(
      countRequests(bare, (operation, bytes) => counted.push(`${operation} ${bytes}`)),
      {
        clock,
      },
    );
    answer('UploadMultipartPart', 500, 'ServiceUnavailableException', 2);
    await store(counting, randomBytes(MIB), MIB);
    expect(counted).toEqual([
      'beginUpload 0',
      ...Array.from({ length: 3 }, () => `sendPart ${MIB}`),
      'finishUpload 0',
    ]);
  });
});

it('waits as long as the service asks', async () => {
  const service = await startRawService();
  const clock = clockOfSleeps();
  service.answer = refuse(503, 'ServiceUnavailableException', 'M', { 'retry-after': '120' });
  await expectKind(retrying(service.vault(), { clock, patienceMs: 300_000 }).probe(), 'offline');
  expect(clock.slept).toEqual([120_000, 120_000]);
  await service.close();
});
