/**
 * A request's body as its signature, its encoding and its checksums make it: read in one pass, and good only if
 * everything the client said of it is true.
 *
 * What is said of a body can come before it (headers) or behind it (trailers of aws-chunked): the SHA-256 that was
 * signed, Content-MD5, its length, and a checksum of one of five kinds.
 */
import { createHash } from 'node:crypto';
import { header, type Incoming } from '../exchange.ts';
import type { Seed } from '../sigv4.ts';
import {
  type Algorithm,
  algorithms,
  checkedAlgorithm,
  checkedValue,
  checksumHeader,
  newDigester,
} from './checksums.ts';
import { decodeChunks, incompleteBody } from './chunked.ts';
import { badRequest, S3Error } from './errors.ts';

export interface Payload {
  /** The body decoded; may be read once. */
  readonly bytes: AsyncIterable<Buffer>;
  /** How long the client says it is; null if it does not. */
  readonly length: number | null;
  /** What the client will check it by; the value may only be known behind the body. */
  readonly stated: { readonly algorithm: Algorithm; value(): string | undefined } | null;
  /** Hex SHA-256 that was signed; null if the signature does not cover the body. */
  readonly sha256: string | null;
  readonly md5: string | null;
}

/** What came in. */
export interface Taken {
  readonly bytes: number;
  /** Hex. */
  readonly md5: string;
  /** Base64, of every algorithm that was asked for or stated. */
  readonly checksums: ReadonlyMap<Algorithm, string>;
}

/** More than any body of one request, or any bytes copied by one. */
export const MOST_BODY_BYTES = 5 * 1024 ** 3;

/** Values of x-amz-content-sha256 that are no hash. */
const UNSIGNED = 'UNSIGNED-PAYLOAD';
const streamings: readonly string[] = [
  'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
  'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
  'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER',
];

/** Whether `stated` is something x-amz-content-sha256 may be. */
export function isContentHash(stated: string): boolean {
  return stated === UNSIGNED || streamings.includes(stated) || /^[\da-fA-F]{64}$/.test(stated);
}

/** The body of a request whose signature was good; `statesChecksum`: a checksum in its headers is the body's. @throws S3Error 400 if it is said to be what no body can be */
export function openPayload(
  incoming: Incoming,
  contentHash: string,
  signing: { readonly seed: Seed; readonly secretAccessKey: string },
  statesChecksum: boolean,
): Payload {
  const streams = streamings.includes(contentHash);
  const trailers = new Map<string, string>();
  return {
    bytes: streams
      ? decodeChunks(incoming.body, contentHash.includes('AWS4-HMAC') ? signing : null, trailers)
      : incoming.body,
    length: statedLength(incoming, streams),
    stated: statesChecksum ? statedChecksum(incoming, trailers) : null,
    sha256: streams || contentHash === UNSIGNED ? null : contentHash.toLowerCase(),
    md5: statedMd5(incoming),
  };
}

function statedLength(incoming: Incoming, streams: boolean): number | null {
  const text = header(incoming, streams ? 'x-amz-decoded-content-length' : 'content-length');
  if (text !== undefined && /^\d{1,15}$/.test(text)) return Number(text);
  if (text === undefined && !streams && header(incoming, 'transfer-encoding') === undefined) return 0;
  throw new S3Error(411, 'MissingContentLength', 'You must provide the Content-Length HTTP header.');
}

function statedChecksum(incoming: Incoming, trailers: ReadonlyMap<string, string>): Payload['stated'] {
  const inHeaders = algorithms.filter((each) => incoming.headers.has(checksumHeader(each)));
  const trailer = (header(incoming, 'x-amz-trailer') ?? '').trim().toLowerCase();
  const behind = algorithms.filter((each) => checksumHeader(each) === trailer);
  if (trailer !== '' && behind.length === 0)
    throw badRequest('The value specified in the x-amz-trailer header is not supported');
  const [algorithm, ...more] = [...inHeaders, ...behind];
  if (more.length > 0)
    throw badRequest('Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.');
  const named = header(incoming, 'x-amz-sdk-checksum-algorithm');
  if (algorithm === undefined) {
    if (named !== undefined)
      throw badRequest(
        'x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.',
      );
    return null;
  }
  if (named !== undefined && checkedAlgorithm(named) !== algorithm)
    throw badRequest('Value for x-amz-sdk-checksum-algorithm header is invalid.');
  const value = header(incoming, checksumHeader(algorithm));
  if (value !== undefined) checkedValue(algorithm, value);
  return { algorithm, value: () => value ?? trailers.get(checksumHeader(algorithm)) };
}

function statedMd5(incoming: Incoming): string | null {
  const text = header(incoming, 'content-md5');
  if (text === undefined) return null;
  if (!/^[A-Za-z\d+/]{22}==$/.test(text))
    throw new S3Error(400, 'InvalidDigest', 'The Content-MD5 you specified was invalid.');
  return text;
}

/**
 * Hands the body to `sink` and checks it when it has passed. Computes the checksums of `wanted` besides.
 * Rejects with an S3Error if anything said of the body is not so, or with the failure of `sink`.
 */
export async function takeIn<T>(
  payload: Payload,
  wanted: readonly Algorithm[],
  sink: (bytes: AsyncIterable<Buffer>) => Promise<T>,
): Promise<{ taken: Taken; stored: T; check: () => void }> {
  const md5 = createHash('md5');
  const named = new Set([...wanted, ...(payload.stated === null ? [] : [payload.stated.algorithm])]);
  const sha256 = payload.sha256 !== null || named.has('SHA256') ? createHash('sha256') : null;
  const others = [...named].filter((algorithm) => algorithm !== 'SHA256');
  const digesters = others.map((algorithm) => ({ algorithm, digester: newDigester(algorithm) }));
  let bytes = 0;
  async function* passing(): AsyncGenerator<Buffer> {
    for await (const chunk of payload.bytes) {
      bytes += chunk.length;
      md5.update(chunk);
      sha256?.update(chunk);
      for (const { digester } of digesters) digester.update(chunk);
      yield chunk;
    }
  }
  const stored = await sink(passing());
  const digest = sha256?.digest();
  const checksums = new Map<Algorithm, string>();
  for (const { algorithm, digester } of digesters)
    checksums.set(algorithm, digester.digest().toString('base64'));
  if (digest !== undefined) checksums.set('SHA256', digest.toString('base64'));
  const md5Digest = md5.digest();
  const taken: Taken = { bytes, md5: md5Digest.toString('hex'), checksums };
  const check = (): void => {
    if (payload.length !== null && payload.length !== bytes) throw incompleteBody();
    if (payload.sha256 !== null && payload.sha256 !== digest?.toString('hex'))
      throw new S3Error(
        400,
        'XAmzContentSHA256Mismatch',
        "The provided 'x-amz-content-sha256' header does not match what was computed.",
        {
          ClientComputedContentSHA256: payload.sha256,
          S3ComputedContentSHA256: digest?.toString('hex') ?? '',
        },
      );
    if (payload.md5 !== null && payload.md5 !== md5Digest.toString('base64'))
      throw new S3Error(400, 'BadDigest', 'The Content-MD5 you specified did not match what we received.', {
        ExpectedDigest: payload.md5,
        CalculatedDigest: md5Digest.toString('base64'),
      });
    checkStated(payload, checksums);
  };
  return { taken, stored, check };
}

function checkStated({ stated }: Payload, checksums: ReadonlyMap<Algorithm, string>): void {
  if (stated === null) return;
  const { algorithm } = stated;
  const value = stated.value();
  if (value === undefined) throw badRequest(`The body has no trailer ${checksumHeader(algorithm)}.`);
  if (checkedValue(algorithm, value) !== checksums.get(algorithm))
    throw new S3Error(
      400,
      'BadDigest',
      `The ${algorithm} you specified did not match the calculated checksum.`,
    );
}

/** The whole of a small body. @throws S3Error 400 if it is longer than `mostBytes` or not what was said of it */
export async function readWhole(payload: Payload, mostBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  const { taken, check } = await takeIn(payload, [], async (bytes) => {
    let length = 0;
    for await (const chunk of bytes) {
      length += chunk.length;
      if (length <= mostBytes) chunks.push(chunk);
    }
  });
  if (taken.bytes > mostBytes)
    throw new S3Error(400, 'MaxMessageLengthExceeded', 'Your request was too big.');
  check();
  return Buffer.concat(chunks);
}
