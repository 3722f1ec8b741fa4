/** What a restore is said to cost, what the order says it has cost, and the simulator's bill: equal to the cent, and far beyond. */
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startSimulator, type Simulator } from '../../../../src/main/simulator/simulator.ts';
import type { RequestInput } from '../../../../src/shared/contract.ts';
import type { Estimate, OrderSummary } from '../../../../src/shared/types.ts';
import { below, randomOf, type Random } from '../crash/randomTree.ts';
import { Scene } from '../scene.ts';
import { letHoursPass } from '../thaw.ts';

const scene = new Scene();
let simulator: Simulator;
let clock: NodeJS.Timeout;
const files: string[] = [];

beforeAll(async () => {
  simulator = await startSimulator({ dir: scene.path('simulator'), durability: 'none' });
  process.env.AWS_ACCESS_KEY_ID = simulator.accessKeyId;
  process.env.AWS_SECRET_ACCESS_KEY = simulator.secretAccessKey;
  const { region, url: endpoint } = simulator;
  const random = randomOf(42);
  for (let i = 0; i < 120; i++) {
    const folder = `folder ${i % 9}`;
    mkdirSync(join(scene.source, folder), { recursive: true });
    const size = random() < 0.8 ? below(random, 150_000) : below(random, 4_000_000);
    files.push(`${folder}/file ${i}`);
    writeFileSync(join(scene.source, folder, `file ${i}`), randomBytes(size + 1));
  }
  await scene.setUp({ kind: 'vault', vault: 'photos', region, endpoint, create: true, packMiB: 8 });
  await scene.backup();
  clock = letHoursPass(() => simulator, 250);
});
afterAll(async () => {
  clearInterval(clock);
  await scene.close();
  await simulator.close();
  await scene.remove();
});

type Asked = Pick<RequestInput<'restore:order'>, 'paths' | 'tier' | 'by' | 'maxUsd'>;

function drawn(random: Random): Asked {
  const count = random() < 0.3 ? 1 : 1 + below(random, random() < 0.5 ? 5 : 100);
  const chosen = new Set(Array.from({ length: count }, () => files[below(random, files.length)] ?? ''));
  const paths = random() < 0.1 ? [] : [...chosen].map((text) => ({ text: join(scene.source, text) }));
  const dice = random();
  if (dice < 0.6) return { paths, tier: (['expedited', 'standard', 'bulk'] as const)[below(random, 3)] };
  if (dice < 0.8) return { paths, by: Date.now() + (random() < 0.5 ? 6 : 20) * 3_600_000 };
  return { paths, maxUsd: 1 + random() };
}

/** Dollars by line, of those that a restore has. */
function linesOf({ lines }: Pick<Estimate, 'lines'>): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const { what, usd } of lines) if (usd > 0) sums[what] = (sums[what] ?? 0) + usd;
  return sums;
}

async function billedSince(from: number): Promise<Record<string, number>> {
  const { lines } = await simulator.bill({ from });
  const wanted = lines.filter(({ line }) => /^Retrieval|^Download/.test(line));
  return linesOf({
    lines: wanted.map(({ line, ...rest }) => ({
      ...rest,
      what: line.replace(/, \w+$/, (tier) => tier.toLowerCase()),
    })),
  });
}

function expectEqual(ours: Record<string, number>, theirs: Record<string, number>): void {
  expect(Object.keys(ours).sort()).toEqual(Object.keys(theirs).sort());
  for (const [line, usd] of Object.entries(ours)) expect(usd, line).toBeCloseTo(theirs[line] ?? 0, 9);
}

describe('the price of a restore', () => {
  it('shown before, told after and billed is one, over random selections and ways', async () => {
    const random = randomOf(20_261_126);
    const seen = new Set<string>();
    for (let i = 0; i < 25; i++) {
      const asked = drawn(random);
      const preview = await scene.ask('restore:preview', { snapshot: 'latest', archiveOnly: true, ...asked });
      // No two orders share a moment of the bill.
      simulator.advance(3_600_000);
      const from = simulator.now();
      const order: OrderSummary = await scene.restore({ ...asked, to: scene.path(`out ${i}`) });
      expect(order).toMatchObject({ state: 'done', estimate: preview.estimate });
      const billed = await billedSince(from);
      expectEqual(linesOf(order.estimate), billed);
      expectEqual(linesOf(order.actual ?? { lines: [] }), billed);
      for (const line of Object.keys(billed)) seen.add(line);
      // Outputs are not there for the next one.
      simulator.advance(48 * 3_600_000);
    }
    expect(seen.size).toBe(7);
  }, 240_000);

  it('counts nothing for what another order has brought, and says so afterwards', async () => {
    const paths = [{ text: join(scene.source, files[0] ?? '') }];
    await scene.restore({ paths, tier: 'standard', to: scene.path('once') });
    const asked = simulator.counts().operations.InitiateJob;
    const again = await scene.restore({ paths, tier: 'standard', to: scene.path('twice') });
    expect(simulator.counts().operations.InitiateJob).toBe(asked);
    expect(again).toMatchObject({ state: 'done' });
    expect(again.estimate.usd).toBeGreaterThan(again.actual?.usd ?? Infinity);
    expect(Object.keys(linesOf(again.actual ?? { lines: [] }))).toEqual(['Download to the internet']);
  });
});
