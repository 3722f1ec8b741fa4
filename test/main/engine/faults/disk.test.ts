/**
 * Disks that are full or fail, wherever the engine writes: it stops with a plain reason, nothing counts as done that is
 * not, and it goes on once there is room.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { failing, full, liveOn } from './badDisk.ts';
import { FaultScene, inScene } from './faultScene.ts';

const MIB = 1024 * 1024;

describe('a disk that is full', () => {
  it.each([
    ['staging', '/profile/staging/', 0],
    ['staging, in the first pack', '/profile/staging/', 1.5 * MIB],
    ['staging, in the second pack', '/profile/staging/', 5 * MIB],
    ['the catalog, at once', '/profile/catalog.db', 3000],
    ['the catalog, later', '/profile/catalog.db', 60_000],
    ['the catalog, later still', '/profile/catalog.db', 150_000],
  ])('under %s ends a backup, and the next one goes on', async (_what, where, bytes) => {
    await inScene(async (scene) => {
      const { failure } = await liveOn(scene, [full(where, bytes)], 'backup');
      expect(failure).toMatchObject({ kind: 'no-space' });
      expect(failure?.message).toMatch(/space left/);
      expect(await scene.ask('snapshots:list', {})).toEqual([]);
      await scene.proveWhole();
    });
  });

  it('under the head file fails a run that has its snapshot; only the copy of the catalog is still sent', async () => {
    await inScene(async (scene) => {
      const { failure } = await liveOn(scene, [full('/profile/heads/', 0)], 'backup');
      expect(failure).toMatchObject({ kind: 'no-space' });
      expect(await scene.ask('snapshots:list', {})).toHaveLength(1);
      const sent = scene.asked('UploadMultipartPart');
      await scene.proveWhole();
      expect(scene.asked('UploadMultipartPart')).toBe(sent + 1);
    });
  });

  it.each([
    ['retrieved data waits', '/profile/restore/', 0],
    ['retrieved data waits, later', '/profile/restore/', 5 * MIB],
    ['files are restored', '/out/', 0],
    ['files are restored, later', '/out/', 4 * MIB],
    ['files are restored, nearly through', '/out/', 7.5 * MIB],
    ['the catalog lies', '/profile/catalog.db', 9000],
  ])('where %s pauses an order, and it goes on without paying twice', async (_what, where, bytes) => {
    await inScene(async (scene) => {
      expect(await scene.backup()).toMatchObject({ state: 'done', failure: null });
      const { failure } = await liveOn(scene, [full(where, bytes)], 'restore', scene.path('out'));
      expect(failure).toMatchObject({ kind: 'no-space' });
      const [order] = await scene.ask('orders:list', {});
      if (order === undefined) expect(await scene.restoreTo('out')).toMatchObject({ state: 'done' });
      else {
        expect(order).toMatchObject({ endedAt: null });
        expect(await scene.carryOn()).toMatchObject({ state: 'done', failedFiles: 0 });
      }
      const [ended] = await scene.ask('orders:list', {});
      expect(scene.asked('InitiateJob')).toBe(ended?.retrievals.total);
      await scene.compare('out');
    });
  });
});

describe('a disk that fails', () => {
  it.each([
    ['staging', '/profile/staging/', 1.5 * MIB, 'unwritable'],
    ['the catalog', '/profile/catalog.db', 60_000, 'unwritable'],
  ])('under %s ends a backup, and the next one goes on', async (_what, where, bytes, kind) => {
    await inScene(async (scene) => {
      const { failure } = await liveOn(scene, [failing(where, bytes)], 'backup');
      expect(failure).toMatchObject({ kind });
      expect(await scene.ask('snapshots:list', {})).toEqual([]);
      await scene.proveWhole();
    });
  });
});

/** What only a superuser may: a file system of its own. The tests above need no such right. */
describe.runIf(process.platform === 'linux' && process.geteuid?.() === 0)(
  'a small disk that is really full',
  () => {
    it('ends a backup and pauses an order; both go on in the same engine as soon as there is room', async () => {
      const scene = new FaultScene();
      const disks = [scene.profile, scene.path('small')];
      try {
        for (const disk of disks) mountSmall(disk);
        await scene.begin();
        const [ballast = '', other = ''] = disks.map((disk) => join(disk, 'ballast'));
        writeFileSync(ballast, Buffer.alloc(22 * MIB));
        expect(await scene.backup()).toMatchObject({ state: 'failed', failure: { kind: 'no-space' } });
        rmSync(ballast);
        expect(await scene.backup()).toMatchObject({ state: 'done', failure: null });

        writeFileSync(other, Buffer.alloc(18 * MIB));
        const half = await scene.restoreTo('small/out');
        expect(half).toMatchObject({ endedAt: null, failure: { kind: 'no-space' } });
        rmSync(other);
        expect(await scene.carryOn()).toMatchObject({ state: 'done', failedFiles: 0 });
        await scene.compare('small/out');
        await scene.proveWhole();
      } finally {
        await scene.close();
        for (const disk of disks) spawnSync('umount', [disk]);
        await scene.remove();
      }
    });
  },
);

function mountSmall(at: string): void {
  mkdirSync(at);
  const { status, stderr } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=24m,mode=0700', 'tmpfs', at]);
  expect(status, stderr.toString()).toBe(0);
}
