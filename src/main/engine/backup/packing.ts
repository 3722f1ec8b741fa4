/** What goes into the packing pool and what comes out of it. */
import type { FileContent, FileTime, FoundFile, Problem } from '../entry.ts';

/** What the system says of a file's content without reading it: equal before and after means that it did not change. */
export type ContentFacts = Pick<FoundFile, 'size' | 'mtime' | 'ctime' | 'ino'>;

export interface FileTask {
  /** Names the file in the answer. */
  readonly key: number;
  /** Full path, as bytes; may be longer than the system takes in one call. */
  readonly path: Uint8Array;
  /** As the scan found it. */
  readonly found: ContentFacts;
  readonly lifetime: Lifetime;
}

/**
 * How long this content of a file is expected to last. What goes together lies in packs together, so that these die whole
 * and nothing has to be rewritten to win space.
 */
export type Lifetime = 'long' | 'short';

/** What lasted no longer than this before is not expected to last longer now. */
const SHORT_MS = 45 * 24 * 3_600_000;

/** A version lives about as long as the one before it did; of a new file nothing is known. @param known when it changed last */
export function expectedLifetime(
  found: { readonly mtime: FileTime },
  known: { readonly mtime: FileTime } | null,
): Lifetime {
  if (known === null) return 'long';
  const lived = milliseconds(found.mtime) - milliseconds(known.mtime);
  return lived >= 0 && lived <= SHORT_MS ? 'short' : 'long';
}

/** Why a file could not be saved, and a sentence about it. Never ends a run. */
export interface SourceFailure {
  readonly problem: Problem['kind'];
  readonly message: string;
}

export type PackedFile =
  | {
      readonly kind: 'packed';
      readonly key: number;
      /** As it was after the last byte was read; `size` is what was read, also of a file that kept changing. */
      readonly found: ContentFacts;
      readonly content: FileContent;
      /** It changed during each of the times it was read; the content is that of the last. */
      readonly inconsistent: boolean;
      /** False when it changed so shortly before that another change could go unseen. */
      readonly settled: boolean;
      /** Bytes of chunks that nobody had stored or claimed before. */
      readonly newBytes: number;
    }
  | ({ readonly kind: 'failed'; readonly key: number } & SourceFailure);

/** Times a file is read at most while it changes under the reader; one in stripes was read once before that. */
export const MAX_READS = 3;

/**
 * File systems stamp a change with a clock that may stand still for as long as this (two seconds on FAT): a file
 * stamped more recently than that, when reading began, may change again and keep its stamp.
 */
const STAMP_MS = 2000;

export function isSettled(facts: ContentFacts, readingSince: number): boolean {
  const before = readingSince - STAMP_MS;
  return milliseconds(facts.mtime) < before && milliseconds(facts.ctime) < before;
}

function milliseconds(time: FileTime): number {
  return time.s * 1000 + time.ns / 1_000_000;
}

export function sameFacts(a: ContentFacts, b: ContentFacts): boolean {
  return (
    a.size === b.size &&
    a.ino === b.ino &&
    a.mtime.s === b.mtime.s &&
    a.mtime.ns === b.mtime.ns &&
    a.ctime.s === b.ctime.s &&
    a.ctime.ns === b.ctime.ns
  );
}
