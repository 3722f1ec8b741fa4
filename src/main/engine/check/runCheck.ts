/**
 * One check of a target, from its row to its end. It begins anywhere after a restart: what was asked for is found again,
 * what was compared or proven is not done twice.
 *
 * A vault is asked for the ranges first and only then for its inventory, so that the hours of both pass together.
 */
import type { CheckOutcome } from '../../../shared/checkTypes.ts';
import { countFindings, countReads, getCheck, updateCheck, type CheckRow } from '../catalog/checks.ts';
import type { CheckJob } from './checkJob.ts';
import { holdAgainst } from './holdAgainst.ts';
import { askForReads, readBack } from './readBack.ts';

export const problemKinds = ['missing', 'differs', 'damaged'] as const;

/** Resolves to how it ended; rejects with what keeps it from going on. */
export async function runCheck(job: CheckJob): Promise<CheckOutcome> {
  const { catalog, check } = job;
  if (check.step === 'listing') {
    await askForReads(job);
    if (check.listing === null) await holdAgainst(job);
    await catalog.transaction((tx) => updateCheck(tx, check.id, { step: 'reading' }));
    await job.onChange();
  }
  await readBack(job);
  return outcomeOf(job);
}

async function outcomeOf({ catalog, check }: CheckJob): Promise<CheckOutcome> {
  const found = await countFindings(catalog, check.id, problemKinds);
  const { unread } = await countReads(catalog, check.id);
  const { listing } = (await getCheck(catalog, check.id)) as CheckRow;
  return found > 0 || unread.count > 0 || listing?.keySlots === false ? 'problems' : 'done';
}
