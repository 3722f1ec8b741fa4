/**
 * The two clocks of the simulator.
 *
 * *Transport time* is the real time of this computer (plus a skew for tests): the Date header and the five-minute
 * check of signatures go by it. SDKs take the Date header for the true time and sign with it, so a Date that ran
 * ahead would make the very next request unacceptable to any other client, and to the same one after a restart.
 *
 * *Service time* is virtual and runs at any speed: creation dates, job completion, expiry and inventories go by it.
 * It never runs backwards. While the simulator is closed it runs at real speed, so a practice vault left at an hour
 * a second overnight has not aged by years in the morning.
 */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { replaceFile } from './replaceFile.ts';

/** How often a clock that drifts from the real one is written down: a kill loses at most this, in real ms. */
const SAVE_EVERY_MS = 1000;

const savedClock = z.object({ virtualMs: z.number(), wallMs: z.number(), speed: z.number().nonnegative() });

export interface Clock {
  /** Virtual time in epoch ms, whole and never less than before. */
  serviceNow(): number;
  /** Real time plus skew, epoch ms. */
  transportNow(): number;
  speed(): number;
  /** @throws RangeError if `ms` is negative or no number. */
  advance(ms: number): void;
  /** Virtual seconds per real second; 0 stops the clock. @throws RangeError if negative or no number. */
  setSpeed(speed: number): void;
  setTransportSkew(ms: number): void;
  /** Writes the clock down and stops writing it. */
  close(): void;
}

/** Opens the clock kept in `path`, new if absent. `speed` undefined keeps the kept one; `notBefore` is a time already shown. */
export function openClock(path: string, speed: number | undefined, notBefore: number): Clock {
  const saved = readClock(path);
  const wallNow = Date.now();
  let wallMs = wallNow;
  let virtualMs = saved === null ? wallNow : saved.virtualMs + Math.max(0, wallNow - saved.wallMs);
  virtualMs = Math.max(virtualMs, notBefore);
  let rate = checkedSpeed(speed ?? saved?.speed ?? 1);
  let skewMs = 0;
  let latest = 0;

  const exact = (): number => virtualMs + Math.max(0, Date.now() - wallMs) * rate;
  const reanchor = (): void => {
    virtualMs = exact();
    wallMs = Date.now();
  };
  const save = (): void => {
    reanchor();
    replaceFile(path, JSON.stringify({ virtualMs, wallMs, speed: rate }));
  };
  save();
  const timer = setInterval(() => {
    if (rate !== 1) save();
  }, SAVE_EVERY_MS);
  timer.unref();

  return {
    serviceNow: () => (latest = Math.max(latest, Math.floor(exact()))),
    transportNow: () => Date.now() + skewMs,
    speed: () => rate,
    advance: (ms) => {
      if (!(ms >= 0 && Number.isFinite(ms))) throw new RangeError(`cannot advance the clock by ${ms} ms`);
      reanchor();
      virtualMs += ms;
      save();
    },
    setSpeed: (next) => {
      reanchor();
      rate = checkedSpeed(next);
      save();
    },
    setTransportSkew: (ms) => {
      skewMs = ms;
    },
    close: () => {
      clearInterval(timer);
      save();
    },
  };
}

function checkedSpeed(speed: number): number {
  if (!(speed >= 0 && Number.isFinite(speed))) throw new RangeError(`no clock runs at speed ${speed}`);
  return speed;
}

function readClock(path: string): z.infer<typeof savedClock> | null {
  try {
    return savedClock.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}
