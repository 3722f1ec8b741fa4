/**
 * Secrets leave no trace (invariant I16): a whole life of a profile, failures included, with secrets that are found again
 * wherever they turn up, in any spelling. What is searched: every event and answer, all that the command line prints, every
 * file of the profile, every request to the service, and what it keeps.
 */
import { cpSync, mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { createServer, request as forward, type Server } from 'node:http';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventNames, type RequestInput, type RequestName } from '../../../src/shared/contract.ts';
import { deriveKeys } from '../../../src/main/engine/keys/masterKey.ts';
import { parseKeySlots } from '../../../src/main/engine/keys/slotFile.ts';
import { spellRecoveryCode } from '../../../src/main/engine/keys/recoveryCode.ts';
import { codeOf, openSlots } from '../../../src/main/engine/keys/slots.ts';
import { startSimulator, type Simulator } from '../../../src/main/simulator/simulator.ts';
import { permafrost } from '../cli/permafrost.ts';
import { Scene } from './scene.ts';
import { letHoursPass } from './thaw.ts';
import { figure } from '../../figures.ts';

const secrets = {
  passphrase: `canary/+ Zoë ${randomBytes(9).toString('base64')}`,
  'wrong passphrase': `canary? wrong ${randomBytes(9).toString('base64')}`,
  'secret key': `${randomBytes(28).toString('base64')}/+`,
  'wrong secret key': `${randomBytes(28).toString('base64')}+/`,
  'session token': `${randomBytes(60).toString('base64')}/+==`,
};
/** Of the source: the service must not learn them, while the catalog knows the name. */
const contents = {
  'name of a file': `canary name ${randomBytes(9).toString('hex')}`,
  'content of a file': randomBytes(24),
};

/** Everything that was seen, with where. */
const seen: { readonly where: string; readonly bytes: Buffer }[] = [];
function note(where: string, bytes: Buffer | string): void {
  seen.push({ where, bytes: Buffer.from(bytes) });
}

const scene = new Scene();
let simulator: Simulator;
let proxy: Server;
let clock: NodeJS.Timeout;

beforeAll(async () => {
  simulator = await startSimulator({
    dir: scene.path('vault'),
    durability: 'none',
    secretAccessKey: secrets['secret key'],
    accessKeyId: 'AKIACANARY',
  });
  proxy = await recordingProxy(simulator.url);
  clock = letHoursPass(() => simulator, 20);
});
afterAll(async () => {
  clearInterval(clock);
  proxy.closeAllConnections();
  proxy.close();
  await simulator.close();
  await scene.remove();
});

it('finds a secret in every spelling, wherever it stands', () => {
  for (const secret of [...Object.values(secrets), randomBytes(32)]) {
    const bytes = Buffer.from(secret);
    const text = bytes.toString('utf8');
    const traces = [
      ...[
        bytes.toString('hex'),
        bytes.toString('hex').toUpperCase(),
        encodeURIComponent(text),
        JSON.stringify(text),
      ],
      ...[0, 1, 2].flatMap((before) => {
        const among = Buffer.concat([Buffer.alloc(before, 'x'), bytes, Buffer.from('y')]);
        return [among.toString('base64'), among.toString('base64url')];
      }),
    ].map((trace) => Buffer.from(`before ${trace} after`));
    traces.push(Buffer.concat([Buffer.from('before'), bytes]), Buffer.from(text, 'utf16le'));
    // Bytes that are no text are spelled as text by nobody.
    const isText = Buffer.from(text).equals(bytes);
    for (const trace of traces.filter((_, i) => isText || (i !== 2 && i !== 3 && i < traces.length - 1)))
      expect(isIn(trace, secret), trace.toString('latin1')).toBe(true);
  }
});

it('no secret is in anything that anybody gets to see', async () => {
  mkdirSync(join(scene.source, 'letters'));
  writeFileSync(join(scene.source, 'letters', contents['name of a file']), contents['content of a file']);
  await liveInProcess();
  await liveOnCommandLine();
  noteFolder('profile', scene.profile);
  noteFolder('recovered profile', scene.path('recovered'));
  noteFolder('kept by the service', join(scene.dir, 'vault', 'glacier'));

  const hits: string[] = [];
  for (const [what, secret] of Object.entries({ ...secrets, ...(await keysOf(scene.profile)) })) {
    for (const { where, bytes } of seen) {
      // The token is for the service, and its header is the place for it.
      const isForService = what === 'session token' && where.startsWith('headers');
      if (!isForService && isIn(bytes, secret)) hits.push(`${what} in ${where}`);
    }
  }
  for (const [what, content] of Object.entries(contents)) {
    for (const { where, bytes } of seen) {
      if (/service|request|headers/.test(where) && isIn(bytes, content)) hits.push(`${what} in ${where}`);
    }
  }
  const total = seen.reduce((sum, { bytes }) => sum + bytes.length, 0);
  process.stdout.write(`searched ${total} bytes in ${seen.length} places: ${hits.length} hits\n`);
  figure('bytes searched for secrets', total);
  figure('secrets found', hits.length);
  expect(hits).toEqual([]);
  expect(total).toBeGreaterThan(8 * 1024 * 1024);
}, 300_000);

async function liveInProcess(): Promise<void> {
  process.env.AWS_ACCESS_KEY_ID = simulator.accessKeyId;
  process.env.AWS_SECRET_ACCESS_KEY = secrets['secret key'];
  process.env.AWS_SESSION_TOKEN = secrets['session token'];
  await scene.open();
  for (const event of eventNames)
    scene.engine.on(event, (payload) => note(`event ${event}`, JSON.stringify(payload)));
  const { passphrase } = secrets;
  await answered('profile:init', { passphrase });
  await answered('targets:add', { name: 'attic', settings: vaultSettings() });
  await answered('plans:add', { name: 'docs', target: 'attic', sources: [scene.source] });
  expect(await scene.backup()).toMatchObject({ state: 'done' });
  expect(await scene.restore({ to: scene.path('out') })).toMatchObject({ state: 'done' });
  await scene.close();

  await scene.open();
  expect(await answered('profile:unlock', { passphrase: secrets['wrong passphrase'] })).toBe(
    'wrong-passphrase',
  );
  expect(await answered('backup:start', { plan: 'docs' })).toBe('locked');
  await answered('profile:unlock', { passphrase });
  const { groups } = await scene.ask('kit:challenge', {});
  expect(await answered('kit:prove', { typed: [{ group: groups[0] ?? 1, text: 'XXXX' }] })).toBe('invalid');
  for (const name of ['targets:list', 'plans:list', 'runs:list', 'snapshots:list', 'orders:list'] as const)
    await answered(name, {});
  await scene.close();
}

/** Notes the answer; resolves to the kind of failure, null when there was none. */
async function answered<R extends RequestName>(name: R, input: RequestInput<R>): Promise<string | null> {
  const reply = await scene.engine.request(name, input);
  note(`answer to ${name}`, inspect(reply, { depth: 20 }));
  return reply.ok ? null : reply.failure.kind;
}

async function liveOnCommandLine(): Promise<void> {
  const env = {
    AWS_ACCESS_KEY_ID: simulator.accessKeyId,
    AWS_SECRET_ACCESS_KEY: secrets['secret key'],
    AWS_SESSION_TOKEN: secrets['session token'],
    PERMAFROST_PASSPHRASE: secrets.passphrase,
  };
  const file = scene.path('passphrase');
  writeFileSync(file, `${secrets.passphrase}\n`);
  const profile = ['--profile', scene.profile];
  const damaged = damagedProfiles();
  writeFileSync(join(scene.source, 'another'), 'letter');
  const wrongKey = { ...env, AWS_SECRET_ACCESS_KEY: secrets['wrong secret key'] };
  const wrongPassphrase = { ...env, PERMAFROST_PASSPHRASE: secrets['wrong passphrase'] };
  const told = [
    await commandLine([...profile, 'backup', 'docs'], env),
    await commandLine(
      [
        ...profile,
        '--json',
        '--passphrase-file',
        file,
        'restore',
        'latest',
        '--to',
        scene.path('out 2'),
        '--wait',
      ],
      env,
    ),
    await commandLine(
      [...profile, '--json', 'vault', 'list', '--region', simulator.region, '--endpoint', endpoint()],
      env,
    ),
    await commandLine([...profile, 'backup', 'docs'], wrongPassphrase),
    await withNews(() => commandLine([...profile, '--json', 'backup', 'docs'], wrongKey)),
    await commandLine(
      [...profile, 'vault', 'list', '--region', simulator.region, '--endpoint', endpoint()],
      wrongKey,
    ),
    await commandLine(['--profile', damaged.keys, 'backup', 'docs'], env),
    await commandLine(['--profile', damaged.catalog, 'backup', 'docs'], env),
    await commandLine([...profile, 'kit', '--out', scene.path('kit.txt')], env),
    await commandLine([...profile, 'kit', '--out', scene.path('kit.pdf')], env),
    await recovered(env),
    await commandLine(['--profile', scene.path('recovered'), 'passphrase'], wrongPassphrase),
    await commandLine(['--profile', scene.path('new'), 'init', '--passphrase', secrets.passphrase], env),
  ];
  expect(told).toEqual([0, 0, 0, 1, 1, 1, 1, 1, 0, 0, 0, 1, 2]);
}

/** The same vault on another computer, with the kit alone. */
function recovered(env: Readonly<Record<string, string>>): Promise<number | null> {
  simulator.advance(48 * 3_600_000);
  const { PERMAFROST_PASSPHRASE: _, ...withoutPassphrase } = env;
  const where = ['--vault', 'photos', '--region', simulator.region, '--endpoint', endpoint()];
  const args = ['recover', 'vault', ...where, '--kit', scene.path('kit.txt'), '--wait'];
  return commandLine(['--profile', scene.path('recovered'), ...args], withoutPassphrase);
}

/** There has to be something to send before anybody is asked. */
function withNews<T>(act: () => Promise<T>): Promise<T> {
  writeFileSync(join(scene.source, 'one more'), 'letter');
  return act();
}

/** Resolves to the exit code. */
async function commandLine(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<number | null> {
  const { code, stdout, stderr } = await permafrost(args, { env });
  note(`stdout of ${args.join(' ')}`, stdout);
  note(`stderr of ${args.join(' ')}`, stderr);
  return code;
}

/** Copies of the profile that cannot be used: their failures are told as well. */
function damagedProfiles(): { readonly keys: string; readonly catalog: string } {
  const keys = scene.path('damaged keys');
  const catalog = scene.path('damaged catalog');
  for (const to of [keys, catalog]) cpSync(scene.profile, to, { recursive: true });
  truncateSync(join(keys, 'keys.json'), 100);
  truncateSync(join(catalog, 'catalog.db'), 5000);
  return { keys, catalog };
}

function endpoint(): string {
  const address = proxy.address();
  if (address === null || typeof address === 'string') throw new RangeError('the proxy is not there');
  return `http://127.0.0.1:${address.port}`;
}

function vaultSettings(): RequestInput<'targets:add'>['settings'] {
  return {
    kind: 'vault',
    vault: 'photos',
    region: simulator.region,
    endpoint: endpoint(),
    create: true,
    packMiB: 4,
  };
}

/** Hands everything on to the simulator as it comes, and notes it. */
async function recordingProxy(url: string): Promise<Server> {
  const { port } = new URL(url);
  const server = createServer((asked, answer) => {
    note('request', `${asked.method} ${asked.url}`);
    note('headers', asked.rawHeaders.join('\n'));
    asked.on('data', (bytes: Buffer) => note('body of a request', bytes));
    const { method, url: path, rawHeaders } = asked;
    const onward = forward(
      { host: '127.0.0.1', port, method, path, headers: rawHeaders, setHost: false },
      (got) => {
        answer.writeHead(got.statusCode ?? 502, got.rawHeaders);
        got.pipe(answer);
      },
    );
    onward.on('error', () => answer.destroy());
    asked.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

function noteFolder(what: string, folder: string): void {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    note(`${what}, name`, entry.name);
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile()) note(`${what}, ${path}`, readFileSync(path));
  }
}

/** The master key and all that is derived from it, and the recovery code. */
async function keysOf(profile: string): Promise<Readonly<Record<string, Buffer | string>>> {
  const slots = parseKeySlots(readFileSync(join(profile, 'keys.json')));
  const [master] = await openSlots(slots, secrets.passphrase);
  if (master === undefined) throw new RangeError('no master key');
  const keys = deriveKeys(master);
  const slot = slots.slots.find(({ kind }) => kind === 'code');
  const code = slot?.kind === 'code' ? codeOf(slot, keys) : null;
  if (code === null) throw new RangeError('no recovery code');
  const derived = Object.entries(keys).filter(([, key]) => Buffer.isBuffer(key));
  expect(derived.length).toBeGreaterThan(4);
  const codes = { 'recovery code': code, 'recovery code as it is written': spellRecoveryCode(code) };
  return { 'master key': master.key, ...Object.fromEntries(derived), ...codes };
}

/** Whether bytes hold the secret, raw or spelled. */
function isIn(bytes: Buffer, secret: Buffer | string): boolean {
  return spellings(secret).some((spelling) => bytes.includes(spelling));
}

const spelled = new Map<Buffer | string, readonly Buffer[]>();

function spellings(secret: Buffer | string): readonly Buffer[] {
  const known = spelled.get(secret);
  if (known !== undefined) return known;
  const bytes = Buffer.from(secret);
  const hex = bytes.toString('hex');
  const texts = [hex, hex.toUpperCase()];
  if (typeof secret === 'string')
    texts.push(encodeURIComponent(secret), encodeURI(secret), JSON.stringify(secret).slice(1, -1));
  for (const before of [0, 1, 2]) {
    // Of base64 only the letters that depend on nothing around the secret.
    const whole = Buffer.concat([Buffer.alloc(before), bytes])
      .toString('base64')
      .replace(/=+$/, '');
    const inner = whole.slice(before === 0 ? 0 : before + 1, Math.floor(((before + bytes.length) * 8) / 6));
    texts.push(inner, inner.replaceAll('+', '-').replaceAll('/', '_'));
  }
  const all = [bytes, ...texts.map((text) => Buffer.from(text))];
  if (typeof secret === 'string') all.push(Buffer.from(secret, 'utf16le'));
  spelled.set(secret, all);
  return all;
}
