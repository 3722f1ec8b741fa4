import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import {
  type SignedRequest,
  verifyLink,
  verifyPresigned,
  verifySignature,
} from '../../../../src/main/simulator/sigv4.ts';
import type { Simulator } from '../../../../src/main/simulator/simulator.ts';
import { pattern } from '../practice.ts';
import {
  bucketPractice,
  type PlainAnswer,
  presign,
  refusal,
  s3ClientOf,
  sendPlain,
  sha256Hex,
  signS3,
} from './practice.ts';

const EMPTY = sha256Hex('');
const codeOf = ({ text }: PlainAnswer): string => /<Code>(.*?)<\/Code>/.exec(text)?.[1] ?? '';

async function send(
  simulator: Simulator,
  method: string,
  path: string,
  headers: Record<string, string> = {},
  body: Buffer | string = '',
): Promise<PlainAnswer> {
  const signed = signS3(simulator, method, path, { 'x-amz-content-sha256': sha256Hex(body), ...headers });
  return sendPlain(simulator.url + path, method, signed.headers, body);
}

describe('every answer', () => {
  it('has a request id and, if it refuses, XML that says what and of what', async () => {
    const { simulator, Bucket } = await bucketPractice();
    const answer = await send(simulator, 'GET', `/${Bucket}/none%20such`);
    expect(answer.status).toBe(404);
    expect(answer.headers['content-type']).toBe('application/xml');
    const id = String(answer.headers['x-amz-request-id']);
    expect(id).toMatch(/^[\dA-F]{16}$/);
    expect(answer.text).toBe(
      `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message><Key>none such</Key><RequestId>${id}</RequestId></Error>`,
    );
  });

  it('to HEAD has no body, but the length of the object', async () => {
    const { simulator, Bucket } = await bucketPractice();
    await send(simulator, 'PUT', `/${Bucket}/k`, {}, 'abc');
    const there = await send(simulator, 'HEAD', `/${Bucket}/k`);
    expect([there.status, there.text, there.headers['content-length']]).toEqual([200, '', '3']);
    const none = await send(simulator, 'HEAD', `/${Bucket}/none`);
    expect([none.status, none.text]).toEqual([404, '']);
  });

  it('to what is not built says so', async () => {
    const { simulator, Bucket } = await bucketPractice();
    for (const [method, path] of [
      ['GET', `/${Bucket}?acl=`],
      ['PUT', `/${Bucket}/k?acl=`],
      ['DELETE', `/${Bucket}?policy=`],
      ['PATCH', `/${Bucket}/k`],
    ] as const) {
      const answer = await send(simulator, method, path);
      expect([answer.status, codeOf(answer)]).toEqual([501, 'NotImplemented']);
    }
  });
});

describe('a signature', () => {
  it('by another key, secret, region or time is refused', async () => {
    const { simulator, Bucket } = await bucketPractice();
    const put = new PutObjectCommand({ Bucket, Key: 'k', Body: 'x' });
    const by = (change: object): Promise<unknown> => s3ClientOf({ ...simulator, ...change }).send(put);
    expect(await refusal(by({ secretAccessKey: 'wrong' }))).toEqual([403, 'SignatureDoesNotMatch']);
    expect(await refusal(by({ accessKeyId: 'AKIASTRANGER' }))).toEqual([403, 'InvalidAccessKeyId']);
    expect(await refusal(by({ region: 'eu-west-1' }))).toEqual([400, 'AuthorizationHeaderMalformed']);
    simulator.setMode({ transportSkewMs: 16 * 60_000 });
    expect((await refusal(by({})))[1]).toBe('RequestTimeTooSkewed');
    simulator.setMode({ transportSkewMs: 14 * 60_000 });
    await by({});
  });

  it('of old, or without a payload hash, is refused', async () => {
    const { simulator, Bucket } = await bucketPractice();
    const url = `${simulator.url}/${Bucket}`;
    for (const old of [
      await sendPlain(url, 'GET', { authorization: 'AWS AKIA:sig' }),
      await sendPlain(`${url}?AWSAccessKeyId=AKIA&Signature=sig&Expires=4102444800`, 'GET'),
    ]) {
      expect([old.status, codeOf(old)]).toEqual([400, 'InvalidRequest']);
      expect(old.text).toContain('Please use AWS4-HMAC-SHA256.');
    }
    for (const hash of ['nonsense', 'STREAMING-OTHER'])
      expect(codeOf(await send(simulator, 'GET', `/${Bucket}`, { 'x-amz-content-sha256': hash }))).toBe(
        'InvalidArgument',
      );
  });

  it('that is missing is denied', async () => {
    const { simulator, Bucket } = await bucketPractice();
    for (const [method, path] of [
      ['GET', '/'],
      ['GET', `/${Bucket}`],
      ['GET', `/${Bucket}?list-type=2`],
      ['PUT', `/${Bucket}/k`],
      ['DELETE', `/${Bucket}/a/vaults/b/c`],
    ] as const) {
      const answer = await sendPlain(simulator.url + path, method);
      expect([answer.status, codeOf(answer)]).toEqual([403, 'AccessDenied']);
      expect(answer.headers['content-type']).toBe('application/xml');
    }
    const head = await sendPlain(`${simulator.url}/${Bucket}/k`, 'HEAD');
    expect([head.status, head.text]).toEqual([403, '']);
  });

  it('that is missing is for vaults to judge where a vault is asked for', async () => {
    const { simulator, Bucket } = await bucketPractice();
    const missing = await sendPlain(`${simulator.url}/-/vaults/${Bucket}`, 'GET');
    expect([missing.status, missing.text]).toEqual([
      400,
      '{"code":"MissingAuthenticationTokenException","message":"Missing Authentication Token","type":"Client"}',
    ]);
    const unknown = await sendPlain(`${simulator.url}/-/nothing`, 'GET', {
      'x-amz-glacier-version': '2012-06-01',
    });
    expect([unknown.status, unknown.headers['content-type']]).toEqual([404, 'application/json']);
  });

  it('does not cover a body that was changed', async () => {
    const { simulator, Bucket } = await bucketPractice();
    const answer = await send(simulator, 'PUT', `/${Bucket}/k`, { 'x-amz-content-sha256': EMPTY }, 'abc');
    expect([answer.status, codeOf(answer)]).toEqual([400, 'XAmzContentSHA256Mismatch']);
    const free = { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' };
    expect((await send(simulator, 'PUT', `/${Bucket}/k`, free, 'abc')).status).toBe(200);
  });

  it('can stand in a link, as long as that is good', async () => {
    const { simulator, Bucket } = await bucketPractice();
    const path = `/${Bucket}/a%20b`;
    expect((await sendPlain(presign(simulator, 'PUT', path, 60), 'PUT', {}, 'abc')).status).toBe(200);
    expect((await sendPlain(presign(simulator, 'GET', path, 60), 'GET')).text).toBe('abc');
    const disposition = await sendPlain(
      `${presign(simulator, 'GET', path, 60)}&response-content-type=x`,
      'GET',
    );
    expect(codeOf(disposition)).toBe('SignatureDoesNotMatch');
    const old = presign(simulator, 'GET', path, 60, new Date(Date.now() - 61_000));
    const answer = await sendPlain(old, 'GET');
    expect([answer.status, codeOf(answer)]).toEqual([403, 'AccessDenied']);
    const long = await sendPlain(presign(simulator, 'GET', path, 604_801), 'GET');
    expect([long.status, codeOf(long)]).toEqual([400, 'AuthorizationQueryParametersError']);
  });
});

/** A body in chunks, each signed unless `sign` is null, with trailers behind it. */
function chunked(
  pieces: readonly Buffer[],
  sign: ((kind: string, ...lines: string[]) => string) | null,
  seed: string,
  trailers: Record<string, string> = {},
): Buffer {
  let signature = seed;
  const parts: (Buffer | string)[] = [];
  for (const piece of [...pieces, Buffer.alloc(0)]) {
    signature = sign?.('AWS4-HMAC-SHA256-PAYLOAD', signature, EMPTY, sha256Hex(piece)) ?? '';
    parts.push(`${piece.length.toString(16)}${sign === null ? '' : `;chunk-signature=${signature}`}\r\n`);
    parts.push(piece, piece.length > 0 ? '\r\n' : '');
  }
  const lines = Object.entries(trailers).map(([name, value]) => `${name}:${value}\n`);
  for (const line of lines) parts.push(line.replace('\n', '\r\n'));
  if (sign !== null && lines.length > 0) {
    const last = sign('AWS4-HMAC-SHA256-TRAILER', signature, sha256Hex(lines.join('')));
    parts.push(`x-amz-trailer-signature:${last}\r\n`);
  }
  return Buffer.concat([...parts, '\r\n'].map((part) => Buffer.from(part)));
}

describe('a body in chunks', () => {
  const pieces = [pattern(70_000), pattern(5), pattern(1)];
  const data = Buffer.concat(pieces);
  const headersFor = (kind: string): Record<string, string> => ({
    'x-amz-content-sha256': kind,
    'x-amz-decoded-content-length': String(data.length),
    'content-encoding': 'aws-chunked,gzip',
  });
  const crc = 'WYwbjw==';

  async function put(
    simulator: Simulator,
    path: string,
    headers: Record<string, string>,
    body: (signed: ReturnType<typeof signS3>) => Buffer,
  ): Promise<PlainAnswer> {
    const signed = signS3(simulator, 'PUT', path, headers);
    return sendPlain(simulator.url + path, 'PUT', signed.headers, body(signed));
  }

  it('is put together and every signature checked', async () => {
    const { simulator, Bucket } = await bucketPractice();
    const path = `/${Bucket}/k`;
    const headers = headersFor('STREAMING-AWS4-HMAC-SHA256-PAYLOAD');
    const good = await put(simulator, path, headers, ({ link, signature }) =>
      chunked(pieces, link, signature),
    );
    expect(good.status).toBe(200);
    const got = await send(simulator, 'GET', path);
    expect(got.headers['content-length']).toBe(String(data.length));
    expect(got.headers['content-encoding']).toBe('gzip');

    const [first = Buffer.alloc(0), ...rest] = pieces;
    const forged = await put(simulator, path, headers, ({ link, signature }) => {
      const body = chunked(pieces, link, signature);
      body.writeUInt8(body.readUInt8(200) ^ 1, 200);
      return body;
    });
    expect([forged.status, codeOf(forged)]).toEqual([403, 'SignatureDoesNotMatch']);
    const moved = await put(simulator, path, headers, ({ link }) => chunked([first, ...rest], link, EMPTY));
    expect(codeOf(moved)).toBe('SignatureDoesNotMatch');
    const unsigned = await put(simulator, path, headers, () => chunked(pieces, null, ''));
    expect(codeOf(unsigned)).toBe('SignatureDoesNotMatch');
  });

  it('can have a checksum behind it, signed or not', async () => {
    const { simulator, Bucket } = await bucketPractice();
    const path = `/${Bucket}/k`;
    const trailer = { 'x-amz-trailer': 'x-amz-checksum-crc32' };
    const stored = await send(
      simulator,
      'PUT',
      path,
      { 'x-amz-sdk-checksum-algorithm': 'CRC32', 'x-amz-checksum-crc32': 'AAAAAA==' },
      data,
    );
    expect(codeOf(stored)).toBe('BadDigest');
    for (const kind of ['STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER', 'STREAMING-UNSIGNED-PAYLOAD-TRAILER']) {
      const headers = { ...headersFor(kind), ...trailer };
      const body =
        (value: string) =>
        ({ link, signature }: ReturnType<typeof signS3>): Buffer =>
          chunked(pieces, kind.includes('HMAC') ? link : null, signature, { 'x-amz-checksum-crc32': value });
      const wrong = await put(simulator, path, headers, body('AAAAAA=='));
      expect([wrong.status, codeOf(wrong)]).toEqual([400, 'BadDigest']);
      const right = await put(simulator, path, headers, body(crc));
      expect([right.status, right.headers['x-amz-checksum-crc32']]).toEqual([200, crc]);
      const none = await put(simulator, path, headers, ({ link, signature }) =>
        chunked(pieces, kind.includes('HMAC') ? link : null, signature),
      );
      expect([none.status, codeOf(none)]).toEqual([400, 'InvalidRequest']);
    }
  });

  it('whose trailer was changed is refused', async () => {
    const { simulator, Bucket } = await bucketPractice();
    const headers = {
      ...headersFor('STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER'),
      'x-amz-trailer': 'x-amz-checksum-crc32',
    };
    const answer = await put(simulator, `/${Bucket}/k`, headers, ({ link, signature }) => {
      const text = chunked(pieces, link, signature, { 'x-amz-checksum-crc32': crc }).toString('latin1');
      return Buffer.from(text.replace('crc32:W', 'crc32:0'), 'latin1');
    });
    expect([answer.status, codeOf(answer)]).toEqual([403, 'SignatureDoesNotMatch']);
  });

  it('that ends too early, or is none, is refused', async () => {
    const { simulator, Bucket } = await bucketPractice();
    const path = `/${Bucket}/k`;
    const headers = headersFor('STREAMING-UNSIGNED-PAYLOAD-TRAILER');
    const whole = chunked(pieces, null, '');
    for (const body of [
      whole.subarray(0, 1000),
      whole.subarray(0, whole.length - 7),
      chunked([pattern(3)], null, ''),
    ])
      expect(codeOf(await put(simulator, path, headers, () => body))).toBe('IncompleteBody');
    for (const body of ['x\r\n', '3\r\nabcd\r\n', '1'.repeat(9000)])
      expect(codeOf(await put(simulator, path, headers, () => Buffer.from(body)))).toBe('InvalidRequest');
    const { 'x-amz-decoded-content-length': _, ...lengthless } = headers;
    const answer = await put(simulator, path, lengthless, () => whole);
    expect([answer.status, codeOf(answer)]).toEqual([411, 'MissingContentLength']);
    expect((await send(simulator, 'HEAD', path)).status).toBe(404);
  });
});

describe('a body that stalls', () => {
  it('is answered 400 RequestTimeout, and nothing is stored', async () => {
    const { simulator, Bucket } = await bucketPractice({}, { bodyIdleMs: 100 });
    const path = `/${Bucket}/k`;
    const { headers } = signS3(simulator, 'PUT', path, { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' });
    const socket = connect(Number(new URL(simulator.url).port), '127.0.0.1');
    const lines = Object.entries({ ...headers, 'content-length': '100' }).map((each) => each.join(': '));
    socket.write([`PUT ${path} HTTP/1.1`, ...lines, '', 'half'].join('\r\n'));
    const answer = await text(socket);
    expect(answer).toMatch(/^HTTP\/1.1 400 /);
    expect(answer).toContain('<Error><Code>RequestTimeout</Code>');
    expect((await send(simulator, 'HEAD', path)).status).toBe(404);
  });
});

describe('XML', () => {
  it('that is none is refused', async () => {
    const { simulator, Bucket } = await bucketPractice();
    for (const body of [
      '',
      'x',
      '<a>',
      '<Other/>',
      '<VersioningConfiguration><Status>&x;</Status></VersioningConfiguration>',
    ]) {
      const answer = await send(simulator, 'PUT', `/${Bucket}?versioning=`, {}, body);
      expect([answer.status, codeOf(answer)]).toEqual([400, 'MalformedXML']);
    }
  });
});

describe('a fault on order', () => {
  it('is worded as S3 would', async () => {
    const { simulator, Bucket } = await bucketPractice();
    simulator.failNext({
      operation: 'PutObject',
      when: 'after',
      status: 503,
      code: 'SlowDown',
      message: 'Less.',
    });
    const put = await send(simulator, 'PUT', `/${Bucket}/k`, {}, 'abc');
    expect([put.status, codeOf(put)]).toEqual([503, 'SlowDown']);
    expect((await send(simulator, 'GET', `/${Bucket}/k`)).text).toBe('abc');
    simulator.failNext({ operation: 'GetObject', when: 'drop-before' });
    await expect(send(simulator, 'GET', `/${Bucket}/k`)).rejects.toThrow();
    simulator.setMode({ denyAll: true });
    expect(codeOf(await send(simulator, 'GET', `/${Bucket}/k`))).toBe('AccessDenied');
  });

  it('can cut a body in the middle, which leaves nothing', async () => {
    const { simulator, Bucket } = await bucketPractice();
    simulator.failNext({ operation: 'PutObject', when: 'cut-body', bytes: 100_000 });
    await expect(send(simulator, 'PUT', `/${Bucket}/k`, {}, pattern(300_000))).rejects.toThrow();
    expect((await send(simulator, 'HEAD', `/${Bucket}/k`)).status).toBe(404);
  });
});

/** Examples of the service's own documentation. */
describe('known answers', () => {
  const signer = {
    accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
    secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
    region: 'us-east-1',
    service: 's3',
  };
  const signedAt = Date.parse('2013-05-24T00:00:00Z');
  const request = (
    method: string,
    path: string,
    payloadHash: string,
    headers: Record<string, string>,
    query = '',
  ): SignedRequest => ({
    method,
    path,
    query,
    payloadHash,
    headers: new Map(Object.entries(headers).map(([name, value]) => [name, [value]])),
  });
  const scope = '20130524/us-east-1/s3/aws4_request';

  it('of a range of an object', () => {
    const headers = {
      host: 'examplebucket.s3.amazonaws.com',
      range: 'bytes=0-9',
      'x-amz-content-sha256': EMPTY,
      'x-amz-date': '20130524T000000Z',
      authorization: `AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/${scope},SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41`,
    };
    expect(verifySignature(request('GET', '/test.txt', EMPTY, headers), signer, signedAt).kind).toBe('ok');
  });

  it('of a link', () => {
    const query = `X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404`;
    const link = request(
      'GET',
      '/test.txt',
      'UNSIGNED-PAYLOAD',
      { host: 'examplebucket.s3.amazonaws.com' },
      query,
    );
    expect(verifyPresigned(link, signer, signedAt).kind).toBe('ok');
    expect(verifyPresigned(link, signer, signedAt + 86_400_000).kind).toBe('ok');
    expect(verifyPresigned(link, signer, signedAt + 86_400_001).kind).toBe('expired');
    expect(verifyPresigned(link, signer, signedAt - 300_001).kind).toBe('early');
    expect(verifyPresigned({ ...link, method: 'PUT' }, signer, signedAt).kind).toBe('mismatch');
    for (const name of ['Algorithm', 'Credential', 'Date', 'Expires', 'SignedHeaders', 'Signature']) {
      const without = query.split('&').filter((pair) => !pair.startsWith(`X-Amz-${name}=`));
      expect(verifyPresigned({ ...link, query: without.join('&') }, signer, signedAt).kind).toBe('malformed');
    }
  });

  it('of a body in chunks', () => {
    const seed = '4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9';
    const headers = {
      'content-encoding': 'aws-chunked',
      'content-length': '66824',
      host: 's3.amazonaws.com',
      'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
      'x-amz-date': '20130524T000000Z',
      'x-amz-decoded-content-length': '66560',
      'x-amz-storage-class': 'REDUCED_REDUNDANCY',
      authorization: `AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/${scope},SignedHeaders=content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class,Signature=${seed}`,
    };
    const put = request('PUT', '/examplebucket/chunkObject.txt', headers['x-amz-content-sha256'], headers);
    const verdict = verifySignature(put, signer, signedAt);
    expect(verdict).toEqual({ kind: 'ok', seed: { signature: seed, scope: scope.split('/'), signedAt } });
    const chain: [Buffer, string][] = [
      [Buffer.alloc(65_536, 'a'), 'ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648'],
      [Buffer.alloc(1024, 'a'), '0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497'],
      [Buffer.alloc(0), 'b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9'],
    ];
    let before = seed;
    for (const [chunk, signature] of chain) {
      const from = { signature: before, scope: scope.split('/'), signedAt };
      const lines = [EMPTY, sha256Hex(chunk)];
      expect(verifyLink('PAYLOAD', from, lines, signature, signer.secretAccessKey)).toBe(true);
      expect(verifyLink('PAYLOAD', from, lines, seed, signer.secretAccessKey)).toBe(false);
      before = signature;
    }
  });
});
