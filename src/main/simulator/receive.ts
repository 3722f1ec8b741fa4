/**
 * Takes in a body in one pass: cut into leaves, hashed twice (linear and per leaf) and handed on. At most `SLOTS`
 * buffers of a leaf each exist per body, so memory does not grow with the body, and a write may still run while
 * the next leaf fills.
 */
import { createHash, hash } from 'node:crypto';
import { LEAF_BYTES } from './treeHash.ts';

const SLOTS = 3;

export interface Received {
  readonly bytes: number;
  /** Lower-case hex SHA-256 of the whole body. */
  readonly sha256: string;
  /** One digest per MiB begun; the digest of nothing for an empty body. */
  readonly leaves: readonly Buffer[];
}

/** Takes one leaf's bytes, which stay valid until the promise settles, and their offset in the body. */
type Sink = (piece: Buffer, offset: number) => Promise<void>;

interface Slot {
  readonly buffer: Buffer;
  busy: Promise<unknown>;
}

/**
 * Reads `source` to its end. Rejects with the failure of `source` or `sink`, after all writes have settled.
 * A body is at most `expectedBytes` long, if that is less than a leaf: small bodies get small buffers.
 */
export async function receive(
  source: AsyncIterable<Buffer>,
  sink: Sink | null,
  expectedBytes = LEAF_BYTES,
): Promise<Received> {
  const bufferBytes = Math.max(1, Math.min(LEAF_BYTES, expectedBytes));
  const linear = createHash('sha256');
  const leaves: Buffer[] = [];
  const slots: Slot[] = [];
  let bytes = 0;
  let filled = 0;

  const slotNow = async (): Promise<Slot> => {
    const index = leaves.length % SLOTS;
    const slot = (slots[index] ??= { buffer: Buffer.allocUnsafeSlow(bufferBytes), busy: Promise.resolve() });
    if (filled === 0) await slot.busy;
    return slot;
  };
  const finishLeaf = (slot: Slot): void => {
    const piece = slot.buffer.subarray(0, filled);
    linear.update(piece);
    leaves.push(hash('sha256', piece, 'buffer'));
    if (sink !== null) {
      slot.busy = sink(piece, bytes);
      slot.busy.catch(() => undefined); // awaited when the slot is used again or at the end
    }
    bytes += filled;
    filled = 0;
  };

  try {
    for await (const chunk of source) {
      for (let at = 0; at < chunk.length;) {
        const slot = await slotNow();
        const copied = chunk.copy(slot.buffer, filled, at);
        if (copied === 0) throw new RangeError('the body is longer than expected');
        at += copied;
        filled += copied;
        if (filled === LEAF_BYTES) finishLeaf(slot);
      }
    }
    if (filled > 0) finishLeaf(await slotNow());
    await Promise.all(slots.map((slot) => slot.busy));
  } finally {
    await Promise.allSettled(slots.map((slot) => slot.busy));
  }
  if (leaves.length === 0) leaves.push(hash('sha256', '', 'buffer'));
  return { bytes, sha256: linear.digest('hex'), leaves };
}
