/**
 * Which bytes a check reads back. Pure, but for the dice it is given.
 *
 * A share of all bytes is read in one range per archive, archives that were never proven or not for the longest time
 * first; where one range each is not enough, further ones follow. A range is a node of the archive's hash tree, so that a
 * vault vouches for it with one hash, and lies anywhere in the archive: who wants to hide damage cannot know where not to.
 */

export interface SampleArchive<Id> {
  readonly id: Id;
  /** MiB it has, rounded up. */
  readonly segments: number;
  /** When bytes of it were last read back and found whole; null for never. */
  readonly provenAt: number | null;
}

/** Segments `first` to `end`, exclusive, of one archive. */
export interface SampleRange<Id> {
  readonly id: Id;
  readonly first: number;
  readonly end: number;
}

/** Prices in US dollars. */
export interface SamplePrice {
  readonly perRequest: number;
  readonly perSegment: number;
}

/** Gives a number from 0 up to, not including, `below`. */
export type Dice = (below: number) => number;

/**
 * Ranges that are `percent` of all segments together, rounded up, as far as `maxUsd` goes.
 * Disjoint, in the order in which they should be read.
 */
export function planSample<Id>(
  archives: readonly SampleArchive<Id>[],
  percent: number,
  { price, maxUsd, dice }: { readonly price: SamplePrice; readonly maxUsd: number; readonly dice: Dice },
): readonly SampleRange<Id>[] {
  const total = archives.reduce((sum, { segments }) => sum + segments, 0);
  const ordered = archives.toSorted((a, b) => (a.provenAt ?? -Infinity) - (b.provenAt ?? -Infinity));
  const wanted = Math.min(total, Math.ceil((total * percent) / 100));
  let best: readonly SampleRange<Id>[] = [];
  // More segments never cost less: the most that can be paid for is found by halving.
  for (let low = 1, high = wanted; low <= high;) {
    const middle = low === 1 && high === wanted ? wanted : Math.floor((low + high) / 2);
    const ranges = choose(ordered, middle, percent, dice);
    if (costOf(ranges, price) <= maxUsd) {
      best = ranges;
      low = middle + 1;
    } else high = middle - 1;
  }
  return best;
}

function costOf(ranges: readonly SampleRange<unknown>[], price: SamplePrice): number {
  return ranges.reduce((sum, { first, end }) => sum + price.perRequest + (end - first) * price.perSegment, 0);
}

interface Node {
  readonly first: number;
  readonly end: number;
}

/** Ranges of exactly `wanted` segments together; there must be as many. */
function choose<Id>(
  archives: readonly SampleArchive<Id>[],
  wanted: number,
  percent: number,
  dice: Dice,
): readonly SampleRange<Id>[] {
  const taken = archives.map((): Node[] => []);
  const ranges: SampleRange<Id>[] = [];
  let left = wanted;
  while (left > 0) {
    for (const [i, { id, segments }] of archives.entries()) {
      if (left === 0) break;
      const own = taken[i] ?? [];
      const share = Math.max(1, Math.round((segments * percent) / 100));
      const node = pick(segments, Math.min(share, left), own, dice);
      if (node === undefined) continue;
      own.push(node);
      ranges.push({ id, ...node });
      left -= node.end - node.first;
    }
  }
  return ranges;
}

/** A node of at most `most` segments, as large as there is a free one; undefined when all is taken. */
function pick(segments: number, most: number, taken: readonly Node[], dice: Dice): Node | undefined {
  if (most >= segments && taken.length === 0) return { first: 0, end: segments };
  for (let width = 2 ** Math.floor(Math.log2(most)); width >= 1; width /= 2) {
    const free = freeNodes(segments, width, taken);
    if (free.length > 0) return free[dice(free.length)];
  }
  return undefined;
}

/** Nodes of that width, the last one narrower, that touch nothing taken. */
function freeNodes(segments: number, width: number, taken: readonly Node[]): Node[] {
  const free: Node[] = [];
  for (let first = 0; first < segments; first += width) {
    const end = Math.min(first + width, segments);
    if (!taken.some((node) => node.first < end && node.end > first)) free.push({ first, end });
  }
  return free;
}
