/** Runs one command and measures it from outside, the same way for every program. */
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { childCpuSeconds, peakOfTree } from './processes.ts';

/** Memory at its highest only grows, so a look now and then misses no more than the growth after the last one. */
const LOOK_EVERY_MS = 20;
/** Lines of what a failed command said that are shown. */
const SHOWN_LINES = 8;

export interface Command {
  readonly argv: readonly [string, ...string[]];
  readonly cwd: string;
  /** All of its environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Its stdout goes there instead of into `Measured.output`. */
  readonly outputFile?: string;
}

export interface Measured {
  /** From start to end. */
  readonly seconds: number;
  /** User and system, of everything it started and waited for; null where the system does not tell. */
  readonly cpuSeconds: number | null;
  /** Resident bytes of its largest process; null where the system does not tell. */
  readonly peakBytes: number | null;
  readonly output: string;
}

/**
 * Rejects when the command cannot be started, ends with anything but 0, or `signal` aborts. Only one may run at a time,
 * and no other child of this process may end meanwhile: CPU time is counted for all children together.
 */
export async function measure(command: Command, signal: AbortSignal): Promise<Measured> {
  const cpuBefore = childCpuSeconds();
  const startedAt = performance.now();
  const { output, peakBytes } = await run(command, signal);
  const seconds = (performance.now() - startedAt) / 1000;
  const cpuAfter = childCpuSeconds();
  const cpuSeconds = cpuBefore === null || cpuAfter === null ? null : cpuAfter - cpuBefore;
  return { seconds, cpuSeconds, peakBytes, output };
}

async function run(
  command: Command,
  signal: AbortSignal,
): Promise<{ readonly output: string; readonly peakBytes: number | null }> {
  const { argv, cwd, env, outputFile } = command;
  const [program, ...args] = argv;
  const file = outputFile === undefined ? null : openSync(outputFile, 'w');
  let watching: NodeJS.Timeout | undefined;
  try {
    const child = spawn(program, args, { cwd, env, signal, stdio: ['ignore', file ?? 'pipe', 'pipe'] });
    let output = '';
    let said = '';
    let peakBytes: number | null = null;
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (said += text));
    watching = setInterval(() => {
      const now = child.pid === undefined ? null : peakOfTree(child.pid);
      if (now !== null && now > (peakBytes ?? 0)) peakBytes = now;
    }, LOOK_EVERY_MS);
    const code = await new Promise<number | string>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (status, killedBy) => resolve(status ?? killedBy ?? 'nothing'));
    });
    if (code !== 0)
      throw new Error(`${argv.join(' ')} ended with ${code}:\n${lastLines(`${output}${said}`)}`);
    return { output, peakBytes };
  } finally {
    clearInterval(watching);
    if (file !== null) closeSync(file);
  }
}

function lastLines(text: string): string {
  return text.trimEnd().split('\n').slice(-SHOWN_LINES).join('\n');
}
