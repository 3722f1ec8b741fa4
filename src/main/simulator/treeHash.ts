/**
 * SHA-256 tree hash and the two alignment rules built on it.
 *
 * A leaf is the SHA-256 of 1 MiB, the last one possibly of less. Neighbours are hashed in pairs, level by level;
 * a node without a neighbour moves up unchanged. A range of bytes is *megabyte-aligned* if it cuts no leaf, and
 * *tree-hash-aligned* if it is also exactly what one node of the tree covers: only then does the service state a
 * hash for it, because only then can a client fit that hash into the hash of the whole archive.
 */
import { hash } from 'node:crypto';

/** Bytes under one leaf. */
export const LEAF_BYTES = 1024 * 1024;

/** Bytes of one digest. */
export const DIGEST_BYTES = 32;

/** An inclusive range of bytes. */
export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

/** The root over leaves, or over the roots of parts of one power-of-two size, in order. */
export function combine(nodes: readonly Buffer[]): Buffer {
  let level = nodes;
  while (level.length > 1) level = pairUp(level);
  const [root] = level;
  if (root === undefined) throw new RangeError('no nodes to combine');
  return root;
}

function pairUp(level: readonly Buffer[]): Buffer[] {
  const above: Buffer[] = [];
  for (let i = 0; i < level.length; i += 2) {
    const [left, right] = level.slice(i, i + 2) as [Buffer, Buffer?];
    above.push(right ? hash('sha256', Buffer.concat([left, right]), 'buffer') : left);
  }
  return above;
}

/** Leaves in an archive of `bytes` bytes. */
export function leafCount(bytes: number): number {
  return Math.max(1, Math.ceil(bytes / LEAF_BYTES));
}

/** Whether the range lies in `size` bytes and cuts no leaf. Required of a retrieval range. */
export function isMegabyteAligned({ first, last }: ByteRange, size: number): boolean {
  if (first < 0 || first > last || last >= size) return false;
  return first % LEAF_BYTES === 0 && ((last + 1) % LEAF_BYTES === 0 || last === size - 1);
}

/** Whether the range is what one node of the tree over `size` bytes covers. */
export function isTreeHashAligned(range: ByteRange, size: number): boolean {
  if (!isMegabyteAligned(range, size)) return false;
  const leaves = leafCount(size);
  const from = range.first / LEAF_BYTES;
  const to = Math.ceil((range.last + 1) / LEAF_BYTES);
  for (let width = 1; from % width === 0; width *= 2) {
    if (Math.min(from + width, leaves) === to) return true;
    if (from + width >= leaves) return false;
  }
  return false;
}
