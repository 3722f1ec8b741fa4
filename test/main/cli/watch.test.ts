/** `permafrost watch`: what a server runs. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openCatalog } from '../../../src/main/engine/catalog/catalog.ts';
import { permafrost, start } from './permafrost.ts';

let dir: string;
let env: Record<string, string>;

async function run(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await permafrost(args, { env });
  expect(code, stderr).toBe(0);
  return stdout;
}

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'permafrost-watch-'));
  env = { PERMAFROST_PROFILE: join(dir, 'profile'), PERMAFROST_PASSPHRASE: 'a passphrase for tests' };
  mkdirSync(join(dir, 'source'));
  writeFileSync(join(dir, 'source', 'file'), 'one');
  await run('init');
  await run('target', 'add', 'attic', 'folder', '--path', join(dir, 'attic'), '--create');
  const added = await run('plan', 'add', 'docs', '--target', 'attic', '--source', join(dir, 'source'));
  expect(added).not.toContain('permafrost watch');
});
afterAll(() => rmSync(dir, { recursive: true }));

it('stays without anything to do, and ends in order at Ctrl-C', async () => {
  const { child, ended } = start(['watch'], { env });
  await saying(child.stderr, 'No plan has a schedule');
  await sleep(1500);
  expect(child.exitCode).toBeNull();
  child.kill('SIGINT');
  expect(await ended).toMatchObject({ code: 0, stdout: '' });
});

it('runs what is due and says so, a line each', async () => {
  const edited = await run('plan', 'edit', 'docs', '--schedule', 'every 30 minutes');
  expect(edited).toMatch(/Runs +every 30m, next /);
  const catalog = await openCatalog(join(dir, 'profile', 'catalog.db'));
  await catalog.transaction((tx) => tx.run('update plans set scheduled_at = ?', [Date.now() - 3_600_000]));
  await catalog.close();
  expect(await run('plan', 'list')).toContain('due now');
  const { child, ended } = start(['watch'], { env });
  await saying(child.stderr, /docs: 1 file, sent .*MB/);
  child.kill('SIGTERM');
  const { code, stderr } = await ended;
  expect(code).toBe(0);
  expect(stderr).toMatch(/docs: every 30m, next .*\n.*docs: backup started\n.*docs: 1 file, sent /);
  expect(await run('snapshots')).toContain('docs');
});

it('says what a schedule is to somebody who writes another thing', async () => {
  const { code, stderr } = await permafrost(['plan', 'edit', 'docs', '--schedule', 'often'], { env });
  expect(code).toBe(1);
  expect(stderr).toContain('“often” is not a schedule.');
  expect((await permafrost(['schedule', 'quiet', '8:00'], { env })).code).toBe(2);
  expect((await permafrost(['schedule', 'quiet', '08:00', '25:00'], { env })).code).toBe(2);
  expect(await run('schedule', 'quiet', '8:00', '18:00')).toContain('None begins from 08:00 to 18:00.');
  expect(await run('schedule', 'pause')).toContain('until "permafrost schedule resume"');
  expect(await run('schedule', 'resume')).toContain('Plans run by themselves');
  expect(JSON.parse(await run('schedule', 'quiet', 'off', '--json'))).toMatchObject({ quiet: null });
});

/** Resolves when the stream has said it. */
function saying(stream: NodeJS.ReadableStream | null, what: string | RegExp): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = '';
    stream?.on('data', (text: string) => {
      said += text;
      if (typeof what === 'string' ? said.includes(what) : what.test(said)) resolve();
    });
    stream?.on('close', () => reject(new Error(`it ended without saying that: ${said}`)));
  });
}
