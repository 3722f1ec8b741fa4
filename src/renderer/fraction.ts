/**
 * How much of a run is done, by time: what has passed against what is left. Bytes would need the size of the source,
 * which nobody knows while it is walked, and would stand still while files are only compared.
 *
 * @param before the fraction shown last, which is never undercut; null if none was
 * @returns 0 to below 1, or null while nobody can tell
 */
export function fractionDone(
  elapsedMs: number,
  secondsLeft: number | null,
  before: number | null,
): number | null {
  if (secondsLeft === null) return before;
  const leftMs = Math.max(0, secondsLeft) * 1000;
  const now = elapsedMs + leftMs === 0 ? 0 : elapsedMs / (elapsedMs + leftMs);
  // The end is said by the run itself, not by a full bar.
  return Math.max(before ?? 0, Math.min(now, 0.99));
}
