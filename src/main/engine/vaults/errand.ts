/**
 * An errand: work at a vault that a person asked for and that outlives the request, because the service takes hours or
 * the line takes days. It is a row of the catalog before anything is asked of the service, each step can be done
 * twice, and what `progress` says has happened for good. requests/errandRuns.ts starts and stops them.
 */
import type { ErrandOutcome, ErrandStep } from '../../../shared/archiveTypes.ts';
import type { Failure } from '../../../shared/failure.ts';
import type { Catalog } from '../catalog/catalog.ts';
import type { ErrandRow } from '../catalog/errands.ts';
import type { VaultService } from '../target/service.ts';
import type { Target } from '../target/target.ts';
import type { VaultJobs } from './vaultJobs.ts';

/** What is shown of any errand while it is under way. */
export interface Shown {
  /** Bytes, or archives: how many of how many. */
  readonly done: number;
  readonly total: number;
  readonly path: string | null;
  readonly archive: string | null;
  readonly verified: 'whole' | 'nothing' | null;
  readonly refused: number;
}

export const nothingShown: Shown = {
  done: 0,
  total: 0,
  path: null,
  archive: null,
  verified: null,
  refused: 0,
};

/** What an errand of one kind works with: `Wanted` as it was asked for, `Progress` as it was written down. */
export interface Errand<Wanted, Progress extends { readonly shown: Shown }> {
  readonly row: ErrandRow;
  readonly wanted: Wanted;
  /** As it was at the start of this call. */
  readonly progress: Progress;
  readonly service: VaultService;
  /** The errand's vault. */
  readonly target: Target;
  readonly catalog: Catalog;
  readonly jobs: VaultJobs;
  readonly signal: AbortSignal;
  /** Writes down how far it is, and tells. */
  save(step: ErrandStep, progress: Progress, notes?: Buffer): Promise<void>;
  /** Tells counts that move many times a second; they are not written down. */
  tell(shown: Shown): void;
}

export interface ErrandEnd {
  readonly outcome: ErrandOutcome;
  readonly shown: Shown;
  readonly failure: Failure | null;
}

export function ended(shown: Shown): ErrandEnd {
  return { outcome: 'done', shown, failure: null };
}
