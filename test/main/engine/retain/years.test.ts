/** Three years of daily churn (yearsChild.ts): what is kept, what it costs, and that it is deleted for nothing. */
import { fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { bundledChild } from '../crash/bundleChild.ts';
import type { SeenMonth, SeenYears } from './yearsChild.ts';

const DAYS = Number(process.env.PERMAFROST_DAYS ?? 3 * 365);
/** Until the rules are as full as they get and the first deletions have come, no month is like the one before. */
const SETTLING_MONTHS = 4;

let seen: SeenYears;
beforeAll(async () => {
  const script = await bundledChild(join(import.meta.dirname, 'yearsChild.ts'));
  const child = fork(script, [String(DAYS)], {
    stdio: 'inherit',
    execArgv: [],
    // In memory, where there is such a place: a thousand runs wait for the disk ten times each.
    env: { ...process.env, TZ: 'UTC', ...(existsSync('/dev/shm') && { TMPDIR: '/dev/shm' }) },
  });
  seen = await new Promise<SeenYears>((resolve, reject) => {
    child.once('message', (message: SeenYears) => resolve(message));
    child.once('exit', (code) => reject(new Error(`the years ended with ${code}`)));
  });
  process.stdout.write(`${story(seen).join('\n')}\n`);
}, 15 * 60_000);

it('keeps exactly the snapshots that the rules name', () => {
  expect(seen.months.length).toBeGreaterThan(DAYS / 31 - 1);
  for (const { kept, keptByHand } of seen.months) expect(kept).toEqual(keptByHand);
});

it('deletes what nothing needs, and neither retrieves a byte for it nor pays a fee', () => {
  expect(seen.months.map(({ failure }) => failure).filter((failure) => failure !== null)).toEqual([]);
  expect(seen.deleted).toBeGreaterThan(DAYS);
  expect(seen.bill.filter(({ line }) => /Retrieval|Early/.test(line))).toEqual([]);
  // Inventories, which cost nothing.
  expect(seen.jobs).toBeLessThanOrEqual(seen.months.length);
});

it('leaves little space to what nothing needs', () => {
  for (const { deadShare } of seen.months) expect(deadShare).toBeLessThan(0.25);
});

it('says what a month has cost so far as the service bills it', () => {
  for (const { shownUsd, billedUsd } of seen.months) expect(shownUsd / billedUsd).toBeCloseTo(1, 2);
});

it('forecasts the bill within 2%', () => {
  const settled = seen.months.slice(SETTLING_MONTHS).filter(({ wasUsd }) => wasUsd !== null);
  expect(settled.length).toBeGreaterThan(0);
  const sum = (of: (month: SeenMonth) => number): number =>
    settled.reduce((all, month) => all + of(month), 0);
  const share = sum(({ forecastUsd }) => forecastUsd) / sum(({ wasUsd }) => wasUsd ?? 0);
  expect(share).toBeGreaterThan(0.98);
  expect(share).toBeLessThan(1.02);
});

function story({ months, bill, deleted, jobs }: SeenYears): string[] {
  const dead = Math.max(...months.map(({ deadShare }) => deadShare));
  return [
    `${DAYS} days: ${deleted} archives deleted, ${jobs} inventories, dead space at most ${(dead * 100).toFixed(1)}%; ` +
      bill.map(({ line, usd }) => `${line} $${usd.toFixed(4)}`).join(', '),
    ...months.map(({ from, forecastUsd, wasUsd, shownUsd, billedUsd, deadShare }) =>
      [
        new Date(from).toISOString().slice(0, 7),
        `forecast $${forecastUsd.toFixed(5)}`,
        wasUsd === null
          ? ''
          : `billed $${wasUsd.toFixed(5)} (${((forecastUsd / wasUsd - 1) * 100).toFixed(1)}%)`,
        `so far ${((shownUsd / billedUsd - 1) * 100).toFixed(2)}%`,
        `dead ${(deadShare * 100).toFixed(1)}%`,
      ].join('  '),
    ),
  ];
}
