/**
 * S3 as one request sees it: which operation, who asks, faults on order, then the operation.
 *
 * It stands before the vault service and takes what is signed for `s3`, and what nobody signed unless it is plainly for
 * vaults. Buckets are named in the path.
 */
import type { Account } from '../account.ts';
import { type Answer, bodyBytes, header, type Incoming, type Reply, type Service } from '../exchange.ts';
import type { Conditions } from '../faults.ts';
import { serveWithFaults } from '../playFault.ts';
import { isPresigned, type Seed, type Verdict, verifyPresigned, verifySignature } from '../sigv4.ts';
import { badRequest, errorReply, notImplemented, S3Error } from './errors.ts';
import { newRequestId } from './identifiers.ts';
import { actOnBuckets } from './acts.ts';
import { meterRequest } from './metering.ts';
import { isContentHash, openPayload, type Payload, readWhole } from './payload.ts';
import { findRoute, type Route } from './routes.ts';
import type { Call, S3 } from './s3.ts';

/** S3 allows clocks more than other services do. */
const MAX_SKEW_MS = 15 * 60 * 1000;
/** More than the list of 10,000 parts with checksums takes. */
const MOST_XML_BYTES = 8 * 1024 * 1024;

/** The service for one account. `isForOthers` tells of an unsigned request whether it is for another service. */
export function s3Service(
  s3: S3,
  account: Account,
  conditions: Conditions,
  isForOthers: (incoming: Incoming) => boolean,
): Service {
  conditions.onAct((act) => actOnBuckets(s3, act));
  return {
    claims: (incoming) => (isSigned(incoming) ? isForS3(incoming) : !isForOthers(incoming)),
    answer: async (incoming) => {
      try {
        return await dispatch(s3, account, conditions, incoming);
      } catch (error) {
        return refused(incoming, errorReply(error instanceof S3Error ? error : internal(error)));
      }
    },
    stalled: () =>
      errorReply(
        new S3Error(
          400,
          'RequestTimeout',
          'Your socket connection to the server was not read from or written to within the timeout period. Idle connections will be closed.',
        ),
      ),
  };
}

function isSigned(incoming: Incoming): boolean {
  return authorizationOf(incoming) !== '' || isPresigned(incoming.query) || isSignedTheOldWay(incoming);
}

/** Links and signatures of old are S3's only. */
function isForS3(incoming: Incoming): boolean {
  const authorization = authorizationOf(incoming);
  return authorization === '' || /\/s3\/aws4_request/.test(authorization) || isSignedTheOldWay(incoming);
}

function authorizationOf(incoming: Incoming): string {
  return header(incoming, 'authorization') ?? '';
}

/** By version 2 of signatures, which only S3 ever knew and clients still make for links. */
function isSignedTheOldWay(incoming: Incoming): boolean {
  return authorizationOf(incoming).startsWith('AWS ') || /(^|&)AWSAccessKeyId=/.test(incoming.query);
}

function internal(error: unknown): S3Error {
  const detail = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return new S3Error(500, 'InternalError', `The simulator failed. ${detail}`);
}

/** An answer to HEAD has no body, not even to say what was wrong. */
function refused(incoming: Incoming, reply: Reply): Reply {
  if (incoming.method !== 'HEAD') return reply;
  return { ...reply, body: null };
}

async function dispatch(
  s3: S3,
  account: Account,
  conditions: Conditions,
  incoming: Incoming,
): Promise<Answer> {
  const query = new URLSearchParams(incoming.query.replaceAll('+', '%2B'));
  const { bucket, key } = splitPath(incoming.path);
  const on = bucket === '' ? 'service' : key === '' ? 'bucket' : 'object';
  const route = findRoute(incoming.method, on, query, (name) => incoming.headers.has(name));
  if (route === null) throw notImplemented(`${incoming.method} ?${[...query.keys()].join('&')}`);
  conditions.count(route.operation);
  const { seed, contentHash } = authenticate(s3, account, incoming);
  if (conditions.mode().denyAll) throw accessDenied();

  const what = { s3, bucket, key, query };
  return serveWithFaults(conditions, route.operation, incoming, {
    takesData: route.streams === true,
    word: (error) => refused(incoming, errorReply(error)),
    run: (faulted) => {
      const statesChecksum = route.statesObjectChecksum !== true;
      const signing = { seed, secretAccessKey: account.secretAccessKey };
      return settled(faulted, async () => {
        const payload = openPayload(faulted, contentHash, signing, statesChecksum);
        const call = await callFor(what, faulted, payload, route);
        const reply = await route.run(call);
        await meterRequest(call, route, bodyBytes(reply));
        return reply;
      });
    },
  });
}

async function callFor(
  what: Pick<Call, 's3' | 'bucket' | 'key' | 'query'>,
  incoming: Incoming,
  payload: Payload,
  route: Route,
): Promise<Call> {
  return {
    ...what,
    header: (name) => header(incoming, name),
    headersFrom: (prefix) => headersFrom(incoming, prefix),
    body: route.streams === true ? Buffer.alloc(0) : await readWhole(payload, MOST_XML_BYTES),
    payload,
  };
}

/** An operation's refusal as a reply: a fault that comes after the effect comes after a refusal too. */
async function settled(incoming: Incoming, run: () => Promise<Reply>): Promise<Reply> {
  try {
    const reply = await run();
    return { ...reply, headers: { 'x-amz-request-id': newRequestId(), ...reply.headers } };
  } catch (error) {
    if (error instanceof S3Error) return refused(incoming, errorReply(error));
    throw error;
  }
}

/** `/bucket/any/key`, decoded. Slashes in a key are its own, dots too. */
function splitPath(path: string): { bucket: string; key: string } {
  const slash = path.indexOf('/', 1);
  const [bucket, key] = slash < 0 ? [path.slice(1), ''] : [path.slice(1, slash), path.slice(slash + 1)];
  try {
    return { bucket: decodeURIComponent(bucket), key: decodeURIComponent(key) };
  } catch {
    throw new S3Error(400, 'InvalidURI', "Couldn't parse the specified URI.", { URI: path });
  }
}

function headersFrom(incoming: Incoming, prefix: string): Record<string, string> {
  const found = [...incoming.headers].filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(found.map(([name, values]) => [name, values.join(',')]));
}

/** Checks the signature before the body is read. @throws S3Error */
function authenticate(s3: S3, account: Account, incoming: Incoming): { seed: Seed; contentHash: string } {
  if (!isSigned(incoming)) throw accessDenied();
  if (isSignedTheOldWay(incoming)) throw unknownMechanism();
  const now = s3.clock.transportNow();
  const signer = { ...account, region: s3.region, service: 's3', maxSkewMs: MAX_SKEW_MS };
  const stated = header(incoming, 'x-amz-content-sha256');
  if (isPresigned(incoming.query)) {
    const contentHash = stated ?? 'UNSIGNED-PAYLOAD';
    checkContentHash(contentHash);
    const verdict = verifyPresigned({ ...incoming, payloadHash: contentHash }, signer, now);
    return { seed: accepted(verdict, now, 'query'), contentHash };
  }
  if (stated === undefined)
    throw badRequest('Missing required header for this request: x-amz-content-sha256');
  checkContentHash(stated);
  const verdict = verifySignature({ ...incoming, payloadHash: stated }, signer, now);
  return { seed: accepted(verdict, now, 'header'), contentHash: stated };
}

function checkContentHash(stated: string): void {
  if (!isContentHash(stated))
    throw new S3Error(
      400,
      'InvalidArgument',
      'x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER or a valid sha256 value.',
      { ArgumentName: 'x-amz-content-sha256', ArgumentValue: stated },
    );
}

function accessDenied(): S3Error {
  return new S3Error(403, 'AccessDenied', 'Access Denied');
}

function unknownMechanism(): S3Error {
  return badRequest(
    'The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.',
  );
}

/** Words the verdict as the service does. @throws S3Error unless it is ok */
function accepted(verdict: Verdict, now: number, place: 'header' | 'query'): Seed {
  switch (verdict.kind) {
    case 'ok':
      return verdict.seed;
    case 'unsigned':
      throw unknownMechanism();
    case 'unknown-key':
      throw new S3Error(
        403,
        'InvalidAccessKeyId',
        'The AWS Access Key Id you provided does not exist in our records.',
      );
    case 'malformed':
      throw new S3Error(
        400,
        place === 'query' ? 'AuthorizationQueryParametersError' : 'AuthorizationHeaderMalformed',
        verdict.reason,
      );
    case 'expired':
    case 'early':
      if (place === 'query')
        throw new S3Error(
          403,
          'AccessDenied',
          verdict.kind === 'expired' ? 'Request has expired' : 'Request is not valid yet',
        );
      throw new S3Error(
        403,
        'RequestTimeTooSkewed',
        'The difference between the request time and the current time is too large.',
        {
          RequestTime: new Date(verdict.signedAt).toISOString(),
          ServerTime: new Date(now).toISOString(),
          MaxAllowedSkewMilliseconds: String(MAX_SKEW_MS),
        },
      );
    case 'mismatch':
      throw new S3Error(
        403,
        'SignatureDoesNotMatch',
        'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
        { StringToSign: verdict.toSign, CanonicalRequest: verdict.canonical },
      );
  }
}
