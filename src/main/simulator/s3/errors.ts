/** How S3 refuses: a code, an HTTP status and one sentence, as XML, with elements that say more for some codes. */
import type { Reply } from '../exchange.ts';
import { newRequestId } from './identifiers.ts';
import { tag, xmlReply } from './xml.ts';

type Details = Readonly<Record<string, string>>;

/** A refusal the service words itself; anything else thrown is answered as 500. */
export class S3Error extends Error {
  readonly status: number;
  readonly code: string;
  readonly details: Details;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    code: string,
    message: string,
    details: Details = {},
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.details = details;
    this.headers = headers;
  }
}

export function errorReply(error: {
  status: number;
  code: string;
  message: string;
  details?: Details;
  headers?: Readonly<Record<string, string>>;
}): Reply {
  if (error.status === 304) return { status: 304, headers: error.headers ?? {}, body: null };
  const requestId = newRequestId();
  const elements = { Code: error.code, Message: error.message, ...error.details, RequestId: requestId };
  const inner = Object.entries(elements).map(([name, text]) => tag(name, text));
  const reply = xmlReply(error.status, `<Error>${inner.join('')}</Error>`);
  return { ...reply, headers: { ...reply.headers, ...error.headers, 'x-amz-request-id': requestId } };
}

export function badArgument(message: string, name: string, value: string): S3Error {
  return new S3Error(400, 'InvalidArgument', message, { ArgumentName: name, ArgumentValue: value });
}

export function badRequest(message: string): S3Error {
  return new S3Error(400, 'InvalidRequest', message);
}

export function badXml(): S3Error {
  return new S3Error(
    400,
    'MalformedXML',
    'The XML you provided was not well-formed or did not validate against our published schema',
  );
}

export function noSuchKey(key: string): S3Error {
  return new S3Error(404, 'NoSuchKey', 'The specified key does not exist.', { Key: key });
}

export function preconditionFailed(condition: string): S3Error {
  return new S3Error(
    412,
    'PreconditionFailed',
    'At least one of the pre-conditions you specified did not hold',
    { Condition: condition },
  );
}

export function notImplemented(what: string): S3Error {
  return new S3Error(
    501,
    'NotImplemented',
    'A header or query you provided implies functionality that is not implemented.',
    { Header: what },
  );
}
