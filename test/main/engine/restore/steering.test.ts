/** An order on its way can be told what comes first, and how soon, and says where each archive stands. */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startSimulator, type Simulator } from '../../../../src/main/simulator/simulator.ts';
import type { OrderSummary } from '../../../../src/shared/types.ts';
import { Scene } from '../scene.ts';

const HOUR_MS = 3_600_000;
const names = ['a', 'b', 'c', 'd', 'e'];
let scene: Scene;
let simulator: Simulator;

beforeEach(async () => {
  scene = new Scene();
  simulator = await startSimulator({ dir: scene.path('simulator'), durability: 'none' });
  process.env.AWS_ACCESS_KEY_ID = simulator.accessKeyId;
  process.env.AWS_SECRET_ACCESS_KEY = simulator.secretAccessKey;
  const { region, url: endpoint } = simulator;
  mkdirSync(join(scene.source, 'sub'));
  await scene.setUp({ kind: 'vault', vault: 'photos', region, endpoint, create: true, packMiB: 4 });
  // One pack each.
  for (const name of names) {
    writeFileSync(join(scene.source, name), randomBytes(3_000_000));
    await scene.backup();
  }
});
afterEach(async () => {
  await scene.close();
  await simulator.close();
  await scene.remove();
});

/** Places an order of which only the first `count` requests are taken: the service is short of capacity. */
async function shortOf(count: number): Promise<OrderSummary> {
  const code = 'InsufficientCapacityException';
  simulator.failNext({
    ...{ operation: 'InitiateJob', when: 'before', after: count, times: 1 },
    ...{ status: 503, code, message: 'No capacity.' },
  });
  return scene.restore({ to: scene.path('out'), tier: 'expedited' });
}

async function untilDone(): Promise<OrderSummary> {
  const [open] = await scene.ask('orders:list', {});
  const ended = new Promise<OrderSummary>((resolve) => {
    const off = scene.engine.on('order:changed', (order) => {
      if (order.endedAt === null) return;
      off();
      resolve(order);
    });
  });
  await scene.ask('orders:resume', {});
  const clock = setInterval(() => {
    if (simulator.jobsUnderWay() > 0) simulator.advance(15 * HOUR_MS);
  }, 100);
  try {
    const order = await ended;
    expect(order.id).toBe(open?.id);
    return order;
  } finally {
    clearInterval(clock);
  }
}

describe('the tier of an order', () => {
  it('is changed for what was not asked for, the difference said before', async () => {
    simulator.advance(HOUR_MS);
    const from = simulator.now();
    const stuck = await shortOf(2);
    const { id } = stuck;
    expect(stuck).toMatchObject({ endedAt: null, failure: { kind: 'conflict' } });
    expect(stuck.failure?.advice).toMatch(/orders tier/);
    const before = await scene.ask('orders:archives', { id });
    expect(before.map(({ state, tier }) => `${state} ${tier}`)).toEqual([
      ...['requested expedited', 'requested expedited'],
      ...['planned expedited', 'planned expedited', 'planned expedited'],
    ]);

    const told = await scene.ask('orders:tier', { id, tier: 'bulk' });
    expect(told).toMatchObject({ retrievals: 3, tooLarge: 0 });
    expect(told.extraUsd).toBeLessThan(0);
    expect(told.estimate.usd).toBeCloseTo(stuck.estimate.usd + told.extraUsd, 9);
    expect(await scene.ask('orders:archives', { id })).toEqual(before);

    expect(await scene.ask('orders:tier', { id, tier: 'bulk', accept: true })).toEqual(told);
    expect(await scene.ask('orders:show', { id })).toMatchObject({ tier: 'bulk', estimate: told.estimate });
    const order = await untilDone();
    expect(order).toMatchObject({ state: 'done', restoredFiles: 5 });
    const { lines } = await simulator.bill({ from });
    const billed = lines.filter(({ line }) => /^Retrieval|^Download/.test(line));
    expect(
      billed
        .map(({ line }) => line)
        .sort()
        .join(),
    ).toMatch(/Bulk.*Expedited/);
    const usd = billed.reduce((sum, line) => sum + line.usd, 0);
    expect(order.actual?.usd).toBeCloseTo(usd, 9);
    expect(order.estimate.usd).toBeCloseTo(usd, 9);
    expect(await scene.ask('orders:archives', { id })).toMatchObject(
      [...before].map(({ pack }, i) => ({ pack, state: 'fetched', tier: i < 2 ? 'expedited' : 'bulk' })),
    );
  });

  it('of what was asked for already stays', async () => {
    const stopped = scene.stoppedOrder();
    const { id } = await scene.ask('restore:order', {
      ...{ snapshot: 'latest', to: scene.path('out'), archiveOnly: true, tier: 'bulk' },
    });
    while (simulator.jobsUnderWay() < 5) await new Promise((resolve) => setTimeout(resolve, 20));
    const told = await scene.ask('orders:tier', { id, tier: 'expedited', accept: true });
    expect(told).toMatchObject({ retrievals: 0, bytes: 0, extraUsd: 0 });
    simulator.advance(15 * HOUR_MS);
    expect(await stopped).toMatchObject({ state: 'done', tier: 'bulk' });
    expect(simulator.counts().operations.InitiateJob).toBe(5);
  });
});

describe('what comes first', () => {
  it('is asked for and read before all others, and the rest after it', async () => {
    const { id } = await shortOf(1);
    const planned = await scene.ask('orders:archives', { id });
    await scene.ask('orders:first', { id, paths: [{ text: join(scene.source, 'e') }] });
    const first = await scene.ask('orders:archives', { id });
    expect(first.map(({ pack }) => pack)).not.toEqual(planned.map(({ pack }) => pack));
    expect(first.map(({ pack }) => pack).sort()).toEqual(planned.map(({ pack }) => pack).sort());

    // Short of capacity again after one more: it is that of `e`.
    const code = 'InsufficientCapacityException';
    simulator.failNext({
      ...{ operation: 'InitiateJob', when: 'before', after: 1, times: 1 },
      ...{ status: 503, code, message: 'No capacity.' },
    });
    const stopped = scene.stoppedOrder();
    await scene.ask('orders:resume', {});
    await stopped;
    const [of, ...others] = await scene.ask('orders:archives', { id });
    expect(of).toMatchObject({ pack: first[0]?.pack, state: 'requested' });
    expect(others.filter(({ state }) => state === 'requested')).toHaveLength(1);

    expect(await untilDone()).toMatchObject({ state: 'done', restoredFiles: 5 });
    for (const name of names) {
      const copy = readFileSync(join(scene.path('out'), 'source', name));
      expect(copy.equals(readFileSync(join(scene.source, name))), name).toBe(true);
    }
    expect(existsSync(join(scene.path('out'), 'source', 'sub'))).toBe(true);
  });

  it('has to be a part of the order, and the order under way', async () => {
    const paths = [{ text: join(scene.source, 'a') }];
    const order = await scene.ask('restore:order', {
      ...{ snapshot: 'latest', to: scene.path('out'), paths, archiveOnly: true },
    });
    const { id } = order;
    const other = [{ text: join(scene.source, 'b') }];
    expect(await scene.refusal('orders:first', { id, paths: other })).toMatchObject({ kind: 'invalid' });
    expect(await scene.ask('orders:first', { id, paths })).toMatchObject({ id });
    await scene.ask('orders:cancel', { id });
    expect(await scene.refusal('orders:first', { id, paths })).toMatchObject({ kind: 'conflict' });
    expect(await scene.refusal('orders:tier', { id, tier: 'bulk' })).toMatchObject({ kind: 'conflict' });
  });
});

describe('how far an order is, folder by folder', () => {
  it('follows its archives, adds up, and ends with the order', async () => {
    mkdirSync(join(scene.source, 'sub', 'deep'));
    mkdirSync(join(scene.source, 'bare'));
    writeFileSync(join(scene.source, 'sub', 'deep', 'f'), randomBytes(3_000_000));
    writeFileSync(join(scene.source, 'sub', 'empty'), '');
    await scene.backup();
    const { id } = await shortOf(2);
    const none = { ordered: 0, thawing: 0, ready: 0, downloaded: 0, done: 0, expired: 0, failed: 0 };
    const sub = join(scene.source, 'sub');
    const top = await scene.ask('orders:folders', { id });
    const all = { ...none, ordered: 4, thawing: 2, ready: 1 };
    expect(top).toEqual([
      { path: '', files: 7, bytes: 18_000_000, steps: all },
      { path: scene.source, files: 7, bytes: 18_000_000, steps: all },
    ]);
    const inside = { files: 2, bytes: 3_000_000, steps: { ...none, ordered: 1, ready: 1 } };
    const within = await scene.ask('orders:folders', { id, at: { text: scene.source } });
    expect(within).toEqual([
      { path: scene.source, files: 7, bytes: 18_000_000, steps: all },
      { path: join(scene.source, 'bare'), files: 0, bytes: 0, steps: none },
      { path: sub, ...inside },
    ]);
    const below = await scene.ask('orders:folders', { id, at: { text: sub } });
    expect(below).toEqual([
      { path: sub, ...inside },
      { path: `${sub}/deep`, files: 1, bytes: 3_000_000, steps: { ...none, ordered: 1 } },
    ]);
    const bare = await scene.ask('orders:folders', { id, at: { text: join(scene.source, 'bare') } });
    expect(bare).toMatchObject([{ files: 0, bytes: 0 }]);
    const file = { text: join(scene.source, 'a') };
    await expect(scene.ask('orders:folders', { id, at: file })).rejects.toThrow('is no folder of this order');
    await scene.ask('orders:tier', { id, tier: 'standard', accept: true });
    await untilDone();
    await expect(scene.ask('orders:folders', { id })).rejects.toThrow('This order has ended');
  });
});
