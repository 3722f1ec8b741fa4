import type { Simulator } from '../../../src/main/simulator/simulator.ts';

const HOURS_MS = 5 * 3_600_000;

/**
 * Lets the hours of a vault pass whenever a job is under way there, until the timer is cleared. The jobs themselves are
 * looked at, not the requests for them: those are counted before the job has begun.
 * @param simulator the vault, which may be another one later
 */
export function letHoursPass(simulator: () => Simulator, everyMs: number): NodeJS.Timeout {
  return setInterval(() => {
    if (simulator().jobsUnderWay() > 0) simulator().advance(HOURS_MS);
  }, everyMs);
}
