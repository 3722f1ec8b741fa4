/** Sources that can only be read in part, or slowly, or not at all: a problem of theirs alone. */
import { randomBytes } from 'node:crypto';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { compareTrees } from '../../../../src/main/cli/demo/compareTrees.ts';
import { liveOn, shortReads, unreadable } from './badDisk.ts';
import { inScene } from './faultScene.ts';

describe('a source', () => {
  it.each([0, 2_000_000])(
    'file that cannot be read from byte %i on is a problem; everything else is saved',
    async (from) => {
      await inScene(async (scene) => {
        writeFileSync(join(scene.source, 'rotten'), randomBytes(3_000_000));
        const { state } = await liveOn(scene, [unreadable('/source/rotten', from)], 'backup');
        expect(state).toBe('problems');
        const [run] = await scene.ask('runs:list', {});
        const problems = await scene.ask('runs:problems', { run: run?.id ?? 0 });
        expect(problems).toMatchObject([{ path: join(scene.source, 'rotten'), kind: 'unreadable' }]);
        expect(problems[0]?.message).toContain('EIO');
        expect(await scene.restoreTo('without')).toMatchObject({ state: 'done', failedFiles: 0 });
        const { differences } = await compareTrees(scene.source, scene.path('without', 'source'));
        expect(differences.map(({ path }) => path)).toEqual(['rotten']);
        await scene.proveWhole();
      });
    },
  );

  it('file that could be read once keeps what was saved of it when it cannot any more', async () => {
    await inScene(async (scene) => {
      expect(await scene.backup()).toMatchObject({ state: 'done', failure: null });
      writeFileSync(join(scene.source, 'big 1'), randomBytes(5_000_000));
      expect(await liveOn(scene, [unreadable('/source/big', 0)], 'backup')).toMatchObject({
        state: 'problems',
      });
      expect(await scene.restoreTo('older')).toMatchObject({ state: 'done', failedFiles: 0 });
      const { differences } = await compareTrees(scene.source, scene.path('older', 'source'));
      expect(new Set(differences.map(({ path }) => path))).toEqual(new Set(['big 1']));
      await scene.proveWhole();
    });
  });

  it('whose disk gives little at a time is read whole', async () => {
    await inScene(async (scene) => {
      const rules = [shortReads('/source/', 40_001), shortReads('/profile/', 300_007)];
      expect(await liveOn(scene, rules, 'backup')).toEqual({ state: 'done', failure: null });
      expect(await liveOn(scene, rules, 'restore', scene.path('slow'))).toEqual({
        state: 'done',
        failure: null,
      });
      await scene.compare('slow');
      await scene.proveWhole();
    });
  });

  it('that is unmounted or emptied stops the run, which records nothing as deleted', async () => {
    await inScene(async (scene) => {
      expect(await scene.backup()).toMatchObject({ state: 'done', failure: null });
      renameSync(scene.source, scene.path('unplugged'));
      expect(await scene.backup()).toMatchObject({ state: 'failed', failure: { kind: 'not-found' } });
      mkdirSync(scene.source);
      expect(await scene.backup()).toMatchObject({ state: 'failed', failure: { kind: 'changed' } });
      expect(await scene.ask('snapshots:list', {})).toHaveLength(1);
      renameSync(scene.path('unplugged'), scene.source);
      await scene.proveWhole();
    });
  });
});

describe('a staged pack', () => {
  it('that the disk cannot give back is not sent; its files are read again', async () => {
    await inScene(async (scene) => {
      const rules = [unreadable('/profile/staging/', 1_500_000)];
      expect(await liveOn(scene, rules, 'backup')).toMatchObject({
        state: 'failed',
        failure: { kind: 'corrupt' },
      });
      expect(scene.asked('UploadMultipartPart')).toBe(0);
      expect(await scene.ask('snapshots:list', {})).toEqual([]);
      await scene.proveWhole();
    });
  });
});
