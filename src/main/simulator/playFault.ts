/** Plays a fault on one request: around its effect, on its body, or on the answer that goes out. See faults.ts. */
import { createReadStream } from 'node:fs';
import { type Answer, bodyBytes, type Incoming, type Pieces, type Reply } from './exchange.ts';
import type { AnswerChange, Conditions, Effect } from './faults.ts';
import { receive } from './receive.ts';
import { combine } from './treeHash.ts';

/** The service whose request it is. */
interface Served {
  /** Whether `run` reads the body: to what does not, a cut body is a cut before the effect. */
  readonly takesData: boolean;
  /** The effect, as far as the request allows it: a refusal is a reply too. */
  readonly run: (incoming: Incoming) => Promise<Reply>;
  /** An error in the service's own form. */
  readonly word: (error: {
    readonly status: number;
    readonly code: string;
    readonly message: string;
  }) => Reply;
}

/** Thrown by a body that is cut; whatever reads it gives up. */
class BodyCut extends Error {}

/** Serves a request under the fault that is due for it, if there is one. Counts the request. */
export async function serveWithFaults(
  conditions: Conditions,
  operation: string,
  incoming: Incoming,
  served: Served,
): Promise<Answer> {
  const fault = conditions.take(operation);
  if (fault === null) return served.run(incoming);
  const answer = await play(conditions, fault, incoming, served);
  return answer === 'drop' || fault.delayMs === undefined
    ? answer
    : { ...answer, mishap: { ...answer.mishap, delayMs: fault.delayMs } };
}

async function play(
  conditions: Conditions,
  fault: Effect,
  incoming: Incoming,
  { run, takesData, word }: Served,
): Promise<Answer> {
  switch (fault.when) {
    case 'before':
      return withRetryAfter(word(fault), fault.retryAfterSeconds);
    case 'after':
      await run(incoming);
      return withRetryAfter(word(fault), fault.retryAfterSeconds);
    case 'drop-before':
      return 'drop';
    case 'drop-after':
      await run(incoming);
      return 'drop';
    case 'cut-body':
      if (!takesData) return 'drop';
      try {
        await run({ ...incoming, body: cutAfter(incoming.body, fault.bytes) });
      } catch (error) {
        if (!(error instanceof BodyCut)) throw error;
      }
      return 'drop';
    case 'delay':
      return run(incoming);
    case 'answer':
      return changed(await run(incoming), fault);
    case 'act-before':
      await conditions.perform(fault.act);
      return run(incoming);
    case 'act-after': {
      const reply = await run(incoming);
      await conditions.perform(fault.act);
      return reply;
    }
  }
}

function withRetryAfter(reply: Reply, seconds: number | undefined): Reply {
  if (seconds === undefined) return reply;
  return { ...reply, headers: { ...reply.headers, 'Retry-After': String(seconds) } };
}

async function* cutAfter(body: AsyncIterable<Buffer>, bytes: number): AsyncGenerator<Buffer> {
  let left = bytes;
  for await (const chunk of body) {
    if (chunk.length >= left) break;
    left -= chunk.length;
    yield chunk;
  }
  throw new BodyCut();
}

async function changed(reply: Reply, fault: AnswerChange): Promise<Reply> {
  switch (fault.change) {
    case 'truncate':
      return { ...reply, mishap: { ...reply.mishap, cutAfterBytes: fault.bytes } };
    case 'shorten':
      return shortened(reply, fault.bytes);
    case 'flip': {
      if (fault.offset >= bodyBytes(reply)) return reply;
      const flipped = { ...reply, mishap: { ...reply.mishap, flippedAt: fault.offset } };
      return fault.hash === 'match'
        ? { ...flipped, headers: await trueHash(flipped, fault.offset) }
        : flipped;
    }
    case 'hash':
      return { ...reply, headers: withHashes(reply.headers, fault.to === 'wrong' ? spoiled : () => null) };
    case 'html':
      return {
        status: 200,
        headers: { 'Content-Type': 'text/html' },
        body: Buffer.from('<!doctype html><title>Welcome</title><p>Please accept our terms to go online.'),
      };
    case 'empty':
      return { ...reply, status: 200, body: Buffer.alloc(0) };
    case 'date': {
      const date = new Date(Date.now() + fault.skewMs).toUTCString();
      return { ...reply, headers: { ...reply.headers, Date: date } };
    }
  }
}

function shortened(reply: Reply, bytes: number): Reply {
  const { body } = reply;
  if (body === null || bodyBytes(reply) <= bytes) return reply;
  if (Buffer.isBuffer(body)) return { ...reply, body: body.subarray(0, bytes) };
  return {
    ...reply,
    body:
      'bytes' in body ? { bytes: firstBytes(body.bytes, bytes), length: bytes } : { ...body, length: bytes },
  };
}

const isHash = /^x-amz-(sha256-tree-hash$|checksum-(?!type$))/i;

function withHashes(
  headers: Reply['headers'],
  change: (value: string) => string | null,
): Record<string, string> {
  const all = Object.entries(headers).map(([name, value]) =>
    isHash.test(name) ? ([name, change(value)] as const) : ([name, value] as const),
  );
  return Object.fromEntries(all.filter((header): header is [string, string] => header[1] !== null));
}

/** Another hash of the same form, be it hex or base64. */
function spoiled(hash: string): string {
  return (hash.startsWith('a') ? 'b' : 'a') + hash.slice(1);
}

/** The headers with the tree hash of what really goes out. */
async function trueHash({ headers, body }: Reply, flippedAt: number): Promise<Record<string, string>> {
  const name = Object.keys(headers).find((header) => header.toLowerCase() === 'x-amz-sha256-tree-hash');
  if (name === undefined || body === null || 'bytes' in body) return { ...headers };
  const pieces = Buffer.isBuffer(body)
    ? [body]
    : (createReadStream(body.file, {
        start: body.first,
        end: body.first + body.length - 1,
      }) as AsyncIterable<Buffer>);
  const { leaves } = await receive(flipped(pieces, flippedAt), null);
  return { ...headers, [name]: combine(leaves).toString('hex') };
}

/** The same bytes but for one. */
export async function* flipped(source: Pieces, offset: number): AsyncGenerator<Buffer> {
  let at = 0;
  for await (const piece of source) {
    const place = offset - at;
    at += piece.length;
    if (place < 0 || place >= piece.length) yield piece;
    else {
      const copy = Buffer.from(piece);
      copy.writeUInt8(copy.readUInt8(place) ^ 1, place);
      yield copy;
    }
  }
}

export async function* firstBytes(source: Pieces, bytes: number): AsyncGenerator<Buffer> {
  let left = bytes;
  if (left === 0) return;
  for await (const piece of source) {
    yield piece.subarray(0, left);
    left -= Math.min(left, piece.length);
    if (left === 0) return;
  }
}
