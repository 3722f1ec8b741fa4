/**
 * Which tier for which archive: the ways to have a restore back that are worth offering. Pure.
 *
 * A restore is back when its last archive is, so for each moment at which one could be ready, every archive takes the
 * cheapest tier that is ready by then. What is neither cheaper nor sooner than another way is dropped: what is left is the
 * frontier of price against time, and no mixture of tiers lies below it.
 */
import type { Tier } from '../../../shared/types.ts';

export interface TierOption {
  readonly tier: Tier;
  readonly usd: number;
  /** Until it is ready. */
  readonly hours: Hours;
}

export interface Hours {
  readonly from: number;
  readonly to: number;
}

export interface Way {
  /** One for each archive. */
  readonly tiers: readonly Tier[];
  readonly usd: number;
  /** Until the last archive is ready. */
  readonly hours: Hours;
}

/**
 * @param archives what each may cost; at least one option each
 * @returns the cheapest first; each that follows is dearer and sooner
 */
export function frontier(archives: readonly (readonly TierOption[])[]): readonly Way[] {
  const ends = new Set(archives.flatMap((options) => options.map(({ hours }) => hours.to)));
  const ways: Way[] = [];
  for (const end of [...ends].sort((a, b) => b - a)) {
    const way = cheapestBy(archives, end);
    if (way === null) continue;
    const last = ways.at(-1);
    if (last === undefined || way.hours.to < last.hours.to) ways.push(way);
  }
  return ways.filter((way, i) => !ways.slice(i + 1).some(({ usd }) => usd <= way.usd));
}

/** Null when not every archive can be ready by then. */
function cheapestBy(archives: readonly (readonly TierOption[])[], end: number): Way | null {
  const tiers: Tier[] = [];
  let usd = 0;
  let from = 0;
  let to = 0;
  for (const options of archives) {
    const inTime = options.filter(({ hours }) => hours.to <= end);
    const [best] = inTime.sort((a, b) => a.usd - b.usd || a.hours.to - b.hours.to);
    if (best === undefined) return null;
    tiers.push(best.tier);
    usd += best.usd;
    from = Math.max(from, best.hours.from);
    to = Math.max(to, best.hours.to);
  }
  return { tiers, usd, hours: { from, to } };
}

export interface Wish {
  /** Hours from now by which everything is to be there. */
  readonly byHours?: number;
  readonly maxUsd?: number;
}

export interface Priced {
  readonly usd: number;
  readonly hours: Hours;
}

export type ChosenWay<W extends Priced> =
  | { readonly kind: 'way'; readonly way: W }
  /** Nothing keeps to the wish; the soonest way that is cheap enough, if any, and the cheapest that is soon enough. */
  | { readonly kind: 'none'; readonly soonest: W | null; readonly cheapest: W | null };

/**
 * Of the ways that keep to the wish the cheapest; where only a price is named, the soonest.
 * @param ways as `frontier` gives them
 */
export function chooseWay<W extends Priced>(ways: readonly W[], { byHours, maxUsd }: Wish): ChosenWay<W> {
  const soonEnough = ways.filter(({ hours }) => byHours === undefined || hours.to <= byHours);
  const cheapEnough = ways.filter(({ usd }) => maxUsd === undefined || usd <= maxUsd);
  const both = soonEnough.filter((way) => cheapEnough.includes(way));
  const way = byHours === undefined ? both.at(-1) : both[0];
  if (way !== undefined) return { kind: 'way', way };
  return { kind: 'none', soonest: cheapEnough.at(-1) ?? null, cheapest: soonEnough[0] ?? null };
}
