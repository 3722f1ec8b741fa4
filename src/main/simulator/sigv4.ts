/**
 * AWS Signature Version 4, the verifying side, for requests signed in the Authorization header or in the query.
 *
 * Signed is the SHA-256 of the *canonical request*: method, path, sorted query, the headers the client chose (lower
 * case, values trimmed, runs of spaces as one), their names, and the hash of the payload. Every service but S3
 * encodes the path a second time. The verdict is data: each service words its refusals in its own way.
 *
 * A body sent in signed chunks goes on from there: each chunk is signed together with the signature before it.
 */
import { createHmac, hash, timingSafeEqual } from 'node:crypto';

/** How far a client's clock may be off, in ms. */
export const MAX_SKEW_MS = 5 * 60 * 1000;

export interface SignedRequest {
  readonly method: string;
  /** As on the request line, without the query. */
  readonly path: string;
  /** As on the request line, without the question mark. */
  readonly query: string;
  /** Lower-case name to the values in order of arrival. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
  /** Hex SHA-256 of the payload, or the value of x-amz-content-sha256 as sent. */
  readonly payloadHash: string;
}

export interface Signer {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly region: string;
  readonly service: string;
  /** How far the client's clock may be off, in ms; default `MAX_SKEW_MS`. */
  readonly maxSkewMs?: number;
}

/** What the signatures of a body's chunks go on from. */
export interface Seed {
  readonly signature: string;
  readonly scope: readonly string[];
  readonly signedAt: number;
}

export type Verdict =
  | { readonly kind: 'ok'; readonly seed: Seed }
  | { readonly kind: 'unsigned' }
  | { readonly kind: 'malformed'; readonly reason: string }
  | { readonly kind: 'unknown-key' }
  | { readonly kind: 'expired' | 'early'; readonly signedAt: number }
  | { readonly kind: 'mismatch'; readonly canonical: string; readonly toSign: string };

interface Authorization {
  readonly accessKeyId: string;
  /** date/region/service/aws4_request */
  readonly scope: readonly string[];
  readonly signedHeaders: readonly string[];
  readonly signature: string;
}

/** Judges a request at `now` (ms of the clock the client is expected to share). Compares in constant time. */
export function verifySignature(request: SignedRequest, signer: Signer, now: number): Verdict {
  const header = first(request, 'authorization');
  if (header === undefined || !header.startsWith('AWS4-HMAC-SHA256')) return { kind: 'unsigned' };
  const claim = parseAuthorization(header);
  if (typeof claim === 'string') return { kind: 'malformed', reason: claim };
  if (claim.accessKeyId !== signer.accessKeyId) return { kind: 'unknown-key' };
  const signedAt = signingTime(request);
  if (signedAt === null) {
    return {
      kind: 'malformed',
      reason: "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.",
    };
  }
  const flaw = scopeFlaw(claim, signer, signedAt) ?? headerFlaw(claim, request);
  if (flaw !== null) return { kind: 'malformed', reason: flaw };
  const { maxSkewMs = MAX_SKEW_MS } = signer;
  if (signedAt < now - maxSkewMs) return { kind: 'expired', signedAt };
  if (signedAt > now + maxSkewMs) return { kind: 'early', signedAt };
  return compareSignatures(request, claim, signer, signedAt);
}

/** Most a presigned request may be good for, in seconds. */
const MOST_PRESIGNED_SECONDS = 7 * 24 * 3600;

/** Whether the query claims to hold a signature. */
export function isPresigned(query: string): boolean {
  return /(^|&)X-Amz-(Algorithm|Signature)=/.test(query);
}

/** Judges a request signed in its query at `now`. All of the query but the signature itself is signed. */
export function verifyPresigned(request: SignedRequest, signer: Signer, now: number): Verdict {
  const query = new URLSearchParams(request.query);
  const required = ['Algorithm', 'Credential', 'Signature', 'Date', 'SignedHeaders', 'Expires'];
  const values = required.map((name) => query.get(`X-Amz-${name}`) ?? '');
  const absent = required.find((_, i) => values[i] === '');
  if (absent !== undefined) return { kind: 'malformed', reason: `X-Amz-${absent} is missing.` };
  const [algorithm = '', credential = '', given = '', date = '', signedHeaders = '', expires = ''] = values;
  if (algorithm !== 'AWS4-HMAC-SHA256')
    return { kind: 'malformed', reason: 'X-Amz-Algorithm only supports "AWS4-HMAC-SHA256"' };
  const claim = parseAuthorization(
    `${algorithm} Credential=${credential},SignedHeaders=${signedHeaders},Signature=${given}`,
  );
  if (typeof claim === 'string') return { kind: 'malformed', reason: claim };
  if (claim.accessKeyId !== signer.accessKeyId) return { kind: 'unknown-key' };
  const signedAt = parseBasicDate(date);
  if (signedAt === null)
    return {
      kind: 'malformed',
      reason: "X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"",
    };
  const flaw = scopeFlaw(claim, signer, signedAt);
  if (flaw !== null) return { kind: 'malformed', reason: flaw };
  if (!/^\d{1,7}$/.test(expires) || Number(expires) < 1 || Number(expires) > MOST_PRESIGNED_SECONDS)
    return { kind: 'malformed', reason: 'X-Amz-Expires must be between 1 second and a week.' };
  if (now > signedAt + Number(expires) * 1000) return { kind: 'expired', signedAt };
  if (signedAt > now + (signer.maxSkewMs ?? MAX_SKEW_MS)) return { kind: 'early', signedAt };
  const unsigned = request.query.split('&').filter((pair) => !pair.startsWith('X-Amz-Signature='));
  return compareSignatures({ ...request, query: unsigned.join('&') }, claim, signer, signedAt);
}

/** Whether `given` signs the next link in a chain of chunks; `lines` are what follows the signature before it. */
export function verifyLink(
  kind: 'PAYLOAD' | 'TRAILER',
  { signature: before, scope, signedAt }: Seed,
  lines: readonly string[],
  given: string,
  secretAccessKey: string,
): boolean {
  const toSign = [`AWS4-HMAC-SHA256-${kind}`, basicDate(signedAt), scope.join('/'), before, ...lines];
  return isSame(signature(toSign.join('\n'), scope, secretAccessKey), given);
}

function compareSignatures(
  request: SignedRequest,
  claim: Authorization,
  signer: Signer,
  signedAt: number,
): Verdict {
  const canonical = canonicalRequest(request, claim.signedHeaders, signer.service !== 's3');
  const toSign = stringToSign(canonical, claim.scope, signedAt);
  if (!isSame(signature(toSign, claim.scope, signer.secretAccessKey), claim.signature))
    return { kind: 'mismatch', canonical, toSign };
  return { kind: 'ok', seed: { signature: claim.signature, scope: claim.scope, signedAt } };
}

/** In constant time for texts of one length. */
function isSame(expected: string, given: string): boolean {
  const [a, b] = [Buffer.from(expected), Buffer.from(given)];
  return a.length === b.length && timingSafeEqual(a, b);
}

/** Reads the Authorization header with fields in any order, parted by commas and any space. A string says what lacks. */
function parseAuthorization(header: string): Authorization | string {
  const fields = new Map<string, string>();
  for (const field of header.slice('AWS4-HMAC-SHA256'.length).split(',')) {
    const equals = field.indexOf('=');
    if (equals > 0) fields.set(field.slice(0, equals).trim(), field.slice(equals + 1).trim());
  }
  const credential = fields.get('Credential');
  const signedHeaders = fields.get('SignedHeaders');
  const given = fields.get('Signature');
  if (!credential) return "Authorization header requires 'Credential' parameter.";
  if (!signedHeaders) return "Authorization header requires 'SignedHeaders' parameter.";
  if (!given) return "Authorization header requires 'Signature' parameter.";
  const parts = credential.split('/');
  const scope = parts.slice(-4);
  if (parts.length < 5)
    return `Credential must have exactly 5 slash-delimited elements, got '${credential}'.`;
  return {
    accessKeyId: parts.slice(0, -4).join('/'),
    scope,
    signedHeaders: signedHeaders.split(';'),
    signature: given,
  };
}

function scopeFlaw({ scope }: Authorization, signer: Signer, signedAt: number): string | null {
  const [date, region, service, end] = scope;
  if (date !== basicDate(signedAt).slice(0, 8)) {
    return `Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '${date ?? ''}' != '${basicDate(signedAt).slice(0, 8)}'.`;
  }
  if (region !== signer.region)
    return `Credential should be scoped to a valid region, not '${region ?? ''}'.`;
  if (service !== signer.service)
    return `Credential should be scoped to correct service: '${signer.service}'.`;
  if (end !== 'aws4_request') return "Credential should be scoped with a valid terminator: 'aws4_request'.";
  return null;
}

/** What must be signed if present, lest it could be changed on the way. */
const mustBeSigned = ['host', 'x-amz-date', 'x-amz-content-sha256', 'x-amz-security-token'];

function headerFlaw({ signedHeaders }: Authorization, request: SignedRequest): string | null {
  for (const name of mustBeSigned) {
    if (request.headers.has(name) && !signedHeaders.includes(name))
      return `'${name}' must be a 'SignedHeader' in the AWS Authorization.`;
  }
  for (const name of signedHeaders) {
    const values = request.headers.get(name) ?? [];
    if (values.some((value) => !/^[\t -~]*$/.test(value)))
      return `The value of signed header '${name}' is not ASCII.`;
  }
  return null;
}

/** The text whose hash is signed. `signedHeaders` in the client's order, which is part of what it signed. */
export function canonicalRequest(
  request: SignedRequest,
  signedHeaders: readonly string[],
  encodePathAgain: boolean,
): string {
  const headers = signedHeaders.map((name) => {
    const values = request.headers.get(name) ?? [];
    return `${name}:${values.map((value) => value.trim().replace(/ +/g, ' ')).join(',')}\n`;
  });
  return [
    request.method,
    request.path
      .split('/')
      .map(encodePathAgain ? encode : encodeOnce)
      .join('/'),
    canonicalQuery(request.query),
    headers.join(''),
    signedHeaders.join(';'),
    request.payloadHash,
  ].join('\n');
}

function canonicalQuery(query: string): string {
  if (query === '') return '';
  const pairs = query.split('&').map((pair): [string, string] => {
    const equals = pair.indexOf('=');
    const [name, value] = equals < 0 ? [pair, ''] : [pair.slice(0, equals), pair.slice(equals + 1)];
    return [encode(decode(name)), encode(decode(value))];
  });
  // By name, then value, as bytes: encoded text is ASCII, where comparing code units is the same.
  pairs.sort(([a, x], [b, y]) => (a === b ? compare(x, y) : compare(a, b)));
  return pairs.map(([name, value]) => `${name}=${value}`).join('&');
}

function stringToSign(canonical: string, scope: readonly string[], signedAt: number): string {
  return ['AWS4-HMAC-SHA256', basicDate(signedAt), scope.join('/'), hash('sha256', canonical)].join('\n');
}

/** Hex signature of `toSign` with the key derived from the secret through each element of the scope. */
function signature(toSign: string, scope: readonly string[], secretAccessKey: string): string {
  const key = scope.reduce<Buffer | string>(
    (above, element) => createHmac('sha256', above).update(element).digest(),
    `AWS4${secretAccessKey}`,
  );
  return createHmac('sha256', key).update(toSign).digest('hex');
}

/** `20120525T002453Z` */
export function basicDate(ms: number): string {
  return new Date(ms).toISOString().replace(/[-:]|\.\d{3}/g, '');
}

/** x-amz-date wins over Date. */
function signingTime(request: SignedRequest): number | null {
  const amz = first(request, 'x-amz-date');
  if (amz === undefined) {
    const ms = Date.parse(first(request, 'date') ?? '');
    return Number.isNaN(ms) ? null : ms;
  }
  return parseBasicDate(amz.trim());
}

function parseBasicDate(text: string): number | null {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  if (match === null) return null;
  const [, year, month, day, hour, minute, second] = match;
  const ms = Date.parse(
    `${year ?? ''}-${month ?? ''}-${day ?? ''}T${hour ?? ''}:${minute ?? ''}:${second ?? ''}Z`,
  );
  return Number.isNaN(ms) ? null : ms;
}

function first(request: SignedRequest, name: string): string | undefined {
  return request.headers.get(name)?.[0];
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Percent-encodes all but unreserved characters. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** The one encoding that is signed of the several a path may be sent in. */
function encodeOnce(segment: string): string {
  const decoded = decode(segment);
  return decoded === segment && segment.includes('%') ? segment : encode(decoded);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // not an encoding at all: signed as it stands, so it fails or passes by the signature
  }
}
