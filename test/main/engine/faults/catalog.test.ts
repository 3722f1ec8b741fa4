/**
 * A catalog that is missing, damaged or an old copy: said in a sentence; nothing is sent or deleted on its word, and the
 * right one goes on.
 */
import { copyFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Failure } from '../../../../src/shared/failure.ts';
import { EngineError } from '../../../../src/main/engine/engine.ts';
import { compareTrees } from '../../../../src/main/cli/demo/compareTrees.ts';
import { pseudoRandom } from '../chunk/sample.ts';
import { CrashScene } from '../crash/crashScene.ts';
import { PASSPHRASE } from '../scene.ts';
import { type FaultScene, inScene } from './faultScene.ts';

const PAGE_BYTES = 4096;

const damages: readonly (readonly [string, (bytes: Buffer) => Buffer])[] = [
  ['empty', () => Buffer.alloc(0)],
  ['all zeros', (bytes) => Buffer.alloc(bytes.length)],
  ['cut in half', (bytes) => bytes.subarray(0, Math.floor(bytes.length / 2 / PAGE_BYTES) * PAGE_BYTES)],
  ['cut inside a page', (bytes) => bytes.subarray(0, 3 * PAGE_BYTES + 17)],
  ['of noise but for its first page', (bytes) => noise(bytes, () => true)],
  ['of noise in every second page', (bytes) => noise(bytes, (page) => page % 2 === 0)],
  ['another kind of file', () => Buffer.from('%PDF-1.7\n'.repeat(5000))],
];

function noise(bytes: Buffer, isHit: (page: number) => boolean): Buffer {
  const damaged = Buffer.from(bytes);
  for (let page = 1; (page + 1) * PAGE_BYTES <= bytes.length; page++)
    if (isHit(page)) pseudoRandom(PAGE_BYTES, page + 1).copy(damaged, page * PAGE_BYTES);
  return damaged;
}

/** What a person who opens the profile and backs up is told. */
async function attempt(scene: FaultScene): Promise<Failure | null> {
  try {
    await scene.open();
    const unlocked = await scene.engine.request('profile:unlock', { passphrase: PASSPHRASE });
    if (!unlocked.ok) return unlocked.failure;
    const ended = new Promise<Failure | null>((resolve) =>
      scene.engine.on('run:ended', ({ failure }) => resolve(failure)),
    );
    const started = await scene.engine.request('backup:start', { plan: 'docs' });
    return started.ok ? await ended : started.failure;
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    const { kind, message, advice } = error;
    return { kind, message, advice };
  } finally {
    await scene.close();
  }
}

describe('a catalog', () => {
  it('that is damaged in any way is told to be so; nothing happens at the vault, and a sound copy goes on', async () => {
    await inScene(async (scene) => {
      expect(await scene.backup()).toMatchObject({ state: 'done', failure: null });
      const archives = await scene.archives();
      await scene.close();
      const file = join(scene.profile, 'catalog.db');
      const good = readFileSync(file);
      writeFileSync(join(scene.source, 'new'), pseudoRandom(100_000, 9));
      for (const [what, damage] of damages) {
        for (const name of readdirSync(scene.profile)) {
          if (name.startsWith('catalog.db')) rmSync(join(scene.profile, name));
        }
        writeFileSync(file, damage(good));
        const failure = await attempt(scene);
        expect(failure, what).toMatchObject({ kind: 'corrupt' });
        expect(failure?.message, what).toBe(`The catalog ${file} is damaged.`);
        expect(failure?.advice, what).toMatch(/rebuild the catalog from the target/);
        expect(await scene.archives(), what).toBe(archives);
      }
      for (const name of ['catalog.db-wal', 'catalog.db-shm'])
        rmSync(join(scene.profile, name), { force: true });
      writeFileSync(file, good);
      await scene.open();
      await scene.reopen();
      await scene.proveWhole();
    });
  });

  it('that is missing is not begun anew', async () => {
    await inScene(async (scene) => {
      expect(await scene.backup()).toMatchObject({ state: 'done', failure: null });
      await scene.close();
      const file = join(scene.profile, 'catalog.db');
      copyFileSync(file, scene.path('kept'));
      rmSync(file);
      expect(await attempt(scene)).toMatchObject({ kind: 'not-found' });
      copyFileSync(scene.path('kept'), file);
      await scene.open();
      await scene.reopen();
      await scene.proveWhole();
    });
  });

  it('that is an old copy adds and deletes nothing, still restores what it knows, and the newest goes on', async () => {
    await inScene(async (scene) => {
      expect(await scene.backup()).toMatchObject({ state: 'done', failure: null });
      await scene.close();
      const file = join(scene.profile, 'catalog.db');
      copyFileSync(file, scene.path('old'));
      writeFileSync(join(scene.source, 'new'), pseudoRandom(100_000, 9));
      await scene.open();
      await scene.reopen();
      expect(await scene.backup()).toMatchObject({ state: 'done', failure: null });
      const archives = await scene.archives();
      await scene.close();
      copyFileSync(file, scene.path('newest'));
      copyFileSync(scene.path('old'), file);

      const failure = await attempt(scene);
      expect(failure).toMatchObject({ kind: 'conflict' });
      expect(failure?.message).toMatch(/old copy/);
      expect(await scene.archives()).toBe(archives);
      await scene.open();
      await scene.reopen();
      expect(await scene.restoreTo('then')).toMatchObject({ state: 'done', failedFiles: 0 });
      const { differences } = await compareTrees(scene.source, scene.path('then', 'source'));
      // The new file, and the time that it gave its folder.
      expect(differences.map(({ path }) => path)).toEqual(['.', 'new']);
      await scene.close();
      copyFileSync(scene.path('newest'), file);
      await scene.open();
      await scene.reopen();
      await scene.proveWhole();
    });
  });

  it('that has lost its log after a kill is damaged or an old copy, and neither adds to the vault', async () => {
    const stage = new CrashScene();
    try {
      await stage.setUp();
      await stage.crash(['backup'], 'run-ended');
      const { profile } = stage.scene;
      const log = join(profile, 'catalog.db-wal');
      const kept = readFileSync(log);
      expect(kept.length).toBeGreaterThan(PAGE_BYTES);
      const archives = await stage.archivesInVault();
      rmSync(log);
      rmSync(join(profile, 'catalog.db-shm'), { force: true });
      const before = readFileSync(join(profile, 'catalog.db'));
      expect(await stage.live(['backup'])).toEqual({ state: 'failed', killed: false });
      expect(await stage.archivesInVault()).toBe(archives);
      writeFileSync(join(profile, 'catalog.db'), before);
      writeFileSync(log, kept);
      expect(await stage.live(['backup'])).toEqual({ state: 'done', killed: false });
      await stage.restoreAndCompare('out');
    } finally {
      await stage.remove();
    }
  });
});
