import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openCatalog } from '../../../../src/main/engine/catalog/catalog.ts';
import { listPacks } from '../../../../src/main/engine/catalog/packs.ts';
import { PASSPHRASE } from '../scene.ts';
import { VaultScene } from './vaultScene.ts';

const all = { which: { all: true } } as const;

let scene: VaultScene;
beforeEach(async () => {
  scene = new VaultScene();
  await scene.begin();
});
afterEach(async () => {
  await scene.remove();
});

/** Names of archives that are left, by the newest inventory and what was deleted since. */
async function left(): Promise<(string | null)[]> {
  const { archives } = await scene.ask('archives:list', scene.at);
  return archives.flatMap(({ gone, name }) => (gone ? [] : [name])).sort();
}

/** How many packs there are in which state. The engine is started anew. */
async function packStates(): Promise<Record<string, number>> {
  await scene.close();
  const catalog = await openCatalog(join(scene.profile, 'catalog.db'));
  const packs = await listPacks(catalog, {});
  await catalog.close();
  await scene.open();
  const counts: Record<string, number> = {};
  for (const { state } of packs) counts[state] = (counts[state] ?? 0) + 1;
  return counts;
}

/** A file of the latest snapshot, brought back hours later. */
async function restored(name: string): Promise<string> {
  const to = scene.path(`back ${Math.random()}`);
  await scene.ask('restore:order', { snapshot: 'latest', to, archiveOnly: true });
  while ((await scene.ask('jobs:list', { ...scene.at, state: 'waiting' })).length === 0);
  await scene.reopen();
  await scene.advance(6);
  await scene.ask('profile:unlock', { passphrase: PASSPHRASE });
  const stopped = scene.stoppedOrder();
  await scene.ask('orders:resume', {});
  const order = await stopped;
  expect(order.failure).toBeNull();
  return readFileSync(join(to, 'source', name), 'utf8');
}

describe('deleting archives', () => {
  it('of which the age is known is priced by the day, and then done', async () => {
    const one = await scene.store('photo 1', 'x'.repeat(1000));
    await scene.store('photo 2', 'y'.repeat(1000));
    await scene.store('film', 'z');
    await scene.readInventory();
    const preview = await scene.ask('clearings:preview', { ...scene.at, which: { search: 'PHOTO' } });
    expect(preview).toMatchObject({ archives: 2, bytes: 2000, unknown: 0, ours: 0, plans: [] });
    // A day and six hours old: 89 of 90 days are left, of 2 kB and the overhead.
    const gbMonths = ((2 * (1000 + 32_768)) / 2 ** 30) * (89 / 28);
    expect(preview.estimate.usd).toBeCloseTo(gbMonths * 0.004, 12);
    expect(preview.freeAt).toBeGreaterThan(Date.now() + 88 * 24 * 3_600_000);

    const single = { ...scene.at, which: { archives: [one] }, accept: true as const };
    expect(await scene.through(await scene.ask('clearings:start', single))).toMatchObject({
      outcome: 'done',
      done: 1,
      total: 1,
    });
    expect(await left()).toEqual(['film', 'photo 2']);
    const many = { ...scene.at, which: { search: 'photo' }, rate: 50, accept: true } as const;
    expect(await scene.through(await scene.ask('clearings:start', many))).toMatchObject({ done: 1 });
    expect(await left()).toEqual(['film']);
  });

  it('by a search means names, never what ids and sealed descriptions happen to contain', async () => {
    writeFileSync(join(scene.source, 'letter'), 'dear all');
    await scene.backup();
    const id = await scene.store('holiday');
    await scene.store('film holiday');
    await scene.readInventory();
    const { archives } = await scene.ask('archives:list', scene.at);
    const sealed = archives.find(({ description }) => description.startsWith('a1.'))?.description ?? '';
    for (const search of [id.slice(-5), sealed.slice(4, 9), 'a1.', 'k1.']) {
      const found = await scene.ask('archives:list', { ...scene.at, search });
      expect(found.archives.length).toBeGreaterThan(0);
      expect(await scene.ask('clearings:preview', { ...scene.at, which: { search } })).toMatchObject({
        archives: 0,
        names: [],
      });
    }
    const named = await scene.ask('clearings:preview', { ...scene.at, which: { search: 'holiday' } });
    expect(named.archives).toBe(2);
    expect([...named.names].sort()).toEqual(['film holiday', 'holiday']);
  });

  it('is free from the ninetieth day on', async () => {
    await scene.store('old');
    await scene.readInventory();
    await scene.advance(24 * 90);
    await scene.store('new');
    await scene.readInventory();
    const old = await scene.ask('clearings:preview', { ...scene.at, which: { search: 'old' } });
    expect(old).toMatchObject({ archives: 1, freeAt: null, estimate: { lines: [], usd: 0 } });
    const young = await scene.ask('clearings:preview', { ...scene.at, which: { search: 'new' } });
    expect(young.estimate.usd).toBeGreaterThan(0);
  });

  it('of which nothing is known says so, and takes ids that the vault never had for deleted', async () => {
    const id = await scene.store('unlisted');
    const never = `-${'x'.repeat(137)}`;
    const which = { archives: [id, never] };
    expect(await scene.ask('clearings:preview', { ...scene.at, which })).toMatchObject({
      archives: 2,
      unknown: 2,
      inventoryAt: null,
      estimate: { usd: 0 },
    });
    const errand = await scene.ask('clearings:start', { ...scene.at, which, accept: true });
    expect(await scene.through(errand)).toMatchObject({ outcome: 'done', done: 2 });
    const download = { ...scene.at, archive: id, to: scene.path('gone'), accept: true } as const;
    const gone = await scene.through(await scene.ask('downloads:start', download));
    expect(gone.failure).toMatchObject({ kind: 'not-found' });
  });

  it('leaves our own alone, listed or not, unless snapshots may go', async () => {
    writeFileSync(join(scene.source, 'letter'), 'dear all');
    await scene.backup();
    await scene.store('foreign');
    await scene.readInventory();
    const preview = await scene.ask('clearings:preview', { ...scene.at, ...all });
    expect(preview.plans).toEqual(['docs']);
    expect(preview.ours).toBe(preview.archives - 1);
    const refusal = await scene.refusal('clearings:start', { ...scene.at, ...all, accept: true });
    expect(refusal).toMatchObject({ kind: 'conflict', message: expect.stringContaining('docs') as string });
    await scene.ask('profile:unlock', { passphrase: PASSPHRASE });
    writeFileSync(join(scene.source, 'letter'), 'dear all, again');
    await scene.backup();
    const { archives } = await scene.ask('archives:list', scene.at);
    const own = archives.flatMap(({ tool, archive }) => (tool === 'permafrost' ? [archive] : []));
    const named = { ...scene.at, which: { archives: own.slice(0, 1) }, accept: true as const };
    expect(await scene.refusal('clearings:start', named)).toMatchObject({ kind: 'conflict' });
    expect((await scene.ask('targets:show', { name: 'attic' })).archives).toBeGreaterThan(3);

    const errand = await scene.ask('clearings:start', {
      ...scene.at,
      ...all,
      alsoOurs: true,
      rate: 100,
      accept: true,
    });
    expect(await scene.through(errand)).toMatchObject({ outcome: 'done', done: preview.archives });
    // What was deleted counts for nothing any more.
    const stored = (await scene.ask('targets:show', { name: 'attic' })).archives;
    expect(stored).toBeLessThan(own.length + 3);
    expect(
      await scene.refusal('clearings:start', {
        ...scene.at,
        ...all,
        close: true,
        alsoOurs: true,
        accept: true,
      }),
    ).toMatchObject({ kind: 'conflict', message: expect.stringContaining('docs') as string });
  });

  it('of our own has the next backup store everything again, keys too', async () => {
    writeFileSync(join(scene.source, 'letter'), 'dear all');
    await scene.backup();
    await scene.readInventory();
    const asked = { ...scene.at, ...all, alsoOurs: true, rate: 100, accept: true } as const;
    expect(await scene.through(await scene.ask('clearings:start', asked))).toMatchObject({ outcome: 'done' });
    expect(await left()).toEqual([]);
    expect(await packStates()).toEqual({ suspect: 3 });

    await scene.ask('profile:unlock', { passphrase: PASSPHRASE });
    expect(await scene.backup()).toMatchObject({ state: 'done', changed: true });
    await scene.readInventory();
    const { archives } = await scene.ask('archives:list', scene.at);
    expect(archives.filter(({ gone }) => !gone).map(({ description }) => description.slice(0, 3))).toEqual(
      expect.arrayContaining(['a1.', 'a1.', 'k1.']),
    );
    await scene.ask('profile:unlock', { passphrase: PASSPHRASE });
    expect(await restored('letter')).toBe('dear all');
  });

  it('that was cancelled, or refused, leaves our own packs as they were', async () => {
    writeFileSync(join(scene.source, 'letter'), 'dear all');
    await scene.backup();
    for (let i = 0; i < 12; i++) await scene.store(`archive ${i}`);
    await scene.readInventory();
    const stored = await packStates();
    expect(stored).toEqual({ stored: 3 });
    await scene.ask('accessPolicy:set', { ...scene.at, policy: { denyDelete: true } });
    const asked = { ...scene.at, ...all, alsoOurs: true, rate: 100, accept: true } as const;
    const denied = await scene.ask('clearings:start', asked);
    expect((await scene.through(denied)).failure).toMatchObject({ kind: 'denied' });
    expect(await packStates()).toEqual({ suspect: 3 });
    await scene.ask('errands:cancel', { id: denied.id });
    expect(await packStates()).toEqual(stored);

    const { archives } = await scene.ask('archives:list', scene.at);
    const own = archives.flatMap(({ tool, archive }) => (tool === 'permafrost' ? [archive] : []));
    const few = await scene.ask('clearings:start', { ...asked, which: { archives: own } });
    expect(await scene.through(few)).toMatchObject({ outcome: 'problems', refused: own.length });
    expect(await packStates()).toEqual(stored);
    await scene.ask('profile:unlock', { passphrase: PASSPHRASE });
    expect(await restored('letter')).toBe('dear all');
  });

  it('goes on after the engine ended, no faster than asked', async () => {
    for (let i = 0; i < 12; i++) await scene.store(`archive ${i}`);
    await scene.readInventory();
    const asked = { ...scene.at, ...all, rate: 20, accept: true } as const;
    const startedAt = performance.now();
    const errand = await scene.ask('clearings:start', asked);
    expect((await scene.ask('clearings:start', asked)).id).toBe(errand.id);
    await scene.until(errand.id, ({ done }) => done >= 4);
    await scene.reopen();
    await scene.ask('errands:resume', { kind: 'clearing' });
    expect(await scene.through(errand)).toMatchObject({ outcome: 'done', done: 12, total: 12 });
    expect(performance.now() - startedAt).toBeGreaterThan((12 / 20) * 1000 - 200);
    expect(await left()).toEqual([]);
  });

  it('that a policy forbids stops, and leaves the archives', async () => {
    for (let i = 0; i < 12; i++) await scene.store(`archive ${i}`);
    await scene.readInventory();
    await scene.ask('accessPolicy:set', { ...scene.at, policy: { denyDelete: true } });
    const asked = { ...scene.at, ...all, rate: 100, accept: true } as const;
    const errand = await scene.ask('clearings:start', asked);
    const stopped = await scene.through(errand);
    expect(stopped.failure).toMatchObject({ kind: 'denied' });
    expect(stopped).toMatchObject({ done: 0, refused: 0, endedAt: null });
    expect(await left()).toHaveLength(12);
    for (let i = 0; i < 2; i++) {
      await scene.reopen();
      await scene.ask('errands:resume', {});
      expect(await scene.through(errand)).toMatchObject({ refused: 0, failure: { kind: 'denied' } });
    }
    await scene.ask('accessPolicy:delete', scene.at);
    await scene.reopen();
    await scene.ask('errands:resume', {});
    expect(await scene.through(errand)).toMatchObject({ outcome: 'done', done: 12, refused: 0 });
    expect(await left()).toEqual([]);
  });
});

describe('emptying and closing a vault', () => {
  it('waits for an inventory that shows it empty, deletes what came meanwhile, then the vault', async () => {
    await scene.ask('plans:remove', { name: 'docs' });
    await scene.store('one');
    await scene.store('two');
    await scene.readInventory();
    await scene.store('three');
    const preview = await scene.ask('clearings:preview', { ...scene.at, ...all });
    expect(preview.archives).toBe(2);
    const errand = await scene.ask('clearings:start', { ...scene.at, ...all, close: true, accept: true });
    expect(await scene.until(errand.id, ({ step }) => step === 'waiting')).toMatchObject({
      done: 2,
      closes: true,
    });

    // A day later the inventory shows the third: it is asked for, read, and the archive deleted.
    await scene.later(25);
    while ((await scene.ask('jobs:list', { ...scene.at, state: 'waiting' })).length === 0);
    await scene.later(6);
    await scene.until(errand.id, ({ step, done }) => step === 'waiting' && done === 3);
    expect(await scene.refusal('vaults:delete', { ...scene.at, vault: 'practice' })).toMatchObject({
      kind: 'conflict',
    });

    await scene.later(25);
    expect(await scene.through(errand)).toMatchObject({ outcome: 'done', done: 3, total: 3 });
    expect(await scene.ask('vaults:list', scene.at)).toEqual([]);
  });

  it('that was never used is done at once', async () => {
    await scene.ask('vaults:create', { ...scene.at, vault: 'fresh' });
    const asked = { ...scene.at, vault: 'fresh', ...all, close: true, accept: true } as const;
    expect(await scene.through(await scene.ask('clearings:start', asked))).toMatchObject({ outcome: 'done' });
    expect((await scene.ask('vaults:list', scene.at)).map(({ vault }) => vault)).toEqual(['practice']);
  });

  it('of a part makes no sense', async () => {
    const asked = { ...scene.at, which: { archives: ['x'] }, close: true, accept: true as const };
    expect(await scene.refusal('clearings:start', asked)).toMatchObject({ kind: 'invalid' });
  });
});
