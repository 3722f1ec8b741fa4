/**
 * Fuzzing by mutation: each reader of what comes from outside gets sound input that was damaged by chance. It may take it
 * or refuse it, as an `EngineError`; it must not crash, hang, take more memory than it should, throw anything else, or take
 * what it has to refuse. `PERMAFROST_SEED=n` tries one seed with each reader; `npm run soak` ten times as many.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readers } from './readers.ts';
import { figure } from '../../../figures.ts';

export interface FuzzResult {
  attempts: number;
  taken: number;
  slowestMs: number;
  /** By how much the process grew after it had warmed up. */
  growthMiB: number;
  readonly failures: string[];
}

const only = process.env.PERMAFROST_SEED;
const count = only !== undefined ? 1 : process.env.PERMAFROST_SOAK !== undefined ? 1_000_000 : 100_000;
/** The reader of which each failure is a name that leads out of its folder, or cannot be turned back. */
const NAMES_ON_DISK = 'names on disk';
const MOST_MIB = 256;
/**
 * One input keeps a reader busy for a millisecond; so many looks, one a second, that no busy machine is the reason. They are
 * counted, because a machine that sleeps lets time pass in which nobody reads.
 */
const HANG_LOOKS = 60;

const folder = mkdtempSync(join(tmpdir(), 'permafrost-fuzz-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('fuzzed, it refuses or reads, and nothing else', () => {
  it.each(Object.keys(readers))(
    '%s',
    async (name) => {
      const result = await fuzz(name);
      const { attempts, taken, slowestMs, growthMiB } = result;
      process.stdout.write(
        `${name}: ${attempts} inputs, ${taken} taken, slowest ${Math.round(slowestMs)} ms, ${growthMiB} MiB more\n`,
      );
      figure('damaged inputs read', attempts);
      figure('readers that crashed, hung or took what is damaged', result.failures.length === 0 ? 0 : 1);
      if (name === NAMES_ON_DISK) {
        figure('hostile names made into names on disk', attempts);
        figure('hostile names that lead out of their folder', result.failures.length);
      }
      expect(result.failures).toEqual([]);
      expect(growthMiB).toBeLessThan(MOST_MIB);
    },
    3 * 3_600_000,
  );
});

/** Rejects when the reader brings its process down or does not come back. */
function fuzz(name: string): Promise<FuzzResult> {
  const progress = join(folder, 'progress');
  const args = [name, only ?? '1', String(count), progress];
  const child = fork(join(import.meta.dirname, 'fuzzChild.ts'), args, { execArgv: ['--expose-gc'] });
  return new Promise((resolve, reject) => {
    const watch = watchProgress(child, progress, (seed) => {
      reject(new Error(`PERMAFROST_SEED=${seed}: ${name} does not come back`));
    });
    let result: FuzzResult | null = null;
    child.on('message', (message: FuzzResult) => (result = message));
    child.once('exit', (code, signal) => {
      clearInterval(watch);
      if (result !== null) resolve(result);
      else
        reject(
          new Error(`PERMAFROST_SEED=${seedIn(progress)}: ${name} ended the process (${signal ?? code})`),
        );
    });
  });
}

function watchProgress(
  child: ChildProcess,
  progress: string,
  onHang: (seed: string) => void,
): NodeJS.Timeout {
  let last = '';
  let looks = 0;
  return setInterval(() => {
    const seed = seedIn(progress);
    looks = seed === last ? looks + 1 : 0;
    last = seed;
    if (looks < HANG_LOOKS) return;
    onHang(seed);
    child.kill('SIGKILL');
  }, 1000);
}

function seedIn(progress: string): string {
  try {
    return readFileSync(progress, 'utf8').trim();
  } catch {
    return 'none yet';
  }
}
