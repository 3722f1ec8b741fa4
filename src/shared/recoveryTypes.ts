/** Recovery of a profile from a target as hosts see it; see types.ts for what holds of all of these. */
import type { Failure } from './failure.ts';
import type { Estimate, Tier } from './types.ts';

/**
 * `listing`: the target is asked what it holds; `keys`: the key slots are fetched; `locked`: the passphrase or the recovery
 * code is waited for; `records`: the records of the snapshots are fetched and read; `gaps`: what none of them tells is
 * asked of the archives themselves.
 */
export type RecoveryStep = 'listing' | 'keys' | 'locked' | 'records' | 'gaps' | 'over';

/** `problems`: some snapshots or files could not be brought back. */
export type RecoveryOutcome = 'done' | 'problems' | 'cancelled';

/** What the target lists. */
export interface RecoveryListing {
  /** Date of the inventory; null for a folder, which is not behind. */
  readonly takenAt: number | null;
  /** Permafrost's archives, and their bytes. */
  readonly archives: number;
  readonly bytes: number;
  /** Of other programs, or sealed with other keys (known once they are open): left alone. */
  readonly foreign: number;
}

export interface RecoveryResult {
  readonly plans: number;
  readonly snapshots: number;
  /** In the newest snapshot of each plan. */
  readonly files: number;
  readonly bytes: number;
  /** Archives of files that are known now. */
  readonly packs: number;
  /** Snapshots of which a record is lost, so that they cannot be put together. */
  readonly snapshotsLost: number;
  /** Archives that records tell of and that the target does not list. */
  readonly packsMissing: number;
  /** Files of the newest snapshots with content in none of the archives found. */
  readonly filesIncomplete: number;
  /** Bytes that were read of the target to get here. */
  readonly bytesRead: number;
}

export interface RecoverySummary {
  readonly id: string;
  readonly target: string;
  readonly tier: Tier;
  readonly maxUsd: number;
  readonly step: RecoveryStep;
  /** Nothing can be done until the service has got something ready, which takes hours. */
  readonly waiting: boolean;
  readonly listing: RecoveryListing | null;
  /** Archives to be fetched at this step, and how many of them are here. */
  readonly toFetch: number;
  readonly fetched: number;
  /** Whether there is something to browse and restore from already. */
  readonly browsable: boolean;
  /** How often hours had to pass so far. */
  readonly waits: number;
  readonly estimate: Estimate;
  /** As published, hours for what is fetched at this tier; 0 where reading is instant. */
  readonly hours: { readonly from: number; readonly to: number };
  readonly result: RecoveryResult | null;
  readonly createdAt: number;
  readonly endedAt: number | null;
  readonly outcome: RecoveryOutcome | null;
  readonly failure: Failure | null;
}

/** A part of the recovery kit: plain text, the code and what is fixed to be copied to the letter, or for programs. */
export interface KitBlock {
  readonly kind: 'title' | 'heading' | 'plain' | 'code' | 'fixed' | 'programs';
  readonly lines: readonly string[];
}

export interface KitPage {
  readonly blocks: readonly KitBlock[];
  /** The same as one text, which `recover:start` takes. */
  readonly text: string;
}

export interface KitChallenge {
  /** Numbers of the groups of the code that are to be typed, from 1, ascending. */
  readonly groups: readonly number[];
}
