/**
 * Tree hash: the SHA-256 Merkle root by which a vault checks an archive and each part of it.
 *
 * A leaf is the SHA-256 of 1 MiB of data; the last leaf may cover less. Neighbours are hashed in pairs, level by
 * level, and a node left without a neighbour moves up unchanged. Part sizes are 1 MiB times a power of two, so the
 * root of each part is a node of its archive's tree: the roots of the parts, in order, combine to the root of the
 * archive. We keep the leaves of a pack (32 bytes per MiB); every other hash of it follows from them without reading it again.
 */
import { sha256, startSha256 } from '../crypto.ts';

/** Data under one leaf, in bytes. Fixed by the vault protocol. */
export const LEAF_BYTES = 1024 * 1024;

/** Length of a SHA-256 digest, in bytes. */
export const DIGEST_BYTES = 32;

/** Tree hash of bytes at hand: 32 bytes. No bytes give the SHA-256 of nothing. */
export function treeHash(bytes: Buffer): Buffer {
  return treeHashOfLeaves(leavesOf(bytes));
}

/** Leaves of bytes at hand, back to back; `bytes` must begin at a leaf's border of its archive. */
export function leavesOf(bytes: Buffer): Buffer {
  const leaves: Buffer[] = [];
  for (let at = 0; at < bytes.length || at === 0; at += LEAF_BYTES) {
    leaves.push(leafHash(bytes.subarray(at, at + LEAF_BYTES)));
  }
  return Buffer.concat(leaves);
}

/** SHA-256 of at most 1 MiB. */
export function leafHash(bytes: Buffer): Buffer {
  return sha256(bytes);
}

/**
 * Combines nodes of equal height in archive order, back to back: leaves, or the roots of parts of one power-of-two
 * size. Only the last node may cover less than the others.
 * @throws RangeError if there are no nodes or `nodes` is not a multiple of 32 bytes
 */
export function treeHashOfLeaves(nodes: Buffer): Buffer {
  if (nodes.length === 0 || nodes.length % DIGEST_BYTES !== 0) {
    throw new RangeError(`${nodes.length} bytes are not a row of nodes`);
  }
  const level = Buffer.from(nodes);
  let width = level.length;
  while (width > DIGEST_BYTES) width = pairUp(level, width);
  return level.subarray(0, DIGEST_BYTES);
}

/** Writes the level above the first `width` bytes of `level` over its beginning; returns how long that is. */
function pairUp(level: Buffer, width: number): number {
  let filled = 0;
  for (let at = 0; at < width; at += 2 * DIGEST_BYTES) {
    const pair = level.subarray(at, Math.min(at + 2 * DIGEST_BYTES, width));
    (pair.length > DIGEST_BYTES ? leafHash(pair) : pair).copy(level, filled);
    filled += DIGEST_BYTES;
  }
  return filled;
}

/** Leaves that cover `first` to `end` (bytes, exclusive); `first` must be a multiple of 1 MiB. */
export function leavesIn(leaves: Buffer, first: number, end: number): Buffer {
  if (first % LEAF_BYTES !== 0) throw new RangeError(`${first} is not a leaf's border`);
  const wanted = leaves.subarray(
    (first / LEAF_BYTES) * DIGEST_BYTES,
    Math.ceil(end / LEAF_BYTES) * DIGEST_BYTES,
  );
  if (wanted.length !== Math.ceil((end - first) / LEAF_BYTES) * DIGEST_BYTES) {
    throw new RangeError(`bytes ${first} to ${end} lie outside the leaves`);
  }
  return wanted;
}

/** Tree hash of each part of `partBytes` in order, back to back; `partBytes` is a power of two times 1 MiB. */
export function partRoots(leaves: Buffer, partBytes: number): Buffer {
  if (!isPartSize(partBytes)) throw new RangeError(`${partBytes} is no part size`);
  const step = (partBytes / LEAF_BYTES) * DIGEST_BYTES;
  const roots: Buffer[] = [];
  for (let at = 0; at < leaves.length; at += step)
    roots.push(treeHashOfLeaves(leaves.subarray(at, at + step)));
  return Buffer.concat(roots);
}

/** Whether parts of `bytes` combine to the archive's tree: a power of two times 1 MiB, from 1 MiB to 4 GiB. */
export function isPartSize(bytes: number): boolean {
  const leaves = bytes / LEAF_BYTES;
  return Number.isInteger(leaves) && leaves >= 1 && leaves <= 4096 && (leaves & (leaves - 1)) === 0;
}

/**
 * Collects the leaves of bytes that arrive in pieces of any length. Holds 32 bytes per MiB seen, none of the data.
 */
export class LeafHasher {
  readonly #done: Buffer[] = [];
  #leaf = startSha256();
  #filled = 0;

  update(piece: Buffer): void {
    for (let at = 0; at < piece.length;) {
      const taken = piece.subarray(at, at + LEAF_BYTES - this.#filled);
      this.#leaf.update(taken);
      this.#filled += taken.length;
      at += taken.length;
      if (this.#filled === LEAF_BYTES) this.#closeLeaf();
    }
  }

  /** All leaves, back to back. Ends the last one: call it once, after the last piece. */
  leaves(): Buffer {
    if (this.#filled > 0 || this.#done.length === 0) this.#closeLeaf();
    return Buffer.concat(this.#done);
  }

  #closeLeaf(): void {
    this.#done.push(this.#leaf.digest());
    this.#leaf = startSha256();
    this.#filled = 0;
  }
}
