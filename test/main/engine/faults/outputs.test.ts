/**
 * What comes out of a vault: altered, cut, somebody else's, too late, or refused. Nothing of it gets into a file, and
 * nothing is paid twice unasked.
 */
import { readdirSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { OrderSummary } from '../../../../src/shared/types.ts';
import { compareTrees } from '../../../../src/main/cli/demo/compareTrees.ts';
import type { AnswerChange, Fault } from '../../../../src/main/simulator/faults.ts';
import { FaultScene, inScene } from './faultScene.ts';

let scene: FaultScene;
let restores = 0;
beforeAll(async () => {
  scene = new FaultScene();
  await scene.begin();
  expect(await scene.backup()).toMatchObject({ state: 'done', failure: null });
});
afterEach(() => {
  scene.simulator.clearFaults();
  // Nothing that one order had retrieved is there for the next.
  scene.simulator.advance(48 * 3_600_000);
});
afterAll(async () => {
  await scene.remove();
});

const changes: readonly (readonly [string, AnswerChange])[] = [
  ['cut off', { change: 'truncate', bytes: 1_500_000 }],
  ['short', { change: 'shorten', bytes: 1_500_000 }],
  ['altered', { change: 'flip', offset: 1_100_000 }],
  ['told with another hash', { change: 'hash', to: 'wrong' }],
  ['told without a hash', { change: 'hash', to: 'missing' }],
  ['a web page', { change: 'html' }],
  ['nothing', { change: 'empty' }],
];

const onOutput = (change: AnswerChange, times?: 'always') =>
  ({ operation: 'GetJobOutput', when: 'answer', times, ...change }) satisfies Fault;

describe('an output', () => {
  it.each(changes)('that is %s once is read again', async (_what, change) => {
    const to = `out ${restores++}`;
    const asked = scene.asked('InitiateJob');
    scene.fail(onOutput(change));
    const order = await scene.restoreTo(to);
    expect(order).toMatchObject({ state: 'done', failedFiles: 0 });
    expect(scene.asked('InitiateJob') - asked).toBe(order.retrievals.total);
    await scene.compare(to);
  });

  it.each([
    ['a web page', { change: 'html' }, 'offline'],
    ['nothing', { change: 'empty' }, 'offline'],
    ['cut off', { change: 'truncate', bytes: 5000 }, 'offline'],
    ['short', { change: 'shorten', bytes: 5000 }, 'offline'],
  ] as const)(
    'that is %s for ever pauses the order; nothing of it is in a file',
    async (_what, change, kind) => {
      const to = `out ${restores++}`;
      scene.fail(onOutput(change, 'always'));
      expect(await scene.restoreTo(to)).toMatchObject({ endedAt: null, restoredFiles: 1, failure: { kind } });
      expect(readdirSync(scene.path(to, 'source')).filter((name) => name.startsWith('big'))).toEqual([]);
      scene.simulator.clearFaults();
      expect(await scene.carryOn()).toMatchObject({ state: 'done', failedFiles: 0 });
      await scene.compare(to);
    },
  );

  it('that is altered for ever costs the files of that MiB, which are named; all others are there', async () => {
    const to = `out ${restores++}`;
    scene.fail(onOutput({ change: 'flip', offset: 1_100_000 }, 'always'));
    await expectSomeLost(to, await scene.restoreTo(to));
  });

  it('that is told with another hash for ever is taken at what it proves to be', async () => {
    const to = `out ${restores++}`;
    scene.fail(onOutput({ change: 'hash', to: 'wrong' }, 'always'));
    expect(await scene.restoreTo(to)).toMatchObject({ state: 'done', failedFiles: 0 });
    await scene.compare(to);
  });

  it('that is altered together with its hash gets past the line, and no further', async () => {
    const to = `out ${restores++}`;
    scene.fail(onOutput({ change: 'flip', offset: 1_100_000, hash: 'match' }));
    await expectSomeLost(to, await scene.restoreTo(to));
    const again = `out ${restores++}`;
    expect(await scene.restoreTo(again)).toMatchObject({ state: 'done', failedFiles: 0 });
    await scene.compare(again);
  });

  it('that expires between two downloads stops the order; carried on it asks again for what is missing alone', async () => {
    const to = `out ${restores++}`;
    const asked = scene.asked('InitiateJob');
    scene.fail({ operation: 'GetJobOutput', when: 'act-before', act: 'expire-outputs', after: 1 });
    const half = await scene.restoreTo(to);
    expect(half).toMatchObject({ endedAt: null, failure: { kind: 'changed' } });
    expect(half.failure?.advice).toMatch(/paid again/);
    const { total, fetched } = half.retrievals;
    expect(fetched).toBe(1);
    expect(scene.asked('InitiateJob') - asked).toBe(total);
    await scene.reopen();
    expect(await scene.carryOn()).toMatchObject({ state: 'done', failedFiles: 0 });
    expect(scene.asked('InitiateJob') - asked).toBe(total + total - fetched);
    await scene.compare(to);
  });
});

/** Some files are lost and named; what is restored is as it was, told by other code than the engine's. */
async function expectSomeLost(to: string, order: OrderSummary): Promise<void> {
  expect(order).toMatchObject({ state: 'problems', failure: null });
  expect(order.restoredFiles).toBeGreaterThan(0);
  expect(order.problems.length).toBe(order.failedFiles);
  expect(order.problems.every(({ message }) => /damaged|could not be restored/.test(message))).toBe(true);
  const { differences } = await compareTrees(scene.source, scene.path(to, 'source'));
  const lost = order.problems.map(({ path }) => path.replace('source/', ''));
  expect(differences.map(({ path }) => path).sort()).toEqual(lost.sort());
}

describe('a retrieval', () => {
  const refusals = [
    ['PolicyEnforcedException', /data-retrieval limit/, /bulk or the expedited/],
    ['InsufficientCapacityException', /no capacity for expedited/, /standard/],
  ] as const;

  it.each(refusals)('refused with %s is explained, and asked for once', async (code, message, advice) => {
    const to = `out ${restores++}`;
    const asked = scene.asked('InitiateJob');
    scene.fail({ operation: 'InitiateJob', when: 'before', status: 400, code, message: 'No.' });
    const order = await scene.restoreTo(to);
    expect(order).toMatchObject({ state: 'failed', failure: { kind: 'conflict' } });
    expect(order.failure?.message).toMatch(message);
    expect(order.failure?.advice).toMatch(advice);
    expect(scene.asked('InitiateJob') - asked).toBe(1);
    expect(await scene.restoreTo(to)).toMatchObject({ state: 'done', failedFiles: 0 });
    await scene.compare(to);
  });

  it('refused after others were granted pauses the order; these are not paid again', async () => {
    const to = `out ${restores++}`;
    const asked = scene.asked('InitiateJob');
    const [[code]] = refusals;
    scene.fail({ operation: 'InitiateJob', when: 'before', after: 1, status: 400, code, message: 'No.' });
    expect(await scene.restoreTo(to)).toMatchObject({ endedAt: null, failure: { kind: 'conflict' } });
    expect(scene.asked('InitiateJob') - asked).toBe(2);
    const order = await scene.carryOn();
    expect(order).toMatchObject({ state: 'done', failedFiles: 0 });
    expect(scene.asked('InitiateJob') - asked).toBe(order.retrievals.total + 1);
    await scene.compare(to);
  });
});

describe('an upload that runs out', () => {
  it.each([
    ['before its next part', 'UploadMultipartPart', 'act-before'],
    ['after its last part', 'UploadMultipartPart', 'act-after'],
    ['before it is completed', 'CompleteMultipartUpload', 'act-before'],
  ] as const)('%s begins again with the same bytes', async (_when, operation, when) => {
    await inScene(async (fresh) => {
      fresh.fail({ operation, when, act: 'expire-uploads', after: 1 });
      expect(await fresh.backup()).toMatchObject({ state: 'done', failure: null });
      await fresh.proveWhole();
    });
  });

  it('while the run is paused too', async () => {
    await inScene(async (fresh) => {
      const refusal = { status: 403, code: 'AccessDeniedException', message: 'no', when: 'before' } as const;
      fresh.fail({ operation: 'CompleteMultipartUpload', ...refusal });
      expect(await fresh.backup()).toMatchObject({ state: 'failed', failure: { kind: 'denied' } });
      const staged = fresh.stagedHash();
      await fresh.simulator.act('expire-uploads');
      await fresh.reopen();
      expect(await fresh.backup()).toMatchObject({ state: 'done', counts: { newBytes: 0 } });
      expect(fresh.storedHashes()).toContain(staged);
      await fresh.proveWhole();
    });
  });
});
