import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ErrandSummary } from '../../../../src/shared/archiveTypes.ts';
import { VaultScene } from './vaultScene.ts';

const MIB = 1024 * 1024;

let scene: VaultScene;
beforeEach(async () => {
  scene = new VaultScene();
  await scene.begin();
});
afterEach(async () => {
  await scene.remove();
});

/** Asks for an archive and waits until the service has been asked. */
async function ask(
  archive: string,
  to: string,
  range?: { first: number; end: number },
): Promise<ErrandSummary> {
  const asked = { ...scene.at, archive, to, accept: true, ...(range !== undefined && { range }) } as const;
  const errand = await scene.ask('downloads:start', asked);
  return scene.until(errand.id, ({ step, failure }) => step === 'waiting' || failure !== null);
}

async function bring(archive: string, to: string, range?: { first: number; end: number }) {
  const errand = await ask(archive, to, range);
  await scene.later(6);
  return scene.through(errand);
}

describe('an archive', () => {
  it('comes back byte for byte, verified as a whole', async () => {
    const bytes = randomBytes(17 * MIB + 3);
    const preview = await scene.ask('uploads:preview', { ...scene.at, path: scene.file('big', bytes) });
    expect(preview).toMatchObject({ bytes: bytes.length });
    expect(preview.estimate.usd).toBeGreaterThan(0);
    const archive = await scene.store('big', bytes);
    const before = await scene.ask('downloads:preview', { ...scene.at, archive });
    expect(before).toMatchObject({ archiveBytes: null, bytes: null, isVerifiable: null });

    const errand = await bring(archive, scene.path('back'));
    expect(errand).toMatchObject({ outcome: 'done', verified: 'whole', done: bytes.length });
    expect(readFileSync(scene.path('back')).equals(bytes)).toBe(true);
    expect(readdirSync(scene.dir).filter((name) => name.startsWith('.permafrost'))).toEqual([]);
  });

  it('can be had in part, verified where the part is a node of its tree', async () => {
    const bytes = randomBytes(5 * MIB + 7);
    const archive = await scene.store('parts', bytes);
    await scene.readInventory();
    const priced = await scene.ask('downloads:preview', {
      ...scene.at,
      archive,
      range: { first: 4 * MIB, end: bytes.length },
    });
    expect(priced).toMatchObject({
      archiveBytes: bytes.length,
      bytes: MIB + 7,
      isVerifiable: true,
      name: 'parts',
    });
    const tail = await bring(archive, scene.path('tail'), { first: 4 * MIB, end: bytes.length });
    expect(tail).toMatchObject({ outcome: 'done', verified: 'whole' });
    expect(readFileSync(scene.path('tail')).equals(bytes.subarray(4 * MIB))).toBe(true);
    const middle = await bring(archive, scene.path('middle'), { first: MIB, end: 3 * MIB });
    expect(middle).toMatchObject({ outcome: 'done', verified: 'nothing' });
    expect(readFileSync(scene.path('middle')).equals(bytes.subarray(MIB, 3 * MIB))).toBe(true);
    for (const range of [
      { first: 1, end: MIB },
      { first: 0, end: MIB + 1 },
      { first: 0, end: 9 * MIB },
    ]) {
      expect(await scene.refusal('downloads:preview', { ...scene.at, archive, range })).toMatchObject({
        kind: 'invalid',
      });
    }
  });

  it('is retrieved and paid once, however many ask for it and whatever ends meanwhile', async () => {
    const bytes = randomBytes(2 * MIB);
    const archive = await scene.store('once', bytes);
    const [one, same, other] = await Promise.all([
      scene.ask('downloads:start', { ...scene.at, archive, to: scene.path('one'), accept: true }),
      scene.ask('downloads:start', { ...scene.at, archive, to: scene.path('one'), accept: true }),
      scene.ask('downloads:start', { ...scene.at, archive, to: scene.path('other'), accept: true }),
    ]);
    expect(same.id).toBe(one.id);
    await scene.reopen();
    await scene.ask('errands:resume', {});
    await scene.until(one.id, ({ step }) => step === 'waiting');
    await scene.until(other.id, ({ step }) => step === 'waiting');
    await scene.later(6);
    expect(await scene.through(one)).toMatchObject({ outcome: 'done' });
    expect(await scene.through(other)).toMatchObject({ outcome: 'done' });
    // Its output can still be read: nothing is retrieved for a third.
    const third = await scene.ask('downloads:start', {
      ...scene.at,
      archive,
      to: scene.path('third'),
      accept: true,
    });
    expect(await scene.through(third)).toMatchObject({ outcome: 'done' });
    expect(await scene.ask('jobs:list', scene.at)).toHaveLength(1);
    for (const name of ['one', 'other', 'third'])
      expect(readFileSync(scene.path(name)).equals(bytes)).toBe(true);
  });

  it('that expired is paid again only when a person says so', async () => {
    const archive = await scene.store('late');
    const errand = await ask(archive, scene.path('late'));
    await scene.later(60);
    expect(await scene.through(errand)).toMatchObject({ endedAt: null, failure: { kind: 'changed' } });
    expect(await scene.ask('jobs:list', scene.at)).toHaveLength(0);
    await scene.ask('errands:resume', { kind: 'download' });
    expect(await scene.ask('errands:show', { id: errand.id })).toMatchObject({
      paidAgain: true,
      failure: { kind: 'changed' },
    });
    expect(await scene.refusal('errands:resume', { id: errand.id })).toMatchObject({ kind: 'conflict' });
    const [again] = await scene.ask('errands:resume', { id: errand.id, accept: true });
    expect(again).toMatchObject({ paidAgain: false, failure: null });
    await scene.until(errand.id, ({ step, failure }) => step === 'waiting' && failure === null);
    while ((await scene.ask('jobs:list', scene.at)).length === 0);
    await scene.later(6);
    expect(await scene.through(errand)).toMatchObject({ outcome: 'done' });
    expect(readFileSync(scene.path('late'), 'utf8')).toBe('late');
  });

  it('never takes the place of a file', async () => {
    const archive = await scene.store('new');
    const there = scene.file('there', 'old');
    expect(
      await scene.refusal('downloads:start', { ...scene.at, archive, to: there, accept: true }),
    ).toMatchObject({
      kind: 'conflict',
    });
    const errand = await ask(archive, scene.path('later'));
    scene.file('later', 'in the way');
    await scene.later(6);
    expect(await scene.through(errand)).toMatchObject({ endedAt: null, failure: { kind: 'conflict' } });
    expect(readFileSync(scene.path('later'), 'utf8')).toBe('in the way');
    await scene.ask('errands:cancel', { id: errand.id.slice(0, 8) });
    expect(readdirSync(scene.dir).filter((name) => name.startsWith('.permafrost'))).toEqual([]);
    expect(await scene.refusal('errands:cancel', { id: errand.id })).toMatchObject({ kind: 'conflict' });
  });

  it('into a folder that is not there is refused before anything is asked for', async () => {
    const archive = await scene.store('a', Buffer.from('a'));
    const to = scene.path('no such folder', 'back');
    expect(await scene.refusal('downloads:start', { ...scene.at, archive, to, accept: true })).toMatchObject({
      kind: 'not-found',
      safe: 'Nothing was asked of the service.',
    });
    // What was stored before is all there is.
    expect((await scene.ask('errands:list', {})).map(({ kind }) => kind)).toEqual(['upload']);
  });

  it('that is not there is not had', async () => {
    const errand = await ask(`-${'x'.repeat(137)}`, scene.path('nothing'));
    expect(errand).toMatchObject({ outcome: 'failed', failure: { kind: 'not-found' } });
    expect(existsSync(scene.path('nothing'))).toBe(false);
  });
});

describe('a file', () => {
  it('that is empty, missing or a folder is refused before anything is asked', async () => {
    const refused = async (path: string) =>
      (await scene.refusal('uploads:start', { ...scene.at, path, accept: true })).kind;
    expect(await refused(scene.file('empty', ''))).toBe('invalid');
    expect(await refused(scene.path('missing'))).toBe('not-found');
    expect(await refused(scene.dir)).toBe('invalid');
    expect(await refused('relative')).toBe('invalid');
    expect(await scene.ask('errands:list', {})).toEqual([]);
  });

  it('may have a description of its own, of letters that a vault takes', async () => {
    const path = scene.file('a', 'a');
    for (const description of ['ü', 'two  spaces', ' before', 'x'.repeat(1025)]) {
      const asked = { ...scene.at, path, description };
      expect(await scene.refusal('uploads:preview', asked)).toMatchObject({ kind: 'invalid' });
    }
  });
});
