/** Downloads what a retrieval brought, piece by piece, each checked before it is kept. */
import { crashpoint } from '../crashpoint.ts';
import { noteGarbage } from '../garbage.ts';
import { SEGMENT_BYTES } from '../pack/segment.ts';
import type { ByteRange, JobId, Target } from '../target/target.ts';
import { treeHash } from '../upload/treeHash.ts';
import type { SegmentFile } from './segmentStore.ts';

/** A power of two times 1 MiB: pieces are then nodes of the hash tree, and the service sends a hash with each. */
const PIECE_BYTES = 8 * SEGMENT_BYTES;
/** Pieces under way at once: one hides the way there and back of the other. They are held in memory. */
const LANES = 3;
/** Downloads of a piece before it counts as damaged at the service, and not on the way. */
const TRIES = 3;

export interface FetchOptions {
  readonly target: Target;
  readonly jobId: JobId;
  /** Which bytes of the archive are wanted. */
  readonly range: ByteRange;
  /** Where in the archive the job's output begins; by default where the range does. */
  readonly jobFirst?: number;
  readonly file: SegmentFile;
  readonly signal: AbortSignal;
  readonly onBytes: (bytes: number) => void;
}

/** Resolves when all of it is on disk. May be repeated: it writes the same bytes to the same places. */
export async function fetchRetrieval(options: FetchOptions): Promise<void> {
  let next = options.range.first;
  const { end } = options.range;
  const lane = async (): Promise<void> => {
    while (next < end) {
      const first = next;
      next = Math.min(end, first + PIECE_BYTES);
      await bringPiece(options, first, next);
    }
  };
  const lanes = await Promise.allSettled(Array.from({ length: LANES }, lane));
  for (const one of lanes) if (one.status === 'rejected') throw one.reason;
  await options.file.sync();
}

/** @param first offset in the archive, like `end` */
async function bringPiece(options: FetchOptions, first: number, end: number): Promise<void> {
  const { range, jobFirst = range.first, file, onBytes, signal } = options;
  signal.throwIfAborted();
  const bytes = await checkedPiece(options, first - jobFirst, end - jobFirst);
  await file.write(first, bytes);
  crashpoint('piece-kept');
  onBytes(bytes.length);
  noteGarbage(2 * bytes.length); // the pieces it came in, and the whole
}

/**
 * Altered on the way, it is asked for again. What stays other than its hash is kept as it came, for each MiB is
 * authenticated when it is opened: one that rotted in the archive costs its own files, not those of the whole retrieval.
 */
async function checkedPiece(options: FetchOptions, first: number, end: number): Promise<Buffer> {
  const { target, jobId, signal } = options;
  for (let tries = 1; ; tries++) {
    const { bytes, treeHash: theirs } = await target.readRetrieved(jobId, first, end, signal);
    if (theirs === null || theirs.equals(treeHash(bytes)) || tries === TRIES) return bytes;
  }
}
