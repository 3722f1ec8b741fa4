/** What an order retrieved is kept for the next one, within bounds, and proven before anything rests on it. */
import { randomBytes } from 'node:crypto';
import {
  openSync,
  closeSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startSimulator, type Simulator } from '../../../../src/main/simulator/simulator.ts';
import { chooseToForget } from '../../../../src/main/engine/restore/keptSegments.ts';
import type { OrderSummary } from '../../../../src/shared/types.ts';
import { PASSPHRASE, Scene } from '../scene.ts';
import { letHoursPass } from '../thaw.ts';

let scene: Scene;
let simulator: Simulator;
let clock: NodeJS.Timeout;
const contents = new Map<string, Buffer>();

const MIB = 1024 * 1024;
const inSource = (name: string): string => join(scene.source, name);
const jobs = (): number => simulator.counts().operations.InitiateJob ?? 0;
const kept = (): readonly string[] => readdirSync(join(scene.profile, 'kept'));
const preview = (paths: readonly string[], more: { archiveOnly?: boolean } = {}) =>
  scene.ask('restore:preview', {
    snapshot: 'latest',
    paths: paths.map((text) => ({ text: inSource(text) })),
    ...more,
  });

beforeEach(async () => {
  scene = new Scene();
  for (const name of ['a', 'b', 'c']) {
    contents.set(name, randomBytes(3_000_000));
    writeFileSync(inSource(name), contents.get(name) ?? '');
  }
  simulator = await startSimulator({ dir: scene.path('simulator'), durability: 'none' });
  process.env.AWS_ACCESS_KEY_ID = simulator.accessKeyId;
  process.env.AWS_SECRET_ACCESS_KEY = simulator.secretAccessKey;
  const { region, url: endpoint } = simulator;
  await scene.setUp({ kind: 'vault', vault: 'photos', region, endpoint, create: true, packMiB: 16 });
  await scene.backup();
  // Nothing of it is on this computer any more.
  for (const name of contents.keys()) writeFileSync(inSource(name), 'changed');
  clock = letHoursPass(() => simulator, 50);
});
afterEach(async () => {
  clearInterval(clock);
  await scene.close();
  await simulator.close();
  await scene.remove();
});

const archives = (id: string) => scene.ask('orders:archives', { id });

async function until(isSo: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error('it did not come to that');
    await sleep(50);
  }
}

let outs = 0;
async function restore(paths: readonly string[]): Promise<OrderSummary> {
  const to = scene.path(`out ${outs++}`);
  const order = await scene.restore({
    ...{ to, archiveOnly: false },
    paths: paths.map((text) => ({ text: inSource(text) })),
  });
  expect(order).toMatchObject({ state: 'done', failedFiles: 0 });
  for (const name of paths)
    expect(readFileSync(join(to, 'source', name)).equals(contents.get(name) ?? Buffer.alloc(0))).toBe(true);
  return order;
}

it('does not pay twice for the same file', async () => {
  const before = await preview(['a']);
  expect(before).toMatchObject({ keptBytes: 0 });
  expect(before.retrieveBytes).toBeGreaterThanOrEqual(3 * MIB);
  await restore(['a']);
  expect(kept()).toHaveLength(1);
  const asked = jobs();
  const again = await preview(['a']);
  expect(again).toMatchObject({ retrieveBytes: 0, retrievals: 0, estimate: { usd: 0 }, hours: { to: 0 } });
  expect(again.keptBytes).toBeGreaterThanOrEqual(3 * MIB);
  const order = await restore(['a']);
  expect(order.actual?.usd).toBe(0);
  expect(jobs()).toBe(asked);
  // Who asks for the archive's own bytes gets them.
  expect((await preview(['a'], { archiveOnly: true })).retrieveBytes).toBe(before.retrieveBytes);
});

it('pays for the rest of what is kept in part, and knows all of it afterwards', async () => {
  await restore(['a']);
  const both = await preview(['a', 'b']);
  const alone = await preview(['a', 'b'], { archiveOnly: true });
  expect(both.keptBytes).toBeGreaterThanOrEqual(3 * MIB);
  expect(both.retrieveBytes).toBeLessThan(alone.retrieveBytes);
  expect(both.estimate.usd).toBeLessThan(alone.estimate.usd);
  const order = await restore(['a', 'b']);
  expect(order.actual?.usd).toBeCloseTo(order.estimate.usd, 9);
  expect(order.estimate).toEqual(both.estimate);
  expect(await preview(['a', 'b'])).toMatchObject({ retrieveBytes: 0 });
});

it('changes the tier only of what is to be paid', async () => {
  await restore(['a']);
  clearInterval(clock);
  const order = await scene.ask('restore:order', {
    ...{ snapshot: 'latest', to: scene.path('slow'), tier: 'bulk' },
    paths: [{ text: inSource('a') }, { text: inSource('b') }],
  });
  const told = await scene.ask('orders:tier', { id: order.id, tier: 'standard' });
  const rows = await archives(order.id);
  expect(rows.some(({ state, requestedAt }) => state === 'fetched' && requestedAt === null)).toBe(true);
  const rest = rows.filter(({ state }) => state !== 'fetched').reduce((sum, { bytes }) => sum + bytes, 0);
  const retrieved = told.estimate.lines.find(({ what }) => what === 'Retrieval, standard');
  expect(rest).toBeGreaterThan(0);
  // What was asked for at once keeps its tier.
  expect(retrieved?.usd).toBeGreaterThan(0);
  expect(retrieved?.usd).toBeLessThanOrEqual((rest / 1024 ** 3) * 0.01);
  expect(told.estimate.usd).toBeLessThan((await preview(['a', 'b'], { archiveOnly: true })).estimate.usd);
});

it('looks at it before it rests on it: a disk that rots costs no file', async () => {
  await restore(['a']);
  const [name = ''] = kept();
  const fd = openSync(join(scene.profile, 'kept', name), 'r+');
  for (let at = 0; at < statSync(join(scene.profile, 'kept', name)).size; at += MIB)
    writeSync(fd, Buffer.of(7, 7, 7), 0, 3, at + 999);
  closeSync(fd);
  const to = scene.path('rotten');
  const refusal = await scene.refusal('restore:order', {
    ...{ snapshot: 'latest', to, paths: [{ text: inSource('a') }] },
  });
  expect(refusal.kind).toBe('changed');
  expect(refusal.safe).toContain('Nothing was asked for');
  expect(kept()).toEqual([]);
  expect(readdirSync(join(scene.profile, 'restore'))).toEqual([]);
  expect((await preview(['a'])).keptBytes).toBe(0);
  await restore(['a']);
});

it('keeps what a cancelled order had brought and not used', async () => {
  clearInterval(clock);
  const order = await scene.ask('restore:order', {
    ...{ snapshot: 'latest', to: scene.path('stopped') },
    paths: [{ text: inSource('a') }, { text: inSource('c') }],
  });
  // Only the first answer comes, so the pack is not taken apart before the order is cancelled.
  const busy = { status: 503, code: 'ServiceUnavailableException', message: 'busy' } as const;
  await until(async () => (await archives(order.id)).every(({ state }) => state === 'requested'));
  simulator.advance(5 * 3_600_000);
  simulator.failNext({ operation: 'GetJobOutput', after: 1, times: 'always', when: 'before', ...busy });
  await until(async () => (await archives(order.id)).some(({ state }) => state === 'fetched'));
  expect((await scene.ask('orders:cancel', { id: order.id })).state).toBe('cancelled');
  expect(readdirSync(join(scene.profile, 'restore'))).toEqual([]);
  expect((await preview(['a', 'c'])).keptBytes).toBeGreaterThan(0);
});

it('lets go of the longest kept first, and of no more than it must', () => {
  const packs = [100, 200, 150].map((segments, i) => ({ segments, name: i }));
  const names = (mib: number) => chooseToForget(packs, mib * MIB, 500 * MIB).map(({ name }) => name);
  expect(names(50)).toEqual([]);
  expect(names(51)).toEqual([0]);
  expect(names(150)).toEqual([0]);
  expect(names(151)).toEqual([0, 1]);
  expect(names(500)).toEqual([0, 1, 2]);
});

describe('sweeping', () => {
  it('believes neither files without rows nor rows without files', async () => {
    await restore(['a']);
    const [name = ''] = kept();
    await scene.close();
    writeFileSync(join(scene.profile, 'kept', 'f'.repeat(32)), 'a stray');
    await scene.open();
    expect(kept()).toEqual([name]);
    await scene.close();
    rmSync(join(scene.profile, 'kept', name));
    await scene.open();
    await scene.ask('profile:unlock', { passphrase: PASSPHRASE });
    expect((await preview(['a'])).keptBytes).toBe(0);
    await restore(['a']);
  });
});
