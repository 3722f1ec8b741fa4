/**
 * Clients nobody here wrote, in processes of their own: awscli and Python's boto3, as Debian packs them.
 *
 * They see a simulator of their own, whose clock stands still unless a test moves it, and nothing of the machine: no
 * configuration, no credentials, no proxy. What each of them asked for and got is counted by operation.
 */
import { execFile, type ExecFileException } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { type Simulator, startSimulator } from '../../src/main/simulator/simulator.ts';

const awscli = process.env['AWS_CLI'] ?? '/usr/bin/aws';
const python = process.env['PYTHON'] ?? '/usr/bin/python3';
const wanted = 'apt-get install awscli python3-boto3; AWS_CLI and PYTHON name others';
/** Far more than all checks of a script take. */
const TIMEOUT_MS = 300_000;

export interface Ground {
  readonly simulator: Simulator;
  /** For the files of a test; gone after close. */
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

export async function openGround(): Promise<Ground> {
  for (const file of [awscli, python])
    if (!existsSync(file)) throw new Error(`There is no ${file}: ${wanted}.`);
  const folder = await mkdtemp(join(tmpdir(), 'foreign-'));
  const home = join(folder, 'home');
  const empty = join(home, 'empty');
  await mkdir(home);
  await writeFile(empty, '');
  const simulator = await startSimulator({ dir: join(folder, 'simulator'), durability: 'none', speed: 0 });
  return {
    simulator,
    folder,
    environment: {
      PATH: '/usr/bin:/bin',
      HOME: home,
      LANG: 'C.UTF-8',
      PYTHONDONTWRITEBYTECODE: '1',
      AWS_CONFIG_FILE: empty,
      AWS_SHARED_CREDENTIALS_FILE: empty,
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_PAGER: '',
      AWS_DEFAULT_REGION: simulator.region,
      AWS_ACCESS_KEY_ID: simulator.accessKeyId,
      AWS_SECRET_ACCESS_KEY: simulator.secretAccessKey,
      SIMULATOR: simulator.url,
    },
    close: async () => {
      await simulator.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const state = z.object({ counts: z.object({ operations: z.record(z.string(), z.number()) }) });

/** How often the service was asked for each operation, as its control door tells. */
export async function countsOf({ simulator }: Ground): Promise<Calls> {
  const answer = await fetch(`${simulator.url}/-simulator/state`);
  return state.parse(await answer.json()).counts.operations;
}

/** How often an operation was asked for and granted. */
type Calls = Readonly<Record<string, number>>;

const report = z.strictObject({
  outcomes: z.array(z.strictObject({ fact: z.string(), failure: z.string().nullable() })).min(1),
  calls: z.record(z.string(), z.number()),
});

/** Runs a script of checks beside this file. Rejects if it does not come to its end, whatever its checks say. */
export async function runBoto3(ground: Ground, script: string): Promise<z.infer<typeof report>> {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const { code, stdout, stderr } = await run(ground, python, [path]);
  if (code !== 0) {
    await ground.close(); // no hook runs in a file that fails here
    throw new Error(`${python} ${script} ended with ${code}.\n${stderr}`);
  }
  return report.parse(JSON.parse(stdout));
}

interface Ended {
  readonly code: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Awscli {
  /** What the command printed, parsed if there was any. Rejects if it failed. */
  does(service: string, command: string, ...rest: string[]): Promise<unknown>;
  /** What it said on stderr when it failed. Rejects if it did not. */
  fails(service: string, command: string, ...rest: string[]): Promise<string>;
  /** What it printed, as it is. Rejects if it failed. */
  prints(service: string, command: string, ...rest: string[]): Promise<string>;
  calls(): Calls;
}

export function openAwscli(ground: Ground): Awscli {
  const calls: Record<string, number> = {};
  const start = (args: readonly string[]): Promise<Ended> =>
    run(ground, awscli, [...args, '--endpoint-url', ground.simulator.url, '--output', 'json']);
  const prints = async (...args: [string, string, ...string[]]): Promise<string> => {
    const { code, stdout, stderr } = await start(args);
    if (code !== 0) throw new Error(`aws ${args.join(' ')} ended with ${code}.\n${stdout}\n${stderr}`);
    if (args[1] !== 'wait') {
      const operation = operationOf(args[1]);
      calls[operation] = (calls[operation] ?? 0) + 1;
    }
    return stdout;
  };
  return {
    prints,
    does: async (...args) => {
      const printed = await prints(...args);
      return printed.trim() === '' ? null : (JSON.parse(printed) as unknown);
    },
    fails: async (...args) => {
      const { code, stdout, stderr } = await start(args);
      if (code === 0) throw new Error(`aws ${args.join(' ')} did not fail.\n${stdout}`);
      return stderr;
    },
    calls: () => calls,
  };
}

/** `list-vaults` is ListVaults. */
function operationOf(command: string): string {
  return command.replaceAll(/(?:^|-)(\w)/g, (_, letter: string) => letter.toUpperCase());
}

function run({ environment, folder }: Ground, file: string, args: readonly string[]): Promise<Ended> {
  const options = { cwd: folder, env: environment, timeout: TIMEOUT_MS, maxBuffer: 64 * 1024 * 1024 };
  return new Promise((resolve) => {
    execFile(file, args, options, (error: ExecFileException | null, stdout, stderr) =>
      resolve({ code: error === null ? 0 : (error.code ?? error.signal ?? 'an error'), stdout, stderr }),
    );
  });
}
