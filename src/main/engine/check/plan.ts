/** What a check of a target would read back, and what that costs. */
import { randomInt } from 'node:crypto';
import type { Estimate } from '../../../shared/types.ts';
import type { Reader } from '../catalog/catalog.ts';
import type { CheckWanted, NewCheckRead } from '../catalog/checks.ts';
import { listPacks } from '../catalog/packs.ts';
import { proofsOf } from '../catalog/proofs.ts';
import type { TargetRow } from '../catalog/targets.ts';
import { estimate } from '../cost/estimate.ts';
import type { VaultPrices } from '../cost/prices.ts';
import { SEGMENT_BYTES } from '../pack/segment.ts';
import { pricesOf } from '../restore/quote.ts';
import { planSample, type SamplePrice } from './sample.ts';

export interface CheckPlan {
  /** What is stored, as the catalog has it. */
  readonly archives: number;
  readonly bytes: number;
  readonly reads: readonly NewCheckRead[];
  readonly readBytes: number;
  readonly estimate: Estimate;
}

/** Chooses anew with each call. */
export async function planCheck(
  db: Reader,
  target: TargetRow,
  { readPercent, maxUsd }: CheckWanted,
): Promise<CheckPlan> {
  const prices = pricesOf(target);
  const packs = await listPacks(db, { target: target.id, states: ['stored'] });
  const proofs = await proofsOf(db, target.id);
  const archives = packs.map((pack) => ({
    id: pack,
    segments: Math.ceil(pack.size / SEGMENT_BYTES),
    provenAt: proofs.get(pack.id)?.provenAt ?? null,
  }));
  const sampled = planSample(archives, readPercent, {
    price: priceOf(prices),
    maxUsd: maxUsd ?? Infinity,
    dice: (below) => randomInt(below),
  });
  const reads = sampled.map(({ id: pack, first, end }) => ({
    pack: pack.id,
    range: { first: first * SEGMENT_BYTES, end: Math.min(end * SEGMENT_BYTES, pack.size) },
  }));
  const readBytes = reads.reduce((sum, { range }) => sum + range.end - range.first, 0);
  const act = { kind: 'restore', tier: 'bulk', bytes: readBytes, retrievals: reads.length } as const;
  return {
    archives: packs.length,
    bytes: packs.reduce((sum, { size }) => sum + size, 0),
    reads,
    readBytes,
    estimate: estimate(act, reads.length === 0 ? null : prices),
  };
}

function priceOf(prices: VaultPrices | null): SamplePrice {
  if (prices === null) return { perRequest: 0, perSegment: 0 };
  const { retrievalPerGB, egressPerGB, per1000RetrievalRequests } = prices.usd;
  return {
    perRequest: per1000RetrievalRequests.bulk / 1000,
    perSegment: ((retrievalPerGB.bulk + egressPerGB) * SEGMENT_BYTES) / prices.bytesPerGB,
  };
}
