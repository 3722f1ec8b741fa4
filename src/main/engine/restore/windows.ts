/** How long retrievals take: what the service publishes, narrowed by how long this account's own took. Pure. */
import type { Tier } from '../../../shared/types.ts';
import type { Hours } from './frontier.ts';

/** As published for vaults; expedited takes 1 to 5 minutes. */
export const tierHours: Readonly<Record<Tier, Hours>> = {
  expedited: { from: 1 / 60, to: 5 / 60 },
  standard: { from: 3, to: 5 },
  bulk: { from: 5, to: 12 },
};

/** Fewer say nothing about the next one. */
const FEW_SAMPLES = 5;
/** Share of the samples that the narrowed range leaves out at either end. */
const LEFT_OUT = 0.1;

/**
 * @param samples hours that retrievals of the tier took, of this account, the newest ones
 * @returns a range within the published one, unless most samples lay outside it: then theirs
 */
export function narrowed(published: Hours, samples: readonly number[]): Hours {
  if (samples.length < FEW_SAMPLES) return published;
  const sorted = samples.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.round(share * (sorted.length - 1))] ?? 0;
  const [low, middle, high] = [at(LEFT_OUT), at(0.5), at(1 - LEFT_OUT)];
  // The service has become slower or quicker than it says.
  if (middle < published.from || middle > published.to) return { from: low, to: high };
  return { from: Math.max(published.from, low), to: Math.min(published.to, Math.max(high, middle)) };
}
