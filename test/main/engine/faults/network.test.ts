/** The line: cut, dead, or asleep with the whole computer. Work goes on when it is back; what had arrived is not sent again. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { BIG_PARTS, FaultScene, growOneBigFile, inScene } from './faultScene.ts';

const HOUR_MS = 3_600_000;

/** The vault goes away in the first wait from now on, and is back after `waits` of them. */
function outage(scene: FaultScene, waits: number): void {
  const { meanwhile } = scene.time;
  const since = scene.time.waits.length;
  scene.time.meanwhile = async (ms, all) => {
    if (all === since + 1) await scene.vaultDown();
    if (all === since + waits) await scene.vaultUp();
    await meanwhile(ms, all);
  };
}

describe('a network that is gone', () => {
  it.each(['InitiateMultipartUpload', 'UploadMultipartPart', 'CompleteMultipartUpload'] as const)(
    'for some minutes from %s on is waited for',
    async (operation) => {
      await inScene(async (scene) => {
        outage(scene, 10);
        scene.fail({ operation, when: 'drop-before', after: 1 });
        expect(await scene.backup()).toMatchObject({ state: 'done', failure: null });
        expect(scene.time.waits).toHaveLength(10);
        await scene.proveWhole();
      });
    },
  );

  it('for longer than anybody waits pauses the run: later the same bytes go on, and no part that arrived goes again', async () => {
    const scene = new FaultScene();
    try {
      await scene.begin(64, growOneBigFile);
      outage(scene, 1000);
      scene.fail({ operation: 'UploadMultipartPart', when: 'drop-before', after: 2 });
      const run = await scene.backup();
      expect(run).toMatchObject({ state: 'failed', failure: { kind: 'offline' } });
      expect(run.failure?.message).toMatch(/does not answer/);
      const staged = scene.staged();
      expect(staged).toHaveLength(1);
      const bytes = scene.stagedHash();
      await scene.reopen();
      expect(scene.staged()).toEqual(staged);
      await scene.vaultUp();
      const sent = scene.asked('UploadMultipartPart');
      expect(sent).toBe(BIG_PARTS);
      expect(await scene.backup()).toMatchObject({ state: 'done', counts: { newBytes: 0, packs: 0 } });
      // The one that was cut off, key slots, manifest and catalog copy; and the one beside it, if it was still in flight.
      expect([4, 5]).toContain(scene.asked('UploadMultipartPart') - sent);
      expect(scene.storedHashes()).toContain(bytes);
      await scene.proveWhole();
    } finally {
      await scene.remove();
    }
  });

  it('in the middle of a restore is waited for, or the order pauses and goes on', async () => {
    await inScene(async (scene) => {
      expect(await scene.backup()).toMatchObject({ state: 'done', failure: null });
      outage(scene, 10);
      scene.fail({ operation: 'GetJobOutput', when: 'drop-after', after: 1 });
      expect(await scene.restoreTo('waited')).toMatchObject({ state: 'done', failedFiles: 0 });
      await scene.compare('waited');

      outage(scene, 1000);
      scene.fail({ operation: 'GetJobOutput', when: 'drop-after', after: 1 });
      const half = await scene.restoreTo('paused');
      expect(half).toMatchObject({ endedAt: null, failure: { kind: 'offline' } });
      await scene.vaultUp();
      const jobs = scene.asked('InitiateJob');
      await scene.reopen();
      expect(await scene.carryOn()).toMatchObject({ state: 'done', failedFiles: 0 });
      expect(scene.asked('InitiateJob')).toBe(jobs);
      await scene.compare('paused');
    });
  });
});

describe('a request that gets no answer', () => {
  it('is cut when nothing has moved for the time that is allowed, in a backup and in a restore', async () => {
    await inScene(async (scene) => {
      const stuck = { when: 'delay', delayMs: 600_000 } as const;
      scene.fail({ operation: 'UploadMultipartPart', ...stuck });
      scene.fail({ operation: 'CompleteMultipartUpload', ...stuck, after: 1 });
      scene.fail({ operation: 'GetJobOutput', ...stuck });
      expect(await scene.backup()).toMatchObject({ state: 'done', failure: null });
      expect(scene.time.waits).toHaveLength(2);
      await scene.proveWhole();
      expect(scene.time.waits).toHaveLength(3);
    }, 1000);
  });
});

describe('a computer that sleeps', () => {
  it('for a day in the middle of a part goes on: uploads that ran out begin again with the same bytes', async () => {
    await inScene(async (scene) => {
      await scene.close();
      scene.fail({ operation: 'UploadMultipartPart', when: 'delay', delayMs: 600_000 });
      const script = join(import.meta.dirname, '../crash/crashChild.ts');
      const child = fork(script, [scene.profile, 'backup'], { stdio: 'inherit' });
      const said = once(child, 'message');
      const exited = once(child, 'exit');
      while (scene.asked('UploadMultipartPart') === 0 && child.exitCode === null) await sleep(10);
      const staged = scene.stagedHash();
      child.kill('SIGSTOP');
      await scene.vaultDown();
      await sleep(500);
      await scene.vaultUp();
      scene.simulator.advance(25 * HOUR_MS);
      child.kill('SIGCONT');
      expect((await said)[0]).toBe('done');
      await exited;
      expect(scene.storedHashes()).toContain(staged);
      await scene.open();
      await scene.reopen();
      await scene.proveWhole();
    });
  });
});
