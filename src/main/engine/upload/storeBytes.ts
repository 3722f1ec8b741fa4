import type { ArchiveId, Target } from '../target/target.ts';
import { LEAF_BYTES, leafHash, treeHash } from './treeHash.ts';

/**
 * Stores a few bytes (at most 1 MiB) as an archive of their own, in one part. Called again after a lost answer it may
 * store them twice; that is for small things of which a second copy does no harm.
 */
export async function storeBytes(
  target: Target,
  bytes: Buffer,
  description: string,
  signal: AbortSignal,
): Promise<ArchiveId> {
  if (bytes.length === 0 || bytes.length > LEAF_BYTES) throw new RangeError('1 byte to 1 MiB');
  const uploadId = await target.beginUpload(description, LEAF_BYTES, signal);
  const hash = treeHash(bytes);
  const sha256 = target.traits.wantsSha256 ? leafHash(bytes) : null;
  await target.sendPart(uploadId, { offset: 0, bytes, treeHash: hash, sha256 }, signal);
  return target.finishUpload(uploadId, bytes.length, hash, signal);
}
