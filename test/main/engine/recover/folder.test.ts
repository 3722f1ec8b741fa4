import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { compareTrees } from '../../../../src/main/cli/demo/compareTrees.ts';
import { PASSPHRASE, Scene } from '../scene.ts';
import { NewComputer } from './recoverScene.ts';
import { readKit } from '../../../../src/main/engine/keys/kit.ts';
import { archivesOfKind, toldBy } from './told.ts';

let scene: Scene;
let computer: NewComputer;

beforeEach(async () => {
  scene = new Scene();
  await scene.setUp();
  computer = new NewComputer(scene.dir);
});
afterEach(async () => {
  await computer.close();
  await scene.remove();
});

const target = () => ({ name: 'attic', settings: { kind: 'folder', path: scene.path('attic') } }) as const;
const archives = (): string[] => readdirSync(scene.path('attic', 'archives'));

/** Four snapshots in which files appear, change, move, go and become something else. */
async function history(): Promise<void> {
  const at = (...names: string[]): string => join(scene.source, ...names);
  mkdirSync(at('letters', 'old'), { recursive: true });
  writeFileSync(at('letters', 'a.txt'), 'first');
  writeFileSync(at('letters', 'old', 'b.txt'), 'old one');
  writeFileSync(at('empty'), '');
  writeFileSync(at('large'), Buffer.alloc(3_000_000, 'large file '));
  symlinkSync('letters/a.txt', at('link'));
  await scene.backup();
  writeFileSync(at('letters', 'a.txt'), 'second version');
  utimesSync(at('letters', 'a.txt'), 1_600_000_000, 1_600_000_000.25);
  rmSync(at('letters', 'old'), { recursive: true });
  writeFileSync(at('letters', 'old'), 'a file now');
  await scene.backup();
  renameSync(at('large'), at('larger'));
  mkdirSync(at('deep', 'er', 'est'), { recursive: true });
  writeFileSync(at('deep', 'er', 'est', 'c'), 'deep down');
  await scene.backup();
  rmSync(at('deep'), { recursive: true });
  writeFileSync(at('new'), 'new');
  await scene.backup();
}

/** Everything of the newest snapshot, restored by the new computer, against the source. */
async function restoresAll(): Promise<void> {
  const to = scene.path('restored');
  const order = await computer.restore({ snapshot: 'latest', to });
  expect(order).toMatchObject({ state: 'done' });
  const difference = await compareTrees(scene.source, join(to, 'source'));
  expect(difference.differenceCount).toBe(0);
}

const catalogOf = (profile: string): string => join(profile, 'catalog.db');
const stored = (kind: 'data' | 'manifest' | 'catalog') => archivesOfKind(catalogOf(scene.profile), kind);

function remove(names: readonly string[]): void {
  for (const name of names) rmSync(scene.path('attic', 'archives', name));
}

function damage(name: string, at: number): void {
  const path = scene.path('attic', 'archives', name);
  const bytes = readFileSync(path);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(path, bytes);
}

async function expectEqualCatalogs(): Promise<void> {
  await computer.close();
  expect(await toldBy(catalogOf(computer.profile))).toEqual(await toldBy(catalogOf(scene.profile)));
}

describe('recovery from a folder', () => {
  it('makes an equal catalog from the catalog copy and the manifests after it, and restores everything', async () => {
    await history();
    await scene.close();
    expect(await stored('catalog')).toHaveLength(1);
    await computer.open();
    const recovered = await computer.recover(target(), PASSPHRASE);
    expect(recovered).toMatchObject({ outcome: 'done', waits: 0, failure: null });
    expect(recovered.result).toMatchObject({ plans: 1, snapshots: 4, snapshotsLost: 0, packsMissing: 0 });
    await restoresAll();
    await expectEqualCatalogs();
  });

  it('makes an equal catalog from the manifests alone', async () => {
    await history();
    await scene.close();
    remove(await stored('catalog'));
    await computer.open();
    expect(await computer.recover(target(), PASSPHRASE)).toMatchObject({ outcome: 'done' });
    await restoresAll();
    await expectEqualCatalogs();
  });

  it('takes the manifests where the copy is damaged', async () => {
    await history();
    await scene.close();
    damage((await stored('catalog'))[0] ?? '', 5000);
    await computer.open();
    const recovered = await computer.recover(target(), PASSPHRASE);
    expect(recovered).toMatchObject({ outcome: 'done', result: { snapshots: 4 } });
    await restoresAll();
  });

  it('asks the packs themselves for what no manifest tells that is left', async () => {
    writeFileSync(join(scene.source, 'a'), 'the content that both plans have');
    await scene.backup();
    const twin = scene.path('twin');
    mkdirSync(twin);
    cpSync(join(scene.source, 'a'), join(twin, 'b'), { preserveTimestamps: true });
    await scene.ask('plans:add', { name: 'twin', target: 'attic', sources: [twin] });
    await scene.backup('twin');
    await scene.close();
    remove([...(await stored('catalog')), ...(await stored('manifest')).slice(0, 1)]);
    await computer.open();
    const recovered = await computer.recover(target(), PASSPHRASE);
    expect(recovered.result).toMatchObject({ plans: 1, snapshots: 1, packs: 1, filesIncomplete: 0 });
    const to = scene.path('restored');
    expect(await computer.restore({ snapshot: 'latest', to })).toMatchObject({ state: 'done' });
    expect((await compareTrees(twin, join(to, 'twin'))).differenceCount).toBe(0);
  });

  it('knows the packs again where no record is left at all, and says that no snapshot is', async () => {
    await history();
    await scene.close();
    remove([...(await stored('catalog')), ...(await stored('manifest'))]);
    const dataBefore = (await stored('data')).length;
    await computer.open();
    const recovered = await computer.recover(target(), PASSPHRASE);
    expect(recovered).toMatchObject({ outcome: 'problems', result: { snapshots: 0, packs: dataBefore } });
    await computer.ask('plans:add', { name: 'again', target: 'attic', sources: [scene.source] });
    const run = await computer.backup('again');
    expect(run).toMatchObject({ state: 'done' });
    const [snapshot] = await computer.ask('snapshots:list', {});
    expect(snapshot).toMatchObject({ newBytes: 0 });
    await restoresAll();
  });

  it('brings back the snapshots that can be put together, and says how many cannot', async () => {
    await history();
    await scene.close();
    remove([...(await stored('catalog')), ...(await stored('manifest')).slice(1, 2)]);
    await computer.open();
    const recovered = await computer.recover(target(), PASSPHRASE);
    // The second is lost, the third builds on it, and the fourth lists everything.
    expect(recovered).toMatchObject({ outcome: 'problems', result: { snapshots: 2, snapshotsLost: 1 } });
  });

  it('finds out which packs are missing, and restores the files that are not in them', async () => {
    writeFileSync(join(scene.source, 'a'), 'stays');
    await scene.backup();
    writeFileSync(join(scene.source, 'b'), 'gets lost');
    await scene.backup();
    await scene.close();
    remove((await stored('data')).slice(1));
    await computer.open();
    const recovered = await computer.recover(target(), PASSPHRASE);
    expect(recovered).toMatchObject({ outcome: 'problems', result: { packsMissing: 1, snapshots: 2 } });
    const to = scene.path('restored');
    await computer.restore({ snapshot: 'latest', to });
    expect(readFileSync(join(to, 'source', 'a'), 'utf8')).toBe('stays');
    expect(existsSync(join(to, 'source', 'b'))).toBe(false);
  });

  it('leaves archives of others and half an upload alone', async () => {
    await history();
    await scene.close();
    const folder = scene.path('attic', 'archives');
    writeFileSync(join(folder, 'holiday.tar~0123abcd'), 'of another program');
    writeFileSync(join(folder, `a1.${'ab'.repeat(16)}.AAAA~0123abcd`), 'not ours');
    const before = archives().sort();
    await computer.open();
    expect(await computer.recover(target(), PASSPHRASE)).toMatchObject({
      outcome: 'done',
      listing: { foreign: 2 },
    });
    expect(archives().sort()).toEqual(before);
  });

  it('goes on with the passphrase that is right, however many were not', async () => {
    await history();
    await scene.close();
    await computer.open();
    const locked = await computer.settled(() => computer.ask('recover:start', target()));
    expect(locked).toMatchObject({ step: 'locked', browsable: false });
    for (const wrong of ['wrong', 'a passphrase for test', '']) {
      expect(await computer.refusal('profile:unlock', { passphrase: wrong })).toMatchObject({
        kind: 'wrong-passphrase',
      });
    }
    await computer.ask('profile:unlock', { passphrase: PASSPHRASE });
    expect(await computer.settled(() => computer.ask('recover:resume', {}))).toMatchObject({
      outcome: 'done',
    });
  });

  it('opens with the newest key slots whose passphrase it is, and goes back to older ones', async () => {
    await history();
    await scene.ask('keys:changePassphrase', { current: PASSPHRASE, passphrase: 'another passphrase' });
    await scene.backup();
    await scene.close();
    for (const [i, secret] of ['another passphrase', PASSPHRASE].entries()) {
      const one = new NewComputer(scene.dir, `computer-${i}`);
      await one.open();
      expect(await one.recover(target(), secret)).toMatchObject({ outcome: 'done' });
      await one.close();
    }
  });

  it('needs nothing but the saved kit, and takes over the key slots of the target', async () => {
    await history();
    const { text } = await scene.ask('kit:page', {});
    const code = readKit(text).code ?? '';
    await scene.close();
    await computer.open();
    const recovered = await computer.recover({ ...target(), kit: text }, code);
    expect(recovered).toMatchObject({ outcome: 'done', result: { snapshots: 4 } });
    await restoresAll();
    expect(await computer.ask('profile:status', {})).toMatchObject({ state: 'open', kitProven: true });
    expect(readKit((await computer.ask('kit:page', {})).text).code).toBe(code);
    await computer.close();
    await computer.open();
    await computer.ask('profile:unlock', { passphrase: PASSPHRASE });
  });

  it('needs nothing but the code of the kit, as it is typed from paper', async () => {
    await history();
    const code = readKit((await scene.ask('kit:page', {})).text).code ?? '';
    await scene.close();
    await computer.open();
    const typed = code.toLowerCase().replaceAll('-', ' ');
    expect(await computer.recover(target(), typed)).toMatchObject({ outcome: 'done' });
    await restoresAll();
  });

  it('refuses an empty folder, one without archives of ours, and what is no kit', async () => {
    mkdirSync(scene.path('empty', 'archives'), { recursive: true });
    await computer.open();
    const elsewhere = { name: 'x', settings: { kind: 'folder', path: scene.path('nowhere') } } as const;
    expect(await computer.refusal('recover:start', elsewhere)).toMatchObject({ kind: 'not-found' });
    expect(await computer.refusal('recover:start', { ...target(), kit: 'shopping list' })).toMatchObject({
      kind: 'invalid',
    });
    const empty = { name: 'y', settings: { kind: 'folder', path: scene.path('empty') } } as const;
    const stopped = await computer.settled(() => computer.ask('recover:start', empty));
    expect(stopped.failure).toMatchObject({ kind: 'not-found' });
    expect(await computer.ask('recover:cancel', {})).toMatchObject({ outcome: 'cancelled' });
  });

  it('tells every key epoch there was', async () => {
    await history();
    await scene.ask('keys:renew', { current: PASSPHRASE });
    writeFileSync(join(scene.source, 'later'), 'sealed with the new key');
    await scene.backup();
    await scene.close();
    await computer.open();
    expect(await computer.recover(target(), PASSPHRASE)).toMatchObject({ outcome: 'done' });
    await restoresAll();
    await expectEqualCatalogs();
  });
});
