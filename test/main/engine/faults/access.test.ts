/**
 * Keys that run out, rights that are taken away, a vault that is gone: the run stops with a plain reason, and nobody takes
 * that for an empty vault.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BIG_PARTS, denied, FaultScene, growOneBigFile } from './faultScene.ts';

/** Archives of one part each that follow the pack: key slots, manifest and a copy of the catalog. */
const OTHERS = 3;

let scene: FaultScene;
beforeEach(async () => {
  scene = new FaultScene();
  await scene.begin(64, growOneBigFile);
});
afterEach(async () => {
  await scene.remove();
});

const expired = { status: 403, code: 'ExpiredTokenException', message: 'old', when: 'before' } as const;
const gone = { status: 404, code: 'ResourceNotFoundException', message: 'none', when: 'before' } as const;

const inRun = ['InitiateMultipartUpload', 'UploadMultipartPart', 'CompleteMultipartUpload'] as const;

/** Parts of the pack that are still to be sent when the run was stopped at an operation. */
const unsent = { InitiateMultipartUpload: BIG_PARTS, UploadMultipartPart: 1, CompleteMultipartUpload: 0 };

/** One part may have been in flight beside the one that was refused: it was given up, and nobody knows whether it arrived. */
function expectPartsSent(parts: number, stoppedAt: keyof typeof unsent): void {
  const inFlight = stoppedAt === 'UploadMultipartPart' ? 1 : 0;
  expect(parts - OTHERS).toBeGreaterThanOrEqual(unsent[stoppedAt]);
  expect(parts - OTHERS).toBeLessThanOrEqual(unsent[stoppedAt] + inFlight);
}

describe('credentials that expire in a run', () => {
  it('are read anew, and the same upload goes on at once', async () => {
    for (const operation of inRun) scene.fail({ operation, ...expired, after: 1 });
    expect(await scene.backup()).toMatchObject({ state: 'done', failure: null });
    expect(scene.time.waits).toEqual([]);
    // One was refused.
    expect(scene.asked('UploadMultipartPart')).toBe(BIG_PARTS + OTHERS + 1);
    await scene.proveWhole();
  });

  it('and stay so pause it: the same upload goes on later, with the parts that were in flight', async () => {
    scene.fail({ operation: 'UploadMultipartPart', ...expired, after: 2, times: 'always' });
    const run = await scene.backup();
    expect(run).toMatchObject({ state: 'failed', failure: { kind: 'denied' } });
    expect(run.failure?.message).toMatch(/expired/);
    expect(scene.staged()).toHaveLength(1);
    scene.simulator.clearFaults();
    const begun = scene.asked('InitiateMultipartUpload');
    const before = scene.asked('UploadMultipartPart');
    await scene.reopen();
    expect(await scene.backup()).toMatchObject({ state: 'done', counts: { newBytes: 0 } });
    expectPartsSent(scene.asked('UploadMultipartPart') - before, 'UploadMultipartPart');
    // For key slots and manifest: the pack's upload was not begun again.
    expect(scene.asked('InitiateMultipartUpload') - begun).toBe(OTHERS);
    await scene.proveWhole();
  });
});

describe('rights that are taken away', () => {
  it.each([...inRun])('from %s on stop the run; what is there is not sent again', async (operation) => {
    const after = operation === 'UploadMultipartPart' ? 2 : 0;
    scene.fail({ operation, ...denied, after, times: 'always' });
    const run = await scene.backup();
    expect(run).toMatchObject({ state: 'failed', failure: { kind: 'denied' } });
    expect(run.failure?.message).toContain(operation);
    // Nor when it may not even look what is there.
    scene.fail({ operation: '*', ...denied, times: 'always' });
    const begun = scene.asked('InitiateMultipartUpload');
    const sent = scene.asked('UploadMultipartPart');
    expect(await scene.backup()).toMatchObject({ state: 'failed', failure: { kind: 'denied' } });
    expect(scene.asked('UploadMultipartPart')).toBe(sent);
    expect(scene.asked('InitiateMultipartUpload') - begun).toBeLessThanOrEqual(
      operation === inRun[0] ? 1 : 0,
    );
    scene.simulator.clearFaults();
    expect(await scene.backup()).toMatchObject({ state: 'done', counts: { newBytes: 0 } });
    expectPartsSent(scene.asked('UploadMultipartPart') - sent, operation);
    expect(scene.time.waits).toEqual([]);
    await scene.proveWhole();
  });

  it('in a restore pause it: the order goes on later and pays for nothing twice', async () => {
    expect(await scene.backup()).toMatchObject({ state: 'done', failure: null });
    scene.fail({ operation: 'GetJobOutput', ...denied, after: 2, times: 'always' });
    const half = await scene.restoreTo('first');
    expect(half).toMatchObject({ endedAt: null, failure: { kind: 'denied' } });
    scene.simulator.clearFaults();
    await scene.reopen();
    const order = await scene.carryOn();
    expect(order).toMatchObject({ state: 'done', failedFiles: 0 });
    expect(scene.asked('InitiateJob')).toBe(order.retrievals.total);
    await scene.compare('first');
  });
});

describe('a vault that is gone', () => {
  it.each([...inRun])('from %s on stops the run; come back, it is not filled anew', async (operation) => {
    const after = {
      InitiateMultipartUpload: 0,
      UploadMultipartPart: 3,
      CompleteMultipartUpload: 1 + BIG_PARTS,
    };
    scene.fail({ operation: '*', ...gone, after: after[operation], times: 'always' });
    const run = await scene.backup();
    expect(run).toMatchObject({ state: 'failed', failure: { kind: 'not-found' } });
    expect(await scene.backup()).toMatchObject({ state: 'failed', failure: { kind: 'not-found' } });
    expect(await scene.ask('snapshots:list', {})).toEqual([]);
    scene.simulator.clearFaults();
    const sent = scene.asked('UploadMultipartPart');
    expect(await scene.backup()).toMatchObject({ state: 'done', counts: { newBytes: 0 } });
    expectPartsSent(scene.asked('UploadMultipartPart') - sent, operation);
    await scene.proveWhole();
  });

  it('at the time of a restore ends an order that had not begun; the next one is served', async () => {
    expect(await scene.backup()).toMatchObject({ state: 'done', failure: null });
    scene.fail({ operation: '*', ...gone, times: 'always' });
    expect(await scene.restoreTo('never')).toMatchObject({ state: 'failed', failure: { kind: 'not-found' } });
    scene.simulator.clearFaults();
    await scene.proveWhole();
  });
});
