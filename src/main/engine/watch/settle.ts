/**
 * When changed files are worth a run: once they have been left alone for a while, and after an hour in any case, so that a
 * file that is written without pause is saved too. Pure; moments are given, epoch ms.
 */
export interface Hints {
  /** Of those that no run has taken yet; null for none. */
  readonly firstAt: number | null;
  readonly lastAt: number | null;
}

export const noHints: Hints = { firstAt: null, lastAt: null };

/** A run for what changes without pause comes at the latest after this. */
export const AT_LATEST_MS = 3_600_000;

export function hinted({ firstAt, lastAt }: Hints, at: number): Hints {
  return { firstAt: Math.min(firstAt ?? at, at), lastAt: Math.max(lastAt ?? at, at) };
}

/** What came before a run began is taken by it; what came since is not. */
export function taken({ lastAt }: Hints, runBeganAt: number): Hints {
  if (lastAt === null || lastAt < runBeganAt) return noHints;
  return { firstAt: runBeganAt, lastAt };
}

/** @param settledMs how long nothing may have changed */
export function dueAfter({ firstAt, lastAt }: Hints, settledMs: number): number | null {
  if (firstAt === null || lastAt === null) return null;
  return Math.min(lastAt + settledMs, firstAt + AT_LATEST_MS);
}
