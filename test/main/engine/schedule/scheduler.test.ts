/** Plans that run by themselves, on a real profile; the clock alone is moved by hand. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openCatalog, type Catalog } from '../../../../src/main/engine/catalog/catalog.ts';
import { addPlan, findPlan } from '../../../../src/main/engine/catalog/plans.ts';
import { startRun, updateRun } from '../../../../src/main/engine/catalog/runs.ts';
import { addTarget } from '../../../../src/main/engine/catalog/targets.ts';
import { openEngine } from '../../../../src/main/engine/engine.ts';
import { EngineError } from '../../../../src/main/engine/failure.ts';
import { Scheduler } from '../../../../src/main/engine/schedule/scheduler.ts';
import { readUnattended, writeUnattended } from '../../../../src/main/engine/schedule/unattended.ts';
import type { Failure } from '../../../../src/shared/failure.ts';
import type { RunSummary } from '../../../../src/shared/types.ts';
import { PASSPHRASE, Scene } from '../scene.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
let scene: Scene;
beforeEach(() => {
  scene = new Scene();
});
afterEach(async () => {
  await scene.remove();
});

describe('a scheduler', () => {
  let catalog: Catalog;
  let now = Date.parse('2026-11-27T12:00:00Z');
  let isBusy = false;
  let isOpen = true;
  let refusal: EngineError | null = null;
  let started: string[] = [];
  let notices: Failure[] = [];
  let scheduler: Scheduler;

  beforeEach(async () => {
    [isBusy, isOpen, refusal, started, notices] = [false, true, null, [], []];
    mkdirSync(scene.profile);
    catalog = await openCatalog(join(scene.profile, 'catalog.db'));
    const target = await catalog.transaction((tx) =>
      addTarget(tx, {
        ...{ name: 'attic', uid: 'a'.repeat(32), createdAt: now },
        settings: { kind: 'folder', path: '/nowhere', create: false },
        packBytes: 64 * 1024 * 1024,
      }),
    );
    for (const [name, schedule] of [
      ['hourly', 'every 1h'],
      ['nightly', 'daily 02:00'],
      ['by hand', 'manual'],
    ] as const) {
      const uid = name.padEnd(32, '0');
      await catalog.transaction((tx) =>
        addPlan(tx, { ...{ name, uid, target, schedule, createdAt: now }, sources: [], excludes: [] }),
      );
    }
    scheduler = new Scheduler({
      catalog,
      isOpen: () => isOpen,
      isBusy: () => isBusy,
      start: async (plan) => {
        if (refusal !== null) throw refusal;
        started.push(plan);
        const id = (await findPlan(catalog, plan))?.id;
        if (id === undefined) throw new RangeError('no such plan');
        await catalog.transaction(async (tx) => {
          const run = await startRun(tx, { plan: id, snapshot: null, kind: 'backup', startedAt: now });
          await updateRun(tx, run, { state: 'done', endedAt: now + MINUTE });
        });
      },
      onNotice: (failure) => notices.push(failure),
      now: () => now,
      timezone: 'UTC',
    });
  });
  afterEach(async () => {
    await scheduler.close();
    await catalog.close();
  });

  const after = async (ms: number): Promise<readonly string[]> => {
    now += ms;
    started = [];
    for (let looks = 0; looks < 4; looks++) await scheduler.lookOnce();
    return started;
  };

  it('starts what is due, once, the longest waiting first', async () => {
    expect(await after(0)).toEqual([]);
    expect(await after(HOUR - 1)).toEqual([]);
    expect(await after(1)).toEqual(['hourly']);
    expect(await after(HOUR)).toEqual(['hourly']);
    // The computer slept for three days.
    expect(await after(72 * HOUR)).toEqual(['hourly', 'nightly']);
  });

  it('waits for keys, for the run under way, and for those who want quiet', async () => {
    isOpen = false;
    expect(await after(2 * HOUR)).toEqual([]);
    [isOpen, isBusy] = [true, true];
    expect(await after(0)).toEqual([]);
    isBusy = false;
    const rules = await readUnattended(catalog);
    await catalog.transaction((tx) => writeUnattended(tx, { ...rules, pausedUntil: now + HOUR }));
    expect(await after(HOUR - 1)).toEqual([]);
    expect(await after(1)).toEqual(['hourly']);
  });

  it('says once why a run could not begin, and lets the others go first', async () => {
    refusal = new EngineError('not-found', 'The target is not there.', 'Connect it.');
    expect(await after(16 * HOUR)).toEqual([]);
    expect(notices.map(({ message }) => message)).toEqual([
      'The target is not there.',
      'The target is not there.',
    ]);
    expect(await after(MINUTE)).toEqual([]);
    expect(notices).toHaveLength(2);
    refusal = null;
    expect(await after(30 * MINUTE)).toEqual(['hourly', 'nightly']);
  });
});

describe('a plan', () => {
  it('runs by itself in an engine that stays, and says when', async () => {
    await scene.setUp();
    writeFileSync(join(scene.source, 'a'), 'one');
    const [before] = await scene.ask('plans:list', {});
    expect(before).toMatchObject({ schedule: 'manual', nextRunAt: null });
    const edited = await scene.ask('plans:edit', { name: 'docs', schedule: 'every 5 minutes' });
    expect(edited.schedule).toBe('every 5m');
    expect((edited.nextRunAt ?? 0) - Date.now()).toBeGreaterThan(4.9 * MINUTE);
    const refusal = await scene.refusal('plans:edit', { name: 'docs', schedule: 'when I feel like it' });
    expect(refusal.kind).toBe('invalid');
    expect((await scene.ask('plans:show', { name: 'docs' })).schedule).toBe('every 5m');
    expect(await scene.ask('unattended:set', { quiet: { from: '08:00', to: '18:00' } })).toMatchObject({
      quiet: { from: '08:00', to: '18:00' },
      pausedUntil: null,
    });
    expect(await scene.ask('unattended:set', { pausedUntil: 'always', quiet: null })).toMatchObject({
      isPaused: true,
      isQuiet: false,
    });
    expect(await scene.ask('unattended:show', {})).toMatchObject({ pausedUntil: 'always', quiet: null });
  });

  it('that was missed while nothing ran is caught up with, once, when the keys are there', async () => {
    await scene.setUp();
    writeFileSync(join(scene.source, 'a'), 'one');
    await scene.ask('plans:edit', { name: 'docs', schedule: 'every 5m' });
    await scene.backup();
    await scene.close();
    const catalog = await openCatalog(join(scene.profile, 'catalog.db'));
    await catalog.transaction(async (tx) => {
      const past = Date.now() - 3 * HOUR;
      await tx.run('update plans set scheduled_at = ?', [past]);
      await tx.run('update runs set started_at = ?, ended_at = ?', [past, past + MINUTE]);
    });
    await catalog.close();
    const engine = await openEngine({ profile: scene.profile, host: 'watch', resident: true });
    try {
      const ended = new Promise<RunSummary>((resolve) => engine.on('run:ended', resolve));
      const locked = await engine.request('runs:list', {});
      expect(locked).toMatchObject({ ok: true, value: [{ state: 'done' }] });
      await engine.request('profile:unlock', { passphrase: PASSPHRASE });
      expect(await ended).toMatchObject({ plan: 'docs', state: 'done', changed: false });
      const runs = await engine.request('runs:list', {});
      expect(runs).toMatchObject({ ok: true, value: [{}, {}] });
      const plan = await engine.request('plans:show', { name: 'docs' });
      expect(plan.ok && (plan.value.nextRunAt ?? 0) > Date.now()).toBe(true);
    } finally {
      await engine.close();
    }
  });

  it('that is edited keeps what its snapshots hold of folders that left it', async () => {
    const other = scene.path('other');
    mkdirSync(join(other, 'deep'), { recursive: true });
    writeFileSync(join(other, 'deep', 'file'), 'in a folder that leaves');
    await scene.setUp();
    writeFileSync(join(scene.source, 'a'), 'one');
    await scene.ask('plans:edit', { name: 'docs', sources: [scene.source, other], rename: 'papers' });
    const first = await scene.backup('papers');
    await scene.ask('plans:edit', { name: 'papers', sources: [scene.source], excludes: ['*.tmp'] });
    writeFileSync(join(scene.source, 'b.tmp'), 'left out');
    const second = await scene.backup('papers');
    expect([first.state, second.state]).toEqual(['done', 'done']);
    const ls = (snapshot: string) => scene.ask('entries:list', { snapshot, plan: 'papers' });
    expect((await ls('latest')).entries.map(({ name }) => name)).toEqual([scene.source]);
    const [oldest] = await scene.ask('snapshots:list', {});
    expect((await ls(oldest?.id ?? '')).entries.map(({ name }) => name).sort()).toEqual(
      [other, scene.source].sort(),
    );
    const order = await scene.restore({ snapshot: oldest?.id ?? '', to: scene.path('all'), plan: 'papers' });
    expect(order).toMatchObject({ state: 'done', restoredFiles: 2, failedFiles: 0 });
    expect(readFileSync(scene.path('all', 'other', 'deep', 'file'), 'utf8')).toBe('in a folder that leaves');
    const one = await scene.restore({
      ...{ snapshot: oldest?.id ?? '', plan: 'papers', to: scene.path('one') },
      paths: [{ text: join(other, 'deep') }],
    });
    expect(one).toMatchObject({ state: 'done', restoredFiles: 1 });
    expect(await scene.refusal('plans:edit', { name: 'docs' })).toMatchObject({ kind: 'not-found' });
  });
});
