/** Answers that never come, at every request of a backup and of a restore: nothing is stored or paid twice for it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FaultScene, inScene } from './faultScene.ts';

const inBackup = ['InitiateMultipartUpload', 'UploadMultipartPart', 'CompleteMultipartUpload'] as const;
const inRestore = ['ListJobs', 'InitiateJob', 'DescribeJob', 'GetJobOutput'] as const;
const lost = ['drop-before', 'drop-after'] as const;

describe('a backup', () => {
  it.each(inBackup.flatMap((operation) => lost.map((when) => [operation, when] as const)))(
    'with answers of %s lost (%s) goes on by itself, and stores nothing twice',
    async (operation, when) => {
      await inScene(async (scene) => {
        // The first answer for each archive, be it of data, key slots or manifest. An upload that was begun is found
        // again in a list; everything else is asked for once more.
        const isFound = operation === 'InitiateMultipartUpload' && when === 'drop-after';
        scene.fail({ operation, when, every: isFound ? 1 : 2, times: 'always' });
        expect(await scene.backup()).toMatchObject({ state: 'done', failure: null });
        expect(scene.time.waits).toHaveLength(await scene.archives());
        scene.simulator.clearFaults();
        await scene.proveWhole();
      });
    },
  );

  it('with a line that breaks in the middle of parts sends just these again', async () => {
    await inScene(async (scene) => {
      const operation = 'UploadMultipartPart';
      scene.fail({ operation, when: 'cut-body', bytes: 900_000, every: 2, times: 3 });
      const run = await scene.backup();
      expect(run).toMatchObject({ state: 'done' });
      const { archives } = await scene.ask('targets:show', { name: 'attic' });
      // Each archive is one part here: data, manifest and the key slots.
      expect(scene.asked(operation)).toBe(archives + 1 + 3);
      await scene.proveWhole();
    });
  });
});

describe('a restore', () => {
  let scene: FaultScene;
  beforeAll(async () => {
    scene = new FaultScene();
    await scene.begin();
    expect(await scene.backup()).toMatchObject({ state: 'done', failure: null });
  });
  afterAll(async () => {
    await scene.remove();
  });

  it.each(inRestore.flatMap((operation) => lost.map((when) => [operation, when] as const)))(
    'with an answer of %s lost (%s) goes on by itself, and pays for nothing twice',
    async (operation, when) => {
      // Nothing that one order had retrieved is there for the next.
      scene.simulator.advance(48 * 3_600_000);
      const asked = scene.asked('InitiateJob');
      const waits = scene.time.waits.length;
      const to = `after ${operation} ${when}`;
      scene.fail({ operation, when });
      const order = await scene.restoreTo(to);
      expect(order).toMatchObject({ state: 'done', failedFiles: 0 });
      expect(scene.time.waits.length - waits).toBe(1);
      // One that did not arrive was not paid.
      const unheard = operation === 'InitiateJob' && when === 'drop-before' ? 1 : 0;
      expect(scene.asked('InitiateJob') - asked).toBe(order.retrievals.total + unheard);
      await scene.compare(to);
    },
  );
});
