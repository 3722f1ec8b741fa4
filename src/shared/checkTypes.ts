/** Checks of what is stored as hosts see them; see types.ts for what holds of all of these. */
import type { Failure } from './failure.ts';
import type { Estimate } from './types.ts';

/** `listing`: the target is asked what it holds; `reading`: what was sampled comes back. */
export type CheckStep = 'listing' | 'reading' | 'over';

/** `problems`: something is not as the catalog says, or could not be read. */
export type CheckOutcome = 'done' | 'problems' | 'failed' | 'cancelled';

/** What the catalog says against what the target lists. */
export interface CheckListing {
  /** Date of the inventory; null for a folder, which is not behind, and for a vault that has none yet. */
  readonly takenAt: number | null;
  /** Archives that are there as they were stored. */
  readonly present: number;
  /** Stored so late that the inventory cannot tell. */
  readonly newer: number;
  /** Suspect until now, and there after all. */
  readonly cleared: number;
  /** Exact second copies of archives that are there. */
  readonly extras: number;
  /** Permafrost's archives that this catalog does not know: of another installation, or of a profile that is gone. */
  readonly strangers: number;
  /** Of other programs. */
  readonly foreign: number;
  /** Whether the key slots are there, without which no passphrase opens anything; null where that cannot be told. */
  readonly keySlots: boolean | null;
  /** Files of the newest snapshots that the next backup reads and stores again, because of what was found. */
  readonly filesToStoreAgain: number;
}

export type CheckProblemKind =
  /** Not listed although it should be, or refused as unknown when it was asked for. */
  | 'missing'
  /** Listed with another size or hash. */
  | 'differs'
  /** Read back, and not what was stored. */
  | 'damaged';

export interface CheckProblem {
  readonly kind: CheckProblemKind;
  readonly archive: string;
  readonly size: number;
  /** What it holds: files, the record of a snapshot, or a copy of the catalog. */
  readonly holds: 'data' | 'manifest' | 'catalog';
}

export interface CheckReads {
  /** Ranges, and their bytes. */
  readonly ranges: number;
  readonly bytes: number;
  /** Ranges that were chosen and not asked for, because their archive is missing. */
  readonly spared: number;
  /** Ranges that were asked for, and that came back. */
  readonly asked: number;
  readonly read: number;
  /** Bytes that came back and are what was stored. */
  readonly provenBytes: number;
  /** Ranges that could not be had, and why the first of them could not. */
  readonly unread: number;
  readonly reason: string | null;
}

/** How much of what is stored was ever read back. */
export interface CheckProof {
  readonly archives: number;
  readonly bytes: number;
  /** Archives of which at least a MiB was proven, and bytes that were. */
  readonly provenArchives: number;
  readonly provenBytes: number;
  /** Last proof of the archive whose last proof is oldest; null while one was never proven. */
  readonly oldestAt: number | null;
}

export interface CheckSummary {
  /** 32 hex digits. */
  readonly id: string;
  readonly target: string;
  readonly step: CheckStep;
  /** Everything was asked for and the rest only takes hours: nobody is needed for now. */
  readonly waiting: boolean;
  readonly createdAt: number;
  readonly endedAt: number | null;
  /** Null until it has ended. */
  readonly outcome: CheckOutcome | null;
  /** Null until the target has told what it holds. */
  readonly listing: CheckListing | null;
  /** The first thousand, and how many there are. */
  readonly problems: readonly CheckProblem[];
  readonly problemCount: number;
  readonly reads: CheckReads;
  readonly proof: CheckProof;
  /** Of reading back. */
  readonly estimate: Estimate;
  /** What keeps it from going on, or why it ended. */
  readonly failure: Failure | null;
}

export interface CheckPreview {
  readonly target: string;
  readonly archives: number;
  readonly bytes: number;
  readonly ranges: number;
  readonly readBytes: number;
  /** Hours until everything is usually known; 0 where it is known at once. */
  readonly hours: { readonly from: number; readonly to: number };
  readonly estimate: Estimate;
}

export interface ProvenArchive {
  readonly archive: string;
  readonly size: number;
  readonly holds: CheckProblem['holds'];
  /** In state suspect: missing or damaged. */
  readonly suspect: boolean;
  /** When a listing last had it, by the target's clock; null for never. */
  readonly listedAt: number | null;
  /** When a part of it was last read back and was what was stored; null for never. */
  readonly provenAt: number | null;
  /** Which share of it was ever proven, 0 to 1. */
  readonly provenShare: number;
}

export interface ExtraArchive {
  readonly archive: string;
  readonly size: number;
  readonly createdAt: number;
}

/** Second copies that the newest check found and that may be deleted. */
export interface ExtrasPreview {
  readonly target: string;
  readonly extras: readonly ExtraArchive[];
  readonly bytes: number;
  /** What keeping them costs a month. */
  readonly keeping: Estimate;
  /** What deleting them costs now. */
  readonly deleting: Estimate;
  /** From when on deleting them costs nothing; null when it costs nothing now. */
  readonly freeAt: number | null;
}
