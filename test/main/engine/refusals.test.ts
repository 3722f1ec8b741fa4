/** What people get wrong, and what goes wrong around them: one clear sentence each, and nothing left half done. */
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openCatalog } from '../../../src/main/engine/catalog/catalog.ts';
import { untoldPacks } from '../../../src/main/engine/catalog/packs.ts';
import { findTarget } from '../../../src/main/engine/catalog/targets.ts';
import { openEngine } from '../../../src/main/engine/engine.ts';
import { startSimulator, type Simulator } from '../../../src/main/simulator/simulator.ts';
import { PASSPHRASE, Scene } from './scene.ts';

let scene: Scene;
let simulator: Simulator | null = null;
beforeEach(() => {
  scene = new Scene();
});
afterEach(async () => {
  await scene.close();
  await simulator?.close();
  simulator = null;
  await scene.remove();
});

async function vault(more: { secret?: string; create?: boolean } = {}) {
  simulator = await startSimulator({ dir: scene.path('simulator'), durability: 'none' });
  process.env.AWS_ACCESS_KEY_ID = simulator.accessKeyId;
  process.env.AWS_SECRET_ACCESS_KEY = more.secret ?? simulator.secretAccessKey;
  return {
    kind: 'vault',
    vault: 'photos',
    region: simulator.region,
    endpoint: simulator.url,
    create: more.create ?? true,
    packMiB: 4,
  } as const;
}

/** Root may read everything: with its rights put aside, nothing of that. */
async function asNobody(act: () => Promise<void>): Promise<void> {
  if (process.geteuid?.() !== 0) return act();
  const nobody = 65_534;
  chownSync(scene.dir, nobody, nobody);
  chownSync(scene.source, nobody, nobody);
  process.seteuid?.(nobody);
  try {
    await act();
    await scene.close();
  } finally {
    process.seteuid?.(0);
  }
}

describe('refusals', () => {
  it('of a wrong passphrase come again and again, and the right one still opens', async () => {
    await scene.setUp();
    await scene.close();
    await scene.open();
    expect(await scene.refusal('backup:start', { plan: 'docs' })).toMatchObject({ kind: 'locked' });
    for (const passphrase of ['', 'wrong', `${PASSPHRASE} `]) {
      expect(await scene.refusal('profile:unlock', { passphrase })).toMatchObject({
        kind: 'wrong-passphrase',
      });
    }
    expect(await scene.ask('profile:unlock', { passphrase: PASSPHRASE })).toMatchObject({ state: 'open' });
  });

  it('of a passphrase that is none leave no keys behind', async () => {
    await scene.open();
    for (const passphrase of ['', 'short', 'aaaaaaaaaaaa']) {
      expect(await scene.refusal('profile:init', { passphrase })).toMatchObject({ kind: 'invalid' });
    }
    expect(await scene.ask('profile:status', {})).toMatchObject({ state: 'new' });
  });

  it('of sources that are missing, no folders, inside the profile, or in each other', async () => {
    await scene.setUp();
    const add = (...sources: string[]) =>
      scene.refusal('plans:add', { name: 'other', target: 'attic', sources });
    expect(await add(scene.path('nowhere'))).toMatchObject({ kind: 'not-found' });
    writeFileSync(scene.path('file'), '');
    expect(await add(scene.path('file'))).toMatchObject({ kind: 'invalid' });
    expect(await add(scene.profile)).toMatchObject({ kind: 'invalid' });
    expect(await add(join(scene.profile, 'staging'))).toMatchObject({ kind: 'invalid' });
    mkdirSync(join(scene.source, 'inner'));
    expect(await add(scene.source, join(scene.source, 'inner'))).toMatchObject({ kind: 'invalid' });
    expect(await add('relative')).toMatchObject({ kind: 'invalid' });
    expect(await scene.ask('plans:list', {})).toHaveLength(1);
  });

  it('of a source that has gone, or is suddenly empty, record nothing as deleted', async () => {
    writeFileSync(join(scene.source, 'a'), 'a');
    await scene.setUp();
    const first = await scene.backup();
    rmSync(join(scene.source, 'a'));
    expect(await scene.backup()).toMatchObject({ state: 'failed', failure: { kind: 'changed' } });
    rmSync(scene.source, { recursive: true });
    expect(await scene.backup()).toMatchObject({ state: 'failed', failure: { kind: 'not-found' } });
    expect((await scene.ask('snapshots:list', {})).map(({ id }) => id)).toEqual([first.snapshot]);
    mkdirSync(scene.source);
    expect(await scene.backup('docs', { acceptEmptySource: true })).toMatchObject({
      state: 'done',
      changed: true,
    });
  });

  it('of one source among several are a problem: the others are saved, and nothing of it is lost', async () => {
    const sources = ['source', 'disk'].map((name) => scene.path(name));
    const [here = '', disk = ''] = sources;
    mkdirSync(disk);
    writeFileSync(join(disk, 'photo'), 'photo');
    writeFileSync(join(here, 'a'), 'a');
    await scene.open();
    await scene.ask('profile:init', { passphrase: PASSPHRASE });
    await scene.ask('targets:add', { name: 'attic', settings: scene.folderTarget() });
    await scene.ask('plans:add', { name: 'docs', target: 'attic', sources });
    expect(await scene.backup()).toMatchObject({ state: 'done' });

    renameSync(disk, scene.path('unplugged'));
    writeFileSync(join(here, 'b'), 'b');
    const without = await scene.backup();
    expect(without).toMatchObject({ state: 'problems', changed: true, counts: { problems: 1, gone: 0 } });
    const [problem] = await scene.ask('runs:problems', { run: without.id });
    expect(problem).toMatchObject({ path: disk, kind: 'unreadable' });
    const photo = { snapshot: 'latest', at: { text: disk } } as const;
    expect((await scene.ask('entries:list', photo)).entries.map(({ name }) => name)).toEqual(['photo']);
    const [latest] = (await scene.ask('snapshots:list', {})).slice(-1);
    expect(latest).toMatchObject({ files: 3, folders: 2, bytes: 7 });

    mkdirSync(disk);
    writeFileSync(join(here, 'c'), 'c');
    const emptied = await scene.backup();
    expect(emptied).toMatchObject({ state: 'problems', changed: true, counts: { problems: 1, gone: 0 } });
    expect((await scene.ask('entries:list', photo)).entries).toHaveLength(1);
    expect(await scene.backup('docs', { acceptEmptySource: true })).toMatchObject({ state: 'done' });
    expect((await scene.ask('entries:list', photo)).entries).toHaveLength(0);
  });

  it('of a source that could never be read make no snapshot', async () => {
    await asNobody(async () => {
      writeFileSync(join(scene.source, 'a'), 'a');
      await scene.setUp();
      chmodSync(scene.source, 0);
      expect(await scene.backup()).toMatchObject({ state: 'failed', failure: { kind: 'unreadable' } });
      chmodSync(scene.source, 0o700);
      expect(await scene.ask('snapshots:list', {})).toEqual([]);
    });
  });

  it('of a second target in the same place, and of a source where the archives go', async () => {
    await scene.setUp();
    const again = await scene.refusal('targets:add', { name: 'attic 2', settings: scene.folderTarget() });
    expect(again).toMatchObject({ kind: 'conflict', message: expect.stringContaining('attic') as string });
    const plan = { name: 'archives', target: 'attic', sources: [scene.path('attic')] };
    expect(await scene.refusal('plans:add', plan)).toMatchObject({ kind: 'invalid' });
    const odd = { ...scene.folderTarget(), path: scene.path('odd'), packMiB: 7 } as const;
    expect(await scene.refusal('targets:add', { name: 'odd', settings: odd })).toMatchObject({
      kind: 'invalid',
      message: 'The size of a pack is a power of two from 4 to 4096 MiB.',
    });
  });

  it('of unknown snapshots, plans, targets and paths name them', async () => {
    writeFileSync(join(scene.source, 'a'), 'a');
    await scene.setUp();
    expect(await scene.refusal('restore:preview', { snapshot: 'latest' })).toMatchObject({
      kind: 'not-found',
    });
    await scene.backup();
    const refused = await scene.refusal('restore:preview', { snapshot: 'abcdef' });
    expect(refused).toMatchObject({
      kind: 'not-found',
      message: expect.stringContaining('abcdef') as string,
    });
    expect(
      await scene.refusal('restore:preview', { snapshot: 'latest', paths: [{ text: 'b' }] }),
    ).toMatchObject({
      kind: 'not-found',
    });
    expect(await scene.refusal('backup:start', { plan: 'nope' })).toMatchObject({ kind: 'not-found' });
    expect(await scene.refusal('targets:show', { name: 'nope' })).toMatchObject({ kind: 'not-found' });
    expect(await scene.refusal('targets:remove', { name: 'attic' })).toMatchObject({ kind: 'conflict' });
  });

  it('of a restore folder that holds something, or lies in the profile, come before anything is ordered', async () => {
    writeFileSync(join(scene.source, 'a'), 'a');
    await scene.setUp();
    await scene.backup();
    const to = (folder: string) => scene.refusal('restore:order', { snapshot: 'latest', to: folder });
    expect(await to(scene.source)).toMatchObject({ kind: 'conflict' });
    expect(await to(join(scene.source, 'a'))).toMatchObject({ kind: 'conflict' });
    expect(await to(join(scene.profile, 'out'))).toMatchObject({ kind: 'invalid' });
    expect(await scene.ask('orders:list', {})).toEqual([]);
    expect(readdirSync(scene.source)).toEqual(['a']);
  });

  it('of a second engine on the same profile say who has it', async () => {
    await scene.setUp();
    const second = openEngine({ profile: scene.profile, host: 'second' });
    await expect(second).rejects.toMatchObject({
      kind: 'busy',
      message: expect.stringContaining(String(process.pid)) as string,
    });
  });

  it('of a profile that has lost its catalog do not begin from nothing', async () => {
    await scene.setUp();
    await scene.close();
    for (const name of readdirSync(scene.profile)) {
      if (name.startsWith('catalog.db')) rmSync(join(scene.profile, name));
    }
    await expect(scene.open()).rejects.toMatchObject({ kind: 'not-found' });
    expect(existsSync(join(scene.profile, 'catalog.db'))).toBe(false);
  });

  it('of making keys twice at once, or anew over what is stored, keep the first', async () => {
    await scene.open();
    const both = ['one passphrase', 'another passphrase'].map((passphrase) =>
      scene.engine.request('profile:init', { passphrase }),
    );
    const replies = await Promise.all(both);
    expect(replies.map(({ ok }) => ok)).toEqual([true, false]);
    await scene.ask('targets:add', { name: 'attic', settings: scene.folderTarget() });
    await scene.ask('plans:add', { name: 'docs', target: 'attic', sources: [scene.source] });
    await scene.backup();
    await scene.close();
    rmSync(join(scene.profile, 'keys.json'));
    await scene.open();
    expect(await scene.refusal('profile:init', { passphrase: PASSPHRASE })).toMatchObject({
      kind: 'conflict',
    });
    expect(existsSync(join(scene.profile, 'keys.json'))).toBe(false);
  });

  it('of unreadable files are problems, and the rest is saved', async () => {
    await asNobody(async () => {
      writeFileSync(join(scene.source, 'secret'), 'x');
      writeFileSync(join(scene.source, 'open'), 'x');
      mkdirSync(join(scene.source, 'shut'));
      writeFileSync(join(scene.source, 'shut', 'inside'), 'x');
      await scene.setUp();
      await scene.backup();
      chmodSync(join(scene.source, 'secret'), 0);
      chmodSync(join(scene.source, 'shut'), 0);
      const run = await scene.backup();
      expect(run).toMatchObject({ state: 'problems', counts: { problems: 2, gone: 0 } });
      const problems = await scene.ask('runs:problems', { run: run.id });
      expect(problems.map(({ path, kind }) => [path, kind]).sort()).toEqual([
        [join(scene.source, 'secret'), 'unreadable'],
        [join(scene.source, 'shut'), 'unreadable'],
      ]);
      const { entries } = await scene.ask('entries:list', { snapshot: 'latest', at: { text: 'shut' } });
      expect(entries.map(({ name }) => name)).toEqual(['inside']);
      chmodSync(join(scene.source, 'shut'), 0o700);
    });
  });

  it('of nonsense from outside do nothing', async () => {
    await scene.setUp();
    for (const [name, input] of [
      ['nothing', {}],
      ['plans:add', {}],
      ['plans:add', { name: '../x', target: 'attic', sources: ['/'] }],
      ['plans:list', { extra: 1 }],
      ['entries:list', { snapshot: 'x; drop table' }],
      ['targets:add', { name: 'v', settings: { kind: 'vault', vault: '..', region: 'eu-central-1' } }],
      ['__proto__', {}],
      ['plans:list', null],
      // Found by fuzzing: the parser itself stumbles over it.
      ['plans:show', { name: { length: { toString: 'no' } } }],
    ] as const) {
      expect(await scene.engine.dispatch(name, input)).toMatchObject({
        ok: false,
        failure: { kind: 'invalid' },
      });
    }
  });
});

describe('refusals of a vault', () => {
  it('that does not exist offer to make it', async () => {
    await scene.open();
    const settings = await vault({ create: false });
    const refused = await scene.refusal('targets:add', { name: 'v', settings });
    expect(refused).toMatchObject({
      kind: 'not-found',
      advice: expect.stringContaining('--create') as string,
    });
    expect(await scene.ask('targets:list', {})).toEqual([]);
  });

  it('with wrong credentials or without the right say so', async () => {
    await scene.open();
    const settings = await vault({ secret: 'not the secret' });
    expect(await scene.refusal('targets:add', { name: 'v', settings })).toMatchObject({ kind: 'denied' });
    process.env.AWS_SECRET_ACCESS_KEY = simulator?.secretAccessKey ?? '';
    simulator?.setMode({ denyAll: true });
    expect(await scene.refusal('targets:add', { name: 'v', settings })).toMatchObject({ kind: 'denied' });
  });

  it('of an account that is closed to vaults explain it', async () => {
    await scene.open();
    const settings = await vault();
    simulator?.setMode({ noLongerSupported: true });
    expect(await scene.refusal('targets:add', { name: 'v', settings })).toMatchObject({ kind: 'closed' });
  });

  it('that denies a retrieval end the order, and leave the restore folder as empty as it was', async () => {
    writeFileSync(join(scene.source, 'a'), 'a');
    await scene.setUp(await vault());
    await scene.backup();
    const refusal = { status: 403, code: 'AccessDeniedException', message: 'no', when: 'before' } as const;
    simulator?.failNext({ operation: 'InitiateJob', ...refusal });
    const to = scene.path('out');
    expect(await scene.restore({ to })).toMatchObject({ state: 'failed', failure: { kind: 'denied' } });
    expect(readdirSync(to)).toEqual([]);
    const restored = scene.restore({ to });
    await thawing();
    simulator?.advance(5 * 3_600_000);
    expect(await restored).toMatchObject({ state: 'done', restoredFiles: 1 });
  });

  it('that finds the clock an hour off are overcome by taking its time', async () => {
    await scene.open();
    const settings = await vault();
    simulator?.setMode({ transportSkewMs: 3_600_000 });
    expect(await scene.ask('targets:add', { name: 'v', settings })).toMatchObject({ name: 'v' });
  });

  it('in the middle of a run leave it to be resumed, and nothing is sent twice', async () => {
    writeFileSync(join(scene.source, 'big'), Buffer.alloc(9_000_000, Math.random().toString()));
    await scene.setUp(await vault());
    simulator?.failNext({
      operation: 'CompleteMultipartUpload',
      status: 403,
      code: 'AccessDeniedException',
      message: 'no',
      when: 'before',
    });
    const failed = await scene.backup();
    expect(failed).toMatchObject({ state: 'failed', failure: { kind: 'denied' } });
    expect(await scene.ask('snapshots:list', {})).toEqual([]);
    const sent = simulator?.counts().operations.UploadMultipartPart ?? 0;
    const again = await scene.backup();
    expect(again).toMatchObject({ state: 'done', counts: { newBytes: 0 } });
    // The pack's parts are there already: only the manifest, the key slots and a copy of the catalog follow.
    expect((simulator?.counts().operations.UploadMultipartPart ?? 0) - sent).toBe(3);
    const restored = scene.restore({ to: scene.path('out') });
    await thawing();
    simulator?.advance(5 * 3_600_000);
    expect(await restored).toMatchObject({ state: 'done', restoredFiles: 1 });
  });

  it('of a staged pack that rotted throw it away, and the next run reads its files again', async () => {
    writeFileSync(join(scene.source, 'big'), randomBytes(3_000_000));
    await scene.setUp(await vault());
    const refusal = { status: 403, code: 'AccessDeniedException', message: 'no', when: 'before' } as const;
    simulator?.failNext({ operation: 'UploadMultipartPart', ...refusal });
    expect(await scene.backup()).toMatchObject({ state: 'failed', failure: { kind: 'denied' } });
    const staging = join(scene.profile, 'staging');
    const [staged = ''] = readdirSync(staging);
    const bytes = readFileSync(join(staging, staged));
    bytes[1_500_000] = (bytes[1_500_000] ?? 0) ^ 1;
    writeFileSync(join(staging, staged), bytes);
    expect(await scene.backup()).toMatchObject({ state: 'failed', failure: { kind: 'corrupt' } });
    expect(await scene.backup()).toMatchObject({ state: 'done', counts: { readFiles: 1 } });
  });

  it('that leave packs of a run given up behind: the next manifest tells of them', async () => {
    const late = join(scene.source, 'late');
    const bytes = randomBytes(3_000_000);
    // The folder keeps its time, so that it looks untouched when the file is gone again.
    const asBefore = () => utimesSync(scene.source, 1_000_000_000, 1_000_000_000);
    writeFileSync(join(scene.source, 'a'), 'a');
    asBefore();
    await scene.setUp(await vault());
    await scene.backup();
    writeFileSync(late, bytes);
    asBefore();
    const refusal = { status: 403, code: 'AccessDeniedException', message: 'no', when: 'before' } as const;
    simulator?.failNext({ operation: 'CompleteMultipartUpload', ...refusal });
    expect(await scene.backup()).toMatchObject({ state: 'failed' });
    rmSync(late);
    asBefore();
    expect(await scene.backup()).toMatchObject({ state: 'done', changed: false });
    expect(await untold()).toBe(1);
    writeFileSync(late, bytes);
    expect(await scene.backup()).toMatchObject({ state: 'done', changed: true, counts: { newBytes: 0 } });
    expect(await untold()).toBe(0);
  });

  async function untold(): Promise<number> {
    await scene.close();
    const catalog = await openCatalog(join(scene.profile, 'catalog.db'));
    const target = await findTarget(catalog, 'attic');
    const packs = target === undefined ? [] : await untoldPacks(catalog, target.id);
    await catalog.close();
    await scene.open();
    await scene.ask('profile:unlock', { passphrase: PASSPHRASE });
    return packs.length;
  }

  async function thawing(): Promise<void> {
    for (;;) {
      const [order] = await scene.ask('orders:list', {});
      if (order?.state === 'thawing') return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
});
