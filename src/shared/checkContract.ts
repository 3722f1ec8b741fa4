/** The part of the contract about checks: whether what the catalog says is stored is still there, and whole. */
import { z } from 'zod';
import type { CheckPreview, CheckSummary, ExtrasPreview, ProvenArchive } from './checkTypes.ts';
import type { ErrandSummary } from './archiveTypes.ts';
import { name } from './names.ts';

const percent = z.number().min(0).max(100, 'a share is at most 100%');

/** Input schemas; see contract.ts. */
export const checkInputs = {
  'check:preview': z.strictObject({ target: name, readPercent: percent.default(0) }),
  /**
   * Starts a check of the target, or carries on the one that is open. What is read back may cost at most `maxUsd`, which
   * has to be said where reading costs anything.
   */
  'check:start': z.strictObject({
    target: name,
    /** Share of all stored bytes that is read back. */
    readPercent: percent.default(0),
    maxUsd: z.number().nonnegative().optional(),
  }),
  /** The newest check. */
  'check:show': z.strictObject({ target: name }),
  /** Gives up the open one. What was asked for is paid; what was proven stays so. */
  'check:cancel': z.strictObject({ target: name }),
  /** Each archive with its last proof, the oldest first. */
  'check:archives': z.strictObject({ target: name }),
  'check:extras': z.strictObject({ target: name }),
  /** Deletes the second copies that `check:extras` shows; null for a target where that is done at once. */
  'check:deleteExtras': z.strictObject({
    target: name,
    accept: z.literal(true, 'the price has to be accepted'),
  }),
} as const;

export interface CheckOutputs {
  'check:preview': CheckPreview;
  'check:start': CheckSummary;
  'check:show': CheckSummary | null;
  'check:cancel': CheckSummary;
  'check:archives': readonly ProvenArchive[];
  'check:extras': ExtrasPreview;
  'check:deleteExtras': ErrandSummary | null;
}

export interface CheckEvents {
  /** A check moved on: step, counts or end. */
  'check:changed': CheckSummary;
}
