/**
 * Vault service: what Amazon Glacier offers for one account and region, beyond what `Target` needs of a single vault.
 * It is for what a person does with vaults; backups and restores use `Target`.
 */
import type { CapacityUnit, RetrievalPolicy, VaultNotifications } from '../../../shared/vaultTypes.ts';
import type { ArchiveId, ByteRange, JobId, Target, TargetTraits, Tier, UploadId } from './target.ts';

/** How a service differs from Amazon's own. */
export interface ServiceNature {
  /** Of its vaults as targets. */
  readonly traits: Partial<Omit<TargetTraits, 'kind'>>;
  /** Its own time where that is not everybody's, epoch ms. */
  readonly now?: () => number;
}

/** A vault as the service describes it: counts are those of its last inventory. */
export interface VaultInfo {
  readonly name: string;
  readonly arn: string;
  readonly createdAt: number;
  /** Null until the first inventory, about a day after the first archive. */
  readonly inventoryAt: number | null;
  readonly archives: number;
  /** With 32 KiB of overhead for each archive. */
  readonly bytes: number;
}

/** A job of any kind, ours or another program's. */
export interface VaultJob {
  readonly jobId: JobId;
  readonly kind: 'archive' | 'inventory' | 'other';
  /** As it was given at the start; empty for none. */
  readonly description: string;
  readonly state: 'waiting' | 'ready' | 'failed';
  /** The service's words when it failed. */
  readonly reason: string | null;
  readonly createdAt: number;
  readonly completedAt: number | null;
  readonly snsTopic: string | null;
  readonly tier: Tier | null;
  /** Of an archive's retrieval: the archive, its size and tree hash (32 bytes), the range; null for the whole. */
  readonly archiveId: ArchiveId | null;
  readonly archiveBytes: number | null;
  readonly archiveTreeHash: Buffer | null;
  readonly range: ByteRange | null;
  /** Tree hash of what is retrieved; null where the range is no node of the archive's tree, or not known yet. */
  readonly treeHash: Buffer | null;
  /** Of an inventory: what was asked, and its size once it is ready. */
  readonly inventory: InventoryAsked | null;
  readonly inventoryBytes: number | null;
  /** Where the next inventory has to go on, when this one ended at its limit. */
  readonly nextMarker: string | null;
}

export interface InventoryAsked {
  readonly format: 'json' | 'csv';
  /** Archives made from `startDate` on and before `endDate`, epoch ms, whole seconds. */
  readonly startDate?: number;
  readonly endDate?: number;
  /** At most so many archives. */
  readonly limit?: number;
}

export interface InventoryOrder extends InventoryAsked {
  /** `VaultJob.nextMarker` of the inventory before. */
  readonly marker?: string;
  /** 1 to 200 of `A-Z a-z 0-9 . _ -`, the caller's alone: a start whose answer was lost is found by it. */
  readonly description: string;
  readonly snsTopic?: string;
}

export interface ArchiveOrder {
  readonly archiveId: ArchiveId;
  /** Null for the whole archive. */
  readonly range: ByteRange | null;
  readonly tier: Tier;
  /** As in `InventoryOrder`. */
  readonly description: string;
  readonly snsTopic?: string;
}

export interface LockInfo {
  readonly state: 'testing' | 'locked';
  /** The policy, a JSON document as text. */
  readonly policy: string;
  readonly createdAt: number;
  /** End of the test; null once it is locked. */
  readonly expiresAt: number | null;
}

export interface JobFilter {
  readonly completed?: boolean;
  readonly state?: VaultJob['state'];
}

/**
 * All calls reject with `EngineError`; `not-found` where the vault, archive or job is not there. Every call honours
 * `signal`. What is "not set" for a vault that exists is null. Lists can be taken up again as those of `Target`.
 */
export interface VaultService {
  readonly region: string;
  /** Who is asked, as host name. */
  readonly host: string;
  /**
   * The service's own time as far as it is known, epoch ms: this computer's, corrected by what the service says; of a
   * practice service its virtual time. For the age of archives and the time left of a lock.
   */
  readonly now: () => number;
  /** One vault, for uploads and verified downloads. Close it by itself. */
  target(vault: string): Target;

  /** By name. */
  listVaults(signal?: AbortSignal): AsyncIterable<VaultInfo>;
  describeVault(vault: string, signal?: AbortSignal): Promise<VaultInfo>;
  /** No error if it exists already; nothing about it is changed then. */
  createVault(vault: string, signal?: AbortSignal): Promise<void>;
  /**
   * Rejects `conflict` unless the last inventory shows it empty and nothing was written since. No error if it is gone
   * already.
   */
  deleteVault(vault: string, signal?: AbortSignal): Promise<void>;

  notifications(vault: string, signal?: AbortSignal): Promise<VaultNotifications | null>;
  setNotifications(vault: string, wanted: VaultNotifications, signal?: AbortSignal): Promise<void>;
  deleteNotifications(vault: string, signal?: AbortSignal): Promise<void>;

  /** The policy, a JSON document as text. */
  accessPolicy(vault: string, signal?: AbortSignal): Promise<string | null>;
  setAccessPolicy(vault: string, policy: string, signal?: AbortSignal): Promise<void>;
  deleteAccessPolicy(vault: string, signal?: AbortSignal): Promise<void>;

  lock(vault: string, signal?: AbortSignal): Promise<LockInfo | null>;
  /**
   * Puts `policy` to the test for a day; resolves to the id that completes the lock, which is never told again.
   * Not made again when the answer is lost: rejects `offline`, and `lock` tells whether it began.
   */
  startLock(vault: string, policy: string, signal?: AbortSignal): Promise<string>;
  /** Locks the vault for good. No error if it is locked with this id already. */
  completeLock(vault: string, lockId: string, signal?: AbortSignal): Promise<void>;
  /** Ends the test. No error if there is none. */
  abortLock(vault: string, signal?: AbortSignal): Promise<void>;

  tags(vault: string, signal?: AbortSignal): Promise<Readonly<Record<string, string>>>;
  /** At most 10 at once; a key that is there gets the new value. */
  addTags(vault: string, tags: Readonly<Record<string, string>>, signal?: AbortSignal): Promise<void>;
  /** At most 10 at once; keys that are not there are no error. */
  removeTags(vault: string, keys: readonly string[], signal?: AbortSignal): Promise<void>;

  retrievalPolicy(signal?: AbortSignal): Promise<RetrievalPolicy>;
  setRetrievalPolicy(policy: RetrievalPolicy, signal?: AbortSignal): Promise<void>;

  listCapacity(signal?: AbortSignal): Promise<readonly CapacityUnit[]>;
  /** Buys one unit for a month, at a price that is far from small; resolves to its id. */
  buyCapacity(signal?: AbortSignal): Promise<string>;

  /**
   * Begins an upload with a description of any printable ASCII; `Target` has the rest. Not looked for by it when the
   * answer is lost, since another's may be the same: then one without parts is left, which lapses after a day.
   */
  beginUpload(vault: string, description: string, partBytes: number, signal?: AbortSignal): Promise<UploadId>;
  /** Deletes for good. No error if it is gone already; `not-found` for an id that the vault has never had. */
  deleteArchive(vault: string, archiveId: ArchiveId, signal?: AbortSignal): Promise<void>;

  /** Each call starts a new job: look for one first. */
  initiateInventory(vault: string, order: InventoryOrder, signal?: AbortSignal): Promise<JobId>;
  /** Each call starts (and bills) a new job: look for one first. */
  initiateArchiveRetrieval(vault: string, order: ArchiveOrder, signal?: AbortSignal): Promise<JobId>;
  describeJob(vault: string, jobId: JobId, signal?: AbortSignal): Promise<VaultJob>;
  /** All that the service still knows of, about a day beyond their end; of every program that uses the account. */
  listJobs(vault: string, filter?: JobFilter, signal?: AbortSignal): AsyncIterable<VaultJob>;
  /**
   * Hands the whole output of a ready job to `read` as it arrives; anew from its beginning with each try. An output
   * that is cut short rejects. Not verified: archives are read in pieces with their hashes by `target`.
   */
  readJobOutput<Result>(
    vault: string,
    jobId: JobId,
    read: (output: AsyncIterable<Buffer>) => Promise<Result>,
    signal?: AbortSignal,
  ): Promise<Result>;

  /** Frees sockets. The service is not used afterwards. */
  close(): void;
}
