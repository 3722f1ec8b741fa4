/** Figures of several rounds in one. Times on a shared machine drift: pairs of neighbours say more than averages. */

/** The middle one; between two middle ones half way. @throws RangeError when there are none */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const above = sorted[Math.floor(sorted.length / 2)];
  const below = sorted[Math.floor((sorted.length - 1) / 2)];
  if (above === undefined || below === undefined) throw new RangeError('no values to take the middle of');
  return (above + below) / 2;
}

export interface Ratio {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

/**
 * How many times `ours` each of `theirs` is, round by round: above 1, we take less. Both in the order of rounds, the
 * runs of a round one soon after the other.
 * @throws RangeError when there are no rounds, or not equally many
 */
export function pairwiseRatio(ours: readonly number[], theirs: readonly number[]): Ratio {
  if (ours.length !== theirs.length)
    throw new RangeError('ratios need as many rounds of one as of the other');
  const ratios = ours.map((value, round) => (theirs[round] ?? NaN) / value);
  return { median: median(ratios), least: Math.min(...ratios), most: Math.max(...ratios) };
}
