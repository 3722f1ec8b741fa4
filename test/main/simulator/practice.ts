/** A simulator in a temp folder with the real SDK pointed at it, for the tests of this folder. */
import { createHash, createHmac, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import type { Agent } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CreateVaultCommand,
  GlacierClient,
  type GlacierServiceException,
  InitiateMultipartUploadCommand,
  UploadArchiveCommand,
  UploadMultipartPartCommand,
} from '@aws-sdk/client-glacier';
import { onTestFinished } from 'vitest';
import {
  type Simulator,
  type SimulatorOptions,
  startSimulator,
} from '../../../src/main/simulator/simulator.ts';

export const MIB = 1024 * 1024;
export const HOUR = 3600 * 1000;
export const DAY = 24 * HOUR;

export interface Practice {
  readonly dir: string;
  readonly simulator: Simulator;
  readonly client: GlacierClient;
  /** A vault made for the test. */
  readonly vaultName: string;
}

export async function tempFolder(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'simulator-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

/** Started on `dir`; closed when the test ends. */
export async function start(dir: string, options: Partial<SimulatorOptions> = {}): Promise<Simulator> {
  const simulator = await startSimulator({ dir, durability: 'none', ...options });
  onTestFinished(() => simulator.close());
  return simulator;
}

export function clientOf(simulator: Simulator, secretAccessKey = simulator.secretAccessKey): GlacierClient {
  const client = new GlacierClient({
    region: simulator.region,
    endpoint: simulator.url,
    credentials: { accessKeyId: simulator.accessKeyId, secretAccessKey },
    maxAttempts: 1,
  });
  onTestFinished(() => client.destroy());
  return client;
}

export async function practice(options: Partial<SimulatorOptions> = {}): Promise<Practice> {
  const dir = await tempFolder();
  const simulator = await start(dir, options);
  const client = clientOf(simulator);
  const vaultName = `vault-${randomUUID().slice(0, 8)}`;
  await client.send(new CreateVaultCommand({ accountId: '-', vaultName }));
  return { dir, simulator, client, vaultName };
}

/** What a rejected command told: `[status, code, message]`. */
export async function refusal(sent: Promise<unknown>): Promise<[number | undefined, string, string]> {
  try {
    await sent;
  } catch (error) {
    const { $metadata, name, message } = error as GlacierServiceException;
    return [$metadata.httpStatusCode, name, message];
  }
  throw new Error('the command was not refused');
}

/** Byte i is i mod 251. */
export function pattern(bytes: number): Buffer {
  const buffer = Buffer.allocUnsafe(bytes);
  for (let i = 0; i < bytes; i += 1) buffer[i] = i % 251;
  return buffer;
}

/** Lower-case hex tree hash, by the recursive definition. */
export function treeHashHex(data: Buffer): string {
  return node(data).toString('hex');
}

function node(data: Buffer): Buffer {
  if (data.length <= MIB) return createHash('sha256').update(data).digest();
  let left = MIB;
  while (left * 2 < data.length) left *= 2;
  return createHash('sha256')
    .update(node(data.subarray(0, left)))
    .update(node(data.subarray(left)))
    .digest();
}

export async function upload(
  { client, vaultName }: Practice,
  data: Buffer,
  archiveDescription?: string,
): Promise<string> {
  const { archiveId } = await client.send(
    new UploadArchiveCommand({ accountId: '-', vaultName, body: data, archiveDescription }),
  );
  return archiveId!;
}

export async function beginUpload(
  { client, vaultName }: Practice,
  partBytes = MIB,
  archiveDescription?: string,
): Promise<string> {
  const { uploadId } = await client.send(
    new InitiateMultipartUploadCommand({
      accountId: '-',
      vaultName,
      partSize: String(partBytes),
      archiveDescription,
    }),
  );
  return uploadId!;
}

export async function sendPart(
  { client, vaultName }: Practice,
  uploadId: string,
  first: number,
  body: Buffer,
): Promise<string> {
  const { checksum } = await client.send(
    new UploadMultipartPartCommand({
      accountId: '-',
      vaultName,
      uploadId,
      range: `bytes ${first}-${first + body.length - 1}/*`,
      body,
    }),
  );
  return checksum!;
}

/** A request as it goes over the wire. */
export interface Plain {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Record<string, string>;
  readonly body?: Buffer | string;
  readonly agent?: Agent;
}

/** Signs by hand, as no SDK would: only what is given, with the payload hash left out of the headers unless given. */
export function signed(simulator: Simulator, plain: Plain): Plain {
  const date = new Date().toISOString().replace(/[-:]|\.\d{3}/g, '');
  const headers: Record<string, string> = {
    host: new URL(simulator.url).host,
    'x-amz-date': date,
    ...plain.headers,
  };
  const names = Object.keys(headers).sort();
  const sha256 = (data: Buffer | string): string => createHash('sha256').update(data).digest('hex');
  const payloadHash = headers['x-amz-content-sha256'] ?? sha256(plain.body ?? '');
  const [path = '', query = ''] = plain.path.split('?');
  const lines = names.map((name) => `${name}:${headers[name]!}\n`).join('');
  const canonical = [plain.method ?? 'GET', path, query, lines, names.join(';'), payloadHash].join('\n');
  const scope = `${date.slice(0, 8)}/us-east-1/glacier/aws4_request`;
  const hmac = (key: Buffer | string, text: string): Buffer =>
    createHmac('sha256', key).update(text).digest();
  const key = scope.split('/').reduce<Buffer | string>(hmac, `AWS4${simulator.secretAccessKey}`);
  const signature = hmac(key, ['AWS4-HMAC-SHA256', date, scope, sha256(canonical)].join('\n')).toString(
    'hex',
  );
  const authorization = `AWS4-HMAC-SHA256 Credential=${simulator.accessKeyId}/${scope},SignedHeaders=${names.join(';')},Signature=${signature}`;
  return { ...plain, headers: { ...headers, authorization } };
}
