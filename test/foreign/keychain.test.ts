/** The keychain for real: gnome-keyring behind the Secret Service, in a session bus of its own. */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startSimulator, type Simulator } from '../../src/main/simulator/simulator.ts';

const child = fileURLToPath(new URL('keychainChild.ts', import.meta.url));

interface Tried {
  readonly what: string;
  readonly ok: boolean;
  readonly value?: unknown;
  readonly failure?: { readonly kind: string; readonly message: string };
}

const dir = mkdtempSync(join(tmpdir(), 'permafrost-keychain-'));
let simulator: Simulator;
let tried: ReadonlyMap<string, Tried>;

beforeAll(async () => {
  for (const file of ['/usr/bin/dbus-run-session', '/usr/bin/gnome-keyring-daemon', '/usr/bin/dbus-send'])
    if (!existsSync(file)) throw new Error(`There is no ${file}: apt-get install dbus gnome-keyring.`);
  simulator = await startSimulator({ dir: join(dir, 'simulator'), durability: 'none' });
  const { url, region, accessKeyId, secretAccessKey } = simulator;
  const lines = await inSession([join(dir), url, region, accessKeyId, secretAccessKey]);
  tried = new Map(lines.map((line) => [line.what, line]));
}, 120_000);
afterAll(async () => {
  await simulator.close();
  rmSync(dir, { recursive: true, force: true });
});

/** A bus, an unlocked keyring without a prompter, and the engine. All of it ends with the script. */
async function inSession(args: readonly string[]): Promise<readonly Tried[]> {
  for (const name of ['home', 'run']) mkdirSync(join(dir, name), { mode: 0o700 });
  const script = `printf secret | gnome-keyring-daemon --foreground --unlock --components=secrets >/dev/null 2>&1 &
    keyring=$!
    for i in $(seq 100); do
      dbus-send --session --print-reply --dest=org.freedesktop.DBus / org.freedesktop.DBus.NameHasOwner string:org.freedesktop.secrets 2>/dev/null | grep -q true && break
      sleep 0.1
    done
    "$@"; code=$?
    kill $keyring
    exit $code`;
  const env = {
    PATH: `${join(process.execPath, '..')}:/usr/bin:/bin`,
    HOME: join(dir, 'home'),
    XDG_RUNTIME_DIR: join(dir, 'run'),
    XDG_DATA_HOME: join(dir, 'home', 'share'),
    LANG: 'C.UTF-8',
  };
  const command = ['--', 'sh', '-c', script, 'session', process.execPath, child, ...args];
  const { stdout, stderr } = await new Promise<{ stdout: string; stderr: string }>((resolve) => {
    execFile('/usr/bin/dbus-run-session', command, { env, timeout: 90_000 }, (_error, out, err) =>
      resolve({ stdout: out, stderr: err }),
    );
  });
  const lines = stdout.split('\n').filter((line) => line !== '');
  if (lines.length < 10) throw new Error(`The session ended early.\n${stdout}\n${stderr}`);
  return lines.map((line) => JSON.parse(line) as Tried);
}

describe('a real keychain', () => {
  it.each([
    ['init', { ok: true, value: { state: 'open', remembered: true } }],
    ['opens by itself', { ok: true, value: { state: 'open', keychainTrouble: null } }],
    ['renew', { ok: true }],
    ['opens with the newest keys', { ok: true, value: { state: 'open' } }],
    ['keeps AWS keys', { ok: true }],
    ['uses them', { ok: true, value: { name: 'cold' } }],
    ['has no others', { ok: false, failure: { kind: 'denied' } }],
    ['removes them', { ok: true }],
    ['has them no more', { ok: false, failure: { kind: 'denied' } }],
    [
      'locked keychain',
      { ok: true, value: { state: 'locked', keychainTrouble: expect.any(String) as string } },
    ],
    ['says why', { ok: false, failure: { kind: 'locked' } }],
    ['passphrase opens all the same', { ok: true, value: { state: 'open' } }],
  ])('%s', (what, expected) => {
    expect(tried.get(what)).toMatchObject(expected);
  });

  it('says something else of a locked keychain than of a missing passphrase', () => {
    expect(tried.get('says why')?.failure?.message).toMatch(
      /this system was to remember the key, but the keychain/,
    );
  });
});
