/**
 * Fuzzes one reader in a process of its own, so that a crash or a hang is seen from outside: `fuzzChild <reader> <first
 * seed> <seeds> <progress file>`. Which seed is being tried stands in the progress file all the time.
 */
import { openSync, writeSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { EngineError } from '../../../../src/main/engine/failure.ts';
import { randomOf } from '../crash/randomTree.ts';
import type { FuzzResult } from './fuzz.test.ts';
import { readers } from './readers.ts';

const WARM_UP = 50;
/** So that growth is what an input took, and not what thousands have left behind. */
const COLLECT_EVERY = 500;

const [name = '', first = '1', count = '1', progressFile = ''] = process.argv.slice(2);
const reader = await readers[name]?.();
if (reader === undefined) throw new RangeError(`no reader is called ${name}`);
const progress = openSync(progressFile, 'w');
const attempts = Math.ceil(Number(count) / (reader.weight ?? 1));
const result: FuzzResult = { attempts, taken: 0, slowestMs: 0, growthMiB: 0, failures: [] };
let base = 0;
for (let i = 0; i < attempts; i++) {
  const seed = Number(first) + i;
  writeSync(progress, String(seed).padEnd(12), 0);
  if (i % COLLECT_EVERY === 0) await collect();
  const begun = performance.now();
  try {
    if (await reader.attempt(randomOf(seed))) result.taken++;
  } catch (error) {
    if (!(error instanceof EngineError) || error.kind === 'bug') {
      const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
      if (result.failures.length < 5) result.failures.push(`PERMAFROST_SEED=${seed}: ${what}`);
    }
  }
  result.slowestMs = Math.max(result.slowestMs, performance.now() - begun);
  if (i === Math.min(WARM_UP, attempts - 1)) base = process.resourceUsage().maxRSS;
}
result.growthMiB = Math.round((process.resourceUsage().maxRSS - base) / 1024);
await reader.end?.();
process.send?.(result);
process.disconnect();

/** Some of what zlib leaves behind goes only between two turns of the event loop. */
async function collect(): Promise<void> {
  await nextTurn();
  globalThis.gc?.();
}
