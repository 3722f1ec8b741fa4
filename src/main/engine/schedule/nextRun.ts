/** When a plan is due, and which plan's turn it is. Pure: the moment and the time zone are given. */
import { Cron } from 'croner';
import { clock, readSchedule, type Schedule, weekdays, writeSchedule } from '../../../shared/schedule.ts';
import { EngineError } from '../failure.ts';

const MINUTE_MS = 60_000;
/** What no hint told of is found by a scan a day. */
const DAY_MS = 24 * 60 * MINUTE_MS;
/** What failed for want of a network or a service is tried again so long after. */
const TRY_AGAIN_MS = 30 * MINUTE_MS;

/** @returns its canonical text @throws EngineError `invalid` */
export function checkSchedule(text: string): string {
  const schedule = readSchedule(text);
  if (schedule === null) throw notUnderstood(text);
  if (schedule.kind === 'cron') {
    try {
      if (occurrence(schedule.pattern, 0, 'UTC') === null) throw new RangeError('it never comes');
    } catch (error) {
      throw notUnderstood(text, error);
    }
  }
  return writeSchedule(schedule);
}

/**
 * The first moment after `since` at which the schedule wants a run, epoch ms; null for never. It may be long past: then
 * it was missed, and once is enough for all that were.
 */
export function nextOccurrence(schedule: Schedule, since: number, timezone: string): number | null {
  switch (schedule.kind) {
    case 'manual':
      return null;
    case 'changed':
      return since + DAY_MS;
    case 'every':
      return since + schedule.minutes * MINUTE_MS;
    case 'daily':
      return occurrence(`${schedule.minute} ${schedule.hour} * * *`, since, timezone);
    case 'weekly':
      return occurrence(
        `${schedule.minute} ${schedule.hour} * * ${weekdays.indexOf(schedule.day)}`,
        since,
        timezone,
      );
    case 'cron':
      return occurrence(schedule.pattern, since, timezone);
  }
}

export interface LastRun {
  readonly startedAt: number;
  readonly endedAt: number | null;
  /** It failed for what may pass by itself. */
  readonly hasFailedForNow: boolean;
}

/** @param scheduledAt when the schedule was chosen: what was not wanted before was not missed */
export function dueAt(
  schedule: Schedule,
  scheduledAt: number,
  last: LastRun | null,
  timezone: string,
): number | null {
  const next = nextOccurrence(schedule, Math.max(scheduledAt, last?.startedAt ?? 0), timezone);
  if (next === null || last === null) return next;
  // Cut off by a kill: it goes on.
  if (last.endedAt === null) return last.startedAt;
  return last.hasFailedForNow ? Math.min(next, last.endedAt + TRY_AGAIN_MS) : next;
}

/** Hours of the day in which nothing begins by itself; from may be later than to: over midnight. */
export interface QuietHours {
  /** `HH:MM`, local time. */
  readonly from: string;
  readonly to: string;
}

export interface Unattended {
  readonly quiet: QuietHours | null;
  /** Epoch ms; `always` until somebody says otherwise. */
  readonly pausedUntil: number | 'always' | null;
}

export function isPaused({ pausedUntil }: Unattended, now: number): boolean {
  return pausedUntil === 'always' || (pausedUntil !== null && now < pausedUntil);
}

export function isQuiet({ quiet }: Unattended, now: number, timezone: string): boolean {
  if (quiet === null) return false;
  const time = localClock(now, timezone);
  return quiet.from <= quiet.to
    ? time >= quiet.from && time < quiet.to
    : time >= quiet.from || time < quiet.to;
}

/** The plan whose turn it is: the one that has waited longest; undefined when none is due or nothing may begin. */
export function whoseTurn<P extends { readonly dueAt: number | null }>(
  plans: readonly P[],
  unattended: Unattended,
  now: number,
  timezone: string,
): P | undefined {
  if (isPaused(unattended, now) || isQuiet(unattended, now, timezone)) return undefined;
  const due = plans.filter((plan) => plan.dueAt !== null && plan.dueAt <= now);
  return due.toSorted((a, b) => (a.dueAt ?? 0) - (b.dueAt ?? 0))[0];
}

function occurrence(pattern: string, since: number, timezone: string): number | null {
  return new Cron(pattern, { timezone }).nextRun(new Date(since))?.getTime() ?? null;
}

/** `HH:MM` as a wall clock there shows it. */
export function localClock(now: number, timezone: string): string {
  const parts = new Intl.DateTimeFormat('en-GB', {
    timeZone: timezone,
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  }).formatToParts(now);
  const value = (type: string): number => Number(parts.find((part) => part.type === type)?.value ?? 0);
  return clock({ hour: value('hour'), minute: value('minute') });
}

function notUnderstood(text: string, cause?: unknown): EngineError {
  return new EngineError(
    'invalid',
    `“${text}” is not a schedule.`,
    'Write manual, when changed, every 30m (5 minutes to a week), daily 02:00, weekly sunday 03:00, or five fields as in a crontab.',
    { cause },
  );
}
