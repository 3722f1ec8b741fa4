/**
 * What the service knows, and the changes that make it so.
 *
 * A change puts one record whole or drops it, so applying it twice is the same as once and any state can be written
 * as a list of changes. Almost nothing here ever happens by itself: whether a job is done, an upload expired or an
 * inventory taken is worked out from the times in the records whenever somebody asks.
 */

export interface VaultRecord {
  readonly name: string;
  readonly createdAt: number;
  /** Last archive stored or deleted; null if none ever was. */
  readonly lastWriteAt: number | null;
  /** Date of the inventory that was the newest at `lastWriteAt`; see inventory.ts. */
  readonly inventoryAt: number | null;
}

export interface ArchiveRecord {
  readonly id: string;
  readonly description: string;
  readonly createdAt: number;
  readonly size: number;
  /** Hex. */
  readonly treeHash: string;
  /** A deleted archive is remembered: deleting it again succeeds, and inventories may still list it. */
  readonly deletedAt: number | null;
}

export interface UploadRecord {
  readonly id: string;
  /** The id the archive will have; its bytes are filed under it from the first part on. */
  readonly archiveId: string;
  readonly description: string;
  readonly partBytes: number;
  readonly createdAt: number;
  /** How it ended; null while it is open. */
  readonly outcome: { readonly kind: 'completed' | 'aborted'; readonly at: number } | null;
}

export interface PartRecord {
  /** Position in the archive in units of the part size. */
  readonly index: number;
  readonly bytes: number;
  readonly treeHash: string;
  readonly storedAt: number;
}

interface JobCommon {
  readonly id: string;
  readonly description: string | null;
  readonly snsTopic: string | null;
  readonly createdAt: number;
  readonly completesAt: number;
  /** It was made to end Failed; see acts.ts. */
  readonly fails?: true;
  /** When its end was published (see publishing.ts); absent until then. */
  readonly publishedAt?: number;
}

export const tiers = ['Expedited', 'Standard', 'Bulk'] as const;
export type Tier = (typeof tiers)[number];

export interface ArchiveJob extends JobCommon {
  readonly kind: 'archive';
  readonly archiveId: string;
  readonly archiveBytes: number;
  readonly archiveTreeHash: string;
  readonly first: number;
  readonly last: number;
  /** Hash of the range, or null where it is not tree-hash-aligned. */
  readonly rangeTreeHash: string | null;
  readonly tier: Tier;
}

export interface InventoryJob extends JobCommon {
  readonly kind: 'inventory';
  /** The inventory this job reads out. */
  readonly inventoryAt: number;
  readonly format: 'JSON' | 'CSV';
  /** As sent. */
  readonly startDate: string | null;
  readonly endDate: string | null;
  readonly limit: string | null;
  readonly marker: string | null;
}

export type JobRecord = ArchiveJob | InventoryJob;

export const jobEvents = ['ArchiveRetrievalCompleted', 'InventoryRetrievalCompleted'] as const;
export type JobEvent = (typeof jobEvents)[number];

export interface Notifications {
  readonly topic: string;
  readonly events: readonly JobEvent[];
}

export interface LockRecord {
  readonly id: string;
  /** As sent. */
  readonly policy: string;
  readonly createdAt: number;
  /** When an unfinished lock lapses. */
  readonly expiresAt: number;
  /** When it was completed; null while it is in progress. */
  readonly lockedAt: number | null;
}

/** What is set on a vault; put whole. */
export interface VaultSettings {
  readonly notifications: Notifications | null;
  /** As sent. */
  readonly accessPolicy: string | null;
  readonly lock: LockRecord | null;
  readonly tags: Readonly<Record<string, string>>;
}

export type RetrievalRule =
  | { readonly strategy: 'None' | 'FreeTier' }
  | { readonly strategy: 'BytesPerHour'; readonly bytesPerHour: number };

export interface CapacityUnit {
  readonly id: string;
  readonly startsAt: number;
  readonly expiresAt: number;
}

/** What is set on the account; put whole. */
export interface AccountSettings {
  readonly retrievalRule: RetrievalRule;
  readonly capacity: readonly CapacityUnit[];
}

/** A message as it went to a topic. */
export interface MessageRecord {
  readonly id: string;
  readonly topic: string;
  /** When what it tells happened. */
  readonly at: number;
  readonly message: string;
}

export interface Upload {
  record: UploadRecord;
  /** When it was begun or last got a part. */
  activeAt: number;
  readonly parts: Map<number, PartRecord>;
}

export interface Vault {
  record: VaultRecord;
  readonly archives: Map<string, ArchiveRecord>;
  readonly uploads: Map<string, Upload>;
  readonly jobs: Map<string, JobRecord>;
  settings: VaultSettings;
}

export interface State {
  readonly vaults: Map<string, Vault>;
  account: AccountSettings;
  /** The newest ones by their id, oldest first. */
  readonly messages: Map<string, MessageRecord>;
}

/** Nobody takes messages away, so only so many are kept. */
const MOST_MESSAGES = 1000;

export type Change =
  | { readonly put: 'vault'; readonly vault: VaultRecord }
  | { readonly put: 'archive'; readonly of: string; readonly archive: ArchiveRecord }
  | { readonly put: 'upload'; readonly of: string; readonly upload: UploadRecord }
  | { readonly put: 'part'; readonly of: string; readonly upload: string; readonly part: PartRecord }
  | { readonly put: 'job'; readonly of: string; readonly job: JobRecord }
  | { readonly put: 'settings'; readonly of: string; readonly settings: VaultSettings }
  | { readonly put: 'account'; readonly account: AccountSettings }
  | { readonly put: 'message'; readonly message: MessageRecord }
  | { readonly drop: 'vault'; readonly name: string }
  | { readonly drop: 'upload'; readonly of: string; readonly upload: string }
  | { readonly drop: 'part'; readonly of: string; readonly upload: string; readonly index: number }
  | { readonly drop: 'job'; readonly of: string; readonly job: string };

const plainVault: VaultSettings = { notifications: null, accessPolicy: null, lock: null, tags: {} };
const plainAccount: AccountSettings = { retrievalRule: { strategy: 'None' }, capacity: [] };

export function emptyState(): State {
  return { vaults: new Map(), account: plainAccount, messages: new Map() };
}

/** Brings `state` up to `change`. @throws RangeError if the change belongs to a vault or upload that is not there. */
export function apply(state: State, change: Change): void {
  if ('put' in change) put(state, change);
  else drop(state, change);
}

function put(state: State, change: Extract<Change, { put: unknown }>): void {
  switch (change.put) {
    case 'vault': {
      const known = state.vaults.get(change.vault.name);
      if (known === undefined) state.vaults.set(change.vault.name, newVault(change.vault));
      else known.record = change.vault;
      return;
    }
    case 'archive':
      vaultOf(state, change.of).archives.set(change.archive.id, change.archive);
      return;
    case 'upload': {
      const { uploads } = vaultOf(state, change.of);
      // Always anew: an upload is put twice only to end it, and then its parts have served.
      uploads.set(change.upload.id, {
        record: change.upload,
        activeAt: change.upload.createdAt,
        parts: new Map(),
      });
      return;
    }
    case 'part': {
      const upload = uploadOf(state, change.of, change.upload);
      upload.parts.set(change.part.index, change.part);
      upload.activeAt = Math.max(upload.activeAt, change.part.storedAt);
      return;
    }
    case 'job':
      vaultOf(state, change.of).jobs.set(change.job.id, change.job);
      return;
    case 'settings':
      vaultOf(state, change.of).settings = change.settings;
      return;
    case 'account':
      state.account = change.account;
      return;
    case 'message': {
      const { messages } = state;
      messages.set(change.message.id, change.message);
      for (const oldest of messages.keys()) {
        if (messages.size <= MOST_MESSAGES) break;
        messages.delete(oldest);
      }
      return;
    }
  }
}

function drop(state: State, change: Extract<Change, { drop: unknown }>): void {
  switch (change.drop) {
    case 'vault':
      state.vaults.delete(change.name);
      return;
    case 'upload':
      vaultOf(state, change.of).uploads.delete(change.upload);
      return;
    case 'part':
      uploadOf(state, change.of, change.upload).parts.delete(change.index);
      return;
    case 'job':
      vaultOf(state, change.of).jobs.delete(change.job);
      return;
  }
}

function newVault(record: VaultRecord): Vault {
  return { record, archives: new Map(), uploads: new Map(), jobs: new Map(), settings: plainVault };
}

function vaultOf(state: State, name: string): Vault {
  const vault = state.vaults.get(name);
  if (vault === undefined) throw new RangeError(`no vault ${name} to change`);
  return vault;
}

function uploadOf(state: State, vault: string, id: string): Upload {
  const upload = vaultOf(state, vault).uploads.get(id);
  if (upload === undefined) throw new RangeError(`no upload ${id} to change`);
  return upload;
}

/** The shortest list of changes that makes `state` out of nothing. */
export function* asChanges(state: State): Generator<Change> {
  if (state.account !== plainAccount) yield { put: 'account', account: state.account };
  for (const message of state.messages.values()) yield { put: 'message', message };
  for (const [of, vault] of state.vaults) {
    yield { put: 'vault', vault: vault.record };
    if (vault.settings !== plainVault) yield { put: 'settings', of, settings: vault.settings };
    for (const archive of vault.archives.values()) yield { put: 'archive', of, archive };
    for (const { record, parts } of vault.uploads.values()) {
      yield { put: 'upload', of, upload: record };
      for (const part of parts.values()) yield { put: 'part', of, upload: record.id, part };
    }
    for (const job of vault.jobs.values()) yield { put: 'job', of, job };
  }
}
