/**
 * How long requests wait while a backup runs: opens the engine in this process, as a host does, backs a folder up and
 * measures how late timers of this thread come.
 *
 *   node bench/engineDelay.ts SOURCE WORK
 *
 * WORK is an empty folder. Prints one JSON object.
 */
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Outputs, RequestInput, RequestName } from '../src/shared/contract.ts';
import type { RunSummary } from '../src/shared/types.ts';
import { type Engine, openEngine } from '../src/main/engine/engine.ts';
import type { EngineDelay } from './delayOf.ts';

/** How often the thread is looked at; part of every figure, and taken off. */
const LOOK_EVERY_MS = 1;
const NS_PER_MS = 1e6;

const [source, work] = process.argv.slice(2);
if (source === undefined || work === undefined)
  throw new Error('usage: node bench/engineDelay.ts SOURCE WORK');
const engine = await openEngine({ profile: join(work, 'profile'), host: 'bench' });
try {
  await ask(engine, 'profile:init', { passphrase: 'benchmark of cold storage', remember: false });
  const settings = { kind: 'folder', path: join(work, 'store'), create: true } as const;
  await ask(engine, 'targets:add', { name: 'store', settings });
  await ask(engine, 'plans:add', { name: 'bench', target: 'store', sources: [source], excludes: [] });
  process.stdout.write(`${JSON.stringify(await delayOfBackup(engine))}\n`);
} finally {
  await engine.close();
}

async function delayOfBackup(open: Engine): Promise<EngineDelay> {
  const delays = monitorEventLoopDelay({ resolution: LOOK_EVERY_MS });
  const ended = new Promise<RunSummary>((resolve) => open.on('run:ended', resolve));
  const startedAt = performance.now();
  delays.enable();
  await ask(open, 'backup:start', { plan: 'bench', acceptEmptySource: false });
  const run = await ended;
  delays.disable();
  if (run.state !== 'done')
    throw new Error(`The backup ended as ${run.state}: ${run.failure?.message ?? ''}`);
  const inMs = (ns: number) => Math.max(0, ns / NS_PER_MS - LOOK_EVERY_MS);
  return {
    p99Ms: inMs(delays.percentile(99)),
    maxMs: inMs(delays.max),
    seconds: (performance.now() - startedAt) / 1000,
  };
}

async function ask<R extends RequestName>(
  open: Engine,
  name: R,
  input: RequestInput<R>,
): Promise<Outputs[R]> {
  const reply = await open.request(name, input);
  if (reply.ok) return reply.value;
  throw new Error(reply.failure.message);
}
