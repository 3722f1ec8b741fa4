/**
 * Years of daily churn at a vault, in a process whose clock is moved: the simulator's, the engine's and the files' are one.
 * Tells its parent what it has seen of each month.
 */
import { mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { startSimulator, type Simulator } from '../../../../src/main/simulator/simulator.ts';
import { pseudoRandom } from '../chunk/sample.ts';
import { below, randomOf } from '../crash/randomTree.ts';
import { RetainScene } from './retainScene.ts';

/** What was seen on the first of a month, and how the month came out. */
export interface SeenMonth {
  /** Epoch ms, UTC. */
  readonly from: number;
  readonly kept: readonly number[];
  readonly keptByHand: readonly number[];
  readonly failure: string | null;
  /** Share of the data that nothing needs. */
  readonly deadShare: number;
  /** What the engine says the month has cost so far, and what the service bills. */
  readonly shownUsd: number;
  readonly billedUsd: number;
  readonly forecastUsd: number;
  /** At its end; null for one that is not over. */
  readonly wasUsd: number | null;
}

export interface SeenYears {
  readonly months: readonly SeenMonth[];
  readonly bill: readonly { readonly line: string; readonly usd: number }[];
  readonly deleted: number;
  readonly jobs: number;
  readonly inventories: number;
}

const DAY = 86_400_000;
const DAYS = Number(process.argv[2]);
/** In the past, so that files are older than the clock of the system that stamps their changes. */
const START = Date.UTC(2023, 0, 1, 3);
const KEEP = 'last=2,daily=7,weekly=5,monthly=12,yearly=5';

let now = START;
globalThis.Date = new Proxy(Date, {
  construct: (real, given: unknown[]) => Reflect.construct(real, given.length === 0 ? [now] : given) as Date,
  get: (real, name) => (name === 'now' ? () => now : (Reflect.get(real, name) as unknown)),
});

const random = randomOf(20_261_127);
const scene = new RetainScene();
let written = 0;

function write(name: string, bytes: number, at: number): void {
  const path = join(scene.source, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, pseudoRandom(bytes, 2 * ++written + 1));
  utimesSync(path, at / 1000 - 60, at / 1000 - 60);
}

/** A household: some documents change daily, more of them now and then, photos come and stay, a download comes and goes. */
function live(day: number, at: number): void {
  if (day === 0) {
    for (let i = 0; i < 40; i++) write(`archive/${i}`, 150_000, at - 900 * DAY);
    for (let i = 0; i < 30; i++) write(`documents/${i}`, 40_000, at - 30 * DAY);
  }
  for (let i = 0; i < 4; i++) write(`documents/${i}`, 40_000, at);
  if (day % 3 === 0) write(`documents/${4 + below(random, 26)}`, 40_000, at);
  if (day % 2 === 0) write(`photos/${2023 + Math.floor(day / 365)}/${day}`, 250_000, at);
  if (day % 10 === 0) write(`downloads/${day}`, 400_000, at);
  if (day % 10 === 6) rmSync(join(scene.source, `downloads/${day - 6}`), { force: true });
}

/** Files change every day; the computer that saves them is off at weekends. */
function isWeekend(at: number): boolean {
  return [0, 6].includes(new Date(at).getUTCDay());
}

/** The newest of each of the last so many periods that have any, counted without the engine. */
function keptByHand(made: readonly number[]): readonly number[] {
  const day = (at: number): string => new Date(at).toISOString();
  const rules: readonly [number, (at: number) => string][] = [
    [2, String],
    [7, (at) => day(at).slice(0, 10)],
    [5, (at) => String(Math.floor((at / DAY + 3) / 7))],
    [12, (at) => day(at).slice(0, 7)],
    [5, (at) => day(at).slice(0, 4)],
  ];
  const kept = new Set<number>();
  for (const [count, name] of rules) {
    const newest = new Map(made.map((at) => [name(at), at]));
    for (const at of [...newest.values()].slice(-count)) kept.add(at);
  }
  return [...kept].sort((a, b) => a - b);
}

async function firstOfMonth(simulator: Simulator, made: readonly number[]): Promise<SeenMonth> {
  const date = new Date();
  const from = Date.UTC(date.getUTCFullYear(), date.getUTCMonth());
  const pruned = await scene.prune();
  const snapshots = await scene.ask('snapshots:list', { plan: 'docs' });
  const costs = await scene.ask('costs:show', {});
  return {
    from,
    kept: snapshots.map(({ startedAt }) => startedAt),
    keptByHand: keptByHand(made),
    failure: pruned.failure?.message ?? null,
    deadShare: 1 - pruned.liveBytes / pruned.bytes,
    shownUsd: costs.usd,
    billedUsd: (await simulator.bill({ from, to: now })).usd,
    forecastUsd: costs.forecastUsd,
    wasUsd: null,
  };
}

async function years(simulator: Simulator): Promise<SeenYears> {
  const made: number[] = [];
  const months: SeenMonth[] = [];
  for (let day = 0; day < DAYS; day++) {
    now = START + day * DAY;
    live(day, now);
    const isFirst = new Date().getUTCDate() === 1;
    if (isWeekend(now) && !isFirst) continue;
    const run = await scene.backup();
    if (run.state !== 'done') throw new Error(`${new Date().toISOString()}: ${JSON.stringify(run)}`);
    made.push(now);
    now += 3_600_000;
    if (isFirst) months.push(await firstOfMonth(simulator, made));
  }
  const end = START + DAYS * DAY;
  const seen: SeenMonth[] = [];
  for (const [i, month] of months.entries()) {
    const until = months[i + 1]?.from;
    const wasUsd = until === undefined ? null : (await simulator.bill({ from: month.from, to: until })).usd;
    seen.push({ ...month, wasUsd });
  }
  const { lines } = await simulator.bill({ from: START - DAY, to: end });
  const { InitiateJob = 0, DeleteArchive = 0 } = simulator.counts().operations;
  const inventories = (await scene.ask('prune:history', { limit: 1000 })).length;
  return { months: seen, bill: lines, deleted: DeleteArchive, jobs: InitiateJob, inventories };
}

const simulator = await startSimulator({
  dir: scene.path('simulator'),
  durability: 'none',
  durations: { inventoryJob: 0 },
});
process.env.AWS_ACCESS_KEY_ID = simulator.accessKeyId;
process.env.AWS_SECRET_ACCESS_KEY = simulator.secretAccessKey;
const { region, url: endpoint } = simulator;
await scene.setUp({ kind: 'vault', vault: 'photos', region, endpoint, create: true, packMiB: 4 });
await scene.ask('plans:edit', { name: 'docs', retention: KEEP });
process.send?.(await years(simulator));
await scene.close();
await simulator.close();
await scene.remove();
process.disconnect();
