/** The whole command line on the real engine, each command in a process of its own. */
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OrderSummary, PlanSummary, RunSummary, SnapshotSummary } from '../../../src/shared/types.ts';
import { permafrost, start, withoutProgress } from './permafrost.ts';
import type { Ended } from './permafrost.ts';

const passphrase = 'correct horse battery staple';
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'permafrost-cli-'));
  mkdirSync(join(folder, 'docs', 'letters'), { recursive: true });
  writeFileSync(join(folder, 'docs', 'letters', 'one.txt'), 'Dear reader,\n');
  writeFileSync(join(folder, 'docs', 'two\nlines'), 'odd name\n');
  symlinkSync('letters/one.txt', join(folder, 'docs', 'favourite'));
  writeFileSync(join(folder, 'passphrase'), `${passphrase}\n`);
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** In the test's folder and profile, with the passphrase from the file. */
async function run(...args: string[]): Promise<Ended> {
  return withoutProgress(await permafrost([...args, '--passphrase-file', 'passphrase'], here()));
}

function here(): { env: Record<string, string>; cwd: string } {
  return { env: { PERMAFROST_PROFILE: 'profile' }, cwd: folder };
}

/** The JSON document on stdout of a command that has to succeed. */
async function json<T>(...args: string[]): Promise<T> {
  const { code, stdout, stderr } = await run(...args, '--json');
  expect(stderr).toBe('');
  expect(code).toBe(0);
  return JSON.parse(stdout) as T;
}

// In order: each takes up what the one before it left.
describe('from nothing to a restored folder', () => {
  it('begins with a profile, a target and a plan, by relative paths', async () => {
    expect(await json('init')).toMatchObject({ state: 'open', folder: join(folder, 'profile') });
    await json('target', 'add', 'disk', 'folder', '--path', 'archives', '--create');
    const plan = await json<PlanSummary>('plan', 'add', 'docs', '--target', 'disk', '--source', 'docs');
    expect(plan.sources).toEqual([join(folder, 'docs')]);
    expect(plan.lastRun).toBeNull();
    await json('target', 'add', 'vault', 'practice', '--speed', '20000');
    await json('plan', 'add', 'cold', '--target', 'vault', '--source', 'docs');
  });

  it('backs up, and a second time finds nothing to do', async () => {
    const runs = await json<RunSummary[]>('backup', '--all');
    expect(runs.map(({ plan }) => plan).sort()).toEqual(['cold', 'docs']);
    for (const { state, changed, failure } of runs) {
      expect({ state, changed, failure }).toEqual({ state: 'done', changed: true, failure: null });
    }
    const second = await run('backup', 'docs');
    expect(second).toMatchObject({ code: 0, stderr: '' });
    expect(second.stdout).toMatch(/^docs: 3 files in 2 folders, 22 B; nothing has changed/);
  });

  it('lists and finds, with names that cannot disturb the terminal', async () => {
    const snapshots = await json<SnapshotSummary[]>('snapshots');
    expect(snapshots).toHaveLength(2);
    const listed = await run('ls', 'latest', 'docs', '--plan', 'docs');
    expect(listed.stdout).toMatch(/two\\nlines\n/);
    expect(listed.stdout).toMatch(/favourite -> letters\/one\.txt\n/);
    const { entries } = await json<{ entries: { name: string }[] }>('ls', 'latest', 'docs', '--plan', 'docs');
    expect(entries.map(({ name }) => name)).toEqual(['favourite', 'letters', 'two\nlines']);
    expect((await run('find', '*.TXT')).stdout).toMatch(/letters\/one\.txt\n$/);
    expect(await run('find', 'nowhere')).toMatchObject({
      code: 0,
      stdout: '',
      stderr: 'Nothing was found.\n',
    });
  });

  it('does not mind when nobody reads to the end', async () => {
    const { child, ended } = start(['find', 'o', '--json'], here());
    child.stdout?.destroy();
    expect(withoutProgress(await ended)).toMatchObject({ code: 0, stderr: '' });
  });

  it('says what a restore takes, then does it and ends, because a folder needs no waiting', async () => {
    const preview = await run('restore', 'latest', '--plan', 'docs', '--dry-run');
    expect(preview.stdout).toMatch(/3 files in 2 folders, 22 B[^]*can be read at once[^]*Costs nothing/);
    expect(existsSync(join(folder, 'out'))).toBe(false);
    const order = await json<OrderSummary>('restore', 'latest', '--plan', 'docs', '--to', 'out');
    expect(order).toMatchObject({ state: 'done', restoredFiles: 3, failure: null });
    const root = join(folder, 'out', 'docs');
    expect(readFileSync(join(root, 'letters', 'one.txt'), 'utf8')).toBe('Dear reader,\n');
    expect(readlinkSync(join(root, 'favourite'))).toBe('letters/one.txt');
    expect(await json('orders')).toEqual([order]);
    expect(await json('orders', order.id.slice(0, 8))).toEqual(order);
  });

  it('fails with words and the code 1 where something is in the way', async () => {
    const used = await run('target', 'remove', 'disk', '--json');
    expect(used.code).toBe(1);
    expect(JSON.parse(used.stdout)).toMatchObject({ failure: { kind: 'conflict' } });
    expect(used.stderr.split('\n')).toHaveLength(3);
    expect(await run('plan', 'show', 'photos')).toMatchObject({ code: 1, stdout: '' });
  });

  it('asks for the passphrase by name when nobody can type it, and refuses a wrong one', async () => {
    const none = await permafrost(['backup', 'docs'], here());
    expect(none.code).toBe(1);
    expect(none.stderr).toMatch(/--passphrase-file FILE or in PERMAFROST_PASSPHRASE/);
    const { env, cwd } = here();
    const wrong = await permafrost(['backup', 'docs', '--json'], {
      env: { ...env, PERMAFROST_PASSPHRASE: 'no' },
      cwd,
    });
    expect(JSON.parse(wrong.stdout)).toMatchObject({ failure: { kind: 'wrong-passphrase' } });
  });

  it('waits at a practice vault only when it is told to', async () => {
    const placed = await json<OrderSummary>('restore', 'latest', '--plan', 'cold', '--to', 'thawed');
    expect(placed.state).toBe('thawing');
    const [ended] = await json<OrderSummary[]>('orders', 'resume', '--wait');
    expect(ended).toMatchObject({ id: placed.id, state: 'done' });
    expect(readdirSync(join(folder, 'thawed', 'docs')).sort()).toEqual([
      'favourite',
      'letters',
      'two\nlines',
    ]);
  });
});

describe('permafrost demo', () => {
  it('shows on any folder that every byte and all metadata come back, and leaves nothing behind', async () => {
    const tmp = join(folder, 'tmp');
    mkdirSync(tmp);
    const { code, stdout } = await permafrost(['demo', 'docs', '--tmp', 'tmp'], { cwd: folder });
    expect(stdout).toMatch(/Every byte and all metadata agree\.\n$/);
    expect(code).toBe(0);
    expect(readdirSync(tmp)).toEqual([]);
  });

  it('removes what it made when it is stopped', async () => {
    const tmp = join(folder, 'stopped');
    mkdirSync(tmp);
    const { child, ended } = start(['demo', '--tmp', 'stopped'], { cwd: folder });
    while (!existsSync(tmp) || readdirSync(tmp).length === 0)
      await new Promise((done) => setTimeout(done, 20));
    child.kill('SIGINT');
    const { code, stderr } = await ended;
    expect(code).toBe(1);
    expect(stderr).toMatch(/Stopped as asked/);
    expect(readdirSync(tmp)).toEqual([]);
  });

  it('refuses to work inside the folder it saves', async () => {
    expect((await permafrost(['demo', '.', '--tmp', 'docs'], { cwd: folder })).stderr).toMatch(/lies inside/);
    expect(lstatSync(join(folder, 'docs')).isDirectory()).toBe(true);
  });
});
