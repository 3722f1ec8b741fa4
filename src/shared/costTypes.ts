/** What months cost, as hosts see it. US dollars; months are those of UTC, as the service counts them. */
import type { PriceLine } from './types.ts';

export interface TargetCost {
  readonly target: string;
  /** Of a practice vault nothing is real; it is left out of sums. */
  readonly isPractice: boolean;
  readonly lines: readonly PriceLine[];
  readonly usd: number;
  /** At the end of the month, if days go on as they were; equal to `usd` once it is over. */
  readonly forecastUsd: number;
  readonly priceDate: string;
  readonly region: string;
}

export interface BudgetSummary {
  /** Null for none. */
  readonly monthlyUsd: number | null;
  /** What is spent, and what is stored until the month ends, has reached it: nothing begins by itself. */
  readonly isReached: boolean;
  /** Somebody has allowed more for this month. */
  readonly isLifted: boolean;
}

export interface CostSummary {
  /** `YYYY-MM`. */
  readonly month: string;
  readonly isOver: boolean;
  readonly targets: readonly TargetCost[];
  readonly usd: number;
  readonly forecastUsd: number;
  readonly budget: BudgetSummary;
}

export interface MonthCost {
  readonly month: string;
  readonly usd: number;
  readonly lines: readonly PriceLine[];
}

/** How fast an account may retrieve, so that a whole month of it costs what the budget is. */
export interface BudgetPolicy {
  readonly bytesPerHour: number;
  readonly isSet: boolean;
}

export type HistoryKind = 'backup' | 'restore' | 'check' | 'recovery' | 'deletion' | 'archives';

/** One thing that was done, whatever it was. */
export interface HistoryLine {
  readonly kind: HistoryKind;
  /** Epoch ms. */
  readonly startedAt: number;
  readonly endedAt: number | null;
  /** Plan, target or vault. */
  readonly what: string;
  /** How it ended, in a word or two; `under way` for what has not. */
  readonly outcome: string;
  /** What came of it, by name; those that end in `bytes` are bytes. */
  readonly counts: Readonly<Record<string, number>>;
  readonly problems: number;
  /** Null where nothing was estimated, or nothing is charged. */
  readonly estimateUsd: number | null;
  readonly actualUsd: number | null;
  /** What went wrong, in a sentence. */
  readonly message: string | null;
}
