/** Several installations at one target: recovered ones, copied ones, and those whose catalog got lost. */
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { compareTrees } from '../../../../src/main/cli/demo/compareTrees.ts';
import { PASSPHRASE, Scene } from '../scene.ts';
import { NewComputer } from './recoverScene.ts';

let scene: Scene;
const computers: NewComputer[] = [];

beforeEach(async () => {
  scene = new Scene();
  await scene.setUp();
  writeFileSync(join(scene.source, 'a'), 'from the first computer');
  await scene.backup();
});
afterEach(async () => {
  for (const computer of computers.splice(0)) await computer.close();
  await scene.remove();
});

function computer(name: string): NewComputer {
  const one = new NewComputer(scene.dir, name);
  computers.push(one);
  return one;
}

const target = () => ({ name: 'attic', settings: { kind: 'folder', path: scene.path('attic') } }) as const;
const archives = (): readonly string[] => readdirSync(scene.path('attic', 'archives')).sort();
const idOf = (profile: string): string => readFileSync(join(profile, 'writer'), 'utf8').slice(0, 32);

async function restored(by: NewComputer, plan: string, like: string, under: string): Promise<void> {
  const to = scene.path(`restored ${by.profile.length} ${plan} ${Math.random()}`);
  expect(await by.restore({ snapshot: 'latest', plan, to })).toMatchObject({ state: 'done' });
  expect((await compareTrees(like, join(to, under))).differenceCount).toBe(0);
}

describe('two computers at one target', () => {
  it('keeps the plans of the other to restore from, and backs up beside it', async () => {
    const second = computer('second');
    await second.open();
    expect(await second.recover(target(), PASSPHRASE)).toMatchObject({ outcome: 'done' });
    expect(await second.ask('plans:list', {})).toMatchObject([
      { name: 'docs', belongsTo: expect.any(String) as string },
    ]);
    expect(await second.refusal('backup:start', { plan: 'docs' })).toMatchObject({ kind: 'conflict' });
    const own = scene.path('own');
    mkdirSync(own);
    cpSync(join(scene.source, 'a'), join(own, 'same content'), { preserveTimestamps: true });
    await second.ask('plans:add', { name: 'own', target: 'attic', sources: [own] });
    expect(await second.backup('own')).toMatchObject({ state: 'done' });
    const [, snapshot] = await second.ask('snapshots:list', {});
    expect(snapshot).toMatchObject({ newBytes: 0 });

    // The first goes on as if it were alone.
    writeFileSync(join(scene.source, 'b'), 'later');
    const before = archives();
    expect(await scene.backup()).toMatchObject({ state: 'done' });
    expect(archives()).toEqual(expect.arrayContaining([...before]));

    const third = computer('third');
    await third.open();
    expect(await third.recover(target(), PASSPHRASE)).toMatchObject({
      outcome: 'done',
      result: { plans: 2, snapshots: 3 },
    });
    await restored(third, 'docs', scene.source, 'source');
    await restored(third, 'own', own, 'own');
  });

  it('goes on with a plan of the other when it is taken over, without storing again what is stored', async () => {
    const second = computer('second');
    await second.open();
    await second.recover(target(), PASSPHRASE);
    const moved = scene.path('moved');
    mkdirSync(moved);
    cpSync(join(scene.source, 'a'), join(moved, 'a'), { preserveTimestamps: true });
    await second.ask('plans:takeOver', { name: 'docs', sources: [moved] });
    expect(await second.refusal('plans:takeOver', { name: 'docs' })).toMatchObject({ kind: 'conflict' });
    expect(await second.backup('docs')).toMatchObject({ state: 'done' });
    const snapshots = await second.ask('snapshots:list', { plan: 'docs' });
    expect(snapshots.map(({ newBytes }) => newBytes)).toEqual([23, 0]);
    await restored(second, 'docs', moved, 'moved');
    // Whoever comes later finds both: what the first has told, and what the second tells.
    const third = computer('third');
    await third.open();
    expect(await third.recover(target(), PASSPHRASE)).toMatchObject({
      outcome: 'done',
      result: { plans: 2, snapshots: 2 },
    });
    const names = (await third.ask('plans:list', {})).map(({ name }) => name).sort();
    expect(names[0]).toBe('docs');
    expect(names[1]).toMatch(/^docs of .+$/);
    await restored(third, names[0] ?? '', scene.source, 'source');
    await restored(third, names[1] ?? '', moved, 'moved');
  });

  it('does not back up to a target of which not everything is known yet', async () => {
    const second = computer('second');
    await second.open();
    await second.settled(() => second.ask('recover:start', target()));
    await second.ask('profile:unlock', { passphrase: PASSPHRASE });
    await second.ask('plans:add', { name: 'own', target: 'attic', sources: [scene.source] });
    expect(await second.refusal('backup:start', { plan: 'own' })).toMatchObject({ kind: 'conflict' });
    await second.settled(() => second.ask('recover:resume', {}));
    expect(await second.backup('own')).toMatchObject({ state: 'done' });
  });
});

describe('a profile that is in use', () => {
  it('finds what another of its targets holds, beside what it knows', async () => {
    await scene.ask('targets:add', {
      name: 'cellar',
      settings: { kind: 'folder', path: scene.path('cellar'), create: true, packMiB: 4 },
    });
    await scene.ask('plans:add', { name: 'again', target: 'cellar', sources: [scene.source] });
    await scene.backup('again');
    writeFileSync(join(scene.source, 'b'), 'second');
    await scene.backup('again');
    await scene.close();
    const second = computer('second');
    await second.open();
    await second.recover(target(), PASSPHRASE);
    const cellar = { name: 'cellar', settings: { kind: 'folder', path: scene.path('cellar') } } as const;
    expect(await second.settled(() => second.ask('recover:start', cellar))).toMatchObject({
      outcome: 'done',
      result: { plans: 1, snapshots: 2 },
    });
    await restored(second, 'again', scene.source, 'source');
    expect(await second.ask('plans:list', {})).toHaveLength(2);
    // Once more finds nothing new and changes nothing.
    expect(await second.settled(() => second.ask('recover:start', cellar))).toMatchObject({
      outcome: 'done',
      result: { plans: 1, snapshots: 2 },
    });
  });
});

describe('a copied profile', () => {
  it('is noticed, gets an id of its own, and neither harms the other', async () => {
    await scene.close();
    const twin = computer('twin');
    cpSync(scene.profile, twin.profile, { recursive: true, preserveTimestamps: true });
    await twin.open();
    await twin.ask('profile:unlock', { passphrase: PASSPHRASE });
    await scene.open();
    await scene.ask('profile:unlock', { passphrase: PASSPHRASE });
    expect(idOf(twin.profile)).not.toBe(idOf(scene.profile));
    writeFileSync(join(scene.source, 'b'), 'seen by both');
    expect(await twin.backup('docs')).toMatchObject({ state: 'done' });
    writeFileSync(join(scene.source, 'c'), 'seen by the first alone');
    expect(await scene.backup()).toMatchObject({ state: 'done' });
    expect(await twin.ask('plans:list', {})).toMatchObject([{ snapshots: 2, belongsTo: null }]);
    await scene.close();
    await twin.close();

    const third = computer('third');
    await third.open();
    const recovered = await third.recover(target(), PASSPHRASE);
    expect(recovered).toMatchObject({
      outcome: 'done',
      result: { plans: 2, snapshots: 3, filesIncomplete: 0 },
    });
    await restored(third, 'docs', scene.source, 'source');
    // A profile that is opened where it is keeps its id.
    const before = idOf(twin.profile);
    await twin.open();
    expect(idOf(twin.profile)).toBe(before);
  });
});

describe('a catalog that is lost', () => {
  it.each(['deleted', 'damaged'] as const)(
    '(%s) is made anew in the same profile, whose plans go on',
    async (how) => {
      writeFileSync(join(scene.source, 'b'), 'second');
      await scene.backup();
      await scene.close();
      const catalog = join(scene.profile, 'catalog.db');
      if (how === 'deleted') for (const part of ['', '-wal', '-shm']) rmSync(catalog + part, { force: true });
      else truncateSync(catalog, 5000);
      await expect(scene.open()).rejects.toMatchObject({ kind: how === 'deleted' ? 'not-found' : 'corrupt' });

      const same = computer('same');
      rmSync(same.profile, { recursive: true });
      cpSync(scene.profile, same.profile, { recursive: true });
      await same.open({ rebuild: true });
      await same.ask('profile:unlock', { passphrase: PASSPHRASE });
      expect(await same.settled(() => same.ask('recover:start', target()))).toMatchObject({
        outcome: 'done',
        result: { snapshots: 2 },
      });
      expect(existsSync(join(same.profile, 'catalog.db'))).toBe(true);
      const kept = readdirSync(same.profile).filter((name) => name.includes('.damaged-'));
      expect(kept.length > 0).toBe(how === 'damaged');
      expect(await same.ask('plans:list', {})).toMatchObject([
        { name: 'docs', belongsTo: null, snapshots: 2 },
      ]);
      writeFileSync(join(scene.source, 'c'), 'third');
      expect(await same.backup('docs')).toMatchObject({ state: 'done' });
      await restored(same, 'docs', scene.source, 'source');
      await same.close();
      // And is an ordinary profile from then on.
      await same.open();
      await same.ask('profile:unlock', { passphrase: PASSPHRASE });
      expect(await same.backup('docs')).toMatchObject({ changed: false });
    },
  );
});
