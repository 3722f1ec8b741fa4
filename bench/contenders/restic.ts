import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Command, measure } from '../measure.ts';
import { type Contender, plainEnv } from './contender.ts';
import { versionOf } from './version.ts';

/** As it comes: zstd, encrypted. Null when it is not installed. */
export async function findRestic(): Promise<Contender | null> {
  const version = await versionOf('restic', ['version']);
  if (version === null) return null;
  return {
    name: 'restic',
    version,
    restores: true,
    prepare: async ({ folder, source }, signal) => {
      const stored = join(folder, 'repository');
      const local = join(folder, 'cache');
      await mkdir(local);
      const env = {
        ...plainEnv(folder),
        RESTIC_REPOSITORY: stored,
        RESTIC_PASSWORD: 'benchmark',
        RESTIC_CACHE_DIR: local,
      };
      const restic = (...args: string[]): Command => ({
        argv: ['restic', '--quiet', ...args],
        cwd: source,
        env,
      });
      await measure(restic('init'), signal);
      return {
        // A relative source: names in the snapshot begin below it.
        backup: () => restic('backup', '.'),
        restoreAll: (to) => ({ command: restic('restore', 'latest', '--target', to), landsAt: to }),
        restoreOne: (path, to) => {
          const landsAt = join(to, 'file');
          return { command: { ...restic('dump', 'latest', `/${path}`), outputFile: landsAt }, landsAt };
        },
        stored,
        local,
        close: () => Promise.resolve(),
      };
    },
  };
}
