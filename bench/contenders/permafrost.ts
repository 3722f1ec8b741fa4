/** Permafrost as it is built, by its command line, with all its checks on. */
import { mkdir } from 'node:fs/promises';
import { basename, delimiter, dirname, join } from 'node:path';
import { type Command, measure } from '../measure.ts';
import { type Contender, plainEnv, type Place, type Store } from './contender.ts';
import { startSimulator } from './simulatorProcess.ts';
import { versionOf } from './version.ts';

const program = join(import.meta.dirname, '../../dist/permafrost.js');

export async function permafrostToFolder(): Promise<Contender> {
  return {
    name: 'permafrost',
    version: await ownVersion(),
    restores: true,
    prepare: async (place, signal) => {
      const stored = join(place.folder, 'store');
      const target = ['folder', '--path', stored, '--create'];
      return prepare(place, { target, stored, env: {}, signal });
    },
  };
}

/** To a vault on the simulator, which runs in a process of its own that is not measured. */
export async function permafrostToVault(): Promise<Contender> {
  return {
    name: 'permafrost, vault',
    version: await ownVersion(),
    restores: false,
    prepare: async (place, signal) => {
      const stored = join(place.folder, 'service');
      const simulator = await startSimulator(program, stored, plainEnv(place.folder));
      try {
        const { url, region, env } = simulator;
        const target = ['vault', '--vault', 'bench', '--region', region, '--endpoint', url, '--create'];
        const store = await prepare(place, { target, stored, env, signal });
        return { ...store, close: () => simulator.stop() };
      } catch (error) {
        await simulator.stop();
        throw error;
      }
    },
  };
}

async function ownVersion(): Promise<string> {
  const version = await versionOf(process.execPath, [program, '--version']);
  if (version === null) throw new Error(`${process.execPath} cannot be started.`);
  return version;
}

interface Prepared {
  /** How the target is added: its kind and options. */
  readonly target: readonly string[];
  readonly stored: string;
  readonly env: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

async function prepare({ folder, source }: Place, { target, stored, env, signal }: Prepared): Promise<Store> {
  const local = join(folder, 'profile');
  await mkdir(local, { mode: 0o700 });
  const permafrost = (...args: string[]): Command => ({
    // As a person starts it: by its name, with the Node that runs this.
    argv: [program, ...args],
    cwd: folder,
    env: {
      ...plainEnv(folder),
      ...env,
      PATH: [dirname(process.execPath), process.env['PATH']].join(delimiter),
      PERMAFROST_PROFILE: local,
      PERMAFROST_PASSPHRASE: 'benchmark of cold storage',
    },
  });
  await measure(permafrost('init'), signal);
  await measure(permafrost('target', 'add', 'store', ...target), signal);
  await measure(permafrost('plan', 'add', 'bench', '--target', 'store', '--source', source), signal);
  const restore = (to: string, ...paths: string[]): Command =>
    permafrost('restore', 'latest', ...paths, '--to', to, '--wait');
  return {
    backup: () => permafrost('backup', 'bench'),
    restoreAll: (to) => ({ command: restore(to), landsAt: join(to, basename(source)) }),
    restoreOne: (path, to) => ({ command: restore(to, path), landsAt: join(to, basename(source), path) }),
    stored,
    local,
    close: () => Promise.resolve(),
  };
}
