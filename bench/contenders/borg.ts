import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Command, measure } from '../measure.ts';
import { type Contender, plainEnv } from './contender.ts';
import { versionOf } from './version.ts';

/** With its fastest keyed hash, and zstd, which the others use. Null when it is not installed. */
export async function findBorg(): Promise<Contender | null> {
  const version = await versionOf('borg', ['--version']);
  if (version === null) return null;
  return {
    name: 'borg',
    version,
    restores: true,
    prepare: async ({ folder, source }, signal) => {
      const stored = join(folder, 'repository');
      const local = join(folder, 'base');
      await mkdir(local);
      const env = {
        ...plainEnv(folder),
        BORG_REPO: stored,
        BORG_PASSPHRASE: 'benchmark',
        BORG_BASE_DIR: local,
      };
      const borg = (cwd: string, ...args: string[]): Command => ({ argv: ['borg', ...args], cwd, env });
      await measure(borg(folder, 'init', '--encryption', 'repokey-blake2'), signal);
      let archives = 0;
      const latest = () => `::${archives}`;
      return {
        backup: () => {
          archives++;
          return borg(source, 'create', '--compression', 'zstd,3', latest(), '.');
        },
        restoreAll: (to) => ({ command: borg(to, 'extract', latest()), landsAt: to }),
        restoreOne: (path, to) => ({ command: borg(to, 'extract', latest(), path), landsAt: join(to, path) }),
        stored,
        local,
        close: () => Promise.resolve(),
      };
    },
  };
}
