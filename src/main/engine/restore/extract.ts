/**
 * Takes one pack apart: which frames hold what is wanted, in stretches that are read and given to the threads that
 * write. A damaged MiB costs only the files that have a chunk in a frame touching it.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Catalog } from '../catalog/catalog.ts';
import { EngineError } from '../failure.ts';
import { noteGarbage } from '../garbage.ts';
import type { KeySet } from '../keys/masterKey.ts';
import { openPack } from '../pack/packReader.ts';
import { SEGMENT_BYTES } from '../pack/segment.ts';
import type { FileSink } from './fileSink.ts';
import type { PackNeed } from './orderPlan.ts';
import { framesOf, type Stretch, stretchesOf } from './stretches.ts';
import type { WritingPool } from './writing/writingPool.ts';

/** Where stored segments of one pack can be read: kept here from a retrieval, or at a target that answers at once. */
export interface SegmentSource {
  /** Bytes of the segments `first` to `end`, exclusive; rejects `corrupt` when fewer are there. */
  read(first: number, end: number): Promise<Buffer>;
}

export interface ExtractOptions {
  readonly catalog: Catalog;
  /** Of the pack's key epoch. */
  readonly keys: KeySet;
  readonly need: PackNeed;
  readonly source: SegmentSource;
  readonly sink: FileSink;
  readonly pool: WritingPool;
  readonly signal: AbortSignal;
}

/** Chunks looked up in the catalog together. */
const BATCH_CHUNKS = 2000;

/**
 * Resolves when every piece of the pack is written or its file has failed.
 * @throws EngineError `corrupt` when the pack's header does not open; what ends the order
 */
export async function extractPack(options: ExtractOptions): Promise<void> {
  const { catalog, keys, need, sink, pool, signal } = options;
  openPack(need.pack.header, keys); // before anything is read for it
  for (const batch of need.placements.batches(BATCH_CHUNKS)) {
    for (const stretch of stretchesOf(await framesOf(catalog, batch))) {
      signal.throwIfAborted();
      await extractStretch(options, stretch);
      await sink.settle();
      await nextTurn();
    }
  }
  await pool.idle();
  await sink.settle();
}

async function extractStretch(
  { keys, need, source, sink, pool }: ExtractOptions,
  stretch: Stretch,
): Promise<void> {
  const wanted = await sink.prepare(stretch.frames);
  if (wanted === null) return;
  const stored = await storedSegments(source, stretch);
  if (stored instanceof EngineError) {
    sink.refuse(wanted, stored);
    return;
  }
  const pack = { header: need.pack.header, segments: need.segments, keys };
  await pool.write({ pack, first: stretch.first, stored, ...wanted });
}

/**
 * The bytes in a buffer that can be handed over. Of an archive that is shorter than it should be, or that cannot be read
 * somewhere, the rest; of one that is gone, the reason: that costs its files, every other failure is the target's.
 */
async function storedSegments(
  source: SegmentSource,
  { first, end }: Stretch,
): Promise<Uint8Array<ArrayBuffer> | EngineError> {
  noteGarbage((end - first) * SEGMENT_BYTES);
  try {
    return wholeBuffer(await source.read(first, end));
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    if (error.kind === 'not-found') return error;
    if (error.kind !== 'corrupt') throw error;
    return end - first > 1 ? segmentBySegment(source, first, end) : error;
  }
}

/** With zeros in the place of a segment that cannot be read: it will not open. */
async function segmentBySegment(
  source: SegmentSource,
  first: number,
  end: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const stored = new Uint8Array((end - first) * SEGMENT_BYTES);
  for (let n = first; n < end; n++) {
    const one = await storedSegments(source, { first: n, end: n + 1, frames: [] });
    if (!(one instanceof EngineError)) stored.set(one, (n - first) * SEGMENT_BYTES);
  }
  return stored;
}

function wholeBuffer(bytes: Buffer): Uint8Array<ArrayBuffer> {
  const { buffer } = bytes;
  if (buffer instanceof ArrayBuffer && buffer.byteLength === bytes.length) return new Uint8Array(buffer);
  return Uint8Array.from(bytes);
}
