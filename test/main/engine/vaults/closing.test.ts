import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openCatalog } from '../../../../src/main/engine/catalog/catalog.ts';
import { addPlan } from '../../../../src/main/engine/catalog/plans.ts';
import { findTarget } from '../../../../src/main/engine/catalog/targets.ts';
import { PASSPHRASE } from '../scene.ts';
import { ErrandScene } from './errandScene.ts';

let scene: ErrandScene;
beforeEach(async () => {
  scene = new ErrandScene();
  await scene.start();
});
afterEach(async () => {
  await scene.remove();
});

const closing = (alsoOurs = false) =>
  scene.ask('clearings:start', {
    ...scene.photos,
    which: { all: true },
    alsoOurs,
    close: true,
    rate: 100,
    accept: true,
  });

const settings = () => ({ kind: 'vault', vault: 'photos', ...scene.at, packMiB: 4 }) as const;

describe('a vault that is being closed', () => {
  it('takes no target, no plan and no backup', async () => {
    await scene.ask('profile:init', { passphrase: PASSPHRASE });
    await scene.ask('targets:add', { name: 'attic', settings: settings() });
    await scene.store('foreign');
    await scene.readInventory();
    const errand = await closing();
    await scene.until(errand.id, ({ step }) => step === 'waiting');
    const plan = { name: 'docs', target: 'attic', sources: [scene.source] };
    expect(await scene.refusal('plans:add', plan)).toMatchObject({
      kind: 'conflict',
      message: 'The vault photos is being emptied, to be deleted.',
    });
    await scene.ask('targets:remove', { name: 'attic' });
    expect(await scene.refusal('targets:add', { name: 'attic', settings: settings() })).toMatchObject({
      kind: 'conflict',
    });
    await scene.ask('errands:cancel', { id: errand.id });
    await scene.ask('targets:add', { name: 'attic', settings: settings() });
    await scene.ask('plans:add', plan);
  });

  it('is kept when a plan saves to it all the same', async () => {
    await scene.ask('profile:init', { passphrase: PASSPHRASE });
    await scene.ask('targets:add', { name: 'attic', settings: settings() });
    await scene.store('foreign');
    await scene.readInventory();
    const errand = await closing();
    await scene.until(errand.id, ({ step }) => step === 'waiting');
    await scene.close();
    await addPlanBehindItsBack();
    await scene.open();
    await scene.ask('profile:unlock', { passphrase: PASSPHRASE });
    writeFileSync(join(scene.source, 'letter'), 'dear all');
    expect(await scene.refusal('backup:start', { plan: 'docs' })).toMatchObject({ kind: 'conflict' });
    expect(await scene.later(errand, 25)).toMatchObject({
      outcome: 'failed',
      failure: { kind: 'conflict', message: 'The plan docs saves to the vault photos.' },
    });
    await scene.ask('vaults:show', scene.photos);
    await scene.ask('profile:unlock', { passphrase: PASSPHRASE });
    expect(await scene.backup()).toMatchObject({ state: 'done' });
  });

  it('keeps archives of our own that came meanwhile, and stops', async () => {
    await scene.store('foreign');
    await scene.store('k1.1');
    await scene.readInventory();
    const errand = await closing(true);
    await scene.until(errand.id, ({ step, done }) => step === 'waiting' && done === 2);
    await scene.store('k1.2');
    await scene.store('foreign again');
    scene.advance(25);
    await scene.reopen();
    await scene.ask('errands:resume', {});
    while ((await scene.ask('jobs:list', { ...scene.photos, state: 'waiting' })).length === 0);
    expect(await scene.later(errand, 6)).toMatchObject({
      outcome: 'failed',
      failure: {
        kind: 'conflict',
        message: expect.stringContaining('one of them Permafrost’s own') as string,
      },
    });
    expect((await scene.ask('clearings:preview', { ...scene.photos, which: { all: true } })).ours).toBe(1);
    // Agreed to anew, they go too.
    const again = await closing(true);
    await scene.until(again.id, ({ step, done }) => step === 'waiting' && done === 2);
    expect(await scene.later(again, 25)).toMatchObject({ outcome: 'done' });
    expect(await scene.ask('vaults:list', { at: scene.at })).toEqual([]);
  });
});

/** As a profile may have it that was made by an older version, or two engines one after the other. */
async function addPlanBehindItsBack(): Promise<void> {
  const catalog = await openCatalog(join(scene.profile, 'catalog.db'));
  const target = await findTarget(catalog, 'attic');
  if (target === undefined) throw new RangeError('no target');
  await catalog.transaction((tx) =>
    addPlan(tx, {
      name: 'docs',
      uid: randomBytes(16).toString('hex'),
      target: target.id,
      sources: [Buffer.from(scene.source)],
      excludes: [],
      createdAt: Date.now(),
    }),
  );
  await catalog.close();
}
