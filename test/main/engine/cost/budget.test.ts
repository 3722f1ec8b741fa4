/** A budget: what it stops, what it does not, and that it says so. */
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isAtLine, retrievalRateFor } from '../../../../src/main/engine/cost/budget.ts';
import { monthName, monthOf } from '../../../../src/main/engine/cost/month.ts';
import { vaultPrices } from '../../../../src/main/engine/cost/prices.ts';
import { openEngine, type Engine } from '../../../../src/main/engine/engine.ts';
import { startSimulator, type Simulator } from '../../../../src/main/simulator/simulator.ts';
import { alterCatalog } from '../retain/retainScene.ts';
import { PASSPHRASE, Scene } from '../scene.ts';

describe('the line', () => {
  it('is reached by what a month costs in any case, unless somebody has lifted it for that month', () => {
    const budget = { monthlyUsd: 5, liftedFor: null };
    expect(isAtLine(budget, '2026-11', 4.99)).toBe(false);
    expect(isAtLine(budget, '2026-11', 5)).toBe(true);
    expect(isAtLine({ ...budget, liftedFor: '2026-11' }, '2026-11', 50)).toBe(false);
    expect(isAtLine({ ...budget, liftedFor: '2026-11' }, '2026-12', 50)).toBe(true);
    expect(isAtLine({ monthlyUsd: null, liftedFor: null }, '2026-11', 1e9)).toBe(false);
  });

  it('as a retrieval policy: a month at that rate costs what the budget is, and no more', () => {
    const prices = vaultPrices('us-east-1');
    const rate = retrievalRateFor(5, prices);
    const usd = ((rate * 31 * 24) / prices.bytesPerGB) * prices.usd.retrievalPerGB.standard;
    expect(usd).toBeLessThanOrEqual(5);
    expect(usd).toBeGreaterThan(4.99);
  });

  it('months are those of UTC', () => {
    expect(monthName(monthOf(Date.UTC(2026, 0, 1), -1))).toBe('2025-12');
    expect(monthOf(Date.UTC(2024, 1, 29))).toEqual({
      from: Date.UTC(2024, 1, 1),
      until: Date.UTC(2024, 2, 1),
    });
  });
});

describe('a budget that is reached', () => {
  const scene = new Scene();
  let simulator: Simulator;
  let engine: Engine | null = null;
  beforeEach(async () => {
    simulator = await startSimulator({ dir: scene.path('simulator'), durability: 'none' });
    process.env.AWS_ACCESS_KEY_ID = simulator.accessKeyId;
    process.env.AWS_SECRET_ACCESS_KEY = simulator.secretAccessKey;
    const { region, url: endpoint } = simulator;
    await scene.setUp({ kind: 'vault', vault: 'photos', region, endpoint, create: true, packMiB: 4 });
  });
  afterEach(async () => {
    await engine?.close();
    await scene.close();
    await simulator.close();
    await scene.remove();
  });

  it('keeps plans from running by themselves, says so once, and lets go on what is allowed', async () => {
    const change = (): void => writeFileSync(join(scene.source, 'a'), randomBytes(1_000_000));
    change();
    await scene.backup();
    const { usd, forecastUsd } = await scene.ask('costs:show', {});
    expect(usd).toBeGreaterThan(0);
    expect(forecastUsd).toBeGreaterThanOrEqual(usd);
    expect(await scene.ask('budget:set', { monthlyUsd: usd / 2 })).toMatchObject({ isReached: true });
    // By hand it runs all the same.
    change();
    expect(await scene.backup()).toMatchObject({ state: 'done' });
    const policy = await scene.ask('budget:policy', { target: 'attic', accept: true });
    expect(await scene.ask('retrievalPolicy:show', { at: { target: 'attic' } })).toMatchObject({
      kind: 'rate',
      bytesPerHour: policy.bytesPerHour,
    });
    await scene.ask('plans:edit', { name: 'docs', schedule: 'every 30m' });
    await scene.close();
    await alterCatalog(
      join(scene.profile, 'catalog.db'),
      'update plans set scheduled_at = 1; update runs set started_at = 1, ended_at = 2',
    );
    change();

    engine = await openEngine({ profile: scene.profile, host: 'test', resident: true });
    const notices: string[] = [];
    const started: string[] = [];
    engine.on('engine:notice', ({ message }) => notices.push(message));
    engine.on('run:started', ({ plan }) => started.push(plan));
    const ended = new Promise((resolve) => engine?.on('run:ended', resolve));
    await engine.request('profile:unlock', { passphrase: PASSPHRASE });
    for (let i = 0; notices.length === 0 && i < 100; i++) await sleep(50);
    // Looks again, and says nothing more.
    await engine.request('unattended:set', { pausedUntil: null });
    await sleep(500);
    expect(notices).toEqual([expect.stringMatching(/^The budget of \$0\.00 is reached/) as string]);
    expect(started).toEqual([]);
    await engine.request('budget:lift', {});
    expect(await ended).toMatchObject({ plan: 'docs', state: 'done' });
  });
});
