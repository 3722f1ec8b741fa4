/** The part of the contract about what is kept, and about deleting what is not. */
import { z } from 'zod';
import { name } from './names.ts';
import type { OtherWriter, PruneSummary, PruningLine, RetentionPreview } from './retentionTypes.ts';
import type { SnapshotSummary } from './types.ts';

/** `everything`, or counts like `last=3,daily=7,weekly=4`: see retention.ts. */
export const retentionText = z.string().min(1).max(200);
const snapshotId = z.string().regex(/^[0-9a-f]{4,32}$/, 'a snapshot is named by its id');
const tag = z
  .string()
  .regex(
    /^[\p{L}\p{N}][\p{L}\p{N} ._-]{0,63}$/u,
    'a tag has up to 64 letters, digits, blanks, dots, _ and -',
  );

/** Input schemas; see contract.ts. */
export const retentionInputs = {
  /** What the plan's rules, or others, keep and let go. Nothing happens. */
  'retention:preview': z.strictObject({ plan: name, retention: retentionText.optional() }),
  /** The change storm was looked at and is fine: the rules hold again. */
  'retention:acceptStorm': z.strictObject({ plan: name }),
  /** A snapshot with tags is kept whatever the rules; an empty list takes them away. */
  'snapshots:tag': z.strictObject({ snapshot: snapshotId, tags: z.array(tag).max(20) }),
  /** Lets snapshots go by hand, never the newest of a plan. What only they needed is deleted when that costs nothing. */
  'snapshots:forget': z.strictObject({ snapshots: z.array(snapshotId).min(1).max(1000) }),

  /** What waits for its deletion, and what is stored for nothing. */
  'prune:preview': z.strictObject({ target: name.optional() }),
  /** Applies the rules of all plans, then deletes what is due; `prune:changed` tells how far that is. */
  'prune:start': z.strictObject({ target: name.optional() }),
  'prune:history': z.strictObject({ limit: z.number().int().min(1).max(1000).default(100) }),
  /** Other installations that have written to the target. */
  'writers:list': z.strictObject({ target: name }),
  /** That one does not write there any more: its snapshots stay, and no longer keep archives from being deleted. */
  'writers:retire': z.strictObject({ target: name, tag: z.string().regex(/^[0-9a-f]{4}$/) }),
} as const;

export interface RetentionOutputs {
  'retention:preview': RetentionPreview;
  'retention:acceptStorm': null;
  'snapshots:tag': SnapshotSummary;
  'snapshots:forget': readonly SnapshotSummary[];
  'prune:preview': readonly PruneSummary[];
  'prune:start': readonly PruneSummary[];
  'prune:history': readonly PruningLine[];
  'writers:list': readonly OtherWriter[];
  'writers:retire': readonly OtherWriter[];
}

export interface RetentionEvents {
  /** A deletion at the target moved on, ended, or was held up. */
  'prune:changed': PruneSummary;
}
