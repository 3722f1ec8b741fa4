import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { plainEnv } from './contenders/contender.ts';
import { measure } from './measure.ts';

export interface EngineDelay {
  readonly p99Ms: number;
  readonly maxMs: number;
  /** How long the backup took. */
  readonly seconds: number;
}

/** Measures, in a process of its own, how late the engine's thread comes to timers during a backup of `source`. */
export async function delayOf(source: string, work: string, signal: AbortSignal): Promise<EngineDelay> {
  const folder = join(work, 'delay');
  await mkdir(folder);
  try {
    const driver = join(import.meta.dirname, 'engineDelay.ts');
    const { output } = await measure(
      { argv: [process.execPath, driver, source, folder], cwd: folder, env: plainEnv(folder) },
      signal,
    );
    return JSON.parse(output) as EngineDelay;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
