/**
 * What the AWS client throws, said to a person: one `ServiceFailure` with a kind, a sentence and advice.
 *
 * Decided by the service's error code, the HTTP status and the system's error code, never by message text. The
 * service's words are repeated only where they name the mistake in the request; never for refused signatures, whose
 * message repeats the signed headers, session token included.
 */
import { errorCode } from '../failure.ts';
import * as say from './awsSentences.ts';
import type { Call, Facts } from './awsSentences.ts';
import { ServiceFailure } from './serviceFailure.ts';

/** Codes of one meaning under the several names AWS and look-alike services give them. */
const byCode: Readonly<Record<string, (call: Call, said: string) => Facts>> = {
  AccessDeniedException: say.noRight,
  AccessDenied: say.noRight,
  UnrecognizedClientException: say.unknownKey,
  InvalidClientTokenId: say.unknownKey,
  MissingAuthenticationTokenException: say.unknownKey,
  IncompleteSignatureException: say.unknownKey,
  InvalidSignatureException: say.wrongSecret,
  SignatureDoesNotMatch: say.wrongSecret,
  ExpiredTokenException: say.expired,
  ExpiredToken: say.expired,
  CredentialsProviderError: say.noCredentials,
  TokenProviderError: say.noCredentials,
  NoLongerSupportedException: say.closed,
  ResourceNotFoundException: say.notFound,
  ThrottlingException: say.throttled,
  Throttling: say.throttled,
  RequestLimitExceeded: say.throttled,
  TooManyRequestsException: say.throttled,
  SlowDown: say.throttled,
  RequestTimeoutException: say.tooSlow,
  RequestTimeout: say.tooSlow,
  PolicyEnforcedException: say.policyForbids,
  InsufficientCapacityException: say.noCapacity,
  LimitExceededException: say.limitReached,
};

/** Failures to reach the service, or of the line in mid-answer. */
const lineCodes = new Set([
  ...['ECONNREFUSED', 'ECONNRESET', 'ECONNABORTED', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH'],
  ...['ENETDOWN', 'EHOSTDOWN', 'EADDRNOTAVAIL', 'EPROTO', 'ERR_STREAM_PREMATURE_CLOSE', 'ERR_SOCKET_CLOSED'],
]);
const nameCodes = new Set(['ENOTFOUND', 'EAI_AGAIN', 'EAI_NODATA', 'EAI_NONAME']);
const certificateDates = new Set(['CERT_NOT_YET_VALID', 'CERT_HAS_EXPIRED']);
const certificates = new Set([
  ...['SELF_SIGNED_CERT_IN_CHAIN', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
  ...['UNABLE_TO_GET_ISSUER_CERT', 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'ERR_TLS_CERT_ALTNAME_INVALID'],
  ...['CERT_UNTRUSTED', 'CERT_REVOKED', 'HOSTNAME_MISMATCH'],
]);

/** Translates what a call of the client threw; undefined for what is no answer and no line failure: a bug. */
export function awsFailure(error: unknown, call: Call): ServiceFailure | undefined {
  if (error instanceof ServiceFailure) return error;
  if (!(error instanceof Error)) return undefined;
  const response = responseOf(error);
  const facts = factsOf(error, response, call);
  if (facts === undefined) return undefined;
  return new ServiceFailure({
    retryAfterMs: response?.retryAfterMs ?? 0,
    ...facts,
    cause: trace(error, response),
  });
}

function factsOf(error: Error, response: Answer | undefined, call: Call): Facts | undefined {
  const known = Object.hasOwn(byCode, error.name) ? byCode[error.name] : undefined;
  if (known !== undefined) return known(call, said(error));
  const line = lineFacts(error, call);
  if (line !== undefined) return line;
  if (response === undefined) return undefined;
  return statusFacts(error, response.status, call);
}

function lineFacts(error: Error, call: Call): Facts | undefined {
  const code = errorCode(error) ?? '';
  if (nameCodes.has(code)) return say.nameUnknown(call);
  if (certificateDates.has(code)) return say.certificateDate(call);
  if (certificates.has(code)) return say.notTheService(call);
  if (code.startsWith('ERR_PROXY')) return say.proxyFails(call);
  if (error.name === 'TimeoutError' || lineCodes.has(code) || /^(HPE_|ERR_TLS_|ERR_SSL_)/.test(code))
    return say.offline(call);
  return undefined;
}

/** No code that we know: the status says whose trouble it is. A body that is not JSON is not the service's at all. */
function statusFacts(error: Error, status: number, call: Call): Facts {
  if (status === 429) return say.throttled(call);
  if (status === 408) return say.tooSlow(call);
  if (status >= 500) return say.inTrouble(call);
  if (error.name === 'SyntaxError' || status < 400 || status === 407) return say.notTheService(call);
  if (error.name === 'Unknown' || error.name === 'UnknownError') return say.notTheService(call);
  return say.refused(call, said(error));
}

/** An answer of the right form but without what the operation always gives: treated as one that is not the service's. */
export function unexpectedAnswer(call: Call): ServiceFailure {
  return new ServiceFailure(say.notTheService(call));
}

/** The request took longer than we wait for anything. */
export function outOfTime(call: Call): ServiceFailure {
  return new ServiceFailure(say.tooSlow(call));
}

/** What we use of the HTTP response that the client hangs on its errors. */
interface Answer {
  readonly status: number;
  /** The service's clock, epoch ms. */
  readonly date: number | undefined;
  readonly retryAfterMs: number;
  readonly requestId: string | undefined;
}

/** The HTTP response behind an error of the client; undefined when none came. */
export function responseOf(error: unknown): Answer | undefined {
  if (!(error instanceof Error)) return undefined;
  const { $response } = error as Error & { $response?: unknown };
  if (typeof $response !== 'object' || $response === null) return undefined;
  const { statusCode, headers } = $response as { statusCode?: unknown; headers?: Record<string, string> };
  if (typeof statusCode !== 'number') return undefined;
  const date = Date.parse(headers?.['date'] ?? '');
  return {
    status: statusCode,
    date: Number.isNaN(date) ? undefined : date,
    retryAfterMs: retryAfterMs(headers?.['retry-after'], date),
    requestId: headers?.['x-amzn-requestid'],
  };
}

/** Seconds, or a date to be read by the service's own clock. */
function retryAfterMs(header: string | undefined, serverNow: number): number {
  if (header === undefined) return 0;
  if (/^\d{1,9}$/.test(header.trim())) return Number(header) * 1000;
  const wait = Date.parse(header) - serverNow;
  return wait > 0 ? wait : 0;
}

function said(error: Error): string {
  return error.message
    .replace(/[^\x20-\x7e]+/g, ' ')
    .trim()
    .replace(/\.$/, '')
    .slice(0, 200);
}

function trace(error: Error, response: Answer | undefined): Record<string, unknown> {
  return {
    name: error.name,
    code: errorCode(error),
    status: response?.status,
    requestId: response?.requestId,
  };
}
