/** What is still on this computer is copied and proven, and nobody is paid for it. */
import { randomBytes } from 'node:crypto';
import {
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startSimulator, type Simulator } from '../../../../src/main/simulator/simulator.ts';
import type { OrderSummary } from '../../../../src/shared/types.ts';
import { PASSPHRASE, Scene } from '../scene.ts';
import { letHoursPass } from '../thaw.ts';

let scene: Scene;
let simulator: Simulator;
let clock: NodeJS.Timeout;
const contents = new Map<string, Buffer>();

const inSource = (name: string): string => join(scene.source, name);
const restored = (name: string): Buffer => readFileSync(join(scene.path('out'), 'source', name));
const jobs = (): number => simulator.counts().operations.InitiateJob ?? 0;

beforeEach(async () => {
  scene = new Scene();
  mkdirSync(inSource('photos'));
  for (const name of ['a', 'b', 'photos/c', 'photos/d']) {
    contents.set(name, randomBytes(name === 'a' ? 3_000_000 : 700_000));
    writeFileSync(inSource(name), contents.get(name) ?? '');
  }
  writeFileSync(inSource('empty'), '');
  simulator = await startSimulator({ dir: scene.path('simulator'), durability: 'none' });
  process.env.AWS_ACCESS_KEY_ID = simulator.accessKeyId;
  process.env.AWS_SECRET_ACCESS_KEY = simulator.secretAccessKey;
  const { region, url: endpoint } = simulator;
  await scene.setUp({ kind: 'vault', vault: 'photos', region, endpoint, create: true, packMiB: 8 });
  await scene.backup();
  clock = letHoursPass(() => simulator, 50);
});
afterEach(async () => {
  clearInterval(clock);
  await scene.close();
  await simulator.close();
  await scene.remove();
});

async function restore(more: { archiveOnly?: boolean; snapshot?: string } = {}): Promise<OrderSummary> {
  return scene.restore({ to: scene.path('out'), archiveOnly: false, ...more });
}

/** The next order stops when it has asked, before it copies anything. */
function loseAnAnswer(): void {
  simulator.failNext({ operation: 'InitiateJob', when: 'drop-after' });
  const denied = { status: 403, code: 'AccessDeniedException', message: 'no' } as const;
  simulator.failNext({ operation: 'ListJobs', after: 1, when: 'before', ...denied });
}

describe('content that is still on this computer', () => {
  it('is had at once and for nothing', async () => {
    const preview = await scene.ask('restore:preview', { snapshot: 'latest' });
    expect(preview).toMatchObject({ local: { files: 4, bytes: 5_100_000 }, retrievals: 0, retrieveBytes: 0 });
    expect(preview.estimate.usd).toBe(0);
    const order = await restore();
    expect(order).toMatchObject({ state: 'done', restoredFiles: 5, verifiedFiles: 5, failedFiles: 0 });
    expect(jobs()).toBe(0);
    for (const [name, content] of contents) {
      expect(restored(name).equals(content), name).toBe(true);
      const time = { bigint: true } as const;
      const copy = statSync(join(scene.path('out'), 'source', name), time);
      expect(copy.mtimeNs / 1000n).toBe(statSync(inSource(name), time).mtimeNs / 1000n);
    }
  });

  it('is not paid for beside what is lost', async () => {
    rmSync(inSource('b'));
    const all = await scene.ask('restore:preview', { snapshot: 'latest', archiveOnly: true });
    const some = await scene.ask('restore:preview', { snapshot: 'latest' });
    expect(some.local.files).toBe(3);
    expect(some.retrieveBytes).toBeGreaterThanOrEqual(700_000);
    expect(some.retrieveBytes).toBeLessThan(all.retrieveBytes);
    expect(await restore()).toMatchObject({ state: 'done', restoredFiles: 5, verifiedFiles: 5 });
    expect(jobs()).toBe(some.retrievals);
    for (const [name, content] of contents) expect(restored(name).equals(content), name).toBe(true);
  });

  it('is found where it was moved to, once a backup has seen it there', async () => {
    renameSync(inSource('a'), inSource('photos/renamed'));
    const before = await scene.ask('restore:preview', { snapshot: 'latest' });
    expect(before.local.files).toBe(3);
    const { snapshot: first } = before;
    await scene.backup();
    const after = await scene.ask('restore:preview', { snapshot: first });
    expect(after).toMatchObject({ local: { files: 4 }, retrievals: 0 });
    expect(await restore({ snapshot: first })).toMatchObject({ state: 'done', restoredFiles: 5 });
    expect(restored('a').equals(contents.get('a') ?? Buffer.alloc(0))).toBe(true);
    expect(jobs()).toBe(0);
  });

  it('is not taken from a file that was touched, be it of the same size and time', async () => {
    const { atime, mtime } = statSync(inSource('b'));
    writeFileSync(inSource('b'), randomBytes(700_000));
    utimesSync(inSource('b'), atime, mtime);
    expect((await scene.ask('restore:preview', { snapshot: 'latest' })).local.files).toBe(3);
    await restore();
    expect(restored('b').equals(contents.get('b') ?? Buffer.alloc(0))).toBe(true);
  });

  it('that is gone when its turn comes fails that file alone, with a way to have it', async () => {
    rmSync(inSource('b'));
    loseAnAnswer();
    expect(await restore()).toMatchObject({ endedAt: null, failure: { kind: 'offline' } });
    rmSync(inSource('a'));
    const stopped = scene.stoppedOrder();
    await scene.ask('orders:resume', {});
    const order = await stopped;
    expect(order).toMatchObject({ state: 'problems', restoredFiles: 4, failedFiles: 1 });
    expect(order.problems[0]).toMatchObject({ path: expect.stringMatching(/a$/) as unknown });
    expect(order.problems[0]?.message).toMatch(/looked untouched/);
    expect(readdirSync(join(scene.path('out'), 'source')).sort()).toEqual(['b', 'empty', 'photos']);
    const again = await scene.restore({ to: scene.path('again'), paths: [{ text: inSource('a') }] });
    expect(again).toMatchObject({ state: 'done', restoredFiles: 1 });
  });

  it('is copied on after the engine ended in between', async () => {
    rmSync(inSource('photos/d'));
    loseAnAnswer();
    const { id } = await restore();
    await scene.close();
    await scene.open();
    await scene.ask('profile:unlock', { passphrase: PASSPHRASE });
    const stopped = scene.stoppedOrder();
    await scene.ask('orders:resume', {});
    expect(await stopped).toMatchObject({ id, state: 'done', restoredFiles: 5, verifiedFiles: 5 });
    for (const [name, content] of contents) expect(restored(name).equals(content), name).toBe(true);
  });
});
