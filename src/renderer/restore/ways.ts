/** The ways to have something back, from the cheapest to the soonest: which to begin with, and which fits a wish. Pure. */
import type { RestorePreview, RestoreWay } from '../../shared/types.ts';

const HOUR_MS = 3_600_000;

/** The way that costs what is offered at first, or the soonest below that. */
export function firstWay({ ways, estimate }: Pick<RestorePreview, 'ways' | 'estimate'>): number {
  return Math.max(
    0,
    ways.findLastIndex(({ usd }) => usd <= estimate.usd),
  );
}

/** The cheapest that is ready by then; -1 when none is. */
export function wayBy(ways: readonly RestoreWay[], by: number, now: number): number {
  return ways.findIndex(({ hours }) => now + hours.to * HOUR_MS <= by);
}

/** Of a field for a local date and time; undefined while it is not filled in. */
export function momentIn(text: string): number | undefined {
  const at = new Date(text).getTime();
  return text === '' || Number.isNaN(at) ? undefined : at;
}
