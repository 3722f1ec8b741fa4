/**
 * A part of a staged pack, read from disk and checked on the way out: each MiB is hashed as it is read and compared
 * with the leaf that was worked out when the pack was written, so bytes that turned in staging are never sent.
 */
import type { FileHandle } from 'node:fs/promises';
import { sha256, startSha256 } from '../crypto.ts';
import { EngineError, errorCode } from '../failure.ts';
import { readFully } from '../target/fileBytes.ts';
import type { Part } from '../target/target.ts';
import type { PlannedPart } from './partPlan.ts';
import { LEAF_BYTES, leavesIn, treeHashOfLeaves } from './treeHash.ts';

/**
 * Reads `part` into the beginning of `buffer` and returns it with its hashes; `leaves` are those of the whole pack.
 * The linear SHA-256 is worked out in the same pass, while each MiB is in the cache, and only if wanted.
 * @throws EngineError `corrupt` when the file is shorter than the plan or a MiB is not what was written
 */
export async function readStagedPart(
  file: FileHandle,
  part: PlannedPart,
  leaves: Buffer,
  buffer: Buffer,
  wantsSha256: boolean,
): Promise<Part> {
  const { offset, length } = part;
  const bytes = buffer.subarray(0, length);
  const expected = leavesIn(leaves, offset, offset + length);
  const linear = wantsSha256 ? startSha256() : null;
  for (let at = 0; at < length; at += LEAF_BYTES) {
    const piece = bytes.subarray(at, at + LEAF_BYTES);
    const read = await readFully(file, piece, offset + at).catch(unreadable);
    const leaf = expected.subarray((at / LEAF_BYTES) * 32, (at / LEAF_BYTES) * 32 + 32);
    if (read < piece.length || !sha256(piece).equals(leaf)) throw damaged();
    linear?.update(piece);
  }
  return { offset, bytes, treeHash: treeHashOfLeaves(expected), sha256: linear?.digest() ?? null };
}

function unreadable(error: unknown): never {
  throw errorCode(error) === undefined ? error : damaged(error);
}

/** The staged copy cannot be used any more; the data it was made from is still there. */
export function damaged(cause?: unknown): EngineError {
  return new EngineError(
    'corrupt',
    'A sealed pack waiting to be sent is not what was written to disk.',
    'Run the backup again: the pack is made anew. If it happens again, check this computer’s disk and memory.',
    { safe: 'Nothing of the damaged part was sent, and nothing half-sent counts as stored.', cause },
  );
}
