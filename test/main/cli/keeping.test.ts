/** What is kept, what it costs, and what was done, as a stranger types it. */
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { permafrost, start } from './permafrost.ts';

let dir: string;
let env: Record<string, string>;

async function run(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await permafrost(args, { env });
  expect(code, stderr).toBe(0);
  return stdout;
}

const change = (): void => writeFileSync(join(dir, 'source', 'file'), randomBytes(100_000));

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'permafrost-keeping-'));
  env = { PERMAFROST_PROFILE: join(dir, 'profile'), PERMAFROST_PASSPHRASE: 'a passphrase for tests' };
  mkdirSync(join(dir, 'source', 'cache'), { recursive: true });
  writeFileSync(join(dir, 'source', 'cache', 'x.tmp'), Buffer.alloc(5000));
  await run('init');
  await run('target', 'add', 'attic', 'folder', '--path', join(dir, 'attic'), '--create');
  await run(
    ...['plan', 'add', 'docs', '--target', 'attic', '--source', join(dir, 'source')],
    ...['--keep', 'last=2', '--exclude', '*.tmp'],
  );
});
afterAll(() => rmSync(dir, { recursive: true }));

it('keeps what the plan says, and shows it before and after', async () => {
  expect(await run('plan', 'show', 'docs')).toMatch(/Keeps +the last 2/);
  for (let i = 0; i < 3; i++) {
    change();
    await run('backup', 'docs');
  }
  const snapshots = JSON.parse(await run('snapshots', '--json')) as { id: string }[];
  expect(snapshots).toHaveLength(2);
  const dry = await run('prune', '--dry-run');
  expect(dry).toContain('Plan docs keeps the last 2.');
  expect(dry).toMatch(/free from \d{4}-\d{2}-\d{2}: 1 archive/);
  const [older] = snapshots;
  expect(await run('tag', older?.id.slice(0, 8) ?? '', 'tax 2026')).toContain('is kept as tax 2026.');
  const refused = await permafrost(['forget', older?.id ?? ''], { env });
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('has a tag') as string });
  expect(await run('tag', older?.id ?? '')).toContain('the rules of docs decide about it');
  expect(await run('forget', older?.id ?? '')).toContain('1 snapshot forgotten');
  expect(await run('prune')).toContain('Target attic:');
  expect(await run('prune', 'history')).toContain('Nothing was deleted yet.');
  expect(await run('prune', 'writers', 'attic')).toContain('Nobody else is known to write to attic.');
  expect((await permafrost(['plan', 'edit', 'docs', '--keep', 'some'], { env })).stderr).toContain(
    '“some” does not say which snapshots are kept.',
  );
});

it('says what the rules of a plan leave out', async () => {
  expect(await run('plan', 'rules', 'docs')).toMatch(/\*\.tmp +1 +5.0 kB|\*\.tmp +1 /);
  const other = JSON.parse(await run('plan', 'rules', 'docs', '--exclude', 'cache/', '--json')) as object;
  expect(other).toMatchObject({
    files: 1,
    rules: [{ rule: 'cache/', files: 1, bytes: 5000 }],
    isPartial: false,
  });
});

it('says what things cost, keeps a budget, and has everything that was done', async () => {
  expect(await run('cost')).toContain('attic');
  expect(await run('budget', 'set', '2.50')).toContain('The budget is $2.50 a month.');
  expect((await permafrost(['budget', 'set', 'much'], { env })).code).toBe(2);
  expect(await run('budget', 'allow')).toContain('$2.50');
  expect(await run('budget', 'off')).toContain('There is no budget.');
  expect((await permafrost(['budget', 'policy', 'attic'], { env })).stderr).toContain('charges nothing');
  expect(await run('history', '--search', 'DOCS')).toMatch(/backup +docs +done/);
  const file = join(dir, 'history.csv');
  await run('history', '--export', file);
  const [head, ...rows] = readFileSync(file, 'utf8').trim().split('\r\n');
  expect(head).toBe('startedAt,endedAt,kind,what,outcome,counts,problems,estimateUsd,actualUsd,message');
  expect(rows).toHaveLength(3);
  expect((await permafrost(['history', '--export', file], { env })).code).toBe(1);
});

it('runs under conditions, and sends no faster than it may', async () => {
  const only = await run('schedule', 'only', '--network', 'Home', '--not-on-battery');
  expect(only).toContain('They run only while connected to Home.');
  expect(only).toContain('They do not run on battery.');
  expect(await run('schedule', 'upload-limit', '2MB', '--between', '8:00', '18:00')).toContain(
    'Uploads take at most 2.00 MB a second from 08:00 to 18:00.',
  );
  expect(await run('schedule', 'upload-limit', 'off')).not.toContain('Uploads');
  expect(await run('schedule', 'only')).not.toContain('Home');
  expect((await permafrost(['schedule', 'upload-limit', 'fast'], { env })).code).toBe(2);
});

it('runs a plan when it begins to watch, and when something has changed', async () => {
  expect(await run('plan', 'edit', 'docs', '--schedule', 'when changed 1m')).toMatch(/Runs +when changed 1m/);
  change();
  const { child, ended } = start(['watch'], { env });
  await new Promise<void>((resolve) => {
    let said = '';
    child.stderr?.on('data', (piece: Buffer) => {
      said += piece.toString();
      if (/docs: 1 file, sent /.test(said)) resolve();
    });
  });
  child.kill('SIGTERM');
  expect((await ended).code).toBe(0);
});
