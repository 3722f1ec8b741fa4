/** Vaults and their settings as hosts see them; see types.ts for what holds of all of these. */
import type { Estimate } from './types.ts';

export interface VaultSummary {
  readonly vault: string;
  readonly arn: string;
  readonly createdAt: number;
  /** When the service last counted; null until about a day after the first archive. */
  readonly inventoryAt: number | null;
  /** As of then. Bytes include the service's overhead for each archive. */
  readonly archives: number;
  readonly bytes: number;
  /** Targets of this profile that are this vault. */
  readonly targets: readonly string[];
}

export type NotificationEvent = 'archive-ready' | 'inventory-ready';

export interface VaultNotifications {
  /** ARN of the topic that is told. */
  readonly topic: string;
  readonly events: readonly NotificationEvent[];
}

export interface LockStatus {
  readonly vault: string;
  /** `testing`: the policy acts, and can still be taken back. `locked`: for good. */
  readonly state: 'none' | 'testing' | 'locked';
  /** A JSON document; null where there is no lock. */
  readonly policy: string | null;
  readonly createdAt: number | null;
  /** End of the test, and how long it is until then. */
  readonly expiresAt: number | null;
  readonly leftMs: number | null;
  /** What completes the lock; null where it is not known here: the lock was started elsewhere, or its answer was lost. */
  readonly lockId: string | null;
  /** What this means, in sentences. */
  readonly consequences: readonly string[];
}

export interface LockPreview {
  readonly vault: string;
  readonly policy: string;
  readonly consequences: readonly string[];
}

export interface Tag {
  readonly key: string;
  readonly value: string;
}

/** `free-tier` refuses retrievals beyond the free allowance; it and `rate` hold for standard retrievals only. */
export type RetrievalPolicy =
  | { readonly kind: 'none' }
  | { readonly kind: 'free-tier' }
  | { readonly kind: 'rate'; readonly bytesPerHour: number };

/** Provisioned capacity: expedited retrievals are always taken while it lasts. */
export interface CapacityUnit {
  readonly id: string;
  readonly startsAt: number;
  readonly expiresAt: number;
}

export interface CapacityPreview {
  /** Those the account has now. */
  readonly units: readonly CapacityUnit[];
  /** What one more costs. */
  readonly estimate: Estimate;
}

/** An upload that was begun and neither completed nor aborted. */
export interface OpenUpload {
  readonly id: string;
  readonly description: string;
  readonly createdAt: number;
  readonly partBytes: number;
  /** What the service holds of it. */
  readonly parts: number;
  readonly bytes: number;
  /** This profile means to go on with it: a backup, or a file on its way. */
  readonly ours: boolean;
}

export interface OpenUploads {
  readonly vault: string;
  readonly uploads: readonly OpenUpload[];
  /** What the parts cost each month until then. */
  readonly estimate: Estimate;
}
