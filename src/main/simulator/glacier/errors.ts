/** How vaults refuse: an exception name, an HTTP status and one sentence, as JSON. */
import { jsonReply, type Reply } from '../exchange.ts';

/** A refusal the service words itself; anything else thrown is answered as 500. */
export class ServiceError extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export function errorReply({
  status,
  code,
  message,
}: {
  status: number;
  code: string;
  message: string;
}): Reply {
  return jsonReply(status, { code, message, type: status >= 500 ? 'Server' : 'Client' });
}

export function notFound(message: string): ServiceError {
  return new ServiceError(404, 'ResourceNotFoundException', message);
}

export function badValue(message: string): ServiceError {
  return new ServiceError(400, 'InvalidParameterValueException', message);
}

export function missing(parameter: string): ServiceError {
  return new ServiceError(400, 'MissingParameterValueException', `Required parameter missing: ${parameter}`);
}

export function badSignature(message: string): ServiceError {
  return new ServiceError(403, 'InvalidSignatureException', message);
}

export function notJson(message: string): ServiceError {
  return new ServiceError(400, 'SerializationException', message);
}

export function denied(message: string): ServiceError {
  return new ServiceError(403, 'AccessDeniedException', message);
}

export function limitExceeded(message: string): ServiceError {
  return new ServiceError(400, 'LimitExceededException', message);
}
