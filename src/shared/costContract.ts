/** The part of the contract about money spent, the budget, and what was done. */
import { z } from 'zod';
import type { BudgetPolicy, BudgetSummary, CostSummary, HistoryLine, MonthCost } from './costTypes.ts';
import { name } from './names.ts';

const month = z.string().regex(/^\d{4}-(0[1-9]|1[0-2])$/, 'a month is written like 2026-11');
const none = z.strictObject({});
const kind = z.enum(['backup', 'restore', 'check', 'recovery', 'deletion', 'archives']);

/** Input schemas; see contract.ts. */
export const costInputs = {
  /** This month, or another. */
  'costs:show': z.strictObject({ month: month.optional() }),
  /** The last months with this one, the oldest first. */
  'costs:months': z.strictObject({ count: z.number().int().min(1).max(120).default(12) }),
  'budget:set': z.strictObject({ monthlyUsd: z.number().positive().max(1e6).nullable() }),
  /** What begins by itself goes on this month although the budget is reached. */
  'budget:lift': none,
  /** The retrieval rate that fits the budget; with `accept` it becomes the account's data-retrieval policy. */
  'budget:policy': z.strictObject({ target: name, accept: z.literal(true).optional() }),
  /** Runs, orders, checks, deletions and all else, the newest first. */
  'history:list': z.strictObject({
    kinds: z.array(kind).min(1).optional(),
    /** In names, outcomes and messages; upper and lower case are equal. */
    text: z.string().max(200).optional(),
    /** Epoch ms. */
    since: z.number().nonnegative().optional(),
    until: z.number().nonnegative().optional(),
    limit: z.number().int().min(1).max(100_000).default(200),
  }),
} as const;

export interface CostOutputs {
  'costs:show': CostSummary;
  'costs:months': readonly MonthCost[];
  'budget:set': BudgetSummary;
  'budget:lift': BudgetSummary;
  'budget:policy': BudgetPolicy;
  'history:list': readonly HistoryLine[];
}
