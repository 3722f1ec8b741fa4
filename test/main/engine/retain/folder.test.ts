/** Retention on a folder target, with the real engine: what goes, what stays, and what is deleted when. */
import { randomBytes } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Failure } from '../../../../src/shared/failure.ts';
import { openCatalog } from '../../../../src/main/engine/catalog/catalog.ts';
import { condemn, deadPacks, reviveDeadPacks } from '../../../../src/main/engine/catalog/deadPacks.ts';
import { findTarget } from '../../../../src/main/engine/catalog/targets.ts';
import { NewComputer } from '../recover/recoverScene.ts';
import { PASSPHRASE } from '../scene.ts';
import { toldBy } from '../recover/told.ts';
import { alterCatalog, RetainScene } from './retainScene.ts';

let scene: RetainScene;
beforeEach(async () => {
  scene = new RetainScene();
  await scene.setUp();
});
afterEach(() => scene.remove());

const put = (name: string, bytes = 300_000): Buffer => {
  const content = randomBytes(bytes);
  writeFileSync(join(scene.source, name), content);
  return content;
};
const snapshots = () => scene.ask('snapshots:list', { plan: 'docs' });

describe('snapshots that the rules let go', () => {
  it('go with the run after which no rule keeps them; what they had for themselves is deleted after 30 days', async () => {
    await scene.ask('plans:edit', { name: 'docs', retention: 'last=2' });
    const kept = put('stays');
    await scene.backup();
    put('changes');
    await scene.backup();
    put('changes');
    await scene.backup();
    const second = put('changes');
    await scene.backup();
    expect(await snapshots()).toHaveLength(2);
    const before = scene.archives;
    const dry = (await scene.ask('prune:preview', { target: 'attic' }))[0];
    expect(dry).toMatchObject({ failure: null, chargedNow: { usd: 0 } });

    // Told by the next manifest, and still in its 30 days.
    put('changes');
    await scene.backup();
    expect(await scene.prune()).toMatchObject({ failure: null });
    for (const name of before) expect(scene.archives).toContain(name);

    await scene.daysLater(31);
    const pruned = await scene.prune();
    // What the last run has let go is told by the next manifest, and waits for that.
    expect(pruned.failure).toBeNull();
    expect(pruned.days).toHaveLength(1);
    const gone = before.filter((name) => !scene.archives.includes(name));
    expect(gone.length).toBeGreaterThan(0);
    expect((await scene.ask('prune:history', {}))[0]).toMatchObject({ feeUsd: 0, failure: null });

    const [older] = await snapshots();
    await scene.restore({ snapshot: older?.id ?? '', to: scene.path('back') });
    expect(readFileSync(scene.path('back', 'source', 'stays')).equals(kept)).toBe(true);
    expect(readFileSync(scene.path('back', 'source', 'changes')).equals(second)).toBe(true);
  });

  it('are still there for a new computer only as far as they are kept', async () => {
    await scene.ask('plans:edit', { name: 'docs', retention: 'last=1' });
    for (let i = 0; i < 5; i++) {
      put('changes');
      put(`new-${i}`);
      await scene.backup();
    }
    await scene.daysLater(31);
    await scene.prune();
    await scene.close();
    const expected = await toldBy(join(scene.profile, 'catalog.db'));
    expect(expected.snapshots).toHaveLength(1);

    const computer = new NewComputer(scene.dir);
    await computer.open();
    const target = { name: 'attic', settings: { kind: 'folder', path: scene.path('attic') } } as const;
    expect(await computer.recover(target, PASSPHRASE)).toMatchObject({
      outcome: 'done',
      // What went after the last manifest is told by the next.
      result: { snapshots: 2, snapshotsLost: 0, packsMissing: 0, filesIncomplete: 0 },
    });
    await computer.close();
    const { snapshots: found } = await toldBy(join(computer.profile, 'catalog.db'));
    expect(found?.map((text) => (JSON.parse(text) as string[])[0])).toContain(
      (JSON.parse(expected.snapshots?.[0] ?? '') as string[])[0],
    );
  });

  it('stay while they have a tag, and while a restore of the last days may still be put back', async () => {
    put('a');
    await scene.backup();
    const [first] = await snapshots();
    await scene.ask('snapshots:tag', { snapshot: first?.id ?? '', tags: ['tax 2026'] });
    put('a');
    await scene.backup();
    const second = (await snapshots())[1];
    await scene.restore({ snapshot: second?.id ?? '', to: scene.path('back') });
    await scene.ask('plans:edit', { name: 'docs', retention: 'last=1' });
    put('a');
    await scene.backup();
    expect((await snapshots()).map(({ tags }) => tags)).toEqual([['tax 2026'], [], []]);
    const preview = await scene.ask('retention:preview', { plan: 'docs' });
    expect(preview.snapshots.map(({ reasons }) => reasons)).toEqual([
      ['tagged'],
      ['in-use'],
      ['newest', 'last'],
    ]);
    expect(await scene.refusal('snapshots:forget', { snapshots: [first?.id ?? ''] })).toMatchObject({
      kind: 'conflict',
      message: expect.stringContaining('has a tag') as string,
    });
    expect(await scene.refusal('snapshots:forget', { snapshots: [second?.id ?? ''] })).toMatchObject({
      message: expect.stringContaining('a restore of the last days') as string,
    });
  });

  it('can be forgotten by hand, but for the newest', async () => {
    put('a');
    await scene.backup();
    put('a');
    await scene.backup();
    const [first, second] = await snapshots();
    expect(await scene.refusal('snapshots:forget', { snapshots: [second?.id ?? ''] })).toMatchObject({
      message: expect.stringContaining('the newest of its plan') as string,
    });
    await scene.ask('snapshots:forget', { snapshots: [first?.id ?? ''] });
    expect((await snapshots()).map(({ id }) => id)).toEqual([second?.id]);
    expect((await scene.ask('prune:preview', {}))[0]?.days).toHaveLength(1);
  });

  it('say when they go, by the schedule', async () => {
    await scene.ask('plans:edit', { name: 'docs', schedule: 'daily 02:00', retention: 'daily=3' });
    put('a');
    await scene.backup();
    const { snapshots: told } = await scene.ask('retention:preview', { plan: 'docs' });
    const goes = told[0]?.goesAt ?? 0;
    expect(goes - Date.now()).toBeGreaterThan(1.5 * 86_400_000);
    expect(goes - Date.now()).toBeLessThan(4.1 * 86_400_000);
    const all = await scene.ask('retention:preview', { plan: 'docs', retention: 'everything' });
    expect(all.snapshots[0]).toMatchObject({ goesAt: null, reasons: ['everything'] });
  });
});

describe('what is deleted', () => {
  it('is decided once: what was condemned goes also after a kill, and nothing brings it back', async () => {
    await scene.ask('plans:edit', { name: 'docs', retention: 'last=1' });
    for (let i = 0; i < 4; i++) {
      put('a', 1_000_000);
      await scene.backup();
    }
    await scene.close();
    const file = join(scene.profile, 'catalog.db');
    const catalog = await openCatalog(file);
    const target = (await findTarget(catalog, 'attic'))?.id ?? expect.fail('no target');
    const dead = (await deadPacks(catalog, target)).filter(({ kind }) => kind === 'data');
    const [first, second] = dead;
    if (first === undefined || second === undefined) throw new RangeError('nothing died');
    await catalog.transaction(async (tx) => {
      expect([...(await condemn(tx, [first.id]))]).toEqual([first.id]);
      expect(await reviveDeadPacks(tx, target)).toBe(dead.length - 1);
      expect([...(await condemn(tx, [first.id, second.id]))]).toEqual([first.id]);
    });
    await catalog.close();
    await scene.open();
    await scene.ask('profile:unlock', { passphrase: PASSPHRASE });
    expect(await scene.prune()).toMatchObject({ failure: null });
    expect(scene.archives).not.toContain(first.archiveId);
    expect(scene.archives).toContain(second.archiveId);
  });

  it('is nothing while the catalog is an old copy', async () => {
    await scene.ask('plans:edit', { name: 'docs', retention: 'last=1' });
    for (let i = 0; i < 3; i++) {
      put('a', 1_000_000);
      await scene.backup();
    }
    await scene.close();
    const file = join(scene.profile, 'catalog.db');
    copyFileSync(file, scene.path('old'));
    await scene.open();
    await scene.ask('profile:unlock', { passphrase: PASSPHRASE });
    put('a', 1_000_000);
    await scene.backup();
    await scene.close();
    copyFileSync(scene.path('old'), file);
    await scene.open();
    await scene.ask('profile:unlock', { passphrase: PASSPHRASE });
    await scene.daysLater(31);
    const all = scene.archives;
    expect(await scene.prune()).toMatchObject({
      failure: { kind: 'conflict', message: expect.stringContaining('it is an old copy') as string },
    });
    expect(scene.archives).toEqual(all);
  });

  it('leaves the orders of long ago to be looked at', async () => {
    put('a');
    await scene.backup();
    const { id } = await scene.restore({ to: scene.path('back') });
    await scene.close();
    await alterCatalog(join(scene.profile, 'catalog.db'), 'update orders set ended_at = 1');
    await scene.open();
    await scene.ask('profile:unlock', { passphrase: PASSPHRASE });
    await scene.ask('plans:edit', { name: 'docs', retention: 'last=1' });
    put('a');
    await scene.backup();
    expect(await snapshots()).toHaveLength(1);
    expect(await scene.ask('orders:list', {})).toMatchObject([{ id, state: 'done' }]);
    expect(await scene.ask('orders:show', { id })).toMatchObject({ state: 'done' });
    expect((await scene.ask('history:list', { kinds: ['restore'] }))[0]).toMatchObject({ what: 'docs' });
    const again = await scene.engine.request('orders:putBackPreview', { id });
    if (!again.ok) expect(again.failure.kind).not.toBe('bug');
    const folders = await scene.engine.request('orders:folders', { id });
    if (!folders.ok) expect(folders.failure.kind).not.toBe('bug');
  });
});

describe('a change storm', () => {
  const notices: Failure[] = [];
  const fill = (): void => {
    for (let i = 0; i < 30; i++) put(`file-${i}`, 5_000);
  };
  beforeEach(() => {
    notices.length = 0;
    scene.engine.on('engine:notice', (failure) => notices.push(failure));
  });

  it('suspends the rules and the deletions until it is accepted', async () => {
    await scene.ask('plans:edit', { name: 'docs', retention: 'last=1' });
    fill();
    await scene.backup();
    fill();
    await scene.backup();
    expect(notices.map(({ message }) => message)).toEqual([
      'Most files of docs have changed or gone since the snapshot before.',
    ]);
    put('file-1');
    await scene.backup();
    expect(await snapshots()).toHaveLength(3);
    expect((await scene.ask('plans:show', { name: 'docs' })).storm).not.toBeNull();
    expect(await scene.prune()).toMatchObject({
      failure: { kind: 'conflict', message: expect.stringContaining('changed at once') as string },
    });
    await scene.ask('retention:acceptStorm', { plan: 'docs' });
    expect(await scene.prune()).toMatchObject({ failure: null });
    expect(await snapshots()).toHaveLength(1);
  });

  it('is seen where files are encrypted under other names', async () => {
    fill();
    await scene.backup();
    for (let i = 0; i < 30; i++) {
      rmSync(join(scene.source, `file-${i}`));
      put(`file-${i}.locked`, 5_000);
    }
    await scene.backup();
    expect(notices).toHaveLength(1);
  });

  it('is none where a folder is moved', async () => {
    mkdirSync(join(scene.source, 'old'));
    for (let i = 0; i < 30; i++) put(`old/file-${i}`, 5_000);
    await scene.backup();
    renameSync(join(scene.source, 'old'), join(scene.source, 'new'));
    await scene.backup();
    expect(notices).toEqual([]);
  });
});

describe('archives that are needed elsewhere', () => {
  it('stay for another plan that shares their chunks', async () => {
    const shared = put('shared', 2_000_000);
    await scene.backup();
    mkdirSync(scene.path('other'));
    writeFileSync(scene.path('other', 'same'), shared);
    await scene.ask('plans:add', { name: 'other', target: 'attic', sources: [scene.path('other')] });
    await scene.backup('other');
    await scene.ask('plans:edit', { name: 'docs', retention: 'last=1' });
    rmSync(join(scene.source, 'shared'));
    put('something else');
    await scene.backup();
    await scene.backup('other');
    put('something else');
    await scene.backup();
    await scene.daysLater(31);
    await scene.prune();
    await scene.restore({ plan: 'other', to: scene.path('back') });
    expect(readFileSync(scene.path('back', 'other', 'same')).equals(shared)).toBe(true);
  });

  it('stay when their plan was removed here, and go when its snapshots were to go too', async () => {
    put('a', 2_000_000);
    await scene.backup();
    mkdirSync(scene.path('other'));
    writeFileSync(scene.path('other', 'b'), randomBytes(2_000_000));
    await scene.ask('plans:add', { name: 'other', target: 'attic', sources: [scene.path('other')] });
    await scene.backup('other');
    const all = scene.archives;
    await scene.ask('plans:remove', { name: 'docs' });
    await scene.daysLater(31);
    await scene.prune();
    expect(scene.archives).toEqual(all);

    mkdirSync(scene.path('third'));
    writeFileSync(scene.path('third', 'c'), randomBytes(2_000_000));
    await scene.ask('plans:add', { name: 'third', target: 'attic', sources: [scene.path('third')] });
    await scene.backup('third');
    await scene.ask('plans:remove', { name: 'other', snapshots: 'forget' });
    writeFileSync(scene.path('third', 'd'), randomBytes(2_000_000));
    await scene.backup('third');
    await scene.prune();
    const before = scene.archives.length;
    await scene.daysLater(31);
    expect(await scene.prune()).toMatchObject({ failure: null, days: [] });
    // Its data and its manifest.
    expect(scene.archives.length).toBe(before - 2);

    await scene.close();
    const computer = new NewComputer(scene.dir);
    await computer.open();
    const target = { name: 'attic', settings: { kind: 'folder', path: scene.path('attic') } } as const;
    expect(await computer.recover(target, PASSPHRASE)).toMatchObject({ outcome: 'done' });
    expect((await computer.ask('plans:list', {})).map(({ name }) => name)).toEqual(['docs', 'third']);
    await computer.close();
  });

  it('stay while another installation may still write there', async () => {
    const ours = put('a', 1_000_000);
    await scene.backup();
    const computer = new NewComputer(scene.dir);
    await computer.open();
    const target = { name: 'attic', settings: { kind: 'folder', path: scene.path('attic') } } as const;
    await computer.recover(target, PASSPHRASE);
    mkdirSync(scene.path('elsewhere'));
    writeFileSync(scene.path('elsewhere', 'x'), randomBytes(100_000));
    // Stored already, by us.
    writeFileSync(scene.path('elsewhere', 'ours'), ours);
    await computer.ask('plans:add', { name: 'theirs', target: 'attic', sources: [scene.path('elsewhere')] });
    await computer.backup('theirs');

    await scene.ask('plans:edit', { name: 'docs', retention: 'last=1' });
    for (let i = 0; i < 3; i++) {
      put('a', 1_000_000);
      await scene.backup();
    }
    await scene.daysLater(31);
    const all = scene.archives;
    expect(await scene.prune()).toMatchObject({
      failure: {
        kind: 'conflict',
        message:
          'Another installation writes to attic too, and may rely on archives that nothing here needs any more.',
      },
    });
    expect(scene.archives).toEqual(all);

    const [theirs] = await scene.ask('writers:list', { target: 'attic' });
    expect(theirs).toMatchObject({ host: null, plans: [], retiredAt: null });
    await scene.ask('writers:retire', { target: 'attic', tag: theirs?.tag ?? '' });
    expect((await scene.ask('writers:list', { target: 'attic' }))[0]?.retiredAt).not.toBeNull();
    // What it told is still not known here.
    expect(await scene.prune()).toMatchObject({
      failure: {
        kind: 'conflict',
        message: 'attic holds a record of snapshots that this catalog does not know.',
      },
    });
    expect(scene.archives).toEqual(all);
    await computer.close();

    // Taken in, it is seen what theirs needs of ours, though nothing of ours did any more.
    const recovered = new Promise((resolve) => {
      scene.engine.on('recovery:changed', (summary) => {
        if (summary.endedAt !== null) resolve(summary);
      });
    });
    await scene.ask('recover:start', target);
    expect(await recovered).toMatchObject({ outcome: 'done', result: { filesIncomplete: 0 } });
    put('a', 1_000_000);
    await scene.backup();
    await scene.daysLater(31);
    expect(await scene.prune()).toMatchObject({ failure: null });
    expect(all.filter((name) => !scene.archives.includes(name)).length).toBeGreaterThan(0);
    await scene.restore({ plan: 'theirs', to: scene.path('back') });
    expect(readFileSync(scene.path('back', 'elsewhere', 'ours')).equals(ours)).toBe(true);
  });
});
