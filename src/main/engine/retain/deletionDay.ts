/** When an archive that nothing needs any more may be deleted, and what it would cost before (invariant I11). Pure. */
import { daysLeft, DAY_MS, freeFrom } from '../cost/earlyDeletion.ts';

/** An archive stays so long after it was found to be of no use, whatever it costs. */
export const GRACE_DAYS = 30;

export interface Deletable {
  /** When it was stored, and when it was found to be of no use, epoch ms. */
  readonly storedAt: number;
  readonly deadAt: number;
}

/** @param minimumDays of storage that are charged in any case; 0 where nothing is */
export function deletionDay({ storedAt, deadAt }: Deletable, minimumDays: number): number {
  return Math.max(deadAt + GRACE_DAYS * DAY_MS, freeFrom(storedAt, minimumDays));
}

/** Days of the minimum that would still be charged if it were deleted at `now`. */
export function daysCharged({ storedAt }: Deletable, minimumDays: number, now: number): number {
  return minimumDays === 0 ? 0 : daysLeft(storedAt, now, minimumDays);
}
