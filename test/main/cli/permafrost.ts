/** Runs the real command line in a process of its own, as a shell would. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const launcher = fileURLToPath(new URL('../../../src/main/cli/permafrost.ts', import.meta.url));
/** Node keeps what it has compiled there: each of many processes starts in less than half the time. */
const compiled = fileURLToPath(new URL('../../../node_modules/.cache/compiled', import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Resolves with the first line on stdout. */
  readonly firstLine: Promise<string>;
}

export interface Surroundings {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/** Starts `permafrost ...args` with nobody at the terminal and nothing of this machine's environment but PATH. */
export function start(args: readonly string[], { env = {}, cwd }: Surroundings = {}): Running {
  const child = spawn(process.execPath, [launcher, ...args], {
    env: {
      PATH: process.env['PATH'],
      TMPDIR: process.env['TMPDIR'],
      HOME: '/nonexistent',
      NODE_COMPILE_CACHE: compiled,
      ...env,
    },
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise<Ended>((resolve, reject) => {
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
  const firstLine = new Promise<string>((resolve, reject) => {
    let seen = '';
    child.stdout.on('data', (text: string) => {
      seen += text;
      const end = seen.indexOf('\n');
      if (end !== -1) resolve(seen.slice(0, end));
    });
    child.on('close', () => reject(new Error('it ended before it wrote a line')));
  });
  firstLine.catch(() => undefined);
  return { child, ended, firstLine };
}

export function permafrost(args: readonly string[], surroundings?: Surroundings): Promise<Ended> {
  return start(args, surroundings).ended;
}

/** What takes longer than ten seconds says every ten how far it is: on a busy machine anything may. */
export function withoutProgress(ended: Ended): Ended {
  const progress = [/^\w+: \d+ files?, /, /^Order \w+: (ordered|thawing|downloading) · /, /^Check of \w+: /];
  const lines = ended.stderr.split('\n').filter((line) => !progress.some((shape) => shape.test(line)));
  return { ...ended, stderr: lines.join('\n') };
}
