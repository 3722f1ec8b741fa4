/** One file, or one stripe of a big one, from its path to what the catalog keeps of it (step 3 of a run). */
import { cutStripe, type Stripe, stripesOf } from '../chunk/stripes.ts';
import { startSha256 } from '../crypto.ts';
import { chunkNumbers, RunBuilder } from '../entry.ts';
import {
  type ContentFacts,
  isSettled,
  type Lifetime,
  MAX_READS,
  type PackedFile,
  sameFacts,
  type SourceFailure,
} from './packing.ts';
import type { PackingChain, TakenChunk } from './packingChain.ts';
import { type OpenSource, openSource, SourceProblem } from './packingSource.ts';

/** Large enough that moving the rest of it to the front costs little, small enough to stay in a processor's cache. */
const READ_BUFFER_BYTES = 4 * 1024 * 1024;

/** A file as a worker gets it. */
export interface FileToPack {
  readonly key: number;
  readonly path: Uint8Array;
  readonly ino: number;
  readonly lifetime: Lifetime;
}

/** A stripe as a worker gets it. */
export interface StripeToPack {
  readonly path: Uint8Array;
  readonly ino: number;
  readonly lifetime: Lifetime;
  readonly stripe: Stripe;
}

export type PackedStripe =
  | {
      readonly kind: 'packed';
      readonly readingSince: number;
      /** Before the first and after the last byte of the stripe was read. */
      readonly before: ContentFacts;
      readonly after: ContentFacts;
      readonly bytes: number;
      readonly newBytes: number;
      /** Chunk ids in order, 32 bytes each. */
      readonly ids: Uint8Array;
      /** Chunk numbers in order, as runs. */
      readonly runs: Uint32Array;
    }
  | ({ readonly kind: 'failed' } & SourceFailure);

/** Reads files for one chain, through one buffer. */
export class FilePacker {
  readonly #chain: PackingChain;
  readonly #mayGoOn: () => void;
  readonly #buffer = Buffer.allocUnsafe(READ_BUFFER_BYTES);

  /** @param mayGoOn called before each chunk; throws to stop in the middle of a file */
  constructor(chain: PackingChain, mayGoOn: () => void = () => undefined) {
    this.#chain = chain;
    this.#mayGoOn = mayGoOn;
  }

  /** @throws only what is not the file's fault: see `PackingChain.take` */
  packFile(file: FileToPack): PackedFile {
    const { key, lifetime } = file;
    return fileFailures(
      () => withSource(file, (source) => this.#readUntilUnchanged(key, source, lifetime)),
      (failure) => ({ kind: 'failed', key, ...failure }),
    );
  }

  /** One reading of a stripe; whether the file stayed the same all the while is for the caller to say. */
  packStripe({ path, ino, lifetime, stripe }: StripeToPack): PackedStripe {
    return fileFailures(
      () => withSource({ path, ino }, (source) => this.#readStripe(source, stripe, lifetime)),
      (failure) => ({ kind: 'failed', ...failure }),
    );
  }

  #readUntilUnchanged(key: number, source: OpenSource, lifetime: Lifetime): PackedFile {
    let newBytes = 0;
    for (let reads = 1; ; reads++) {
      const readingSince = Date.now();
      const before = source.facts();
      const runs = new RunBuilder();
      const hash = startSha256();
      const take = (chunk: TakenChunk): void => {
        runs.add(chunk.number);
        hash.update(chunk.id);
      };
      let bytes = 0;
      for (const stripe of stripesOf(before.size)) {
        const read = this.#cut(source, stripe, lifetime, take);
        bytes += read.bytes;
        newBytes += read.newBytes;
      }
      const after = source.facts();
      const unchanged = bytes === before.size && sameFacts(before, after);
      if (!unchanged && reads < MAX_READS) continue;
      const found = { ...after, size: bytes };
      const settled = unchanged && isSettled(after, readingSince);
      const content = { runs: runs.runs(), hash: hash.digest() };
      return { kind: 'packed', key, found, content, inconsistent: !unchanged, settled, newBytes };
    }
  }

  #readStripe(source: OpenSource, stripe: Stripe, lifetime: Lifetime): PackedStripe {
    const readingSince = Date.now();
    const before = source.facts();
    const runs = new RunBuilder();
    const ids: Buffer[] = [];
    const read = this.#cut(source, stripe, lifetime, ({ id, number }) => {
      ids.push(id);
      runs.add(number);
    });
    const after = source.facts();
    // A buffer of its own, not one from Node's pool: it is handed over to another thread.
    const joined = new Uint8Array(32 * ids.length);
    ids.forEach((id, i) => joined.set(id, 32 * i));
    return { kind: 'packed', readingSince, before, after, ...read, ids: joined, runs: runs.runs() };
  }

  #cut(
    source: OpenSource,
    stripe: Stripe,
    lifetime: Lifetime,
    use: (chunk: TakenChunk) => void,
  ): { bytes: number; newBytes: number } {
    let newBytes = 0;
    const take = (buffer: Buffer, start: number, end: number): void => {
      this.#mayGoOn();
      const chunk = this.#chain.take(buffer, start, end, lifetime);
      if (chunk.isNew) newBytes += end - start;
      use(chunk);
    };
    const { gear, zeroCut } = this.#chain;
    const bytes = cutStripe(stripe, gear, this.#buffer, source.readAt, take, zeroCut);
    return { bytes, newBytes };
  }
}

/**
 * A big file from its stripes, in order; null when it changed in the meantime, so that they do not belong together.
 * @param size of the file when it was parted
 */
export function joinStripes(key: number, size: number, stripes: readonly PackedStripe[]): PackedFile | null {
  const runs = new RunBuilder();
  const hash = startSha256();
  let newBytes = 0;
  let bytes = 0;
  let readingSince = Infinity;
  let facts: ContentFacts | undefined;
  for (const stripe of stripes) {
    if (stripe.kind === 'failed') return { ...stripe, key };
    facts ??= stripe.before;
    if (!sameFacts(facts, stripe.before) || !sameFacts(facts, stripe.after)) return null;
    for (const number of chunkNumbers(stripe.runs)) runs.add(number);
    hash.update(stripe.ids);
    bytes += stripe.bytes;
    newBytes += stripe.newBytes;
    readingSince = Math.min(readingSince, stripe.readingSince);
  }
  if (facts === undefined || bytes !== size || facts.size !== size) return null;
  const content = { runs: runs.runs(), hash: hash.digest() };
  const settled = isSettled(facts, readingSince);
  return { kind: 'packed', key, found: facts, content, inconsistent: false, settled, newBytes };
}

function withSource<T>(file: { path: Uint8Array; ino: number }, use: (source: OpenSource) => T): T {
  const source = openSource(file.path, file.ino);
  try {
    return use(source);
  } finally {
    source.close();
  }
}

function fileFailures<T>(read: () => T, failed: (failure: SourceFailure) => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof SourceProblem) return failed(error.failure);
    throw error;
  }
}
