/**
 * Takes one pack apart: opens the segments that are needed, decodes each frame once, checks every chunk against its id,
 * and hands it to where it belongs. A damaged MiB costs only the files that have a chunk in a frame touching it.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Catalog } from '../catalog/catalog.ts';
import { chunkPlaces, type ChunkPlace } from '../catalog/chunks.ts';
import { type PreparedKey, prepareKey } from '../crypto.ts';
import { RunBuilder } from '../entry.ts';
import { EngineError } from '../failure.ts';
import type { KeySet } from '../keys/masterKey.ts';
import { isCodec } from '../pack/codec.ts';
import { decodeFrame, isChunk, openPack } from '../pack/packReader.ts';
import { BodyReader, type SegmentSource } from './bodyReader.ts';
import type { PackNeed } from './orderPlan.ts';
import type { Placement } from './placements.ts';

/** Takes pieces of files as they come, in no particular order. */
export interface PieceSink {
  /** `bytes` are the sink's only during the call. Rejects only with failures that end the order. */
  put(file: number, offset: number, bytes: Buffer): Promise<void>;
  /** A piece of the file cannot be had. */
  fail(file: number, reason: EngineError): void;
}

/** Chunks looked up in the catalog together. */
const BATCH_CHUNKS = 2000;

export interface ExtractOptions {
  readonly catalog: Catalog;
  /** Of the pack's key epoch. */
  readonly keys: KeySet;
  readonly need: PackNeed;
  readonly source: SegmentSource;
  readonly sink: PieceSink;
  readonly signal: AbortSignal;
}

export async function extractPack({
  catalog,
  keys,
  need,
  source,
  sink,
  signal,
}: ExtractOptions): Promise<void> {
  const opened = openPack(need.pack.header, keys);
  const body = new BodyReader(source, opened, need.segments, need.needed);
  const idKey = prepareKey(keys.id);
  for (const batch of need.placements.batches(BATCH_CHUNKS)) {
    const frames = await framesOf(catalog, batch);
    for (const frame of frames) {
      signal.throwIfAborted();
      await extractFrame(frame, body, idKey, sink);
      await nextTurn();
    }
  }
}

interface WantedFrame {
  readonly place: ChunkPlace;
  readonly chunks: readonly { readonly place: ChunkPlace; readonly uses: readonly Placement[] }[];
}

/** The frames that hold the batch's chunks, in the order in which they lie in the pack. */
async function framesOf(catalog: Catalog, batch: readonly Placement[]): Promise<readonly WantedFrame[]> {
  const uses = new Map<number, Placement[]>();
  for (const placement of batch) {
    const known = uses.get(placement.chunk);
    if (known === undefined) uses.set(placement.chunk, [placement]);
    else known.push(placement);
  }
  const runs = new RunBuilder();
  for (const chunk of uses.keys()) runs.add(chunk);
  const frames = new Map<
    number,
    { place: ChunkPlace; chunks: { place: ChunkPlace; uses: readonly Placement[] }[] }
  >();
  for await (const places of chunkPlaces(catalog, runs.runs())) {
    for (const place of places) {
      const chunk = { place, uses: uses.get(place.chunk) ?? [] };
      const frame = frames.get(place.frame.key);
      if (frame === undefined) frames.set(place.frame.key, { place, chunks: [chunk] });
      else frame.chunks.push(chunk);
    }
  }
  return [...frames.values()].sort((a, b) => a.place.frame.start - b.place.frame.start);
}

async function extractFrame(
  frame: WantedFrame,
  body: BodyReader,
  idKey: PreparedKey,
  sink: PieceSink,
): Promise<void> {
  const raw = await decoded(frame, body);
  for (const { place, uses } of frame.chunks) {
    const bytes = raw instanceof EngineError ? raw : checked(raw, place, idKey);
    for (const { file, offset } of uses) {
      if (bytes instanceof EngineError) sink.fail(file, bytes);
      else await sink.put(file, offset, bytes);
    }
  }
}

/** The frame's raw bytes, or why they cannot be had: a matter of its files, not of the order. */
async function decoded({ place }: WantedFrame, body: BodyReader): Promise<Buffer | EngineError> {
  const { start, stored, raw, codec } = place.frame;
  if (!isCodec(codec)) throw new RangeError(`codec ${codec} in the catalog`);
  try {
    const bytes = await body.read(start, start + stored);
    return decodeFrame({ storedBytes: stored, rawBytes: raw, codec }, bytes, 'A piece of an archive');
  } catch (error) {
    // An archive that is gone costs its files, like one that is damaged; every other failure is the target's.
    if (error instanceof EngineError && (error.kind === 'corrupt' || error.kind === 'not-found'))
      return error;
    throw error;
  }
}

function checked(raw: Buffer, place: ChunkPlace, idKey: PreparedKey): Buffer | EngineError {
  const bytes = raw.subarray(place.offset, place.offset + place.length);
  if (bytes.length === place.length && isChunk(idKey, place.id, bytes)) return bytes;
  return new EngineError(
    'corrupt',
    'A piece of this file is damaged in its archive.',
    'Restore it from another snapshot.',
  );
}
