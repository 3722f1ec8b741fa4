/** The vault console from the command line, on a practice service, in this process. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type {
  CapacityPreview,
  CapacityUnit,
  LockStatus,
  Tag,
  VaultSummary,
} from '../../../../src/shared/vaultTypes.ts';
import { isAgreed } from '../../../../src/main/cli/commands/vault/confirm.ts';
import { runHere, type Kept } from '../keep.ts';

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'permafrost-cli-'));
  writeFileSync(join(folder, 'passphrase'), 'correct horse battery staple\n');
  expect((await run('init', '--passphrase-file', join(folder, 'passphrase'))).code).toBe(0);
  expect((await run('target', 'add', 'cold', 'practice', '--speed', '1')).code).toBe(0);
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function run(...args: string[]): Promise<Kept> {
  return runHere('--profile', join(folder, 'profile'), ...args);
}

/** `vault …` on the practice service. */
function vault(...args: string[]): Promise<Kept> {
  return run('vault', ...args, '--target', 'cold');
}

/** The JSON document on stdout of a vault command that has to succeed. */
async function json<T>(...args: string[]): Promise<T> {
  const { code, stdout, stderr } = await vault(...args, '--json');
  expect(stderr).toBe('');
  expect(code).toBe(0);
  return JSON.parse(stdout) as T;
}

// In order: each takes up what the one before it left.
describe('a vault from its making to its end', () => {
  it('is made beside the one of the target, and listed', async () => {
    expect((await vault('create', 'photos')).stdout).toMatch(/^Vault {4}photos\n/);
    const names = (await json<VaultSummary[]>('list')).map(({ vault: name }) => name);
    expect(names).toEqual(['photos', 'practice']);
    expect((await vault('list')).stdout).toMatch(/practice +0 +0 B +not yet +cold/);
  });

  it('gets settings, which are shown together', async () => {
    const photos = ['--vault', 'photos'];
    expect(await json<Tag[]>('tags', 'add', 'project=holiday 2026', 'a=b=c', ...photos)).toEqual([
      { key: 'a', value: 'b=c' },
      { key: 'project', value: 'holiday 2026' },
    ]);
    expect((await vault('tags', 'remove', 'a', ...photos)).stdout).toBe('project=holiday 2026');
    const topic = 'arn:aws:sns:us-east-1:123456789012:cold';
    const told = await vault('notifications', 'set', '--topic', topic, '--on', 'inventory', ...photos);
    expect(told.stdout).toBe(`${topic} is told of inventories.`);
    expect((await vault('policy', 'set', '--deny-delete', ...photos)).stdout).toContain('"Effect": "Deny"');
    const shown = await vault('show', 'photos');
    expect(shown.stdout).toMatch(/Notifications +arn:.*inventories/);
    expect(shown.stdout).toMatch(/Access policy +\d+ characters/);
    expect(shown.stdout).toMatch(/Lock +-\n/);
    expect(shown.stdout).toMatch(/Tags +project=holiday 2026$/);
    expect((await vault('policy', 'delete', ...photos)).code).toBe(0);
    expect((await vault('policy', ...photos)).stdout).toBe('No access policy is set.');
  });

  it('is locked after a look at what that means', async () => {
    const photos = ['--vault', 'photos'];
    const dry = await vault('lock', 'start', '--deny-delete-days', '365', '--dry-run', ...photos);
    expect(dry.stdout).toMatch(/younger than 365 days/);
    expect((await json<LockStatus>('lock', 'show', ...photos)).state).toBe('none');

    const started = await vault('lock', 'start', '--deny-delete-days', '365', ...photos);
    expect(started.stdout).toMatch(/tested until .*, for another (24 h|23 h 59 min|1 d)/);
    expect(started.stdout).toMatch(/never be changed or removed/);
    const { lockId } = await json<LockStatus>('lock', ...photos);
    expect(started.stdout).toContain(`Its id is ${lockId!}`);

    const unasked = await vault('lock', 'complete', ...photos);
    expect(unasked.code).toBe(1);
    expect(unasked.stderr).toMatch(/never be changed.*\n.*nobody is there to type it/);
    expect((await json<LockStatus>('lock', 'complete', '--yes', ...photos)).state).toBe('locked');
    expect((await vault('lock', 'abort', ...photos)).stderr).toMatch(/^The vault photos is locked for good/);
  });

  it('lists no open uploads, and refuses to abort one that is not there by an id that begins with -', async () => {
    expect((await vault('uploads')).stdout).toBe('No uploads are open.');
    const { code, stderr } = await run('vault', 'uploads', 'abort', '--target', 'cold', '--', '-abc_');
    expect(code).toBe(1);
    expect(stderr).toMatch(/^No upload -abc_ is open in this vault\./);
    expect((await vault('uploads', 'abort', '--all')).stdout).toBe('Aborted 0 uploads.');
  });

  it('is deleted', async () => {
    expect((await vault('delete', 'photos')).stdout).toBe('Vault photos is deleted.');
    expect((await vault('show', 'photos')).stderr).toMatch(/^There is no vault photos/);
  });
});

describe('the account in a region', () => {
  it('buys capacity once its price is accepted', async () => {
    expect((await json<CapacityPreview>('capacity', 'buy', '--dry-run')).estimate.usd).toBe(100);
    const unasked = await vault('capacity', 'buy');
    expect(unasked.code).toBe(1);
    expect(unasked.stderr).toMatch(/\$100\.00[^]*add --yes/);
    expect(await json<CapacityUnit[]>('capacity')).toEqual([]);
    expect(await json<CapacityUnit[]>('capacity', 'buy', '--yes')).toHaveLength(1);
  });

  it('limits retrievals', async () => {
    const set = await vault('retrieval-policy', 'set', 'rate', '--gb-per-hour', '2.5');
    expect(set.stdout).toBe('Standard retrievals are refused beyond 2.50 GB an hour.');
    expect(await json('retrieval-policy')).toEqual({ kind: 'rate', bytesPerHour: 2_500_000_000 });
  });
});

describe('a yes', () => {
  async function answered(typed: string): Promise<boolean> {
    const input = new PassThrough();
    const output = new PassThrough();
    input.end(typed);
    const agreed = await isAgreed({ input, output }, new AbortController().signal);
    expect(String(output.read())).toBe('Type yes to go on: ');
    return agreed;
  }

  it.each(['yes\n', ' Yes \r\n', 'YES'])('is %j', async (typed) => {
    expect(await answered(typed)).toBe(true);
  });

  it.each(['', '\n', 'y\n', 'no\nyes\n', 'yes please\n'])('is not %j', async (typed) => {
    expect(await answered(typed)).toBe(false);
  });

  it('is not waited for when the command is stopped', async () => {
    const stop = new AbortController();
    const asked = isAgreed({ input: new PassThrough(), output: new PassThrough() }, stop.signal);
    stop.abort();
    expect(await asked).toBe(false);
  });
});
