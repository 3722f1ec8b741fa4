/**
 * Proves a range of an archive that was brought back: each piece against the hash that the target sends with it, each MiB
 * by opening it with the pack's key, its front against the header that the catalog keeps, and a whole archive against the tree hash it was
 * stored with. Together these leave no byte out. Nothing is kept.
 */
import type { PackRow } from '../catalog/packs.ts';
import { EngineError } from '../failure.ts';
import { noteGarbage } from '../garbage.ts';
import type { KeySet } from '../keys/masterKey.ts';
import { HEADER_BYTES } from '../pack/header.ts';
import { openPack, type OpenPack } from '../pack/packReader.ts';
import { SEGMENT_BYTES } from '../pack/segment.ts';
import type { ByteRange, JobId, Target } from '../target/target.ts';
import { leavesOf, treeHash, treeHashOfLeaves } from '../upload/treeHash.ts';

/** `unread`: what came is not even what the target says it sent. */
export type RangeVerdict =
  | { readonly kind: 'proven' }
  | { readonly kind: 'damaged' }
  | { readonly kind: 'unread'; readonly reason: string };

export interface RangeToProve {
  readonly target: Target;
  /** A retrieval that is ready, of exactly the range. */
  readonly jobId: JobId;
  readonly range: ByteRange;
  readonly pack: Pick<PackRow, 'header' | 'size' | 'treeHash'>;
  /** Of the pack's key epoch. */
  readonly keys: KeySet;
  readonly signal: AbortSignal;
}

/** A power of two times 1 MiB: pieces are then nodes of the hash tree, and the service sends a hash with each. */
const PIECE_BYTES = 8 * SEGMENT_BYTES;
/** Downloads of a piece before it counts as altered on its way. */
const TRIES = 3;

/** Holds one piece. Rejects as `Target.readRetrieved` does. */
export async function proveRange(proof: RangeToProve): Promise<RangeVerdict> {
  const { range, pack, keys, signal } = proof;
  const opened = openPack(pack.header, keys);
  const leaves: Buffer[] = [];
  for (let at = range.first; at < range.end; at += PIECE_BYTES) {
    signal.throwIfAborted();
    const bytes = await piece(proof, at, Math.min(at + PIECE_BYTES, range.end));
    if (bytes === null)
      return { kind: 'unread', reason: 'What came differs from what the target says it sent.' };
    if (!isWhole(opened, pack, bytes, at)) return { kind: 'damaged' };
    leaves.push(leavesOf(bytes));
    noteGarbage(2 * bytes.length);
  }
  const isAll = range.first === 0 && range.end === pack.size;
  if (isAll && !treeHashOfLeaves(Buffer.concat(leaves)).equals(pack.treeHash)) return { kind: 'damaged' };
  return { kind: 'proven' };
}

/** Null when it was altered on its way, again and again. */
async function piece(
  { target, jobId, range, signal }: RangeToProve,
  first: number,
  end: number,
): Promise<Buffer | null> {
  for (let tries = 0; tries < TRIES; tries++) {
    const read = await target.readRetrieved(jobId, first - range.first, end - range.first, signal);
    if (read.treeHash === null || read.treeHash.equals(treeHash(read.bytes))) return read.bytes;
  }
  return null;
}

/** Opening a segment proves all of it but the header in front of the first, which the catalog has too. */
function isWhole(
  opened: OpenPack,
  { header, size }: RangeToProve['pack'],
  bytes: Buffer,
  first: number,
): boolean {
  if (first === 0 && !bytes.subarray(0, HEADER_BYTES).equals(header)) return false;
  try {
    for (let at = 0; at < bytes.length; at += SEGMENT_BYTES) {
      const n = (first + at) / SEGMENT_BYTES;
      opened.openSegment(n, first + at + SEGMENT_BYTES >= size, bytes.subarray(at, at + SEGMENT_BYTES));
    }
    return true;
  } catch (error) {
    if (error instanceof EngineError && error.kind === 'corrupt') return false;
    throw error;
  }
}
