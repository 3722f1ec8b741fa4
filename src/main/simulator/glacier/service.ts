/**
 * The vault service as one request sees it: which operation, who asks, faults on order, then the operation.
 *
 * Where several things are wrong the first in this order is told: the signature, the API version, the account, the
 * vault's policies, the vault, the parameters, the body.
 */
import { hash } from 'node:crypto';
import type { Account } from '../account.ts';
import { type Answer, header, type Incoming, type Reply, type Service } from '../exchange.ts';
import type { Conditions } from '../faults.ts';
import { serveWithFaults } from '../playFault.ts';
import { receive } from '../receive.ts';
import { basicDate, MAX_SKEW_MS, type Verdict, verifySignature } from '../sigv4.ts';
import { wrongPayload } from './archives.ts';
import { badSignature, badValue, errorReply, missing, ServiceError } from './errors.ts';
import type { Call, Glacier } from './glacier.ts';
import { checkPolicies, notAuthorized } from './permission.ts';
import type { Publisher } from './publishing.ts';
import { type Match, matchRoute } from './routes.ts';
import { sweep } from './sweep.ts';

const API_VERSION = '2012-06-01';
/** More than any JSON the service takes: policies are the longest at 20 KB, escaped. */
const MOST_BODY_BYTES = 1024 * 1024;
const SWEEP_EVERY_MS = 60_000;

/** The service for one account; it claims whatever no service before it claimed. */
export function glacierService(
  glacier: Glacier,
  account: Account,
  conditions: Conditions,
  publisher: Publisher,
): Service {
  let sweptAt = 0;
  const sweepNowAndThen = async (): Promise<void> => {
    if (Date.now() < sweptAt + SWEEP_EVERY_MS) return;
    sweptAt = Date.now();
    await sweep(glacier);
  };
  return {
    claims: () => true,
    answer: async (incoming) => {
      try {
        await publisher.publishDue();
        await sweepNowAndThen();
        return await dispatch(glacier, account, conditions, incoming);
      } catch (error) {
        return errorReply(error instanceof ServiceError ? error : internal(error));
      }
    },
    stalled: () => errorReply(new ServiceError(408, 'RequestTimeoutException', 'Request timed out.')),
  };
}

/** Whether a request that nobody signed is one to this service, by what it asks for. */
export function isForVaults({ headers, method, path, query }: Incoming): boolean {
  return (
    headers.has('x-amz-glacier-version') || matchRoute(method, path, new URLSearchParams(query)) !== null
  );
}

function internal(error: unknown): ServiceError {
  const detail = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return new ServiceError(500, 'ServiceUnavailableException', `The simulator failed. ${detail}`);
}

async function dispatch(
  glacier: Glacier,
  account: Account,
  conditions: Conditions,
  incoming: Incoming,
): Promise<Answer> {
  const query = new URLSearchParams(incoming.query);
  const match = matchRoute(incoming.method, incoming.path, query);
  if (match === null) {
    throw new ServiceError(
      404,
      'UnknownOperationException',
      `No operation for ${incoming.method} ${incoming.path}`,
    );
  }
  const { operation, streams, run } = match.route;
  conditions.count(operation);
  const body = await authenticate(glacier, account, incoming, streams === true);
  checkMode(glacier, conditions, operation, match);

  return serveWithFaults(conditions, operation, incoming, {
    takesData: streams === true,
    word: errorReply,
    run: (faulted) =>
      settled(() => {
        checkEnvelope(glacier, incoming, match);
        const call: Call = {
          glacier,
          params: match.params,
          query,
          header: (name) => header(incoming, name),
          body,
          stream: faulted.body,
        };
        checkPolicies(call, operation);
        return run(call);
      }),
  });
}

/** An operation's refusal as a reply: a fault that comes after the effect comes after a refusal too. */
async function settled(run: () => Reply | Promise<Reply>): Promise<Reply> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof ServiceError) return errorReply(error);
    throw error;
  }
}

/**
 * Checks signature and payload hash and returns the body, unless it is to be streamed. Where the client states the
 * payload's hash the signature is checked before the body is read; the hash of a streamed body is checked as it is stored.
 */
async function authenticate(
  glacier: Glacier,
  account: Account,
  incoming: Incoming,
  streams: boolean,
): Promise<Buffer> {
  const stated = header(incoming, 'x-amz-content-sha256');
  if (stated !== undefined) checkSignature(glacier, account, incoming, stated);
  if (streams && stated !== undefined) return Buffer.alloc(0);
  const body = streams ? null : await readBody(incoming);
  const payloadHash = body === null ? (await receive(incoming.body, null)).sha256 : hash('sha256', body);
  if (stated === undefined) checkSignature(glacier, account, incoming, payloadHash);
  else if (stated.toLowerCase() !== payloadHash) throw wrongPayload(stated, payloadHash);
  return body ?? Buffer.alloc(0);
}

async function readBody(incoming: Incoming): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of incoming.body) {
    bytes += chunk.length;
    if (bytes <= MOST_BODY_BYTES) chunks.push(chunk);
  }
  if (bytes > MOST_BODY_BYTES)
    throw new ServiceError(400, 'BadRequest', `The request body of ${bytes} bytes is too long.`);
  return Buffer.concat(chunks);
}

function checkSignature(glacier: Glacier, account: Account, incoming: Incoming, payloadHash: string): void {
  const now = glacier.clock.transportNow();
  const signer = { ...account, region: glacier.region, service: 'glacier' };
  refuse(verifySignature({ ...incoming, payloadHash }, signer, now), now);
}

/** Words the verdict as the service does. @throws ServiceError unless it is ok */
function refuse(verdict: Verdict, now: number): void {
  switch (verdict.kind) {
    case 'ok':
      return;
    case 'unsigned':
      throw new ServiceError(400, 'MissingAuthenticationTokenException', 'Missing Authentication Token');
    case 'unknown-key':
      throw new ServiceError(
        400,
        'UnrecognizedClientException',
        'The security token included in the request is invalid.',
      );
    case 'malformed':
      throw badSignature(verdict.reason);
    case 'expired':
      throw badSignature(
        `Signature expired: ${basicDate(verdict.signedAt)} is now earlier than ${basicDate(now - MAX_SKEW_MS)} (${basicDate(now)} - 5 min.)`,
      );
    case 'early':
      throw badSignature(
        `Signature not yet current: ${basicDate(verdict.signedAt)} is still later than ${basicDate(now + MAX_SKEW_MS)} (${basicDate(now)} + 5 min.)`,
      );
    case 'mismatch':
      throw badSignature(
        'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.' +
          `\n\nThe Canonical String for this request should have been\n'${verdict.canonical}'\n\nThe String-to-Sign should have been\n'${verdict.toSign}'\n`,
      );
  }
}

function checkMode(glacier: Glacier, conditions: Conditions, operation: string, match: Match): void {
  const { noLongerSupported, denyAll } = conditions.mode();
  if (noLongerSupported) {
    throw new ServiceError(
      400,
      'NoLongerSupportedException',
      'This API is no longer supported for new accounts. Please use Amazon S3 Glacier storage classes instead.',
    );
  }
  if (denyAll) throw notAuthorized(glacier, operation, match.params['vault']);
}

/** The API version and the account in the path. */
function checkEnvelope(glacier: Glacier, incoming: Incoming, match: Match): void {
  const version = header(incoming, 'x-amz-glacier-version');
  if (version === undefined) throw missing('API version');
  if (version !== API_VERSION) throw badValue(`Invalid API version: ${version}`);
  const { account } = match.params;
  if (account !== '-' && account !== glacier.accountId)
    throw notAuthorized(glacier, match.route.operation, match.params['vault']);
}
