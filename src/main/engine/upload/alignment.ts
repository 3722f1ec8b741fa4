/**
 * Alignment: which byte ranges of an archive a vault retrieves, and for which of them it sends a hash of its own.
 *
 * A range is MiB-aligned when it begins on a MiB and ends on one or at the archive's end; only such ranges can be
 * retrieved. It is tree-hash-aligned when it is also a node of the archive's tree: with P and Q its borders in MiB
 * (Q rounded up) and N the archive's size in MiB (rounded up), there is a power of two 2^i that divides P with
 * Q = min(P + 2^i, N). For other ranges no single hash exists, so the service sends none.
 */
import type { ByteRange } from '../target/target.ts';
import { LEAF_BYTES } from './treeHash.ts';

/** Whether `range` can be retrieved from an archive of `size` bytes. */
export function isMibAligned(range: ByteRange, size: number): boolean {
  const { first, end } = range;
  const inside = first >= 0 && first < end && end <= size;
  return inside && first % LEAF_BYTES === 0 && (end % LEAF_BYTES === 0 || end === size);
}

/** Whether `range` is a node of the tree of an archive of `size` bytes: then a vault can vouch for it with one hash. */
export function isTreeHashAligned(range: ByteRange, size: number): boolean {
  if (!isMibAligned(range, size)) return false;
  const from = range.first / LEAF_BYTES;
  const to = Math.ceil(range.end / LEAF_BYTES);
  const leaves = Math.ceil(size / LEAF_BYTES);
  for (let width = 1; ; width *= 2) {
    if (from % width !== 0) return false;
    if (to === Math.min(from + width, leaves)) return true;
    if (from + width >= leaves) return false;
  }
}
