/** Checks of targets, what they have proven, and the second copies they have found. */
import { randomBytes } from 'node:crypto';
import type { CheckSummary } from '../../../shared/checkTypes.ts';
import type { ParsedInput, Routes } from '../../../shared/contract.ts';
import { addCheck, getCheck, lastCheck, openCheck, type CheckRow } from '../catalog/checks.ts';
import type { TargetRow } from '../catalog/targets.ts';
import { planCheck } from '../check/plan.ts';
import { crashpoint } from '../crashpoint.ts';
import { EngineError } from '../failure.ts';
import { tierHours } from '../restore/windows.ts';
import { checkExtras } from './checkExtras.ts';
import type { CheckRuns } from './checkRuns.ts';
import { provenArchives } from './checkSummary.ts';
import type { EngineContext } from './context.ts';
import type { ErrandRuns } from './errandRuns.ts';
import { namedTarget } from './namedTarget.ts';

type CheckRoutes = Pick<
  Routes,
  | 'check:preview'
  | 'check:start'
  | 'check:show'
  | 'check:cancel'
  | 'check:archives'
  | 'check:extras'
  | 'check:deleteExtras'
>;

/** As published: an inventory is ready after this. */
const INVENTORY_HOURS = tierHours.standard;

export function checkRoutes(context: EngineContext, checks: CheckRuns, errands: ErrandRuns): CheckRoutes {
  const { catalog } = context;
  const summaryOf = (row: CheckRow): Promise<CheckSummary> => checks.summary(row);
  return {
    'check:preview': async ({ target: name, readPercent }) => {
      const target = await namedTarget(catalog, name);
      const plan = await planCheck(catalog, target, { readPercent, maxUsd: null });
      const { archives, bytes, reads, readBytes, estimate } = plan;
      return {
        target: name,
        archives,
        bytes,
        ranges: reads.length,
        readBytes,
        hours: hoursOf(target, reads.length > 0),
        estimate,
      };
    },
    'check:start': async (asked) => {
      const target = await namedTarget(catalog, asked.target);
      const row = (await openCheck(catalog, target.id)) ?? (await place(context, target, asked));
      checks.start(row);
      return summaryOf(row);
    },
    'check:show': async ({ target: name }) => {
      const row = await lastCheck(catalog, (await namedTarget(catalog, name)).id);
      return row === undefined ? null : summaryOf(row);
    },
    'check:cancel': async ({ target: name }) => {
      const row = await openCheck(catalog, (await namedTarget(catalog, name)).id);
      if (row === undefined) {
        throw new EngineError(
          'not-found',
          `No check of ${name} is under way.`,
          'There is nothing left to cancel.',
        );
      }
      await checks.cancel(row);
      return summaryOf((await getCheck(catalog, row.id)) ?? row);
    },
    'check:archives': async ({ target: name }) =>
      provenArchives(catalog, (await namedTarget(catalog, name)).id),
    ...checkExtras(context, errands),
  };
}

/** Writes the check down, with each range it will ask for; nothing has been asked yet. */
async function place(
  { catalog, keys }: EngineContext,
  target: TargetRow,
  { readPercent, maxUsd }: ParsedInput<'check:start'>,
): Promise<CheckRow> {
  if (readPercent > 0) keys.newest();
  const isFree = target.settings.kind === 'folder';
  if (readPercent > 0 && !isFree && maxUsd === undefined) {
    throw new EngineError(
      'invalid',
      `Reading back from ${target.name} costs something.`,
      'Say how much it may cost at most (--max-cost).',
      { safe: 'Nothing was asked for.' },
    );
  }
  const wanted = { readPercent, maxUsd: isFree ? null : (maxUsd ?? 0) };
  const plan = await planCheck(catalog, target, wanted);
  const check = {
    uid: randomBytes(16).toString('hex'),
    target: target.id,
    wanted,
    estimate: plan.estimate,
    createdAt: Date.now(),
  };
  const id = await catalog.transaction((tx) => addCheck(tx, check, plan.reads));
  crashpoint('check-noted');
  const row = await getCheck(catalog, id);
  if (row === undefined) throw new RangeError('a check that was just noted is gone');
  return row;
}

function hoursOf({ settings }: TargetRow, reads: boolean): { readonly from: number; readonly to: number } {
  if (settings.kind === 'folder') return { from: 0, to: 0 };
  return reads ? tierHours.bulk : INVENTORY_HOURS;
}
