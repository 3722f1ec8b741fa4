/** A simulator in a temp folder with the real S3 client pointed at it, for the tests of this folder. */
import { createHash, createHmac, randomUUID } from 'node:crypto';
import { request } from 'node:http';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import {
  CreateBucketCommand,
  type CreateBucketCommandInput,
  S3Client,
  type S3ClientConfig,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { onTestFinished } from 'vitest';
import type { Simulator, SimulatorOptions } from '../../../../src/main/simulator/simulator.ts';
import { start, tempFolder } from '../practice.ts';

export interface BucketPractice {
  readonly dir: string;
  readonly simulator: Simulator;
  readonly client: S3Client;
  /** A bucket made for the test. */
  readonly Bucket: string;
}

export function s3ClientOf(simulator: Simulator, config: Partial<S3ClientConfig> = {}): S3Client {
  const { accessKeyId, secretAccessKey, region, url } = simulator;
  const client = new S3Client({
    region,
    endpoint: url,
    credentials: { accessKeyId, secretAccessKey },
    forcePathStyle: true,
    maxAttempts: 1,
    ...config,
  });
  onTestFinished(() => client.destroy());
  return client;
}

export async function bucketPractice(
  bucket: Partial<CreateBucketCommandInput> = {},
  options: Partial<SimulatorOptions> = {},
): Promise<BucketPractice> {
  const dir = await tempFolder();
  // A clock that stands still unless it is moved: what tests say of times then holds however slow the machine is.
  const simulator = await start(dir, { speed: 0, ...options });
  const client = s3ClientOf(simulator);
  const Bucket = `bucket-${randomUUID().slice(0, 8)}`;
  await client.send(new CreateBucketCommand({ Bucket, ...bucket }));
  return { dir, simulator, client, Bucket };
}

/** What a rejected command told: `[status, code]`. */
export async function refusal(sent: Promise<unknown>): Promise<[number | undefined, string]> {
  const { $metadata, name } = await failure(sent);
  return [$metadata.httpStatusCode, name];
}

/** What a rejected command rejected with. */
export async function failure(sent: Promise<unknown>): Promise<S3ServiceException> {
  try {
    await sent;
  } catch (error) {
    if (error instanceof S3ServiceException) return error;
    throw error;
  }
  throw new Error('the command was not refused');
}

export function md5Hex(data: Buffer | string): string {
  return createHash('md5').update(data).digest('hex');
}

export function sha256Base64(data: Buffer): string {
  return createHash('sha256').update(data).digest('base64');
}

export interface PlainAnswer {
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/** A request as it goes over the wire, with nothing added. */
export async function sendPlain(
  url: string,
  method: string,
  headers: Record<string, string> = {},
  body?: Buffer | string,
): Promise<PlainAnswer> {
  const outgoing = request(url, { method, headers });
  const answered = once(outgoing, 'response');
  outgoing.end(body);
  const [incoming] = (await answered) as [IncomingMessage];
  return { status: incoming.statusCode, headers: incoming.headers, text: await text(incoming) };
}

/** Signed by hand, as no SDK would: the headers to send, and what signatures of chunks go on from. */
export function signS3(
  simulator: Simulator,
  method: string,
  path: string,
  headers: Record<string, string>,
): {
  headers: Record<string, string>;
  signature: string;
  link: (kind: string, ...lines: string[]) => string;
} {
  const date = basicNow();
  const all: Record<string, string> = { host: new URL(simulator.url).host, 'x-amz-date': date, ...headers };
  const names = Object.keys(all).sort();
  const lines = names.map((name) => `${name}:${all[name]!}\n`).join('');
  const [rawPath = '', query = ''] = path.split('?');
  const payload = all['x-amz-content-sha256']!;
  const canonical = [method, rawPath, query, lines, names.join(';'), payload].join('\n');
  const scope = `${date.slice(0, 8)}/us-east-1/s3/aws4_request`;
  const link = (kind: string, ...more: string[]): string =>
    hexHmac(simulator, scope, [kind, date, scope, ...more].join('\n'));
  const signature = link('AWS4-HMAC-SHA256', sha256Hex(canonical));
  const authorization = `AWS4-HMAC-SHA256 Credential=${simulator.accessKeyId}/${scope},SignedHeaders=${names.join(';')},Signature=${signature}`;
  return { headers: { ...all, authorization }, signature, link };
}

/** A link that is good for `seconds` from `at` on. */
export function presign(
  simulator: Simulator,
  method: string,
  path: string,
  seconds: number,
  at = new Date(),
): string {
  const date = basicNow(at);
  const scope = `${date.slice(0, 8)}/us-east-1/s3/aws4_request`;
  const credential = encodeURIComponent(`${simulator.accessKeyId}/${scope}`);
  const query = `X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=${credential}&X-Amz-Date=${date}&X-Amz-Expires=${seconds}&X-Amz-SignedHeaders=host`;
  const host = new URL(simulator.url).host;
  const canonical = [method, path, query, `host:${host}\n`, 'host', 'UNSIGNED-PAYLOAD'].join('\n');
  const toSign = ['AWS4-HMAC-SHA256', date, scope, sha256Hex(canonical)].join('\n');
  return `${simulator.url}${path}?${query}&X-Amz-Signature=${hexHmac(simulator, scope, toSign)}`;
}

function basicNow(at = new Date()): string {
  return at.toISOString().replace(/[-:]|\.\d{3}/g, '');
}

export function sha256Hex(data: Buffer | string): string {
  return createHash('sha256').update(data).digest('hex');
}

function hexHmac({ secretAccessKey }: Simulator, scope: string, text: string): string {
  const hmac = (key: Buffer | string, data: string): Buffer =>
    createHmac('sha256', key).update(data).digest();
  return hmac(scope.split('/').reduce<Buffer | string>(hmac, `AWS4${secretAccessKey}`), text).toString('hex');
}
