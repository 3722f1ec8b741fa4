/** A ceiling for what a month may cost, kept as one setting; unattended work stops at it. */
import { z } from 'zod';
import { readSetting, writeSetting } from '../catalog/settings.ts';
import type { Reader, Tx } from '../catalog/db.ts';
import type { VaultPrices } from './prices.ts';

const KEY = 'budget';

export interface Budget {
  /** US dollars a month; null for none. */
  readonly monthlyUsd: number | null;
  /** The month (`YYYY-MM`, UTC) in which it may be exceeded, because somebody said so. */
  readonly liftedFor: string | null;
}

const none: Budget = { monthlyUsd: null, liftedFor: null };
const stored = z.object({ monthlyUsd: z.number().nullable(), liftedFor: z.string().nullable() });

export async function readBudget(db: Reader): Promise<Budget> {
  const found = stored.safeParse(await readSetting(db, KEY));
  return found.success ? found.data : none;
}

export async function writeBudget(tx: Tx, budget: Budget): Promise<void> {
  await writeSetting(tx, KEY, budget);
}

/**
 * Whether unattended work has to stop. Pure.
 * @param certainUsd what the month costs even if nothing more is done: spent so far, and what is stored until its end
 */
export function isAtLine({ monthlyUsd, liftedFor }: Budget, month: string, certainUsd: number): boolean {
  return monthlyUsd !== null && liftedFor !== month && certainUsd >= monthlyUsd;
}

/** Hours of the longest month. */
const HOURS = 31 * 24;

/** Bytes an hour that, retrieved at the standard price all month, cost what the budget is. Whole bytes, at least one. */
export function retrievalRateFor(monthlyUsd: number, prices: VaultPrices): number {
  const gb = monthlyUsd / prices.usd.retrievalPerGB.standard;
  return Math.max(1, Math.floor((gb * prices.bytesPerGB) / HOURS));
}
