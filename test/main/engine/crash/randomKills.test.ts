/**
 * Kills the engine at random times, over and over, and holds it to what it has said. `PERMAFROST_SEED=n` tells the story
 * of one seed alone; `npm run soak` tells ten times as many.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { bundleChild } from './bundleChild.ts';
import { type Figures, Pace, tellStory } from './randomKillsScene.ts';
import { figure } from '../../../figures.ts';

const isSoak = process.env.PERMAFROST_SOAK !== undefined;
const only = process.env.PERMAFROST_SEED;
const seeds =
  only !== undefined ? [Number(only)] : Array.from({ length: isSoak ? 2000 : 200 }, (_, i) => i + 1);
/** Stories told at once: while one waits for its vault, another works. */
const AT_ONCE = 4;
const MINUTE = 60_000;

const folder = join(import.meta.dirname, `../../../../node_modules/.cache/permafrost-kills-${process.pid}`);
let script: string;
beforeAll(async () => {
  script = await bundleChild(join(import.meta.dirname, 'randomKillsChild.ts'), folder);
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

it(
  'killed at any time, it loses nothing it has said was saved, and pays for nothing twice',
  async () => {
    const failed: string[] = [];
    const figures: Figures[] = [];
    const pace = new Pace();
    const waiting = [...seeds];
    const tellSome = async (): Promise<void> => {
      for (let seed = waiting.shift(); seed !== undefined; seed = waiting.shift()) {
        try {
          figures.push(await inTime(tellStory(seed, script, pace)));
        } catch (error) {
          failed.push(`PERMAFROST_SEED=${seed}: ${String(error)}`);
        }
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, tellSome));
    process.stdout.write(`${summary(figures)}\n`);
    tell(figures, failed.length);
    expect(failed).toEqual([]);
    expect(figures).toHaveLength(seeds.length);
  },
  (isSoak ? 600 : 60) * MINUTE,
);

/** A story takes seconds: one that hangs is named, instead of all of them being cut off. */
async function inTime<T>(story: Promise<T>): Promise<T> {
  const waited = new AbortController();
  const late = wait(10 * MINUTE, null, { signal: waited.signal, ref: false }).then(() => {
    throw new Error('it does not come to an end');
  });
  try {
    return await Promise.race([story, late]);
  } finally {
    waited.abort();
    late.catch(() => undefined);
  }
}

function tell(figures: readonly Figures[], broken: number): void {
  const sum = (of: (one: Figures) => number): number => figures.reduce((all, one) => all + of(one), 0);
  figure('seeds of random kills', seeds.length);
  figure(
    'random kills',
    sum(({ inWork, inRecovery }) => inWork + inRecovery),
  );
  figure('promises broken after random kills', broken);
  figure(
    'archives too many after random kills',
    sum(({ extraArchives }) => extraArchives),
  );
  figure('opening after a kill, 95 of 100', recoveryP95(figures));
}

function recoveryP95(figures: readonly Figures[]): number {
  const recoveries = figures.flatMap(({ recoveriesMs }) => recoveriesMs).sort((a, b) => a - b);
  return recoveries[Math.floor(recoveries.length * 0.95)] ?? 0;
}

function summary(figures: readonly Figures[]): string {
  const sum = (of: (one: Figures) => number): number => figures.reduce((all, one) => all + of(one), 0);
  const p95 = recoveryP95(figures);
  return (
    `${figures.length} seeds: killed ${sum(({ inWork }) => inWork)} times at work and ${sum(({ inRecovery }) => inRecovery)} times ` +
    `in recovery; ${sum(({ snapshots }) => snapshots)} snapshots, ${sum(({ extraArchives }) => extraArchives)} archives too many; ` +
    `opening after a kill took ${p95} ms (p95)`
  );
}
