/** Runs inside a session of its own with a real Secret Service; prints one JSON line for each thing that was tried. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { openEngine, type Engine } from '../../src/main/engine/engine.ts';

const [dir = '', endpoint = '', region = '', accessKeyId = '', secretAccessKey = ''] = process.argv.slice(2);
const profile = join(dir, 'profile');
const passphrase = 'correct horse battery';
const opened = (): Promise<Engine> =>
  openEngine({ profile, host: 'test', kdfCost: { memoryKiB: 65_536, passes: 1, lanes: 1 } });

async function tried(what: string, ...[name, input]: Parameters<Engine['request']>): Promise<void> {
  const reply = await engine.request(name, input);
  process.stdout.write(`${JSON.stringify({ what, ...reply })}\n`);
}

async function reopened(): Promise<void> {
  await engine.close();
  engine = await opened();
}

function lockKeyring(): void {
  const args = ['--session', '--print-reply', '--dest=org.freedesktop.secrets', '/org/freedesktop/secrets'];
  const lock = 'org.freedesktop.Secret.Service.Lock';
  const collection = 'array:objpath:/org/freedesktop/secrets/collection/login';
  execFileSync('dbus-send', [...args, lock, collection], { stdio: 'ignore' });
}

let engine = await opened();
await tried('init', 'profile:init', { passphrase, remember: true });
await reopened();
await tried('opens by itself', 'profile:status', {});
await tried('renew', 'keys:renew', { current: passphrase });
await reopened();
await tried('opens with the newest keys', 'profile:status', {});
await tried('keeps AWS keys', 'awsKeys:set', { name: 'work', accessKeyId, secretAccessKey });
const vault = { kind: 'vault', vault: 'photos', region, endpoint, create: true } as const;
await tried('uses them', 'targets:add', { name: 'cold', settings: { ...vault, awsKeys: 'work' } });
await tried('has no others', 'targets:add', {
  name: 'other',
  settings: { ...vault, vault: 'x', awsKeys: 'none' },
});
await tried('removes them', 'awsKeys:remove', { name: 'work' });
await tried('has them no more', 'targets:add', {
  name: 'third',
  settings: { ...vault, vault: 'y', awsKeys: 'work' },
});
lockKeyring();
await reopened();
await tried('locked keychain', 'profile:status', {});
await tried('says why', 'kit:page', {});
await tried('passphrase opens all the same', 'profile:unlock', { passphrase });
await engine.close();
