import type { Routes } from '../../../shared/contract.ts';
import type { EngineContext } from './context.ts';
import type { Leave } from './leave.ts';
import { readUnattended, type UnattendedRules, writeUnattended } from '../schedule/unattended.ts';
import { isPaused, isQuiet } from '../schedule/nextRun.ts';
import type { UnattendedSummary } from '../../../shared/types.ts';

type ScheduleRoutes = Pick<Routes, 'unattended:show' | 'unattended:set'>;

/** @param leave says what is waited for @param look to be called when something may begin that could not before */
export function scheduleRoutes(
  { catalog, events }: EngineContext,
  leave: Leave,
  look: () => void,
): ScheduleRoutes {
  return {
    'unattended:show': async () => summary(await readUnattended(catalog), await leave.waitsFor()),
    'unattended:set': async (change) => {
      const unattended = await catalog.transaction(async (tx) => {
        const now = await readUnattended(tx);
        const next = {
          quiet: change.quiet === undefined ? now.quiet : change.quiet,
          pausedUntil: change.pausedUntil === undefined ? now.pausedUntil : change.pausedUntil,
          conditions: change.conditions ?? now.conditions,
          limits: change.limits ?? now.limits,
        };
        await writeUnattended(tx, next);
        return next;
      });
      events.emit('lists:changed', {});
      look();
      return summary(unattended, await leave.waitsFor());
    },
  };
}

function summary(unattended: UnattendedRules, waits: string | null): UnattendedSummary {
  const now = Date.now();
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  return {
    ...unattended,
    isPaused: isPaused(unattended, now),
    isQuiet: isQuiet(unattended, now, timeZone),
    waitsFor: waits,
  };
}
