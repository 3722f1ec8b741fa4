/** Under which conditions something may begin by itself, and how fast it may send. Pure. */
import { localClock } from './nextRun.ts';

/** What a host can tell of where the computer is; null for what it cannot. */
export interface Surroundings {
  readonly isOnBattery: boolean | null;
  /** The connection is paid by what goes through it. */
  readonly isMetered: boolean | null;
  /** Names of the networks it is connected to. */
  readonly networks: readonly string[] | null;
}

export interface Conditions {
  readonly onBattery: boolean;
  readonly onMetered: boolean;
  /** Only while connected to one of these; null for any. */
  readonly networks: readonly string[] | null;
}

/** Bytes a second; `from` may be later than `to`: over midnight. */
export interface UploadLimit {
  readonly bytesPerSecond: number;
  /** `HH:MM`, local time; both null: always. The first that fits counts, the narrower ones first. */
  readonly from: string | null;
  readonly to: string | null;
}

export const anyConditions: Conditions = { onBattery: true, onMetered: true, networks: null };

/** What nothing begins by itself for, in words that follow “waits”; null when it may. What is not known keeps nothing. */
export function waitsFor(conditions: Conditions, around: Surroundings): string | null {
  if (!conditions.onBattery && around.isOnBattery === true) return 'for the power supply';
  if (!conditions.onMetered && around.isMetered === true) return 'for a connection that is not metered';
  const { networks } = conditions;
  if (networks === null || around.networks === null) return null;
  if (around.networks.some((name) => networks.includes(name))) return null;
  return `for the network ${networks.join(' or ')}`;
}

/** Bytes a second that all uploads together may take now; null for as many as they can. */
export function limitAt(limits: readonly UploadLimit[], now: number, timezone: string): number | null {
  const time = localClock(now, timezone);
  const timed = limits.find(
    ({ from, to }) =>
      from !== null && to !== null && (from <= to ? time >= from && time < to : time >= from || time < to),
  );
  return (timed ?? limits.find(({ from }) => from === null))?.bytesPerSecond ?? null;
}
