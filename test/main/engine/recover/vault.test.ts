/** Recovery from a vault, on the real engine and the simulator, whose clock the tests move. */
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { figure } from '../../../figures.ts';
import { compareTrees } from '../../../../src/main/cli/demo/compareTrees.ts';
import { readKit } from '../../../../src/main/engine/keys/kit.ts';
import { startSimulator, type Simulator } from '../../../../src/main/simulator/simulator.ts';
import type { RecoverySummary } from '../../../../src/shared/recoveryTypes.ts';
import { PASSPHRASE, Scene } from '../scene.ts';
import { NewComputer } from './recoverScene.ts';
import { archivesOfKind, toldBy } from './told.ts';

const HOUR = 3_600_000;

let scene: Scene;
let simulator: Simulator;
let computer: NewComputer;
beforeEach(async () => {
  scene = new Scene();
  simulator = await startSimulator({ dir: scene.path('simulator'), durability: 'none' });
  process.env.AWS_ACCESS_KEY_ID = simulator.accessKeyId;
  process.env.AWS_SECRET_ACCESS_KEY = simulator.secretAccessKey;
  await scene.setUp({ ...vault(), create: true, packMiB: 4 });
  computer = new NewComputer(scene.dir);
});
afterEach(async () => {
  await computer.close();
  await scene.close();
  await simulator.close();
  await scene.remove();
});

const vault = () =>
  ({ kind: 'vault', vault: 'photos', region: simulator.region, endpoint: simulator.url }) as const;
const target = () => ({ name: 'attic', settings: vault() });

/** Three snapshots, and then so much time that the inventory has them. */
async function history(): Promise<void> {
  writeFileSync(join(scene.source, 'one'), randomBytes(3_000_000));
  await scene.backup();
  writeFileSync(join(scene.source, 'two'), randomBytes(6_000_000));
  await scene.backup();
  writeFileSync(join(scene.source, 'three'), 'three');
  await scene.backup();
}

/** What can be done without waiting for hours, and no more. */
function atRest({ waiting, endedAt, failure, step }: RecoverySummary): boolean {
  return waiting || endedAt !== null || failure !== null || step === 'locked';
}

/** Resolves when nothing can be done but to wait, or when it is over. */
async function untilRest(act: () => Promise<unknown>): Promise<RecoverySummary> {
  let last: RecoverySummary | undefined;
  let look = (): void => undefined;
  const off = computer.engine.on('recovery:changed', (summary) => {
    last = summary;
    look();
  });
  try {
    await act();
    return await new Promise<RecoverySummary>((resolve) => {
      look = () => {
        if (last !== undefined && atRest(last)) resolve(last);
      };
      look();
    });
  } finally {
    off();
  }
}

/** The engine ends and starts again after some hours: a recovery needs nobody beside it. */
async function hoursLater(secret: string, hours = 6): Promise<void> {
  const { state } = await computer.ask('profile:status', {});
  await computer.close();
  simulator.advance(hours * HOUR);
  await computer.open();
  if (state !== 'new') await computer.ask('profile:unlock', { passphrase: secret });
}

/** Lets hours pass whenever nothing else can be done, until it is over. */
async function through(input: Parameters<typeof start>[0], secret: string): Promise<RecoverySummary> {
  let summary = await untilRest(() => start(input));
  for (;;) {
    if (summary.endedAt !== null || summary.failure !== null) return summary;
    if (summary.step === 'locked') await computer.ask('profile:unlock', { passphrase: secret });
    else await hoursLater(secret);
    summary = await untilRest(() => computer.ask('recover:resume', {}));
  }
}

function start(input: Parameters<NewComputer['recover']>[0]): Promise<unknown> {
  return computer.ask('recover:start', input);
}

async function restoresAll(): Promise<void> {
  const to = scene.path('restored');
  const passing = setInterval(() => simulator.jobsUnderWay() > 0 && simulator.advance(5 * HOUR), 50);
  try {
    expect(await computer.restore({ snapshot: 'latest', to })).toMatchObject({ state: 'done' });
  } finally {
    clearInterval(passing);
  }
  expect((await compareTrees(scene.source, join(to, 'source'))).differenceCount).toBe(0);
}

describe('recovery from a vault', () => {
  it('needs the passphrase alone: three waits before the files, an equal catalog after them', async () => {
    await history();
    await scene.close();
    simulator.advance(48 * HOUR);
    await computer.open();
    const recovered = await through(target(), PASSPHRASE);
    expect(recovered).toMatchObject({ outcome: 'done', waits: 3, result: { snapshots: 3, packsMissing: 0 } });
    figure('cold waits with the passphrase alone', recovered.waits + 1);
    expect(recovered.estimate.usd).toBeGreaterThan(0);
    expect(recovered.estimate.usd).toBeLessThan(0.01);
    await restoresAll();
    await computer.close();
    expect(await toldBy(join(computer.profile, 'catalog.db'))).toEqual(
      await toldBy(join(scene.profile, 'catalog.db')),
    );
  });

  it('needs one wait with a saved kit before there is something to restore', async () => {
    await history();
    const { text } = await scene.ask('kit:page', {});
    expect(readKit(text)).toMatchObject({ copies: [expect.any(String)] });
    await scene.close();
    simulator.advance(48 * HOUR);
    await computer.open();
    const code = readKit(text).code ?? '';
    let summary = await untilRest(() => start({ ...target(), kit: text }));
    let waitsToBrowse = 0;
    while (summary.endedAt === null && summary.failure === null) {
      if (summary.step === 'locked') await computer.ask('profile:unlock', { passphrase: code });
      else {
        if (!summary.browsable) waitsToBrowse++;
        await hoursLater(code);
      }
      summary = await untilRest(() => computer.ask('recover:resume', {}));
    }
    expect(summary).toMatchObject({ outcome: 'done', result: { snapshots: 3 } });
    // The copy that the kit names comes with the inventory: the next wait is that for the first file.
    expect(waitsToBrowse).toBe(1);
    figure('cold waits with a saved kit', waitsToBrowse + 1);
    await restoresAll();
  });

  it('asks for no archive twice, however often it is killed and carried on', async () => {
    await history();
    await scene.close();
    simulator.advance(48 * HOUR);
    await computer.open();
    let summary = await untilRest(() => start(target()));
    for (let looks = 0; summary.endedAt === null; looks++) {
      expect(looks).toBeLessThan(100);
      expect(summary.failure).toBeNull();
      if (summary.step === 'locked') await computer.ask('profile:unlock', { passphrase: PASSPHRASE });
      else await hoursLater(PASSPHRASE, 1);
      summary = await untilRest(() => computer.ask('recover:resume', {}));
    }
    // The inventory, one key slots file, the catalog copy and the two manifests after it.
    expect(simulator.counts().operations.InitiateJob).toBe(5);
  });

  it('stops at what may be spent, says the price, and goes on when more may be', async () => {
    await history();
    await scene.close();
    simulator.advance(48 * HOUR);
    await computer.open();
    const stopped = await through({ ...target(), maxUsd: 0 }, PASSPHRASE);
    expect(stopped.failure).toMatchObject({
      kind: 'conflict',
      message: expect.stringMatching(/\$0\.0\d in all; \$0\.00/) as string,
    });
    expect(simulator.counts().operations.InitiateJob).toBe(1);
    const more = await untilRest(() => computer.ask('recover:resume', { maxUsd: 1 }));
    expect(more).toMatchObject({ waiting: true, failure: null });
    expect(await computer.ask('recover:cancel', {})).toMatchObject({ outcome: 'cancelled' });
  });

  it('says so where the service has taken no inventory yet, and goes on when it has', async () => {
    await history();
    await scene.close();
    await computer.open();
    const early = await untilRest(() => start(target()));
    expect(early.failure).toMatchObject({
      kind: 'not-found',
      advice: expect.stringContaining('tomorrow') as string,
    });
    await computer.close();
    simulator.advance(48 * HOUR);
    await computer.open();
    expect(await untilRest(() => computer.ask('recover:resume', {}))).toMatchObject({
      waiting: true,
      step: 'listing',
    });
  });

  it('reads at most a fiftieth of what is stored', async () => {
    writeFileSync(join(scene.source, 'many'), randomBytes(250_000_000));
    await scene.backup();
    await scene.close();
    const stored = await archivesOfKind(join(scene.profile, 'catalog.db'), 'data');
    expect(stored.length).toBeGreaterThan(50);
    simulator.advance(48 * HOUR);
    await computer.open();
    const began = Date.now();
    const { result, listing } = await through(target(), PASSPHRASE);
    figure(
      'rebuilding a catalog from a vault of 240 MiB, hours of the service left out',
      (Date.now() - began) / 1000,
    );
    const share = (100 * (result?.bytesRead ?? Infinity)) / (listing?.bytes ?? 0);
    expect(share).toBeLessThanOrEqual(2);
    figure('read for that, of what is stored', share);
  });
});
