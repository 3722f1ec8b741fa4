import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { lockProfile } from '../../../../src/main/engine/catalog/lock.ts';
import { temporaryFolder } from './temporary.ts';

const child = fileURLToPath(new URL('./lockChild.ts', import.meta.url));

/** Starts a process that locks the profile; resolves when it has. */
async function lockElsewhere(profile: string): Promise<() => Promise<void>> {
  const process_ = spawn(process.execPath, [child, profile], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(process_, 'exit');
  onTestFinished(() => void process_.kill('SIGKILL'));
  await once(process_.stdout, 'data');
  return async () => {
    process_.kill('SIGKILL');
    await exited;
  };
}

test('makes the profile folder for its owner alone and holds it once', async () => {
  const profile = join(temporaryFolder(), 'new', 'profile');
  const lock = await lockProfile(profile, 'serve', 0);
  if (process.platform !== 'win32') expect(statSync(profile).mode & 0o777).toBe(0o700);
  await expect(lockProfile(profile, 'cli backup', 0)).rejects.toMatchObject({
    kind: 'busy',
    message: expect.stringContaining(`serve (process ${process.pid} on `) as string,
  });
  await lock.release();
  await lock.release();
  expect(existsSync(join(profile, 'lock.json'))).toBe(false);
  await (await lockProfile(profile, 'cli backup', 0)).release();
});

test('is refused while another process holds the profile, and free at once when that is killed', async () => {
  const profile = temporaryFolder();
  const kill = await lockElsewhere(profile);
  await expect(lockProfile(profile, 'cli', 0)).rejects.toMatchObject({
    kind: 'busy',
    message: expect.stringContaining('in use by child') as string,
  });
  await kill();
  expect(existsSync(join(profile, 'lock.json'))).toBe(true);
  await (await lockProfile(profile, 'cli', 0)).release();
});

test('still refuses when the note of the holder is unreadable', async () => {
  const profile = temporaryFolder();
  const lock = await lockProfile(profile, 'serve', 1_700_000_000_000);
  expect(JSON.parse(readFileSync(join(profile, 'lock.json'), 'utf8'))).toMatchObject({ host: 'serve' });
  writeFileSync(join(profile, 'lock.json'), '{"pid":');
  await expect(lockProfile(profile, 'cli', 0)).rejects.toMatchObject({
    kind: 'busy',
    message: expect.stringContaining('another Permafrost') as string,
  });
  await lock.release();
});
