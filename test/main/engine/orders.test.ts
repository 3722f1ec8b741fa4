import { randomBytes } from 'node:crypto';
import {
  existsSync,
  readdirSync,
  readFileSync,
  writeFileSync,
  openSync,
  writeSync,
  closeSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { OrderSummary } from '../../../src/shared/types.ts';
import { startSimulator, type Simulator } from '../../../src/main/simulator/simulator.ts';
import { PASSPHRASE, Scene } from './scene.ts';

let scene: Scene;
beforeEach(() => {
  scene = new Scene();
  writeFileSync(join(scene.source, 'a'), randomBytes(3_000_000));
  writeFileSync(join(scene.source, 'b'), randomBytes(3_000_000));
  writeFileSync(join(scene.source, 'c'), 'small');
});
afterEach(async () => {
  await scene.remove();
});

const HOUR_MS = 3_600_000;
const accessDenied = { status: 403, code: 'AccessDeniedException', message: 'no' } as const;
const practice = { kind: 'practice', speed: 1, packMiB: 4 } as const;

function vaultOn({ url: endpoint, region, ...keys }: Simulator) {
  process.env.AWS_ACCESS_KEY_ID = keys.accessKeyId;
  process.env.AWS_SECRET_ACCESS_KEY = keys.secretAccessKey;
  return { kind: 'vault', vault: 'photos', region, endpoint, create: true, packMiB: 4 } as const;
}

async function reaches(state: string): Promise<void> {
  for (;;) {
    const [order] = await scene.ask('orders:list', {});
    if (order?.state === state) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function carriedOn(): Promise<OrderSummary> {
  await scene.open();
  await scene.ask('profile:unlock', { passphrase: PASSPHRASE });
  const stopped = scene.stoppedOrder();
  await scene.ask('orders:resume', {});
  return stopped;
}

describe('an order', () => {
  it('is one, and paid once, however often it is clicked', async () => {
    const simulator = await startSimulator({ dir: scene.path('simulator'), durability: 'none' });
    try {
      await scene.setUp(vaultOn(simulator));
      await scene.backup();
      const asked = { snapshot: 'latest', to: scene.path('out'), archiveOnly: true };
      const clicks = await Promise.all([1, 2, 3].map(() => scene.ask('restore:order', asked)));
      expect(new Set(clicks.map(({ id }) => id)).size).toBe(1);
      await reaches('thawing');
      const again = await scene.ask('restore:order', asked);
      expect(again.id).toBe(clicks[0]?.id);
      const other = { ...asked, paths: [{ text: join(scene.source, 'c') }] };
      expect(await scene.refusal('restore:order', other)).toMatchObject({ kind: 'conflict' });
      expect(await scene.ask('orders:list', {})).toHaveLength(1);
      expect(simulator.counts().operations.InitiateJob).toBe(again.retrievals.total);
    } finally {
      await scene.close();
      await simulator.close();
    }
  });

  it('survives the end of the engine while it waits, and asks for nothing twice', async () => {
    await scene.setUp(practice);
    await scene.backup();
    const preview = await scene.ask('restore:preview', { snapshot: 'latest' });
    expect(preview.estimate.usd).toBeGreaterThan(0);
    const placed = await scene.ask('restore:order', {
      snapshot: 'latest',
      to: scene.path('out'),
      archiveOnly: true,
    });
    expect(placed.estimate).toEqual(preview.estimate);
    await reaches('thawing');
    await scene.close();

    await scene.open();
    await scene.ask('profile:unlock', { passphrase: PASSPHRASE });
    await scene.ask('practice:advance', { target: 'attic', hours: 5 });
    const ended = scene.stoppedOrder();
    await scene.ask('orders:resume', {});
    const order = await ended;
    expect(order).toMatchObject({ id: placed.id, state: 'done', restoredFiles: 3 });
    expect(order.retrievals).toEqual({
      total: preview.retrievals,
      requested: preview.retrievals,
      ready: preview.retrievals,
      fetched: preview.retrievals,
    });
    expect(readdirSync(scene.path('out'))).toEqual(['source']);
  });

  it('that is cancelled ends, and leaves nothing of its own behind', async () => {
    await scene.setUp(practice);
    await scene.backup();
    const { id } = await scene.ask('restore:order', {
      snapshot: 'latest',
      to: scene.path('out'),
      archiveOnly: true,
    });
    await reaches('thawing');
    expect(await scene.ask('orders:cancel', { id: id.slice(0, 6) })).toMatchObject({ state: 'cancelled' });
    expect(readdirSync(scene.path('out')).filter((name) => name.startsWith('.'))).toEqual([]);
    expect(await scene.ask('orders:resume', {})).toEqual([]);
    expect(await scene.refusal('orders:cancel', { id })).toMatchObject({ kind: 'conflict' });
    expect(existsSync(join(scene.profile, 'restore', id))).toBe(false);
  });

  it('over an archive with a flipped bit names the file that is lost and restores the others', async () => {
    await scene.setUp();
    await scene.backup();
    const archives = scene.path('attic', 'archives');
    const [pack] = readdirSync(archives)
      .filter((name) => name.startsWith('a1.'))
      .sort((x, y) => size(y) - size(x));
    flipByte(join(archives, pack ?? ''), 1_500_000);
    const order = await scene.restore({ to: scene.path('out') });
    expect(order).toMatchObject({ state: 'problems', failedFiles: 1, restoredFiles: 2, failure: null });
    expect(order.problems).toHaveLength(1);
    expect(order.problems[0]?.message).toMatch(/damaged/);
    expect(readdirSync(scene.path('out', 'source'))).toHaveLength(2);

    function size(name: string): number {
      return readFileSync(join(archives, name)).length;
    }
  });

  it('that was interrupted forgets none of the files it could not restore', async () => {
    for (const name of readdirSync(scene.source)) rmSync(join(scene.source, name));
    for (let i = 0; i < 60; i++) writeFileSync(join(scene.source, `file ${i}`), randomBytes(300_000));
    const simulator = await startSimulator({ dir: scene.path('simulator'), durability: 'none' });
    try {
      await scene.setUp(vaultOn(simulator));
      await scene.backup();
      // The first two packs come altered as often as they are tried, then one comes as it should, then access is lost.
      const output = { operation: 'GetJobOutput' } as const;
      simulator.failNext({ ...output, times: 6, when: 'answer', change: 'flip', offset: 1000 });
      simulator.failNext({ ...output, after: 7, when: 'before', ...accessDenied });
      const stopped = scene.stoppedOrder();
      await scene.ask('restore:order', { snapshot: 'latest', to: scene.path('out'), archiveOnly: true });
      await reaches('thawing');
      simulator.advance(5 * HOUR_MS);
      const half = await stopped;
      expect(half).toMatchObject({ endedAt: null, failure: { kind: 'denied' } });
      expect(half.failedFiles).toBeGreaterThan(5);
      expect(half.restoredFiles).toBeGreaterThan(5);
      await scene.close();

      const order = await carriedOn();
      expect(order).toMatchObject({ state: 'problems', files: 60, failedFiles: half.failedFiles });
      expect(order.restoredFiles).toBe(60 - half.failedFiles);
      expect(order.problems).toHaveLength(half.failedFiles);
      expect(readdirSync(scene.path('out', 'source'))).toHaveLength(order.restoredFiles);
    } finally {
      await scene.close();
      await simulator.close();
    }
  });

  it('of which a retrieval may have been started, its answer lost, does not end for a refused look', async () => {
    const simulator = await startSimulator({ dir: scene.path('simulator'), durability: 'none' });
    try {
      await scene.setUp(vaultOn(simulator));
      await scene.backup();
      simulator.failNext({ operation: 'InitiateJob', when: 'drop-after' });
      const expired = { status: 403, code: 'AccessDeniedException', message: 'no' } as const;
      // The first listing comes before anything is asked, the second looks for what may have been started.
      simulator.failNext({ operation: 'ListJobs', after: 1, when: 'before', ...expired });
      const stopped = scene.stoppedOrder();
      const { id } = await scene.ask('restore:order', {
        snapshot: 'latest',
        to: scene.path('out'),
        archiveOnly: true,
      });
      expect(await stopped).toMatchObject({ endedAt: null, failure: { kind: 'offline' } });
      const done = scene.stoppedOrder();
      await scene.ask('orders:resume', {});
      await reaches('thawing');
      simulator.advance(5 * HOUR_MS);
      expect(await done).toMatchObject({ id, state: 'done', restoredFiles: 3 });
      const { retrievals } = await scene.ask('orders:show', { id });
      expect(simulator.counts().operations.InitiateJob).toBe(retrievals.total);
    } finally {
      await scene.close();
      await simulator.close();
    }
  });

  it('of which the folder is gone waits for it, and does not claim what is not there', async () => {
    await scene.setUp(practice);
    await scene.backup();
    await scene.ask('restore:order', { snapshot: 'latest', to: scene.path('out'), archiveOnly: true });
    await reaches('thawing');
    await scene.close();
    renameSync(scene.path('out'), scene.path('unplugged'));
    expect(await carriedOn()).toMatchObject({ endedAt: null, failure: { kind: 'not-found' } });
    expect(existsSync(scene.path('out'))).toBe(false);
    renameSync(scene.path('unplugged'), scene.path('out'));
    await scene.ask('practice:advance', { target: 'attic', hours: 5 });
    const ended = scene.stoppedOrder();
    await scene.ask('orders:resume', {});
    expect(await ended).toMatchObject({ state: 'done', restoredFiles: 3 });
  });

  it('whose retrieved copies expired stops, and carried on retrieves them again', async () => {
    await scene.setUp(practice);
    await scene.backup();
    const stopped = scene.stoppedOrder();
    await scene.ask('restore:order', { snapshot: 'latest', to: scene.path('out'), archiveOnly: true });
    await reaches('thawing');
    await scene.ask('practice:advance', { target: 'attic', hours: 60 });
    expect(await stopped).toMatchObject({ endedAt: null, failure: { kind: 'changed' } });
    const ended = scene.stoppedOrder();
    await scene.ask('orders:resume', {});
    await reaches('thawing');
    await new Promise((resolve) => setTimeout(resolve, 300));
    await scene.ask('practice:advance', { target: 'attic', hours: 5 });
    expect(await ended).toMatchObject({ state: 'done', restoredFiles: 3 });
  });

  it('of which nothing can be restored has failed', async () => {
    await scene.setUp();
    await scene.backup();
    const archives = scene.path('attic', 'archives');
    for (const name of readdirSync(archives)) {
      const { length } = readFileSync(join(archives, name));
      for (let at = 500; at < length; at += 1_048_576) flipByte(join(archives, name), at);
    }
    const order = await scene.restore({ to: scene.path('out') });
    expect(order).toMatchObject({
      state: 'failed',
      restoredFiles: 0,
      failedFiles: 3,
      failure: { kind: 'corrupt' },
    });
  });
});

function flipByte(path: string, at: number): void {
  const byte = readFileSync(path)[at] ?? 0;
  const file = openSync(path, 'r+');
  writeSync(file, Buffer.of(byte ^ 0x40), 0, 1, at);
  closeSync(file);
}
