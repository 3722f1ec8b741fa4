/**
 * The aws-chunked encoding: a body in chunks that state their length and may be signed, with headers behind it.
 *
 *     400;chunk-signature=<hex> CRLF  <1024 bytes> CRLF  …  0;chunk-signature=<hex> CRLF
 *     x-amz-checksum-crc32:<base64> CRLF  x-amz-trailer-signature:<hex> CRLF  CRLF
 *
 * Each chunk is signed over its bytes and the signature before it, from the request's own on, so none can be left
 * out, changed or moved. What was yielded before a bad signature was noticed must be thrown away by the caller.
 */
import { createHash, hash } from 'node:crypto';
import { type Seed, verifyLink } from '../sigv4.ts';
import { S3Error } from './errors.ts';

const MOST_LINE_BYTES = 8 * 1024;

interface Signing {
  readonly seed: Seed;
  readonly secretAccessKey: string;
}

/** Yields the bytes, puts what is behind them in `trailers`. Without `signing` signatures are read over. */
export async function* decodeChunks(
  body: AsyncIterable<Buffer>,
  signing: Signing | null,
  trailers: Map<string, string>,
): AsyncGenerator<Buffer> {
  const source = new ByteReader(body);
  let seed = signing?.seed;
  const link = (kind: 'PAYLOAD' | 'TRAILER', lines: readonly string[], given: string): void => {
    if (signing === null || seed === undefined) return;
    if (!verifyLink(kind, seed, lines, given, signing.secretAccessKey)) throw badSignature();
    seed = { ...seed, signature: given };
  };
  try {
    for (;;) {
      const { bytes, signature } = parseHead(await source.line());
      const sha256 = signing === null ? null : createHash('sha256');
      for (let left = bytes; left > 0;) {
        const piece = await source.atMost(left);
        sha256?.update(piece);
        left -= piece.length;
        yield piece;
      }
      if (sha256 !== null) link('PAYLOAD', [hash('sha256', ''), sha256.digest('hex')], signature);
      if (bytes === 0) break;
      if ((await source.line()) !== '') throw malformed();
    }
    let signed = '';
    for (let line = await source.lastLine(); line !== ''; line = await source.lastLine()) {
      const colon = line.indexOf(':');
      if (colon < 1) throw malformed();
      const name = line.slice(0, colon).trim().toLowerCase();
      const value = line.slice(colon + 1).trim();
      if (name === 'x-amz-trailer-signature') link('TRAILER', [hash('sha256', signed)], value);
      else trailers.set(name, value);
      signed += `${name}:${value}\n`;
    }
    const endsSigned = signed === '' || /^x-amz-trailer-signature:.*\n$/m.test(signed);
    if (signing !== null && !endsSigned) throw badSignature();
  } finally {
    await source.close();
  }
}

function parseHead(line: string): { bytes: number; signature: string } {
  const match = /^([\da-fA-F]{1,12})(?:;chunk-signature=([\da-f]{64}))?$/.exec(line);
  if (match === null) throw malformed();
  return { bytes: parseInt(match[1] ?? '', 16), signature: match[2] ?? '' };
}

function badSignature(): S3Error {
  return new S3Error(
    403,
    'SignatureDoesNotMatch',
    'The chunk signature we calculated does not match the signature you provided.',
  );
}

function malformed(): S3Error {
  return new S3Error(400, 'InvalidRequest', 'The body is not in the aws-chunked encoding.');
}

/** Bytes of a stream, by the line or by the number. Rejects with IncompleteBody where they end too early. */
class ByteReader {
  readonly #chunks: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterable<Buffer>) {
    this.#chunks = source[Symbol.asyncIterator]();
  }

  /** One to `most` bytes. */
  async atMost(most: number): Promise<Buffer> {
    if (this.#rest.length === 0 && !(await this.#more())) throw incompleteBody();
    const piece = this.#rest.subarray(0, most);
    this.#rest = this.#rest.subarray(piece.length);
    return piece;
  }

  /** Up to the next CRLF, without it. */
  async line(): Promise<string> {
    for (;;) {
      const end = this.#rest.indexOf('\r\n');
      if (end >= 0) {
        const line = this.#rest.toString('latin1', 0, end);
        this.#rest = this.#rest.subarray(end + 2);
        return line;
      }
      if (this.#rest.length > MOST_LINE_BYTES) throw malformed();
      if (!(await this.#more())) throw incompleteBody();
    }
  }

  /** A line, or '' at the end: some clients leave out the empty line behind the trailers. */
  async lastLine(): Promise<string> {
    if (this.#rest.length === 0 && !(await this.#more())) return '';
    return this.line();
  }

  /** Lets go of the stream, so that somebody else can read on. */
  async close(): Promise<void> {
    await this.#chunks.return?.();
  }

  async #more(): Promise<boolean> {
    const next = await this.#chunks.next();
    if (next.done === true) return false;
    this.#rest = this.#rest.length === 0 ? next.value : Buffer.concat([this.#rest, next.value]);
    return true;
  }
}

export function incompleteBody(): S3Error {
  return new S3Error(
    400,
    'IncompleteBody',
    'You did not provide the number of bytes specified by the Content-Length HTTP header',
  );
}
