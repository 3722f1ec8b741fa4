/** Positioned reads and writes of whole stretches of a file, and the hashes of what is there. */
import { open, type FileHandle } from 'node:fs/promises';
import { DIGEST_BYTES, LEAF_BYTES, leafHash, treeHashOfLeaves } from '../upload/treeHash.ts';

/** Opens a file for as long as `act` takes. */
export async function withFile<T>(
  path: string,
  flags: 'r' | 'r+',
  act: (file: FileHandle) => Promise<T>,
): Promise<T> {
  const file = await open(path, flags);
  try {
    return await act(file);
  } finally {
    await file.close();
  }
}

/** Reads until `into` is full or the file ends; returns how many bytes. */
export async function readFully(file: FileHandle, into: Buffer, position: number): Promise<number> {
  let filled = 0;
  while (filled < into.length) {
    const { bytesRead } = await file.read(into, filled, into.length - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return filled;
}

/** Writes all of `bytes`, in steps of a few MiB so that an abort is seen soon. */
export async function writeFully(
  file: FileHandle,
  bytes: Buffer,
  position: number,
  signal?: AbortSignal,
): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    signal?.throwIfAborted();
    const step = Math.min(4 * LEAF_BYTES, bytes.length - at);
    at += (await file.write(bytes, at, step, position + at)).bytesWritten;
  }
}

interface HashedRange {
  /** Tree hash of the bytes that are there; undefined when none are. */
  readonly root: Buffer | undefined;
  readonly length: number;
  /** Nothing but zeros: as good as never written, since no sealed part looks like that. */
  readonly isHole: boolean;
}

const zeros = Buffer.alloc(LEAF_BYTES);

/** Hashes what a file holds of `first` to `end`, one MiB at a time. */
export async function hashRange(
  file: FileHandle,
  first: number,
  end: number,
  signal?: AbortSignal,
): Promise<HashedRange> {
  const buffer = Buffer.allocUnsafe(LEAF_BYTES);
  const leaves = Buffer.allocUnsafe(Math.ceil((end - first) / LEAF_BYTES) * DIGEST_BYTES);
  let length = 0;
  let filled = 0;
  let isHole = true;
  while (first + length < end) {
    signal?.throwIfAborted();
    const wanted = buffer.subarray(0, Math.min(LEAF_BYTES, end - first - length));
    const leaf = wanted.subarray(0, await readFully(file, wanted, first + length));
    if (leaf.length === 0) break;
    filled += leafHash(leaf).copy(leaves, filled);
    length += leaf.length;
    isHole &&= leaf.equals(zeros.subarray(0, leaf.length));
    if (leaf.length < wanted.length) break;
  }
  return { root: filled === 0 ? undefined : treeHashOfLeaves(leaves.subarray(0, filled)), length, isHole };
}
