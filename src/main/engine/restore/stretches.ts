/** Which frames of a pack hold what is wanted, and which of them are read together. */
import type { Catalog } from '../catalog/catalog.ts';
import { chunkPlaces, type ChunkPlace } from '../catalog/chunks.ts';
import { RunBuilder } from '../entry.ts';
import { segmentsOfBody } from '../pack/segment.ts';
import type { Placement } from './placements.ts';

export interface WantedFrame {
  readonly place: ChunkPlace;
  readonly chunks: readonly { readonly place: ChunkPlace; readonly uses: readonly Placement[] }[];
}

/** Frames that lie side by side, and the segments they lie in. */
export interface Stretch {
  readonly first: number;
  readonly end: number;
  readonly frames: readonly WantedFrame[];
}

/** Bounds what a thread holds at a time: segments as they are stored, and what they come to. */
const STRETCH_SEGMENTS = 4;
const STRETCH_RAW_BYTES = 12 * 1024 * 1024;

/** The frames that hold the batch's chunks, in the order in which they lie in the pack. */
export async function framesOf(
  catalog: Catalog,
  batch: readonly Placement[],
): Promise<readonly WantedFrame[]> {
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

/** Joins frames, in their order, as long as no segment between them is unwanted and a thread can hold them. */
export function* stretchesOf(frames: readonly WantedFrame[]): Generator<Stretch> {
  let stretch: { first: number; end: number; frames: WantedFrame[] } | null = null;
  let raw = 0;
  for (const wanted of frames) {
    const { frame } = wanted.place;
    const { first, end } = segmentsOfBody(frame.start, frame.start + frame.stored);
    const isNext =
      stretch !== null &&
      first <= stretch.end &&
      end - stretch.first <= STRETCH_SEGMENTS &&
      raw + frame.raw <= STRETCH_RAW_BYTES;
    if (stretch !== null && isNext) {
      stretch.frames.push(wanted);
      stretch.end = Math.max(stretch.end, end);
      raw += frame.raw;
      continue;
    }
    if (stretch !== null) yield stretch;
    stretch = { first, end, frames: [wanted] };
    raw = frame.raw;
  }
  if (stretch !== null) yield stretch;
}
