import type { Simulator } from '../../../src/main/simulator/simulator.ts';

const HOURS_MS = 5 * 3_600_000;
/** Looks at which nothing more is under way than before: on a busy machine one request follows another slowly. */
const QUIET_LOOKS = 3;

/**
 * Lets the hours of a vault pass whenever jobs are under way there and no more of them begin, until the timer is cleared:
 * hours between one request and the next of a series would let the first one's output expire before it is read. The jobs
 * themselves are looked at, not the requests for them: those are counted before the job has begun.
 * @param simulator the vault, which may be another one later
 */
export function letHoursPass(simulator: () => Simulator, everyMs: number): NodeJS.Timeout {
  let last = 0;
  let quiet = 0;
  return setInterval(() => {
    const now = simulator().jobsUnderWay();
    quiet = now === last ? quiet + 1 : 0;
    last = now;
    if (now === 0 || quiet < QUIET_LOOKS) return;
    simulator().advance(HOURS_MS);
    last = simulator().jobsUnderWay();
    quiet = 0;
  }, everyMs);
}
