/** Checks of a vault, on the real engine and the simulator, whose clock the tests move. */
import { randomBytes } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { compareTrees } from '../../../../src/main/cli/demo/compareTrees.ts';
import type { CheckSummary } from '../../../../src/shared/checkTypes.ts';
import { startSimulator, type Simulator } from '../../../../src/main/simulator/simulator.ts';
import { TargetOpener } from '../../../../src/main/engine/target/openTarget.ts';
import type { ArchiveId } from '../../../../src/main/engine/target/target.ts';
import { PASSPHRASE } from '../scene.ts';
import { makeJobsOlder } from '../vaults/olderJobs.ts';
import { CheckScene } from './checkScene.ts';

const HOUR = 3_600_000;
const place = { at: { target: 'attic' } } as const;

let scene: CheckScene;
let simulator: Simulator;
beforeEach(async () => {
  scene = new CheckScene();
  simulator = await startSimulator({ dir: scene.path('simulator'), durability: 'none' });
  process.env.AWS_ACCESS_KEY_ID = simulator.accessKeyId;
  process.env.AWS_SECRET_ACCESS_KEY = simulator.secretAccessKey;
  const { region, url: endpoint } = simulator;
  await scene.setUp({ kind: 'vault', vault: 'photos', region, endpoint, create: true, packMiB: 4 });
  writeFileSync(join(scene.source, 'one'), randomBytes(3_000_000));
  writeFileSync(join(scene.source, 'two'), randomBytes(6_000_000));
});
afterEach(async () => {
  await scene.close();
  await simulator.close();
  await scene.remove();
});

/** The engine ends and starts again after some hours. */
async function hoursLater(hours: number): Promise<void> {
  await scene.close();
  simulator.advance(hours * HOUR);
  await scene.open();
  await scene.ask('profile:unlock', { passphrase: PASSPHRASE });
}

type Wanted = Parameters<CheckScene['check']>[0];

/** A check that is left alone where it waits, and carried on twelve hours later. */
async function checkThrough(wanted: Wanted = {}): Promise<CheckSummary> {
  for (;;) {
    const isStill = ({ waiting, endedAt, failure }: CheckSummary): boolean =>
      waiting || endedAt !== null || failure !== null;
    const check = await scene.checkUntil(wanted, isStill);
    if (!check.waiting) return check;
    await hoursLater(12);
  }
}

async function stored(): Promise<number> {
  return (await scene.ask('targets:show', { name: 'attic' })).archives;
}

function jobsAsked(): number {
  return simulator.counts().operations.InitiateJob ?? 0;
}

/** Deletes an archive behind the profile's back. */
async function lose(archive: string): Promise<void> {
  const opener = new TargetOpener(
    () => Promise.reject(new Error('no practice vault here')),
    () => Promise.reject(new Error('no keys here')),
  );
  const { region, url: endpoint } = simulator;
  const service = await opener.openService({ region, endpoint });
  await service.deleteArchive('photos', archive as ArchiveId);
  service.close();
}

async function archiveOf(kind: 'data' | 'manifest'): Promise<string> {
  const all = await scene.ask('check:archives', { target: 'attic' });
  const [largest] = all.filter(({ holds }) => holds === kind).sort((a, b) => b.size - a.size);
  if (largest === undefined) throw new Error(`no ${kind}`);
  return largest.archive;
}

describe('a vault where nothing is amiss', () => {
  it('has nothing to tell before its first inventory, and then is asked for it once', async () => {
    await scene.backup();
    const count = await stored();
    const early = await checkThrough();
    expect(early).toMatchObject({ outcome: 'done', listing: { takenAt: null, present: 0, newer: count } });
    expect(jobsAsked()).toBe(0);

    await hoursLater(30);
    const first = await scene.checkUntil({}, ({ waiting }) => waiting);
    await hoursLater(1);
    const still = await scene.checkUntil({}, ({ waiting }) => waiting);
    expect(still.id).toBe(first.id);
    await hoursLater(4);
    const done = await checkThrough();
    expect(done).toMatchObject({ id: first.id, outcome: 'done', problems: [] });
    expect(done.listing).toMatchObject({
      present: count,
      newer: 0,
      extras: 0,
      strangers: 0,
      foreign: 0,
      keySlots: true,
    });
    expect(done.listing?.takenAt).toBeGreaterThan(Date.now());
    expect(jobsAsked()).toBe(1);

    // The same inventory serves until there is a newer one.
    expect(await checkThrough()).toMatchObject({ outcome: 'done', listing: { present: count } });
    expect(jobsAsked()).toBe(1);
    writeFileSync(join(scene.source, 'three'), randomBytes(1_000_000));
    await scene.backup();
    expect(await checkThrough()).toMatchObject({ outcome: 'done', listing: { present: count, newer: 2 } });
    await hoursLater(30);
    expect(await checkThrough()).toMatchObject({
      outcome: 'done',
      listing: { present: count + 2, newer: 0 },
    });
    expect(jobsAsked()).toBe(2);
  });

  it('is read back within the price that was allowed, and charged no more than was said', async () => {
    await scene.backup();
    await hoursLater(30);
    expect(await scene.refusal('check:start', { target: 'attic', readPercent: 50 })).toMatchObject({
      kind: 'invalid',
      message: expect.stringContaining('costs') as string,
    });
    const preview = await scene.ask('check:preview', { target: 'attic', readPercent: 50 });
    const { storedBytes } = await scene.ask('targets:show', { name: 'attic' });
    expect(preview.readBytes).toBeGreaterThanOrEqual(storedBytes / 2);
    // So that the inventory is here: it has no price, but what it brings is downloaded.
    expect(await checkThrough()).toMatchObject({ outcome: 'done' });
    const before = await retrievalBill();
    const check = await checkThrough({ readPercent: 50, maxUsd: preview.estimate.usd / 2 });
    expect(check).toMatchObject({ outcome: 'done', problems: [], reads: { unread: 0 } });
    expect(check.estimate.usd).toBeLessThanOrEqual(preview.estimate.usd / 2);
    expect(check.reads.bytes).toBeGreaterThan(0);
    expect(check.reads.bytes).toBeLessThan(preview.readBytes);
    expect(check.reads.provenBytes).toBe(check.reads.bytes);
    expect(check.proof.provenBytes).toBe(check.reads.bytes);
    expect(jobsAsked()).toBe(1 + check.reads.ranges);
    expect((await retrievalBill()) - before).toBeCloseTo(check.estimate.usd, 9);
  });
});

/** What the simulator's own meter counts for retrievals and what they bring. */
async function retrievalBill(): Promise<number> {
  const { lines } = await simulator.bill();
  return lines
    .filter(({ line }) => /^(Retrieval|Download)/.test(line))
    .reduce((sum, { usd }) => sum + usd, 0);
}

describe('an archive that is gone', () => {
  it('is found by a later inventory, and its files are stored again', async () => {
    await scene.backup();
    const [first] = await scene.ask('snapshots:list', {});
    await hoursLater(30);
    expect(await checkThrough()).toMatchObject({ outcome: 'done' });
    const archive = await archiveOf('data');
    await lose(archive);
    await hoursLater(30);
    const found = await checkThrough();
    expect(found).toMatchObject({
      outcome: 'problems',
      problems: [{ kind: 'missing', archive, holds: 'data' }],
    });
    expect(found.listing?.filesToStoreAgain).toBeGreaterThan(0);
    expect(await scene.backup()).toMatchObject({ state: 'done', changed: true });
    await hoursLater(30);
    expect(await checkThrough()).toMatchObject({ outcome: 'done', problems: [] });
    const asked = jobsAsked();
    let thawed = asked;
    const clock = setInterval(() => {
      if (jobsAsked() > thawed) simulator.advance(5 * HOUR);
      thawed = jobsAsked();
    }, 50);
    const order = await scene.restore({ snapshot: first?.id ?? '', to: scene.path('out') });
    clearInterval(clock);
    expect(order).toMatchObject({ state: 'done', failedFiles: 0 });
    expect(await compareTrees(scene.source, scene.path('out', 'source'))).toMatchObject({
      differenceCount: 0,
    });
  });

  it('is proven gone although no inventory ever had it, because what was stored later is listed', async () => {
    await scene.backup();
    await lose(await archiveOf('data'));
    await hoursLater(30);
    // Half a day old, or listed too late: such an inventory proves nothing.
    expect(await checkThrough()).toMatchObject({ outcome: 'done', listing: { newer: 1 } });
    simulator.advance(48 * HOUR);
    writeFileSync(join(scene.source, 'three'), 'something new');
    await scene.backup();
    await hoursLater(30);
    expect(await checkThrough()).toMatchObject({ outcome: 'problems', problems: [{ kind: 'missing' }] });
  });

  it('is told at once by the service when it is to be read back, whatever the inventory says', async () => {
    await scene.backup();
    await hoursLater(30);
    const archive = await archiveOf('data');
    await lose(archive);
    const found = await checkThrough({ readPercent: 100, maxUsd: 1 });
    expect(found).toMatchObject({
      outcome: 'problems',
      problems: [{ kind: 'missing', archive }],
      problemCount: 1,
    });
    expect(found.reads).toMatchObject({ spared: 1, unread: 0 });
    expect(found.reads.provenBytes).toBe(found.reads.bytes);
  });

  it('is not thought gone because the vault or the right to it is', async () => {
    await scene.backup();
    await hoursLater(30);
    simulator.setMode({ denyAll: true });
    const denied = await scene.check({ readPercent: 10, maxUsd: 1 });
    expect(denied).toMatchObject({ outcome: null, failure: { kind: 'denied' }, problems: [] });
    simulator.setMode({ denyAll: false });
    const done = await checkThrough();
    expect(done).toMatchObject({ id: denied.id, outcome: 'done' });
    expect(done.reads.provenBytes).toBe(done.reads.bytes);
  });
});

describe('bytes that come back', () => {
  it('and are not what was stored, though the service vouches for them, make the archive suspect', async () => {
    await scene.backup();
    await hoursLater(30);
    expect(await checkThrough()).toMatchObject({ outcome: 'done' });
    simulator.failNext({
      operation: 'GetJobOutput',
      when: 'answer',
      change: 'flip',
      offset: 9000,
      hash: 'match',
    });
    const found = await checkThrough({ readPercent: 100, maxUsd: 1 });
    expect(found).toMatchObject({ outcome: 'problems', problemCount: 1, problems: [{ kind: 'damaged' }] });
    expect(await scene.backup()).toMatchObject({ state: 'done', changed: true });
    await hoursLater(30);
    expect(await checkThrough()).toMatchObject({ outcome: 'done', problems: [] });
  });

  it('and were altered on their way are read again, and make nothing suspect', async () => {
    await scene.backup();
    await hoursLater(30);
    expect(await checkThrough()).toMatchObject({ outcome: 'done' });
    const flip = { operation: 'GetJobOutput', when: 'answer', change: 'flip', offset: 9000 } as const;
    simulator.failNext(flip);
    expect(await checkThrough({ readPercent: 100, maxUsd: 1 })).toMatchObject({ outcome: 'done' });
    simulator.failNext({ ...flip, times: 'always' });
    const unread = await checkThrough({ readPercent: 10, maxUsd: 1 });
    expect(unread).toMatchObject({
      outcome: 'problems',
      problemCount: 0,
      reads: { unread: unread.reads.ranges },
    });
    simulator.clearFaults();
    expect(await scene.backup()).toMatchObject({ changed: false });
  });

  it('too late, after their output has run out, are not paid for again', async () => {
    await scene.backup();
    await hoursLater(30);
    const wanted = { readPercent: 10, maxUsd: 1 };
    await scene.checkUntil(wanted, ({ waiting }) => waiting);
    const asked = jobsAsked();
    await hoursLater(80);
    const late = await checkThrough();
    expect(late).toMatchObject({ outcome: 'problems', problemCount: 0, reads: { read: 0 } });
    expect(late.reads.unread).toBe(late.reads.ranges);
    expect(late.reads.reason).toMatch(/expired/);
    // The inventory has run out too and was asked for again: that is free.
    expect(jobsAsked()).toBe(asked + 1);
  });
});

describe('a range that was asked for, and the answer was lost', () => {
  it('is found again while the service lists it', async () => {
    await lostOnTheWay();
    const asked = jobsAsked();
    await hoursLater(6);
    const found = await checkThrough();
    expect(found).toMatchObject({ outcome: 'done', reads: { unread: 0 } });
    expect(jobsAsked() - asked).toBe(found.reads.ranges - 1);
  });

  it('so long ago that it may have been paid for and forgotten, is not asked for again', async () => {
    await lostOnTheWay();
    const asked = jobsAsked();
    await scene.close();
    simulator.advance(80 * HOUR);
    await makeJobsOlder(scene.profile, 80);
    await scene.open();
    await scene.ask('profile:unlock', { passphrase: PASSPHRASE });
    const late = await checkThrough();
    expect(late).toMatchObject({ outcome: 'problems', problemCount: 0, reads: { unread: 1 } });
    expect(late.reads.reason).toMatch(/may have been paid for/);
    expect(jobsAsked() - asked).toBe(late.reads.ranges - 1);
  });

  /** The engine dies before it hears that the service has begun the first range. */
  async function lostOnTheWay(): Promise<void> {
    await scene.backup();
    await hoursLater(30);
    expect(await checkThrough()).toMatchObject({ outcome: 'done' });
    const asked = jobsAsked();
    simulator.failNext({ operation: 'InitiateJob', when: 'drop-after', times: 'always' });
    await scene.ask('check:start', { target: 'attic', readPercent: 50, maxUsd: 1 });
    await until(() => jobsAsked() > asked);
    await scene.close();
    simulator.clearFaults();
    expect(jobsAsked()).toBe(asked + 1);
    await scene.open();
    await scene.ask('profile:unlock', { passphrase: PASSPHRASE });
  }

  async function until(isSo: () => boolean): Promise<void> {
    while (!isSo()) await sleep(5);
  }
});

describe('a lost answer to a completed upload', () => {
  it('leaves one extra archive at most, which is found, priced and deleted', async () => {
    simulator.failNext({ operation: 'CompleteMultipartUpload', when: 'drop-after' });
    simulator.failNext({
      ...{ operation: 'CompleteMultipartUpload', when: 'before', status: 404 },
      ...{ code: 'ResourceNotFoundException', message: 'The upload ID was not found: x' },
    });
    expect(await scene.backup()).toMatchObject({ state: 'done' });
    const count = await stored();
    await hoursLater(30);
    const found = await checkThrough();
    expect(found).toMatchObject({ outcome: 'done', listing: { present: count, extras: 1, strangers: 0 } });
    const preview = await scene.ask('check:extras', { target: 'attic' });
    expect(preview.extras).toHaveLength(1);
    const [extra] = preview.extras;
    const gb = (preview.bytes + 32_768) / 2 ** 30;
    expect(preview.keeping.usd).toBeCloseTo(gb * 0.004, 12);
    // Ninety days less one or two are charged, each as a day of the shortest month.
    expect(preview.deleting.usd / preview.keeping.usd).toBeGreaterThan(88 / 28 - 0.001);
    expect(preview.deleting.usd / preview.keeping.usd).toBeLessThanOrEqual(90 / 28);
    expect(preview.freeAt).toBeGreaterThan(Date.now());
    const errand = await scene.ask('check:deleteExtras', { target: 'attic', accept: true });
    expect(await scene.through({ id: errand?.id ?? '' })).toMatchObject({
      outcome: 'done',
      done: 1,
      total: 1,
    });
    expect(await scene.ask('check:extras', { target: 'attic' })).toMatchObject({ extras: [] });
    await hoursLater(30);
    expect(await checkThrough()).toMatchObject({ outcome: 'done', listing: { present: count, extras: 0 } });
    const { archives } = await scene.ask('archives:list', place);
    expect(archives.map(({ archive }) => archive)).not.toContain(extra?.archive);
    expect(await scene.backup()).toMatchObject({ changed: false });
  });
});

it('archives of other programs and of another profile are counted and left alone', async () => {
  await scene.backup();
  await scene.store('holiday.zip', 'x');
  const stranger = `a1.${'0'.repeat(32)}.${Buffer.alloc(52, 7).toString('base64url')}`;
  await scene.store(stranger, 'y');
  await hoursLater(30);
  expect(await checkThrough()).toMatchObject({
    outcome: 'done',
    listing: { foreign: 1, strangers: 1, extras: 0 },
  });
  rmSync(join(scene.source, 'one'));
  expect(await scene.backup()).toMatchObject({ state: 'done' });
});
