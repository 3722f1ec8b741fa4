/** Archives, inventories, jobs and errands of vaults as hosts see them; see types.ts for what holds of all of these. */
import type { Failure } from './failure.ts';
import type { Estimate, Tier } from './types.ts';

/** Whose hand an archive's description shows; `text` is a description of no known form, `none` is none at all. */
export type ArchiveTool = 'permafrost' | 'fastglacier' | 'mt-aws-glacier' | 'text' | 'none';

export interface InventorySummary {
  readonly vault: string;
  /** When the service took it, and when it was read here. */
  readonly takenAt: number;
  readonly readAt: number;
  readonly archives: number;
  /** Of the archives themselves, without the service's overhead. */
  readonly bytes: number;
  /** Entries that were listed more than once; counted once. */
  readonly duplicates: number;
  /** False for one that was asked for by dates or with a limit. */
  readonly isWhole: boolean;
}

export interface ArchiveLine {
  /** Its place in the inventory, from 1: where the next page goes on. */
  readonly number: number;
  readonly archive: string;
  readonly description: string;
  /** What the description names, where it can be read. */
  readonly name: string | null;
  readonly tool: ArchiveTool;
  readonly createdAt: number;
  readonly size: number;
  /** 64 hex digits. */
  readonly treeHash: string;
  /** Deleted from here since the inventory was taken. */
  readonly gone: boolean;
}

export interface JobSummary {
  readonly job: string;
  readonly kind: 'archive' | 'inventory' | 'other';
  /** Started by this profile. */
  readonly ours: boolean;
  readonly description: string;
  readonly state: 'waiting' | 'ready' | 'failed';
  readonly reason: string | null;
  readonly createdAt: number;
  readonly completedAt: number | null;
  readonly tier: Tier | null;
  readonly archive: string | null;
  /** Bytes it brings; null while that is not known. */
  readonly bytes: number | null;
  /** First byte and the one behind the last; null for a whole archive. */
  readonly range: { readonly first: number; readonly end: number } | null;
  readonly format: 'json' | 'csv' | null;
}

export type ErrandKind = 'inventory' | 'upload' | 'download' | 'clearing';

/** `asking`: the service is to be asked for something; `waiting`: it has to do something first, which takes hours. */
export type ErrandStep =
  'asking' | 'hashing' | 'sending' | 'waiting' | 'downloading' | 'reading' | 'deleting' | 'closing' | 'over';

export type ErrandOutcome = 'done' | 'problems' | 'failed' | 'cancelled';

/** A piece of work at a vault that outlives the request that asked for it: a row of the catalog until it has ended. */
export interface ErrandSummary {
  /** 32 hex digits; any unambiguous beginning of at least 4 names it too. */
  readonly id: string;
  readonly kind: ErrandKind;
  readonly vault: string;
  /** Where the vault is, as it was asked for: a target's name or a region. */
  readonly place: string;
  readonly step: ErrandStep;
  readonly createdAt: number;
  readonly endedAt: number | null;
  /** Null until it has ended. */
  readonly outcome: ErrandOutcome | null;
  /** The file that is sent or written. */
  readonly path: string | null;
  /** Of an upload or a download: the archive, once there is one. */
  readonly archive: string | null;
  /** Bytes, or archives for a clearing: how many are done of how many. */
  readonly done: number;
  readonly total: number;
  /** What the bytes of a download were held against; null until it is through. */
  readonly verified: 'whole' | 'nothing' | null;
  /** Archives that the service refused to delete. */
  readonly refused: number;
  /** The vault is deleted too, once it counts as empty. */
  readonly closes: boolean;
  /** A download that only goes on when the archive is retrieved, and its price paid, once more. */
  readonly paidAgain: boolean;
  readonly estimate: Estimate;
  readonly failure: Failure | null;
}

export interface UploadPreview {
  readonly vault: string;
  readonly path: string;
  readonly bytes: number;
  readonly description: string;
  readonly estimate: Estimate;
}

export interface DownloadPreview {
  readonly vault: string;
  readonly archive: string;
  /** From the kept inventory; null where it does not list the archive: then the price is for what is known, nothing. */
  readonly archiveBytes: number | null;
  readonly bytes: number | null;
  readonly name: string | null;
  /** Whether the service vouches for the range as a whole with one hash; null while the archive's size is not known. */
  readonly isVerifiable: boolean | null;
  readonly hours: { readonly from: number; readonly to: number };
  readonly estimate: Estimate;
}

export interface ClearingPreview {
  readonly vault: string;
  readonly archives: number;
  readonly bytes: number;
  /** Of the first ten; the ids of those that have no name. */
  readonly names: readonly string[];
  /** Archives of which age and size are not known: what deleting them costs is not known either. */
  readonly unknown: number;
  /** Permafrost's own: only deleted when that is said expressly. */
  readonly ours: number;
  /** Plans of this profile that lose snapshots with them. */
  readonly plans: readonly string[];
  /** When the inventory they are taken from was made; null where none is kept. */
  readonly inventoryAt: number | null;
  /** From when on deleting them costs nothing; null when it costs nothing now. */
  readonly freeAt: number | null;
  /** The early-deletion charge. */
  readonly estimate: Estimate;
}
