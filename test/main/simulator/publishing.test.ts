import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openMeter } from '../../../src/main/simulator/bill/meter.ts';
import { openClock } from '../../../src/main/simulator/clock.ts';
import { newConditions } from '../../../src/main/simulator/faults.ts';
import { type Glacier, usualDurations } from '../../../src/main/simulator/glacier/glacier.ts';
import { jobState } from '../../../src/main/simulator/glacier/jobs.ts';
import { openPublisher, type Publisher } from '../../../src/main/simulator/glacier/publishing.ts';
import type { Change, InventoryJob } from '../../../src/main/simulator/glacier/records.ts';
import { openStore } from '../../../src/main/simulator/glacier/store.ts';
import { DAY, tempFolder } from './practice.ts';

const of = 'photos';
const topic = 'arn:aws:sns:us-east-1:111122223333:job';

interface Scene {
  readonly dir: string;
  readonly glacier: Glacier;
  readonly publisher: Publisher;
  readonly commit: (...changes: readonly Change[]) => Promise<void>;
}

/** A vault of three archives, with inventory jobs that have just ended; nobody looks for that but the test. */
async function scene(...ids: readonly string[]): Promise<Scene> {
  const dir = await tempFolder();
  const clock = openClock(join(dir, 'clock.json'), 0, 0);
  const store = await openStore(join(dir, 'glacier'), 'none');
  const meter = await openMeter(join(dir, 'bill.jsonl'), () => clock.serviceNow(), false);
  const now = clock.serviceNow();
  const conditions = newConditions(
    () => undefined,
    () => now,
  );
  const glacier: Glacier = {
    accountId: '111122223333',
    region: 'us-east-1',
    clock,
    conditions,
    store,
    durations: usualDurations,
    meter,
    partWrites: new Map(),
  };
  const createdAt = now - 2 * DAY;
  const commit = (...changes: readonly Change[]): Promise<void> => store.commit(now, changes);
  await commit(
    { put: 'vault', vault: { name: of, createdAt, lastWriteAt: createdAt, inventoryAt: null } },
    ...['a', 'b', 'c'].map((id): Change => {
      const archive = { id, description: '', createdAt, size: 1, treeHash: '0'.repeat(64), deletedAt: null };
      return { put: 'archive', of, archive };
    }),
    ...ids.map((id): Change => ({ put: 'job', of, job: { ...inventory, id, createdAt, completesAt: now } })),
  );
  // Last, and with no wait behind it: so the test looks before the publisher does by itself.
  const publisher = openPublisher(glacier, null);
  onTestFinished(async () => {
    await publisher.close();
    await store.close();
    await meter.close();
    clock.close();
  });
  return { dir, glacier, publisher, commit };
}

const inventory: Omit<InventoryJob, 'id' | 'createdAt' | 'completesAt'> = {
  kind: 'inventory',
  description: null,
  snsTopic: topic,
  inventoryAt: Date.now(),
  format: 'JSON',
  startDate: null,
  endDate: null,
  limit: null,
  marker: null,
};

/** Begins to publish and comes back while the messages are still being written. */
async function begin({ glacier, publisher }: Scene): Promise<{ done: Promise<void> }> {
  const done = publisher.publishDue();
  await turn();
  expect(glacier.store.state.messages.size).toBe(0);
  return { done };
}

const toldOf = async ({ publisher }: Scene): Promise<unknown[]> =>
  (await publisher.messages()).map(({ message }) => (JSON.parse(message) as { JobId: string }).JobId);

describe('while ends are being published', () => {
  it('a job that is changed stays so', async () => {
    const s = await scene('j');
    const { jobs } = s.glacier.store.state.vaults.get(of)!;
    const { done } = await begin(s);
    const before = jobs.get('j')!;
    await s.commit({ put: 'job', of, job: { ...before, completesAt: before.completesAt - DAY } });
    await done;
    expect(jobs.get('j')).toMatchObject({
      completesAt: before.completesAt - DAY,
      publishedAt: s.glacier.clock.serviceNow(),
    });
    expect(await toldOf(s)).toEqual(['j']);
  });

  it('a job that is dropped stays away', async () => {
    const s = await scene('j', 'k');
    const { done } = await begin(s);
    await s.commit({ drop: 'job', of, job: 'j' });
    await done;
    expect([...s.glacier.store.state.vaults.get(of)!.jobs.keys()]).toEqual(['k']);
    expect(await toldOf(s)).toEqual(['j', 'k']);
  });

  it('a vault that is deleted stays so, and the next start finds nothing amiss', async () => {
    const s = await scene('j', 'k');
    const { done } = await begin(s);
    await s.commit({ drop: 'vault', name: of });
    await done;
    expect(await toldOf(s)).toEqual(['j', 'k']);
    const again = await openStore(join(s.dir, 'glacier'), 'none');
    await again.close();
    expect(again.state).toEqual(s.glacier.store.state);
    expect(again.state.vaults.size).toBe(0);
  });
});

describe('many ends at once', () => {
  it('are told in their order, each job marked, and no output is written for that', async () => {
    const ids = Array.from({ length: 3000 }, (_, i) => `j${i}`);
    const s = await scene(...ids);
    await s.publisher.publishDue();
    expect(await toldOf(s)).toEqual(ids.slice(-1000));
    const vault = s.glacier.store.state.vaults.get(of)!;
    const now = s.glacier.clock.serviceNow();
    for (const job of vault.jobs.values())
      expect([jobState(vault, job, now), job.publishedAt]).toEqual(['Succeeded', now]);
    expect(await readdir(s.glacier.store.outputsDir)).toEqual([]);
  });
});
