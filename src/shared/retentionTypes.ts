/** What is kept, what goes and when, and what that frees: as hosts see it. */
import type { Failure } from './failure.ts';
import type { ChangeStorm, Estimate } from './types.ts';

/** Why a snapshot is kept. */
export type KeepReason =
  | 'everything'
  | 'newest'
  | 'tagged'
  | 'in-use'
  | 'last'
  | 'hourly'
  | 'daily'
  | 'weekly'
  | 'monthly'
  | 'yearly';

export interface KeptSnapshot {
  readonly id: string;
  /** Epoch ms. */
  readonly startedAt: number;
  readonly tags: readonly string[];
  /** None: no rule keeps it, and it goes with the next run. */
  readonly reasons: readonly KeepReason[];
  /**
   * When it goes if the plan goes on as it is scheduled (else as often as it has run lately), epoch ms; null for one that
   * stays as far as that can be seen.
   */
  readonly goesAt: number | null;
}

export interface RetentionPreview {
  readonly plan: string;
  readonly retention: string;
  /** Oldest first. */
  readonly snapshots: readonly KeptSnapshot[];
  readonly storm: ChangeStorm | null;
}

/** Archives that may be deleted on the same day. */
export interface DeletionDay {
  /** Start of that day here, epoch ms; at most today for what is due. */
  readonly day: number;
  readonly archives: number;
  readonly bytes: number;
}

export interface PruneSummary {
  readonly target: string;
  /** Stored data, and how much of it some snapshot needs; the rest goes when its whole archive is of no use any more. */
  readonly bytes: number;
  readonly liveBytes: number;
  /** What keeping the rest costs a month. */
  readonly deadSpace: Estimate;
  readonly days: readonly DeletionDay[];
  /** Of all these, what deleting them today would still be charged. */
  readonly chargedNow: Estimate;
  /** A deletion is under way, or waits for the vault's inventory. */
  readonly isDeleting: boolean;
  readonly isWaiting: boolean;
  /** What keeps archives that are due from being deleted. */
  readonly failure: Failure | null;
}

export interface OtherWriter {
  readonly tag: string;
  /** As its computer calls itself; null where no plan of it is known here. */
  readonly host: string | null;
  readonly plans: readonly string[];
  readonly retiredAt: number | null;
}

/** Archives that were deleted together. */
export interface PruningLine {
  readonly target: string;
  readonly startedAt: number;
  readonly endedAt: number | null;
  readonly archives: number;
  readonly bytes: number;
  readonly feeUsd: number;
  readonly failure: Failure | null;
}
