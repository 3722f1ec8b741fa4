/** Requests over HTTP: the body is the input as JSON, the answer a `Reply`, whatever became of it. */
import type { IncomingMessage } from 'node:http';
import { isRequestName } from '../../shared/contract.ts';
import type { Failure, Reply } from '../../shared/failure.ts';
import type { Engine } from '../engine/engine.ts';

/** No request comes near it; without a limit a page could fill the memory. */
export const MOST_BODY_BYTES = 1024 * 1024;

export interface ApiAnswer {
  /** 200 for everything the engine answered, failures included; otherwise what was wrong with the request itself. */
  readonly status: number;
  readonly reply: Reply<unknown>;
}

/** Answers `POST /api/<name>`. Rejects only if the connection breaks. */
export async function answerApi(
  door: Pick<Engine, 'dispatch'>,
  name: string,
  body: IncomingMessage,
): Promise<ApiAnswer> {
  if (!isRequestName(name)) return refused(404, `There is no request named ${name.slice(0, 100)}.`);
  const bytes = await readBody(body);
  if (bytes === undefined) return refused(413, 'A request has at most 1 MiB.');
  let input: unknown;
  try {
    input = JSON.parse(bytes.toString('utf8'));
  } catch {
    return refused(400, 'The request is not JSON.');
  }
  return { status: 200, reply: await door.dispatch(name, input) };
}

/** Undefined as soon as the body is longer than `MOST_BODY_BYTES`; the rest is not read. */
async function readBody(body: IncomingMessage): Promise<Buffer | undefined> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of body.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    length += piece.length;
    if (length > MOST_BODY_BYTES) return undefined;
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

export function refused(status: number, message: string): ApiAnswer {
  const failure: Failure = { kind: 'invalid', message, advice: 'Reload the page.' };
  return { status, reply: { ok: false, failure } };
}
