/**
 * Tells differences that we made from those that somebody else made, by changing the source while the demo ran. A
 * name that was changed, replaced, added or removed has a new change time, or the folder it was in has: programs can
 * set a modification time, but not that one.
 */
import { lstatSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Comparison } from './compareTrees.ts';

type Difference = Comparison['differences'][number];

export interface SortedDifferences {
  /** Nothing explains them but a mistake of ours. */
  readonly unexplained: readonly Difference[];
  readonly changedMeanwhile: readonly Difference[];
}

/** `since` in epoch ms. What cannot be looked at any more counts by the next folder above that can. */
export function sortDifferences(
  source: string,
  differences: readonly Difference[],
  since: number,
): SortedDifferences {
  const sorted = Map.groupBy(differences, ({ path }) => changedAt(join(source, path), source) >= since);
  return { unexplained: sorted.get(false) ?? [], changedMeanwhile: sorted.get(true) ?? [] };
}

function changedAt(path: string, root: string): number {
  try {
    return lstatSync(path).ctimeMs;
  } catch {
    return path.length <= root.length ? -Infinity : changedAt(dirname(path), root);
  }
}
