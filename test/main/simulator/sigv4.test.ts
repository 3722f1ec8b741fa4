import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  canonicalRequest,
  type SignedRequest,
  type Signer,
  type Verdict,
  verifySignature,
} from '../../../src/main/simulator/sigv4.ts';

const signer: Signer = {
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  region: 'us-east-1',
  service: 'glacier',
};
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const EMPTY = sha256('');

function request(
  method: string,
  path: string,
  payloadHash: string,
  headers: Record<string, string>,
): SignedRequest {
  const all = { host: 'glacier.us-east-1.amazonaws.com', 'x-amz-glacier-version': '2012-06-01', ...headers };
  return {
    method,
    path,
    query: '',
    payloadHash,
    headers: new Map(Object.entries(all).map(([k, v]) => [k, [v]])),
  };
}

const createVault = (change: Record<string, string> = {}): SignedRequest =>
  request('PUT', '/-/vaults/examplevault', EMPTY, {
    'x-amz-date': '20120525T002453Z',
    authorization:
      'AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20120525/us-east-1/glacier/aws4_request, SignedHeaders=host;x-amz-date;x-amz-glacier-version, Signature=3ce5b2f2fffac9262b4da9256f8d086b4aaf42eba5f111c21681a65a127b7c2a',
    ...change,
  });
const signedAt = Date.parse('2012-05-25T00:24:53Z');

function withAuthorization(change: (text: string) => string): SignedRequest {
  return createVault({ authorization: change(createVault().headers.get('authorization')?.[0] ?? '') });
}

function kind(req: SignedRequest, now = signedAt): Verdict['kind'] {
  return verifySignature(req, signer, now).kind;
}

describe('a Signature Version 4', () => {
  it('has the known canonical request for CreateVault', () => {
    const text = canonicalRequest(createVault(), ['host', 'x-amz-date', 'x-amz-glacier-version'], true);
    expect(sha256(text)).toBe('5f1da1a2d0feb614dd03d71e87928b8e449ac87614479332aced3a701f916743');
  });

  it('of the known CreateVault request is right', () => {
    expect(kind(createVault())).toBe('ok');
  });

  it('of the known UploadArchive request is right', () => {
    const payloadHash = '726e392cb4d09924dbad1cc0ba3b00c3643d03d14cb4b823e2f041cff612a628';
    expect(sha256('Welcome to Amazon Glacier.')).toBe(payloadHash);
    const upload = request('POST', '/-/vaults/examplevault/archives', payloadHash, {
      'x-amz-date': '20120507T000000Z',
      'x-amz-content-sha256': payloadHash,
      authorization:
        'AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20120507/us-east-1/glacier/aws4_request,SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-glacier-version,Signature=b092397439375d59119072764a1e9a144677c43d9906fd98a5742c57a2855de6',
    });
    expect(verifySignature(upload, signer, Date.parse('2012-05-07T00:00:00Z')).kind).toBe('ok');
  });

  it('is read with its fields in any order and any space between them', () => {
    const shuffled = (text: string): string => {
      const [credential, headers, signature] = text.slice('AWS4-HMAC-SHA256 '.length).split(', ');
      return `AWS4-HMAC-SHA256   ${signature ?? ''},${credential ?? ''} ,\t${headers ?? ''}`;
    };
    expect(kind(withAuthorization(shuffled))).toBe('ok');
  });

  it('holds for five minutes to either side', () => {
    expect(kind(createVault(), signedAt + 300_000)).toBe('ok');
    expect(kind(createVault(), signedAt + 300_001)).toBe('expired');
    expect(kind(createVault(), signedAt - 300_000)).toBe('ok');
    expect(kind(createVault(), signedAt - 300_001)).toBe('early');
  });

  it('fails for any other request', () => {
    expect(kind({ ...createVault(), method: 'DELETE' })).toBe('mismatch');
    expect(kind({ ...createVault(), path: '/-/vaults/othervault' })).toBe('mismatch');
    expect(kind({ ...createVault(), query: 'limit=1' })).toBe('mismatch');
    expect(kind({ ...createVault(), payloadHash: sha256('x') })).toBe('mismatch');
    expect(kind(createVault({ 'x-amz-glacier-version': '2012-06-02' }))).toBe('mismatch');
    expect(kind(withAuthorization((text) => text.replace(/..$/, '00')))).toBe('mismatch');
    expect(kind(withAuthorization((text) => text.replace(/..$/, '')))).toBe('mismatch');
  });

  it('is told apart from none, an incomplete one and another key', () => {
    expect(kind(createVault({ authorization: '' }))).toBe('unsigned');
    expect(kind(createVault({ authorization: 'Basic abc' }))).toBe('unsigned');
    expect(kind(withAuthorization((text) => text.replace(/, Signature=.*/, '')))).toBe('malformed');
    expect(kind(withAuthorization((text) => text.replace('EXAMPLE/', 'EXAMPLF/')))).toBe('unknown-key');
  });

  it('is refused for another day, region, service or ending', () => {
    for (const [was, is] of [
      ['20120525/', '20120524/'],
      ['us-east-1/', 'us-west-2/'],
      ['/glacier/', '/s3/'],
      ['aws4_request', 'aws5_request'],
    ] as const) {
      expect(kind(withAuthorization((text) => text.replace(was, is)))).toBe('malformed');
    }
  });

  it('must cover the payload hash and session token if they are sent', () => {
    expect(kind(createVault({ 'x-amz-content-sha256': EMPTY }))).toBe('malformed');
    expect(kind(createVault({ 'x-amz-security-token': 'token' }))).toBe('malformed');
  });

  it('cannot cover a header that is not ASCII', () => {
    const named = createVault({ 'x-amz-glacier-version': 'M\u00fcnchen' });
    expect(kind(named)).toBe('malformed');
  });
});

describe('the canonical request', () => {
  const canonical = (change: Partial<SignedRequest>): string =>
    canonicalRequest({ ...createVault(), ...change }, ['host', 'x-amz-glacier-version'], true);

  it('does not depend on outer spaces and runs of spaces in headers', () => {
    const headers = new Map([...createVault().headers, ['x-amz-glacier-version', ['  a   b  ']]]);
    expect(canonical({ headers })).toContain('\nx-amz-glacier-version:a b\n');
  });

  it('joins the values of a header sent twice', () => {
    const headers = new Map([...createVault().headers, ['x-amz-glacier-version', ['a ', ' b']]]);
    expect(canonical({ headers })).toContain('\nx-amz-glacier-version:a,b\n');
  });

  it('does not depend on the order of the query', () => {
    const name = fc.stringMatching(/^[a-z~ %&=+/äöü-]{1,5}$/);
    const query = fc.array(fc.tuple(name, name), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(
        query.chain((pairs) =>
          fc.tuple(fc.constant(pairs), fc.shuffledSubarray(pairs, { minLength: pairs.length })),
        ),
        ([pairs, shuffled]) => {
          const text = (all: readonly (readonly [string, string])[]): string =>
            all.map(([k, v]) => `${encodeURIComponent(k)}=${encodeURIComponent(v)}`).join('&');
          expect(canonical({ query: text(shuffled) })).toBe(canonical({ query: text(pairs) }));
        },
      ),
    );
  });

  it('sorts the query by encoded name, then value, and gives a bare name an empty value', () => {
    expect(canonical({ query: 'b=2&a=%7Etilde&marker=arn:x/y&a=!&completed' }).split('\n')[2]).toBe(
      'a=%21&a=~tilde&b=2&completed=&marker=arn%3Ax%2Fy',
    );
  });

  it('encodes the path a second time, except for S3', () => {
    const path = '/-/vaults/a%20b';
    expect(canonical({ path }).split('\n')[1]).toBe('/-/vaults/a%2520b');
    expect(canonicalRequest({ ...createVault(), path }, ['host'], false).split('\n')[1]).toBe(path);
  });
});
