/** What the program needs of others, and how old its Electron is. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Figures } from './page.ts';

const root = join(import.meta.dirname, '../..');
const DAY_MS = 86_400_000;
const ASK_MS = 30_000;

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

interface Lock {
  readonly packages: Readonly<Record<string, { readonly dev?: boolean; readonly optional?: boolean }>>;
}

export function countDependencies(): Figures {
  const manifest = read('package.json') as Manifest;
  const { packages } = read('package-lock.json') as Lock;
  const needed = Object.entries(packages).filter(([path, { dev }]) => path !== '' && dev !== true);
  const behind = electronDaysBehind(manifest.devDependencies['electron'] ?? '');
  return new Map([
    ['packages the program needs', Object.keys(manifest.dependencies).length],
    ['packages the program needs, with all that those need', needed.length],
    ...(behind === null ? [] : ([['Electron behind its newest release', behind]] as const)),
  ]);
}

/** Null where nobody can be asked. */
function electronDaysBehind(ours: string): number | null {
  const asked = spawnSync('npm', ['view', 'electron', 'time', '--json'], {
    encoding: 'utf8',
    timeout: ASK_MS,
    maxBuffer: 2 ** 26,
  });
  if (asked.status !== 0) return null;
  const times = JSON.parse(asked.stdout) as Record<string, string>;
  const stable = Object.keys(times).filter((version) => /^\d+\.\d+\.\d+$/.test(version));
  const newest = Math.max(...stable.map((version) => Date.parse(times[version] ?? '')));
  const own = Date.parse(times[ours] ?? '');
  return Number.isNaN(own) ? null : Math.max(0, Math.round((newest - own) / DAY_MS));
}

function read(file: string): unknown {
  return JSON.parse(readFileSync(join(root, file), 'utf8'));
}
