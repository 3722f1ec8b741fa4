/**
 * Numbers by which rows of the catalog name each other. They mean nothing outside this catalog, are never 0 and
 * are not given out twice (but for folders, whose rows go only with their plan). Each table's is a type of its own.
 */

export type TargetId = number & { readonly __brand: 'TargetId' };
export type PlanId = number & { readonly __brand: 'PlanId' };
export type RunId = number & { readonly __brand: 'RunId' };
/** Grows with time: the tree of a plan at snapshot S is told by comparing with this number. */
export type SnapshotId = number & { readonly __brand: 'SnapshotId' };
/** The identity of a folder's path within a plan, the same in every snapshot. A parent's is below its children's. */
export type FolderId = number & { readonly __brand: 'FolderId' };
/** Not the pack's own 16-byte id: that is `uid`. */
export type PackKey = number & { readonly __brand: 'PackKey' };
export type FrameKey = number & { readonly __brand: 'FrameKey' };
export type OrderKey = number & { readonly __brand: 'OrderKey' };
export type RetrievalKey = number & { readonly __brand: 'RetrievalKey' };
export type VaultJobKey = number & { readonly __brand: 'VaultJobKey' };
export type InventoryKey = number & { readonly __brand: 'InventoryKey' };
export type ErrandKey = number & { readonly __brand: 'ErrandKey' };
export type CheckKey = number & { readonly __brand: 'CheckKey' };
export type RecoveryKey = number & { readonly __brand: 'RecoveryKey' };
export type RecoveryArchiveKey = number & { readonly __brand: 'RecoveryArchiveKey' };
export type CheckReadKey = number & { readonly __brand: 'CheckReadKey' };
