import { randomBytes } from 'node:crypto';
import { linkSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Fault } from '../../../../src/main/simulator/faults.ts';
import { ErrandScene } from './errandScene.ts';
import { makeJobsOlder } from './olderJobs.ts';

const MIB = 1024 * 1024;
const HOUR = 3_600_000;

let scene: ErrandScene;
beforeEach(async () => {
  scene = new ErrandScene();
  await scene.start();
});
afterEach(async () => {
  await scene.remove();
});

const jobsStarted = (): number => scene.simulator.counts().operations['InitiateJob'] ?? 0;

describe('a job at a vault', () => {
  it('of which the answer to its start was lost is found, not started again', async () => {
    const archive = await scene.store('a', Buffer.from('a'));
    scene.simulator.failNext({ operation: 'InitiateJob', when: 'drop-after' });
    const asked = { ...scene.photos, archive, to: scene.path('back'), accept: true } as const;
    const errand = await scene.ask('downloads:start', asked);
    await scene.until(errand.id, ({ step }) => step === 'waiting');
    expect(jobsStarted()).toBe(1);
    expect(await scene.later(errand, 6)).toMatchObject({ outcome: 'done' });
    expect(await scene.ask('jobs:list', scene.photos)).toHaveLength(1);
  });

  it('that was started when the engine ended, before it was told, is found by the next', async () => {
    const archive = await scene.store('a', Buffer.from('a'));
    // It has its effect at once; the answer comes after the engine is gone.
    scene.simulator.failNext({ operation: 'InitiateJob', when: 'delay', delayMs: 60_000 });
    const asked = { ...scene.photos, archive, to: scene.path('back'), accept: true } as const;
    const errand = await scene.ask('downloads:start', asked);
    while ((await scene.ask('jobs:list', scene.photos)).length === 0);
    await scene.reopen();
    await scene.ask('errands:resume', {});
    await scene.until(errand.id, ({ step }) => step === 'waiting');
    expect(jobsStarted()).toBe(1);
    expect(await scene.later(errand, 6)).toMatchObject({ outcome: 'done' });
  });

  it('of which the answer was lost days ago may have been paid for, and is not started again unasked', async () => {
    const archive = await scene.store('a', Buffer.from('a'));
    scene.simulator.failNext({ operation: 'InitiateJob', when: 'delay', delayMs: 60_000 });
    const asked = { ...scene.photos, archive, to: scene.path('back'), accept: true } as const;
    const errand = await scene.ask('downloads:start', asked);
    while ((await scene.ask('jobs:list', scene.photos)).length === 0);
    await scene.close();
    scene.advance(60);
    await makeJobsOlder(scene.profile, 60);
    await scene.open();
    for (let i = 0; i < 2; i++) {
      await scene.ask('errands:resume', {});
      expect(await scene.through(errand)).toMatchObject({
        paidAgain: true,
        failure: { kind: 'changed', message: expect.stringContaining('the answer was lost') as string },
      });
    }
    expect(jobsStarted()).toBe(1);
    await scene.ask('errands:resume', { id: errand.id, accept: true });
    await scene.until(errand.id, ({ step }) => step === 'waiting');
    expect(jobsStarted()).toBe(2);
    expect(await scene.later(errand, 6)).toMatchObject({ outcome: 'done' });
  });

  it('that was refused can be asked for again', async () => {
    const archive = await scene.store('a', Buffer.from('a'));
    await scene.ask('retrievalPolicy:set', { at: scene.at, policy: { kind: 'rate', bytesPerHour: 1 } });
    await scene.store('big', randomBytes(2 * MIB));
    scene.simulator.failNext({
      operation: 'InitiateJob',
      when: 'before',
      status: 400,
      code: 'PolicyEnforcedException',
      message: 'InitiateJob request denied by current data retrieval policy.',
    });
    const asked = { ...scene.photos, archive, to: scene.path('back'), accept: true } as const;
    const refused = await scene.through(await scene.ask('downloads:start', asked));
    expect(refused).toMatchObject({ outcome: 'failed', failure: { kind: 'conflict' } });
    await scene.ask('retrievalPolicy:set', { at: scene.at, policy: { kind: 'none' } });
    const again = await scene.ask('downloads:start', asked);
    expect(again.id).not.toBe(refused.id);
    await scene.until(again.id, ({ step }) => step === 'waiting');
    expect(await scene.later(again, 6)).toMatchObject({ outcome: 'done' });
  });

  it('that failed at the service stops its download, and is asked for again only when told to', async () => {
    const archive = await scene.store('a', Buffer.from('a'));
    const asked = { ...scene.photos, archive, to: scene.path('back'), accept: true } as const;
    const errand = await scene.ask('downloads:start', asked);
    await scene.until(errand.id, ({ step }) => step === 'waiting');
    scene.simulator.failNext({ operation: 'DescribeVault', when: 'act-after', act: 'fail-jobs' });
    await scene.ask('vaults:show', scene.photos);
    expect(await scene.later(errand, 6)).toMatchObject({ endedAt: null, failure: { kind: 'corrupt' } });
    expect(jobsStarted()).toBe(1);
    await scene.ask('errands:resume', {});
    expect(await scene.ask('errands:show', { id: errand.id })).toMatchObject({ paidAgain: true });
    await scene.ask('errands:resume', { id: errand.id, accept: true });
    await scene.until(errand.id, ({ step, failure }) => step === 'waiting' && failure === null);
    while (jobsStarted() < 2) await new Promise((resolve) => setImmediate(resolve));
    expect(await scene.later(errand, 6)).toMatchObject({ outcome: 'done' });
  });
});

describe('an inventory that does not arrive as it should', () => {
  const onOutput = (fault: object): Fault => ({ operation: 'GetJobOutput', ...fault }) as Fault;

  it.each([
    ['cut off', onOutput({ when: 'answer', change: 'truncate', bytes: 200 })],
    ['a web page', onOutput({ when: 'answer', change: 'html' })],
    ['empty', onOutput({ when: 'answer', change: 'empty' })],
    ['too short', onOutput({ when: 'answer', change: 'shorten', bytes: 200 })],
    ['altered', onOutput({ when: 'answer', change: 'flip', offset: 0 })],
    ['throttled', onOutput({ when: 'before', status: 400, code: 'ThrottlingException', message: 'x' })],
  ])('because it is %s is read again', async (_what, fault) => {
    await scene.store('a', Buffer.from('a'));
    await scene.store('b', Buffer.from('bb'));
    scene.simulator.advance(25 * HOUR);
    const errand = await scene.ask('inventories:request', scene.photos);
    await scene.until(errand.id, ({ step }) => step === 'waiting');
    scene.simulator.failNext(fault);
    expect(await scene.later(errand, 6)).toMatchObject({ outcome: 'done', done: 2 });
    const { inventory } = await scene.ask('archives:list', scene.photos);
    expect(inventory).toMatchObject({ archives: 2, bytes: 3, duplicates: 0 });
  });

  it('again and again leaves the one before as it was', async () => {
    await scene.store('a', Buffer.from('a'));
    scene.simulator.advance(25 * HOUR);
    const first = await scene.ask('inventories:request', scene.photos);
    await scene.until(first.id, ({ step }) => step === 'waiting');
    await scene.later(first, 6);
    await scene.store('b', Buffer.from('bb'));
    scene.simulator.advance(25 * HOUR);
    const second = await scene.ask('inventories:request', scene.photos);
    await scene.until(second.id, ({ step }) => step === 'waiting');
    scene.simulator.failNext(onOutput({ when: 'answer', change: 'shorten', bytes: 300, times: 3 }));
    expect(await scene.later(second, 6)).toMatchObject({ endedAt: null, failure: { kind: 'corrupt' } });
    expect((await scene.ask('archives:list', scene.photos)).inventory).toMatchObject({ archives: 1 });
    await scene.ask('errands:resume', {});
    await scene.until(second.id, ({ outcome }) => outcome === 'done');
    expect((await scene.ask('archives:list', scene.photos)).inventory).toMatchObject({ archives: 2 });
  });
});

describe('an archive that does not arrive as it should', () => {
  it.each([
    ['altered on the way', { change: 'flip', offset: 3 * MIB }],
    ['cut off', { change: 'truncate', bytes: 5 * MIB }],
    ['told with another hash', { change: 'hash', to: 'wrong' }],
    ['a web page', { change: 'html' }],
    ['altered on the way and told so', { change: 'flip', offset: 5, hash: 'match' }],
  ] as const)('because it was %s comes whole in the end', async (_what, change) => {
    const bytes = randomBytes(17 * MIB);
    const archive = await scene.store('big', bytes);
    const asked = { ...scene.photos, archive, to: scene.path('back'), accept: true } as const;
    const errand = await scene.ask('downloads:start', asked);
    await scene.until(errand.id, ({ step }) => step === 'waiting');
    scene.simulator.failNext({ operation: 'GetJobOutput', when: 'answer', ...change });
    expect(await scene.later(errand, 6)).toMatchObject({ outcome: 'done', verified: 'whole' });
    expect(readFileSync(scene.path('back')).equals(bytes)).toBe(true);
  });
});

describe('an archive that is on disk as a whole', () => {
  const bytes = randomBytes(9 * MIB);

  /** All of it is there, under its temporary name, and its name is taken. */
  async function nearlyDone(): Promise<{ readonly id: string; readonly part: string }> {
    const archive = await scene.store('big', bytes);
    const asked = { ...scene.photos, archive, to: scene.path('back'), accept: true } as const;
    const errand = await scene.ask('downloads:start', asked);
    await scene.until(errand.id, ({ step }) => step === 'waiting');
    writeFileSync(scene.path('back'), 'in the way');
    expect(await scene.later(errand, 6)).toMatchObject({ endedAt: null, failure: { kind: 'conflict' } });
    const [part = ''] = parts();
    return { id: errand.id, part: scene.path(part) };
  }

  const parts = (): string[] => readdirSync(scene.dir).filter((name) => name.startsWith('.permafrost'));
  const asked = (): number[] =>
    ['InitiateJob', 'GetJobOutput', 'DescribeJob'].map(
      (operation) => scene.simulator.counts().operations[operation] ?? 0,
    );

  /** Days later, when the service has forgotten it, after what `change` does while the engine is closed. */
  async function carriedOn({ id }: { readonly id: string }, change: () => void) {
    const before = asked();
    await scene.close();
    change();
    await scene.open();
    const ended = await scene.later({ id }, 60);
    expect(asked()).toEqual(before);
    return ended;
  }

  it('gets its name when that is free, without the service', async () => {
    const errand = await nearlyDone();
    const ended = await carriedOn(errand, () => rmSync(scene.path('back')));
    expect(ended).toMatchObject({ outcome: 'done', verified: 'whole' });
    expect(readFileSync(scene.path('back')).equals(bytes)).toBe(true);
    expect(parts()).toEqual([]);
  });

  it.each([
    ['as a second one', linkSync],
    ['instead of the other', renameSync],
  ])('and has got its name %s before a kill is done', async (_how, give) => {
    const errand = await nearlyDone();
    const ended = await carriedOn(errand, () => {
      rmSync(scene.path('back'));
      give(errand.part, scene.path('back'));
    });
    expect(ended).toMatchObject({ outcome: 'done', verified: 'whole' });
    expect(readFileSync(scene.path('back')).equals(bytes)).toBe(true);
    expect(parts()).toEqual([]);
  });

  it('does not take a file with other content for its own', async () => {
    const errand = await nearlyDone();
    const ended = await carriedOn(errand, () => rmSync(errand.part));
    expect(ended).toMatchObject({ endedAt: null, failure: { kind: 'conflict' } });
    expect(readFileSync(scene.path('back'), 'utf8')).toBe('in the way');
  });
});

describe('the age of archives', () => {
  it('is counted by the service’s time, whatever our clock says', async () => {
    await scene.store('a');
    await scene.readInventory();
    await scene.reopen();
    const asked = { ...scene.photos, which: { all: true } } as const;
    const skewMs = 95 * 24 * 3_600_000;
    scene.simulator.failNext({ operation: 'DescribeVault', when: 'answer', change: 'date', skewMs });
    expect(await scene.ask('clearings:preview', asked)).toMatchObject({ archives: 1, freeAt: null });
    scene.simulator.failNext({ operation: 'DescribeVault', when: 'answer', change: 'date', skewMs: 0 });
    expect((await scene.ask('clearings:preview', asked)).estimate.usd).toBeGreaterThan(0);
  });
});
