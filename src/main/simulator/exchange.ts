/** A request and its answer, as the HTTP server hands them to a service and takes them back. */

export interface Incoming {
  readonly method: string;
  /** As on the request line, without the query: still percent-encoded. */
  readonly path: string;
  /** As on the request line, without the question mark. */
  readonly query: string;
  /** Lower-case name to values in order of arrival. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
  /** The body; may be read once, in part or not at all. The server drains the rest before it answers. */
  readonly body: AsyncIterable<Buffer>;
}

type Body =
  | Buffer
  | { readonly file: string; readonly first: number; readonly length: number }
  /** `bytes` is read at most once, and only if the answer is sent. */
  | { readonly bytes: AsyncIterable<Buffer>; readonly length: number };

export interface Reply {
  readonly status: number;
  /** A Content-Length among them wins over the body's: the answer to HEAD has none. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Body | null;
  /** What goes wrong while it is sent, if something does. */
  readonly mishap?: Mishap | undefined;
}

/** See faults.ts. */
export interface Mishap {
  /** Real ms before the first byte. */
  readonly delayMs?: number;
  /** The connection closes after so many bytes of the body, whatever the head says. */
  readonly cutAfterBytes?: number;
  /** Offset in the body of a byte that is sent wrong. */
  readonly flippedAt?: number;
}

/** A body as it is sent. */
export type Pieces = AsyncIterable<Buffer> | Iterable<Buffer>;

/** 'drop' cuts the connection without an answer. */
export type Answer = Reply | 'drop';

/** One service behind the common door. The first that claims a request answers it; its answers never reject. */
export interface Service {
  claims(incoming: Incoming): boolean;
  /** `drop` tells the server to cut the line at once, with the body unread. */
  answer(incoming: Incoming): Promise<Answer>;
  /** What it says to a request whose body has stalled, while it is still waiting for it. */
  stalled(): Reply;
}

export function header(incoming: Incoming, name: string): string | undefined {
  return incoming.headers.get(name)?.join(',');
}

export function bodyBytes({ body }: Reply): number {
  return body?.length ?? 0;
}

export function emptyReply(status: number, headers: Readonly<Record<string, string>> = {}): Reply {
  return { status, headers, body: null };
}

/** JSON with exactly the content type old clients compare with. */
export function jsonReply(status: number, value: unknown): Reply {
  return {
    status,
    headers: { 'Content-Type': 'application/json' },
    body: Buffer.from(JSON.stringify(value)),
  };
}
