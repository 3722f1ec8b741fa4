/** Archives of a vault from the command line, on a simulated service, in this process. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type {
  ClearingPreview,
  DownloadPreview,
  ErrandSummary,
  JobSummary,
} from '../../../../src/shared/archiveTypes.ts';
import type { Outputs } from '../../../../src/shared/contract.ts';
import { startSimulator, type Simulator } from '../../../../src/main/simulator/simulator.ts';
import { runHere, type Kept } from '../keep.ts';

const HOUR = 3_600_000;

let folder: string;
let simulator: Simulator;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'permafrost-cli-'));
  simulator = await startSimulator({ dir: join(folder, 'simulator'), durability: 'none' });
  process.env['AWS_ACCESS_KEY_ID'] = simulator.accessKeyId;
  process.env['AWS_SECRET_ACCESS_KEY'] = simulator.secretAccessKey;
  writeFileSync(join(folder, 'passphrase'), 'correct horse battery staple\n');
  const init = ['init', '--passphrase-file', join(folder, 'passphrase')];
  expect((await runHere('--profile', join(folder, 'profile'), ...init)).code).toBe(0);
  expect((await vault('create', 'photos')).code).toBe(0);
});
afterAll(async () => {
  await simulator.close();
  rmSync(folder, { recursive: true });
});

/** `vault …` on the simulated service; further words come after its options. */
function vault(command: string, ...words: string[]): Promise<Kept> {
  const where = ['--region', simulator.region, '--endpoint', simulator.url];
  return runHere('--profile', join(folder, 'profile'), 'vault', command, ...words, ...where);
}

function photos(command: string, ...words: string[]): Promise<Kept> {
  return vault(command, ...words, '--vault', 'photos');
}

/** The JSON document on stdout of a command that has to end with `code`. */
async function json<T>(run: Promise<Kept>, code = 0): Promise<T> {
  const kept = await run;
  expect({ code: kept.code, stderr: kept.stderr }).toEqual({ code, stderr: '' });
  return JSON.parse(kept.stdout) as T;
}

const path = (name: string): string => join(folder, name);
let archive = '';

// In order: each takes up what the one before it left.
describe('the archives of a vault', () => {
  it('are uploaded once the price is agreed to', async () => {
    writeFileSync(path('photo.jpg'), 'a photo');
    const dry = await photos('upload', path('photo.jpg'), '--dry-run');
    expect(dry.stdout).toMatch(/7 B, to vault photos as/);
    expect(dry.stdout).toMatch(/Upload requests/);
    expect((await photos('upload', path('photo.jpg'))).stderr).toContain('add --yes');
    const sent = await json<ErrandSummary>(photos('upload', path('photo.jpg'), '--yes', '--json'));
    expect(sent).toMatchObject({ outcome: 'done', verified: 'whole', kind: 'upload' });
    archive = sent.archive ?? '';
    expect(archive).toHaveLength(138);
    const named = await photos('upload', path('photo.jpg'), '--description', 'a film', '--yes');
    expect(named.stdout).toMatch(/done, 7 B of 7 B\.\n.*photo\.jpg is stored as archive\n/);
  });

  it('are listed by an inventory that was asked for', async () => {
    expect((await photos('archives')).stdout).toContain('inventory request');
    const early = await photos('inventory', 'request');
    expect(early.code).toBe(1);
    expect(early.stderr).toContain('no inventory of the vault photos yet');
    simulator.advance(25 * HOUR);
    const asked = await photos('inventory', 'request');
    expect({ code: asked.code, stdout: asked.stdout }).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('waiting for the service') as string,
    });
    const [job] = await json<JobSummary[]>(photos('jobs', '--json'));
    expect(job).toMatchObject({ kind: 'inventory', state: 'waiting', ours: true });
    // Its id may begin with a dash, so it goes last.
    const where = ['--region', simulator.region, '--endpoint', simulator.url, '--vault', 'photos'];
    const one = ['vault', 'jobs', 'show', ...where, '--', job?.job ?? ''];
    expect((await runHere('--profile', path('profile'), ...one)).stdout).toMatch(/By +this profile/);
    simulator.advance(6 * HOUR);
    const read = await json<ErrandSummary[]>(errands('resume', '--wait', '--json'));
    expect(read).toMatchObject([{ kind: 'inventory', outcome: 'done', total: 2 }]);
    expect((await photos('inventory')).stdout).toMatch(/ 2 +14 B +everything/);
    const { archives } = await json<Outputs['archives:list']>(photos('archives', 'PHOTO', '--json'));
    expect(archives).toMatchObject([{ archive, tool: 'fastglacier', name: 'photo.jpg' }]);
    expect((await photos('archives')).stdout).toMatch(/fastglacier +- +photo\.jpg/);
    const exported = await photos('inventory', 'export', '--format', 'csv', '--out', path('list.csv'));
    expect(exported.code).toBe(0);
    expect(readFileSync(path('list.csv'), 'utf8')).toContain(`${archive},photo.jpg,fastglacier,`);
  });

  it('come back into a file after hours', async () => {
    const wanted = [`--archive=${archive}`, '--to', path('back.jpg')];
    const dry = await json<DownloadPreview>(photos('download', ...wanted, '--dry-run', '--json'));
    expect(dry).toMatchObject({ bytes: 7, isVerifiable: true, name: 'photo.jpg' });
    const ordered = await json<ErrandSummary>(photos('download', ...wanted, '--yes', '--json'));
    expect(ordered).toMatchObject({ step: 'waiting', endedAt: null });
    expect((await errands('list', '--kind', 'download')).stdout).toMatch(
      /waiting for the service +0 B of 7 B/,
    );
    simulator.advance(5 * HOUR);
    const came = await downloads('resume', '--wait');
    expect(came.stdout).toContain('its tree hash is the service’s');
    expect(readFileSync(path('back.jpg'), 'utf8')).toBe('a photo');
    expect((await downloads('resume')).stdout).toBe('Nothing is under way.');
    expect((await photos('download', ...wanted, '--yes')).stderr).toContain('already');
  });

  it('are paid again only one by one, when the price is agreed to', async () => {
    const wanted = [`--archive=${archive}`, '--to', path('late.jpg')];
    simulator.advance(60 * HOUR);
    const { id } = await json<ErrandSummary>(photos('download', ...wanted, '--yes', '--json'));
    simulator.advance(60 * HOUR);
    expect((await downloads('resume', '--wait')).stdout).toContain('expired before it was read');
    const left = await downloads('resume', '--wait');
    expect(left.stdout).toContain(`carry it on with: permafrost vault errands resume ${id.slice(0, 8)}`);
    expect((await downloads('resume', id)).stderr).toMatch(/it is paid again\.\n[^]*\$[^]*add --yes/);
    expect((await downloads('resume', id, '--yes')).stdout).toContain('waiting for the service');
    simulator.advance(5 * HOUR);
    expect((await errands('resume', id, '--wait')).stdout).toContain('its tree hash is the service’s');
  });

  it('are deleted, and the vault after them', async () => {
    const search = ['--search', 'film'];
    const dry = await photos('delete-archive', ...search, '--dry-run');
    expect(dry.stdout).toMatch(/^Deletes 1 archive of vault photos, 7 B, for good\.\n/);
    expect(dry.stdout).toMatch(/Early deletion of 1 archive \(under 90 days old\)/);
    expect((await photos('delete-archive', ...search)).code).toBe(1);
    expect((await photos('delete-archive', ...search, '--yes')).stdout).toMatch(/done, 1 of 1 archives/);
    const price = await json<ClearingPreview>(vault('empty', 'photos', '--close', '--dry-run', '--json'));
    expect(price).toMatchObject({ archives: 1, ours: 0 });
    const begun = await vault('empty', 'photos', '--close', '--yes');
    expect(begun.stderr).toContain('Then vault photos itself is deleted');
    expect(begun.stdout).toMatch(/waiting for the service, 1 of 1 archives/);
    expect((await runHere('--profile', path('profile'), 'vault', 'empty', '--status')).stdout).toMatch(
      /1 of 1/,
    );
    simulator.advance(25 * HOUR);
    const closed = await runHere('--profile', path('profile'), 'vault', 'empty', '--resume', '--wait');
    expect(closed.stdout).toContain('The vault is deleted.');
    expect((await vault('list')).stdout).toBe('No vaults.');
  });
});

describe('what makes no sense', () => {
  it.each([
    [['download', '--to', 'x'], /name the archive/],
    [['download', 'x', '--range', '5-5', '--to', 'x'], /two numbers/],
    [['download', 'x'], /--to <file>/],
    [['delete-archive'], /name the archives/],
    [['delete-archive', 'x', '--search', 'y'], /name the archives/],
    [['inventory', 'request', '--from', 'yesterday'], /a date like/],
  ])('%j is a usage error', async ([command = '', ...words], reason) => {
    const kept = await photos(command, ...words);
    expect(kept.code).toBe(2);
    expect(kept.stderr).toMatch(reason);
  });
});

function errands(...words: string[]): Promise<Kept> {
  return runHere('--profile', path('profile'), 'vault', 'errands', ...words);
}

function downloads(...words: string[]): Promise<Kept> {
  return runHere('--profile', path('profile'), 'vault', 'downloads', ...words);
}
