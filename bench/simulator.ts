/**
 * How fast the simulator is by itself: small requests, and parts of 64 MiB, over loopback.
 *
 *   node bench/simulator.ts [--parts N] [--requests N] [--durability none|fsync] [--dir DIR]
 *
 * The client sends one body again and again and hashes it once, so that what is measured is the simulator, which runs
 * in a process of its own: on a machine that has a second core. Uploads are given up after a few parts: the room on
 * the disk is bounded.
 */
import { spawn } from 'node:child_process';
import { createHash, createHmac, hash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { peakOfTree } from './processes.ts';

const MIB = 2 ** 20;
const PART_BYTES = 64 * MIB;
const PARTS_PER_UPLOAD = 8;
const AT_ONCE = 2;

export interface SimulatorFigures {
  /** DescribeVault, one after another and eight at once. */
  readonly requestsPerSecond: number;
  readonly requestsPerSecondAtOnce: number;
  /** Parts of 64 MiB, two at once, after one upload to warm up. */
  readonly partMBPerSecond: number;
  /** The same by CPU time of the simulator's one busy thread: what a machine with nothing else to do would reach. */
  readonly partMBPerCpuSecond: number | null;
  /** Resident bytes of the simulator at their highest: after the first upload, and at the end. */
  readonly peakBytesBefore: number | null;
  readonly peakBytes: number | null;
}

interface Options {
  readonly parts: number;
  readonly requests: number;
  readonly durability: 'none' | 'fsync';
  readonly dir: string;
}

/** Measures and prints. Ends with 2 for a wrong option. */
export async function main(argv: readonly string[]): Promise<number> {
  let options: Options;
  try {
    options = parseOptions(argv);
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    return 2;
  }
  const figures = await measureSimulator(options);
  const peak = (bytes: number | null): string =>
    bytes === null ? 'unknown' : `${Math.round(bytes / MIB)} MiB`;
  const cpu = figures.partMBPerCpuSecond;
  console.log(
    [
      `Durability ${options.durability}, ${options.parts} parts of 64 MiB, ${options.requests} small requests.`,
      `small requests, one by one   ${Math.round(figures.requestsPerSecond)} per second`,
      `small requests, 8 at once    ${Math.round(figures.requestsPerSecondAtOnce)} per second`,
      `parts of 64 MiB, 2 at once   ${Math.round(figures.partMBPerSecond)} MB/s`,
      `  by the simulator's CPU     ${cpu === null ? 'unknown' : `${Math.round(cpu)} MB per second of its main thread`}`,
      `memory at its highest        ${peak(figures.peakBytesBefore)} after the first upload, ${peak(figures.peakBytes)} at the end`,
    ].join('\n'),
  );
  return 0;
}

function parseOptions(argv: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      parts: { type: 'string', default: '32' },
      requests: { type: 'string', default: '2000' },
      durability: { type: 'string', default: 'none' },
      dir: { type: 'string', default: tmpdir() },
    },
  });
  const { durability } = values;
  if (durability !== 'none' && durability !== 'fsync') throw new Error('--durability is none or fsync.');
  return {
    parts: count('parts', values.parts),
    requests: count('requests', values.requests),
    durability,
    dir: resolve(values.dir),
  };
}

function count(name: string, text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new Error(`--${name} takes a whole number from 1, not '${text}'.`);
  return Number(text);
}

async function measureSimulator(options: Options): Promise<SimulatorFigures> {
  const dir = await mkdtemp(join(options.dir, 'bench-simulator-'));
  const simulator = await startChild(dir, options.durability);
  const client = newClient(simulator);
  try {
    await client.send('PUT', '/-/vaults/v');
    const small = (): Promise<unknown> => client.send('GET', '/-/vaults/v');
    await perSecond(options.requests / 4, 8, small); // to warm up
    const requestsPerSecond = await perSecond(options.requests, 1, small);
    const requestsPerSecondAtOnce = await perSecond(options.requests, 8, small);

    const part = partOf(randomBytes(PART_BYTES));
    await uploadParts(client, part, PARTS_PER_UPLOAD);
    const peakBytesBefore = peakOfTree(simulator.pid);
    const cpuBefore = mainThreadSeconds(simulator.pid);
    let sent = 0;
    let seconds = 0;
    for (; sent < options.parts; sent += PARTS_PER_UPLOAD)
      seconds += await uploadParts(client, part, Math.min(PARTS_PER_UPLOAD, options.parts - sent));
    const cpuAfter = mainThreadSeconds(simulator.pid);
    const megabytes = (options.parts * PART_BYTES) / 1e6;
    return {
      requestsPerSecond,
      requestsPerSecondAtOnce,
      partMBPerSecond: megabytes / seconds,
      partMBPerCpuSecond: cpuBefore === null || cpuAfter === null ? null : megabytes / (cpuAfter - cpuBefore),
      peakBytesBefore,
      peakBytes: peakOfTree(simulator.pid),
    };
  } finally {
    client.close();
    await simulator.stop();
    await rm(dir, { recursive: true, force: true });
  }
}

/** CPU seconds of the process's first thread, as Linux tells them in hundredths; null elsewhere. */
function mainThreadSeconds(pid: number): number | null {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/task/${pid}/stat`, 'utf8');
  } catch {
    return null;
  }
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

async function perSecond(times: number, atOnce: number, act: () => Promise<unknown>): Promise<number> {
  const before = performance.now();
  await inTurns(times, atOnce, act);
  return (times * 1000) / (performance.now() - before);
}

/** Does it `times` times, never more than `atOnce` at a time. */
async function inTurns(
  times: number,
  atOnce: number,
  act: (turn: number) => Promise<unknown>,
): Promise<void> {
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < times) await act(next++);
  };
  await Promise.all(Array.from({ length: atOnce }, work));
}

/** Seconds for the parts alone. */
async function uploadParts(client: Client, part: Part, parts: number): Promise<number> {
  const begun = await client.send('POST', '/-/vaults/v/multipart-uploads', {
    'x-amz-part-size': String(PART_BYTES),
  });
  const path = `/-/vaults/v/multipart-uploads/${String(begun['x-amz-multipart-upload-id'])}`;
  const before = performance.now();
  await inTurns(parts, AT_ONCE, (index) =>
    client.send(
      'PUT',
      path,
      {
        'content-range': `bytes ${index * PART_BYTES}-${(index + 1) * PART_BYTES - 1}/*`,
        'x-amz-content-sha256': part.sha256,
        'x-amz-sha256-tree-hash': part.treeHash,
      },
      part.body,
    ),
  );
  const seconds = (performance.now() - before) / 1000;
  await client.send('DELETE', path);
  return seconds;
}

interface Part {
  readonly body: Buffer;
  readonly sha256: string;
  readonly treeHash: string;
}

function partOf(body: Buffer): Part {
  let level = Array.from({ length: body.length / MIB }, (_, i) =>
    hash('sha256', body.subarray(i * MIB, (i + 1) * MIB), 'buffer'),
  );
  while (level.length > 1)
    level = Array.from({ length: level.length / 2 }, (_, i) =>
      hash('sha256', Buffer.concat(level.slice(2 * i, 2 * i + 2)), 'buffer'),
    );
  return { body, sha256: hash('sha256', body), treeHash: level.map((node) => node.toString('hex')).join('') };
}

interface Access {
  readonly url: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

interface Child extends Access {
  readonly pid: number;
  stop(): Promise<void>;
}

async function startChild(dir: string, durability: Options['durability']): Promise<Child> {
  const module = new URL('../src/main/simulator/simulator.ts', import.meta.url).href;
  const script = `
    import { startSimulator } from ${JSON.stringify(module)};
    const { url, accessKeyId, secretAccessKey } = await startSimulator(${JSON.stringify({ dir, durability })});
    console.log(JSON.stringify({ url, accessKeyId, secretAccessKey }));`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  const lines = createInterface(child.stdout);
  const first = await Promise.race([once(lines, 'line'), ended.then(() => null)]);
  if (first === null || child.pid === undefined) throw new Error('The simulator did not start.');
  return {
    ...(JSON.parse(String(first[0])) as Access),
    pid: child.pid,
    stop: async () => {
      child.kill();
      await ended;
    },
  };
}

interface Client {
  /** Resolves with the headers of a good answer, its body read. */
  send(
    method: string,
    path: string,
    headers?: Readonly<Record<string, string>>,
    body?: Buffer,
  ): Promise<IncomingMessage['headers']>;
  close(): void;
}

function newClient({ accessKeyId, secretAccessKey, url }: Access): Client {
  const { host, hostname, port } = new URL(url);
  const agent = new Agent({ keepAlive: true });
  return {
    send: async (method, path, headers = {}, body = Buffer.alloc(0)) => {
      const all = { host, 'x-amz-glacier-version': '2012-06-01', ...headers };
      const authorization = signature({ accessKeyId, secretAccessKey }, method, path, all);
      const outgoing = request({
        hostname,
        port,
        method,
        path,
        agent,
        headers: { ...all, ...authorization, 'content-length': body.length },
      });
      const answered = once(outgoing, 'response');
      outgoing.end(body);
      const [answer] = (await answered) as [IncomingMessage];
      const said: Buffer[] = [];
      for await (const piece of answer as AsyncIterable<Buffer>) said.push(piece);
      if ((answer.statusCode ?? 0) >= 300)
        throw new Error(`${method} ${path}: ${answer.statusCode} ${Buffer.concat(said).toString()}`);
      return answer.headers;
    },
    close: () => agent.destroy(),
  };
}

/** AWS Signature Version 4 for a path without a query; the hash of no body unless the headers state one. */
function signature(
  { accessKeyId, secretAccessKey }: Omit<Access, 'url'>,
  method: string,
  path: string,
  headers: Readonly<Record<string, string>>,
): Record<string, string> {
  const date = new Date().toISOString().replace(/[-:]|\.\d{3}/g, '');
  const signed: Record<string, string> = { ...headers, 'x-amz-date': date };
  const names = Object.keys(signed).sort();
  const payload = headers['x-amz-content-sha256'] ?? createHash('sha256').digest('hex');
  const lines = names.map((name) => `${name}:${signed[name] ?? ''}\n`).join('');
  const canonical = [method, path, '', lines, names.join(';'), payload].join('\n');
  const scope = `${date.slice(0, 8)}/us-east-1/glacier/aws4_request`;
  const mac = (key: Buffer | string, text: string): Buffer => createHmac('sha256', key).update(text).digest();
  const key = scope.split('/').reduce<Buffer | string>(mac, `AWS4${secretAccessKey}`);
  const toSign = ['AWS4-HMAC-SHA256', date, scope, hash('sha256', canonical)].join('\n');
  const proof = `SignedHeaders=${names.join(';')},Signature=${mac(key, toSign).toString('hex')}`;
  return {
    'x-amz-date': date,
    authorization: `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope},${proof}`,
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = await main(process.argv.slice(2));
