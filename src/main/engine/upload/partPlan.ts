/**
 * Part plan: how an archive is cut into the parts of a multipart upload.
 *
 * All parts have one size, 1 MiB times a power of two up to 4 GiB, but for the last, which may be shorter; there are
 * at most 10,000. The limits are the vault's; a folder keeps to them so that one plan serves every target.
 */
import { isPartSize, LEAF_BYTES } from './treeHash.ts';

export const MAX_PARTS = 10_000;
const MAX_PART_BYTES = 4096 * LEAF_BYTES;

export interface PlannedPart {
  readonly offset: number;
  readonly length: number;
}

/** Smallest part size that cuts `size` bytes into at most 10,000 parts. @throws RangeError beyond 40,000 GiB */
export function smallestPartBytes(size: number): number {
  let partBytes = LEAF_BYTES;
  while (partBytes * MAX_PARTS < size) partBytes *= 2;
  if (partBytes > MAX_PART_BYTES) throw new RangeError(`${size} bytes do not fit into one archive`);
  return partBytes;
}

/** `preferred`, or more where an archive of `size` bytes needs more. */
export function partBytesFor(size: number, preferred: number): number {
  return Math.max(preferred, smallestPartBytes(size));
}

/**
 * The parts in order, without gaps.
 * @throws RangeError for an empty archive (no service takes one), a size that is no part size, or too many parts
 */
export function planParts(size: number, partBytes: number): PlannedPart[] {
  if (!isPartSize(partBytes)) throw new RangeError(`${partBytes} is no part size`);
  if (!Number.isSafeInteger(size) || size < 1) throw new RangeError(`an archive cannot have ${size} bytes`);
  if (size > partBytes * MAX_PARTS) throw new RangeError(`${size} bytes need more than ${MAX_PARTS} parts`);
  const parts: PlannedPart[] = [];
  for (let offset = 0; offset < size; offset += partBytes) {
    parts.push({ offset, length: Math.min(partBytes, size - offset) });
  }
  return parts;
}
