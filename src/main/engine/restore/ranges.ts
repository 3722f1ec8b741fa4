/**
 * Which ranges of an archive to retrieve, so that the MiB that are needed come back for the least money.
 *
 * A range is a node of the archive's hash tree (glacier-api.md §8.3): then the service sends the tree hash of what it
 * returns and every byte is checked before it is used. For each node there are two ways: one retrieval of all of it,
 * or the best of its two halves. The cheaper wins, from the leaves up, which finds the cheapest cover by nodes there is.
 * Neighbouring needs merge exactly where one retrieval over the gap costs less than two.
 */
import { SEGMENT_BYTES } from '../pack/segment.ts';
import type { ByteRange } from '../target/target.ts';

export interface SegmentRange {
  /** First segment (MiB) and the one after the last. */
  readonly first: number;
  readonly end: number;
}

/** Prices in any one unit; only their relation counts. */
export interface RetrievalPrice {
  readonly perRequest: number;
  readonly perSegment: number;
}

/**
 * @param needed disjoint, ascending
 * @param segments how many the archive has
 * @returns tree-hash-aligned ranges, disjoint, ascending, that cover all that is needed
 */
export function planRanges(
  needed: readonly SegmentRange[],
  segments: number,
  price: RetrievalPrice,
): readonly SegmentRange[] {
  return cheapest({ first: 0, end: segments }, needed, price).ranges;
}

interface Cover {
  readonly ranges: readonly SegmentRange[];
  readonly cost: number;
}

function cheapest(node: SegmentRange, needed: readonly SegmentRange[], price: RetrievalPrice): Cover {
  const inside = needed.filter((range) => range.first < node.end && range.end > node.first);
  if (inside.length === 0) return { ranges: [], cost: 0 };
  const whole = { ranges: [node], cost: price.perRequest + price.perSegment * (node.end - node.first) };
  const [only] = inside;
  const isAllNeeded =
    inside.length === 1 && only !== undefined && only.first <= node.first && only.end >= node.end;
  if (isAllNeeded || node.end - node.first === 1) return whole;
  const middle = node.first + largestPowerBelow(node.end - node.first);
  const left = cheapest({ first: node.first, end: middle }, inside, price);
  const right = cheapest({ first: middle, end: node.end }, inside, price);
  const split = { ranges: [...left.ranges, ...right.ranges], cost: left.cost + right.cost };
  return split.cost < whole.cost ? split : whole;
}

/** Largest power of two smaller than `n` (n > 1): where a hash tree of `n` leaves splits. */
function largestPowerBelow(n: number): number {
  return 2 ** (31 - Math.clz32(n - 1));
}

/** @param range in bytes, whole MiB; null: the whole archive */
export function segmentsOf(range: ByteRange | null, { size }: { readonly size: number }): SegmentRange {
  const { first, end } = range ?? { first: 0, end: size };
  return { first: first / SEGMENT_BYTES, end: end / SEGMENT_BYTES };
}

export function bytesOf({ first, end }: SegmentRange): ByteRange {
  return { first: first * SEGMENT_BYTES, end: end * SEGMENT_BYTES };
}

/** What of `ranges` is in none of `others`; both disjoint and ascending. */
export function withoutRanges(
  ranges: readonly SegmentRange[],
  others: readonly SegmentRange[],
): readonly SegmentRange[] {
  return ranges.flatMap(({ first, end }) => {
    const left: SegmentRange[] = [];
    let at = first;
    for (const other of others) {
      if (other.end <= at || other.first >= end) continue;
      if (other.first > at) left.push({ first: at, end: other.first });
      at = Math.min(end, other.end);
    }
    if (at < end) left.push({ first: at, end });
    return left;
  });
}

/** Sorts ranges and joins those that touch or overlap. */
export function mergeRanges(ranges: readonly SegmentRange[]): SegmentRange[] {
  const merged: SegmentRange[] = [];
  for (const range of ranges.toSorted((a, b) => a.first - b.first)) {
    const last = merged.at(-1);
    if (last !== undefined && range.first <= last.end) {
      merged[merged.length - 1] = { first: last.first, end: Math.max(last.end, range.end) };
    } else merged.push(range);
  }
  return merged;
}
