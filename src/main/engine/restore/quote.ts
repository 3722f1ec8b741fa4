/** What an order plan asks of its target, and what that costs: shown before anything is paid, then kept with the order. */
import type { Estimate, Tier } from '../../../shared/types.ts';
import type { TargetRow } from '../catalog/targets.ts';
import { EGRESS_LINE, estimate, sumOf } from '../cost/estimate.ts';
import { type VaultPrices, vaultPrices } from '../cost/prices.ts';
import { SEGMENT_BYTES } from '../pack/segment.ts';
import type { ByteRange, TargetTraits } from '../target/target.ts';
import { frontier, type Hours, type TierOption } from './frontier.ts';
import type { OrderPlan, PackNeed } from './orderPlan.ts';
import { bytesOf, planRanges, type SegmentRange } from './ranges.ts';

export interface WantedRange {
  readonly need: PackNeed;
  readonly range: ByteRange;
  readonly tier: Tier;
}

export interface Quote {
  readonly ranges: readonly WantedRange[];
  readonly retrieveBytes: number;
  readonly estimate: Estimate;
  /** Hours until the last retrieval is usually ready; 0 where reading is instant. */
  readonly hours: Hours;
}

/** All there is to choose from. */
export interface Quotes {
  /** The cheapest first, each that follows dearer and sooner; never empty. */
  readonly ways: readonly [Quote, ...Quote[]];
  /** The same tier for everything, but for archives that it cannot bring. */
  readonly ofTier: (tier: Tier) => Quote;
}

/** Expedited is for ranges up to this: larger ones may take as long as a standard retrieval does (glacier-api.md §7). */
export const MOST_EXPEDITED_BYTES = 250_000_000;
const tiers: readonly Tier[] = ['expedited', 'standard', 'bulk'];

/** @param windows how long each tier takes */
export function quoteAll(
  plan: OrderPlan,
  target: Pick<TargetRow, 'settings'>,
  traits: TargetTraits,
  windows: Readonly<Record<Tier, Hours>>,
): Quotes {
  const prices = pricesOf(target);
  if (traits.instantRead || prices === null || plan.packs.length === 0) {
    const quote = instant(plan);
    return { ways: [quote], ofTier: () => quote };
  }
  const archives = plan.packs.map((need) => archiveOf(need, prices));
  const offered = archives.map(({ ranges }) => optionsOf(ranges, windows, prices));
  const withTiers = (chosen: readonly Tier[]): Quote => quoted(archives, chosen, windows, prices);
  const nearest = (tier: Tier) => (options: readonly TierOption[]) =>
    options.find((option) => option.tier === tier)?.tier ?? 'standard';
  const [first, ...others] = frontier(offered).map(({ tiers: chosen }) => withTiers(chosen));
  if (first === undefined) throw new RangeError('archives that no tier brings');
  return { ways: [first, ...others], ofTier: (tier) => withTiers(offered.map(nearest(tier))) };
}

/** Where reading costs nothing and takes no time, exactly what is needed. */
function instant(plan: OrderPlan): Quote {
  const ranges = plan.packs.flatMap((need) =>
    need.needed.map((range) => ({ need, range: bytesOf(range), tier: 'standard' as const })),
  );
  const free = { lines: [], usd: 0, priceDate: '', region: '' };
  return { ranges, retrieveBytes: total(ranges), estimate: free, hours: { from: 0, to: 0 } };
}

interface Archive {
  readonly need: PackNeed;
  /** Those that cost least together, by tier. */
  readonly ranges: Readonly<Record<Tier, readonly SegmentRange[]>>;
}

function archiveOf(need: PackNeed, prices: VaultPrices): Archive {
  const ranges = (tier: Tier) => planRanges(need.needed, need.segments, rangePrice(tier, prices));
  return {
    need,
    ranges: { expedited: ranges('expedited'), standard: ranges('standard'), bulk: ranges('bulk') },
  };
}

function rangePrice(tier: Tier, { usd, bytesPerGB }: VaultPrices) {
  return {
    perSegment: ((usd.retrievalPerGB[tier] + usd.egressPerGB) * SEGMENT_BYTES) / bytesPerGB,
    perRequest: usd.per1000RetrievalRequests[tier] / 1000,
  };
}

function optionsOf(
  ranges: Archive['ranges'],
  windows: Readonly<Record<Tier, Hours>>,
  prices: VaultPrices,
): readonly TierOption[] {
  return tiers.flatMap((tier) => {
    const segments = ranges[tier].map(({ first, end }) => end - first);
    if (tier === 'expedited' && segments.some((count) => count * SEGMENT_BYTES > MOST_EXPEDITED_BYTES))
      return [];
    const { perSegment, perRequest } = rangePrice(tier, prices);
    const all = segments.reduce((sum, count) => sum + count, 0);
    return [{ tier, usd: perRequest * segments.length + perSegment * all, hours: windows[tier] }];
  });
}

function quoted(
  archives: readonly Archive[],
  chosen: readonly Tier[],
  windows: Readonly<Record<Tier, Hours>>,
  prices: VaultPrices,
): Quote {
  const ranges = archives.flatMap(({ need, ranges: byTier }, i) => {
    const tier = chosen[i] ?? 'standard';
    return byTier[tier].map((range) => ({ need, range: bytesOf(range), tier }));
  });
  const used = tiers.filter((tier) => ranges.some((range) => range.tier === tier));
  return {
    ranges,
    retrieveBytes: total(ranges),
    estimate: priceOfRanges(ranges, prices),
    hours: {
      from: Math.max(0, ...used.map((tier) => windows[tier].from)),
      to: Math.max(0, ...used.map((tier) => windows[tier].to)),
    },
  };
}

/** What ranges were charged, and downloads, which may be fewer or more bytes than were retrieved. */
export function billOfRanges(
  ranges: readonly { readonly range: ByteRange; readonly tier: Tier }[],
  downloadedBytes: number,
  prices: VaultPrices,
): Estimate {
  const retrieved = priceOfRanges(ranges, prices);
  const lines = retrieved.lines.filter(({ what }) => what !== EGRESS_LINE);
  const egress = estimate({ kind: 'download', bytes: downloadedBytes }, prices);
  const all = [...lines, ...egress.lines];
  return { ...egress, lines: all, usd: all.reduce((sum, { usd }) => sum + usd, 0) };
}

/** What ranges cost together, each at its own tier. */
export function priceOfRanges(
  ranges: readonly { readonly range: ByteRange; readonly tier: Tier }[],
  prices: VaultPrices | null,
): Estimate {
  const estimates = tiers.flatMap((tier) => {
    const own = ranges.filter((range) => range.tier === tier);
    const act = { kind: 'restore', tier, bytes: total(own), retrievals: own.length } as const;
    return own.length === 0 ? [] : [estimate(act, prices)];
  });
  return sumOf(estimates);
}

function total(ranges: readonly { readonly range: ByteRange }[]): number {
  return ranges.reduce((sum, { range }) => sum + range.end - range.first, 0);
}

/** A practice vault is priced as a real one would be; a folder costs nothing. */
export function pricesOf(target: Pick<TargetRow, 'settings'>): VaultPrices | null {
  switch (target.settings.kind) {
    case 'folder':
      return null;
    case 'vault':
      return vaultPrices(target.settings.region);
    case 'practice':
      return vaultPrices('us-east-1');
  }
}
