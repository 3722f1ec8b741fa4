/** What an order plan asks of its target, and what that costs: shown before anything is paid, then kept with the order. */
import type { Estimate, Tier } from '../../../shared/types.ts';
import { estimate } from '../cost/estimate.ts';
import { type VaultPrices, vaultPrices } from '../cost/prices.ts';
import type { TargetRow } from '../catalog/targets.ts';
import type { ByteRange, TargetTraits } from '../target/target.ts';
import { SEGMENT_BYTES } from '../pack/segment.ts';
import type { OrderPlan, PackNeed } from './orderPlan.ts';
import { planRanges, type SegmentRange } from './ranges.ts';

export interface WantedRange {
  readonly need: PackNeed;
  readonly range: ByteRange;
}

export interface Quote {
  readonly ranges: readonly WantedRange[];
  readonly retrieveBytes: number;
  readonly estimate: Estimate;
  /** Hours until a retrieval is usually ready, as the service publishes them; 0 where reading is instant. */
  readonly hours: { readonly from: number; readonly to: number };
}

/** As published for vaults; expedited takes 1 to 5 minutes. */
export const tierHours: Readonly<Record<Tier, { readonly from: number; readonly to: number }>> = {
  expedited: { from: 1 / 60, to: 5 / 60 },
  standard: { from: 3, to: 5 },
  bulk: { from: 5, to: 12 },
};

export function quote(plan: OrderPlan, target: TargetRow, traits: TargetTraits, tier: Tier): Quote {
  const prices = pricesOf(target);
  const ranges = plan.packs.flatMap((need) =>
    rangesOf(need, traits, prices, tier).map((r) => wanted(need, r)),
  );
  const retrieveBytes = ranges.reduce((sum, { range }) => sum + range.end - range.first, 0);
  const act = { kind: 'restore', tier, bytes: retrieveBytes, retrievals: ranges.length } as const;
  const hours = traits.instantRead || ranges.length === 0 ? { from: 0, to: 0 } : tierHours[tier];
  return { ranges, retrieveBytes, estimate: estimate(act, prices), hours };
}

/** Where reading costs nothing, exactly what is needed; else the ranges that cost least together. */
function rangesOf(
  need: PackNeed,
  traits: TargetTraits,
  prices: VaultPrices | null,
  tier: Tier,
): readonly SegmentRange[] {
  if (traits.instantRead || prices === null) return need.needed;
  const perSegment =
    ((prices.usd.retrievalPerGB[tier] + prices.usd.egressPerGB) * SEGMENT_BYTES) / prices.bytesPerGB;
  const perRequest = prices.usd.per1000RetrievalRequests[tier] / 1000;
  return planRanges(need.needed, need.segments, { perRequest, perSegment });
}

function wanted(need: PackNeed, { first, end }: SegmentRange): WantedRange {
  return { need, range: { first: first * SEGMENT_BYTES, end: end * SEGMENT_BYTES } };
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
