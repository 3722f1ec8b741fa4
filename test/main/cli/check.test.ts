/** `permafrost check` as a shell sees it: words, prices, exit codes. */
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CheckPreview, CheckSummary, ExtrasPreview } from '../../../src/shared/checkTypes.ts';
import { permafrost, withoutProgress } from './permafrost.ts';
import type { Ended } from './permafrost.ts';

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'permafrost-cli-'));
  mkdirSync(join(folder, 'docs'));
  writeFileSync(join(folder, 'docs', 'one'), randomBytes(2_000_000));
  writeFileSync(join(folder, 'passphrase'), 'correct horse battery staple\n');
  for (const args of [
    ['init'],
    ['target', 'add', 'disk', 'folder', '--path', 'archives', '--create'],
    ['target', 'add', 'cold', 'practice', '--speed', '20000'],
    ['plan', 'add', 'docs', '--target', 'disk', '--source', 'docs'],
    ['plan', 'add', 'frozen', '--target', 'cold', '--source', 'docs'],
    ['backup', '--all'],
  ]) {
    expect(await run(...args), args.join(' ')).toMatchObject({ code: 0 });
  }
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

async function run(...args: string[]): Promise<Ended> {
  const here = { env: { PERMAFROST_PROFILE: 'profile' }, cwd: folder };
  return withoutProgress(await permafrost([...args, '--passphrase-file', 'passphrase'], here));
}

function archives(): string[] {
  return readdirSync(join(folder, 'archives', 'archives')).sort();
}

// In order: each takes up what the one before it left.
describe('check', () => {
  it('of a folder says that all is right, and proves it', async () => {
    const { code, stdout } = await run('check', 'disk', '--read', '100%');
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^disk: all right\.\n\d archives are there as stored\.\nRead back .* proven to be what was stored\.\n/,
    );
    expect(stdout).toMatch(/None was last proven before \d{4}-/);
    const listed = await run('check', 'disk', '--archives');
    expect(listed.stdout).toMatch(/^LAST PROVEN .*\n\d{4}-\d\d-\d\d \d\d:\d\d +100% /);
  });

  it('does not read back at a price that nobody has agreed to', async () => {
    const dry = await run('check', 'cold', '--read', '50', '--dry-run', '--json');
    const [preview] = JSON.parse(dry.stdout) as CheckPreview[];
    expect(preview?.estimate.usd).toBeGreaterThan(0);
    const { code, stderr } = await run('check', 'cold', '--read', '50');
    expect(code).toBe(1);
    expect(stderr).toMatch(/Price .*[^]*If you agree, add --yes\./);
    for (const wrong of ['0', '101%', 'all']) expect((await run('check', '--read', wrong)).code).toBe(2);
  });

  it('of a vault waits for its hours when asked to', async () => {
    const { code, stdout, stderr } = await run(
      'check',
      'cold',
      '--read',
      '30%',
      '--max-cost',
      '0.5',
      '--wait',
      '--json',
    );
    expect(stderr).toBe('');
    expect(code).toBe(0);
    const [check] = JSON.parse(stdout) as CheckSummary[];
    expect(check).toMatchObject({ outcome: 'done', problems: [], reads: { unread: 0 } });
    expect(check?.reads.provenBytes).toBe(check?.reads.bytes);
    expect(check?.estimate.usd).toBeGreaterThan(0);
  });

  it('shows second copies, and deletes them and nothing else after a yes', async () => {
    const before = archives();
    const pack = before.find((name) => name.startsWith('a1.')) ?? '';
    const copy = pack.replace(/~.*/, '~00000001');
    copyFileSync(join(folder, 'archives', 'archives', pack), join(folder, 'archives', 'archives', copy));
    const found = await run('check', 'disk');
    expect(found.code).toBe(0);
    expect(found.stdout).toMatch(/1 second copy .*permafrost check disk --delete-extras/);
    const unasked = await run('check', 'disk', '--delete-extras');
    expect(unasked.code).toBe(1);
    expect(unasked.stderr).toMatch(/Keeping them costs \$0\.00 a month\.[^]*add --yes/);
    expect(archives()).toContain(copy);
    const deleted = await run('check', 'disk', '--delete-extras', '--yes', '--json');
    expect(deleted.code).toBe(0);
    expect((JSON.parse(deleted.stdout) as ExtrasPreview[])[0]?.extras).toHaveLength(1);
    expect(archives()).toEqual(before);
  });

  it('of all targets ends with 3 when something is gone, and says what happens next', async () => {
    const pack = archives().find((name) => name.startsWith('a1.')) ?? '';
    rmSync(join(folder, 'archives', 'archives', pack));
    const { code, stdout } = await run('check', '--wait');
    expect(code).toBe(3);
    expect(stdout).toMatch(/cold: all right\.\n/);
    expect(stdout).toMatch(/disk: 1 archive missing or damaged\./);
    expect(stdout).toContain(pack);
    expect(stdout).toContain('Run it now: permafrost backup --all');
    expect(await run('backup', 'docs')).toMatchObject({ code: 0 });
    expect(await run('check', 'disk')).toMatchObject({ code: 0 });
  });
});
