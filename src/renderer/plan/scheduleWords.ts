/** Schedules in words for people, and what a form holds of one. Pure. */
import {
  clock,
  readClock,
  readSchedule,
  type Schedule,
  type Weekday,
  writeSchedule,
} from '../../shared/schedule.ts';
import { formatClock, formatCounted, formatDay } from '../format.ts';

export function scheduleWords(text: string): string {
  const schedule = readSchedule(text);
  switch (schedule?.kind) {
    case undefined:
    case 'manual':
      return 'When you ask for it';
    case 'every':
      return everyWords(schedule.minutes);
    case 'daily':
      return `Every day at ${clock(schedule)}`;
    case 'weekly':
      return `Every ${capital(schedule.day)} at ${clock(schedule)}`;
    case 'changed':
      return 'When something has changed';
    case 'cron':
      return `By the pattern ${schedule.pattern}`;
  }
}

function everyWords(minutes: number): string {
  if (minutes === 60) return 'Every hour';
  return minutes % 60 === 0 ? `Every ${minutes / 60} hours` : `Every ${formatCounted(minutes, 'minute')}`;
}

/** "due now", "today at 14:20", "Saturday at 02:00". */
export function nextWords(at: number, now: number): string {
  if (at <= now) return 'due now';
  const isToday = new Date(at).toDateString() === new Date(now).toDateString();
  return isToday ? `today at ${formatClock(at)}` : `${formatDay(at, now)} at ${formatClock(at)}`;
}

/** What the fields of a form hold: all of them, so that a change of mind loses nothing. */
export interface ScheduleDraft {
  readonly kind: Schedule['kind'];
  /** Kept as it was: no field asks for it. */
  readonly settledMinutes: number;
  readonly hours: string;
  readonly time: string;
  readonly day: Weekday;
  readonly pattern: string;
}

export function draftOf(text: string): ScheduleDraft {
  const schedule = readSchedule(text) ?? { kind: 'manual' };
  return {
    kind: schedule.kind,
    settledMinutes: schedule.kind === 'changed' ? schedule.settledMinutes : 2,
    hours: schedule.kind === 'every' ? String(schedule.minutes / 60) : '1',
    time: schedule.kind === 'daily' || schedule.kind === 'weekly' ? clock(schedule) : '02:00',
    day: schedule.kind === 'weekly' ? schedule.day : 'sunday',
    pattern: schedule.kind === 'cron' ? schedule.pattern : '0 2 * * 1-5',
  };
}

/** The text that the draft comes to; null while a field of it cannot be understood. */
export function textOf(draft: ScheduleDraft): string | null {
  switch (draft.kind) {
    case 'manual':
      return 'manual';
    case 'changed':
      return checked({ kind: 'changed', settledMinutes: draft.settledMinutes });
    case 'every': {
      const minutes = Math.round(Number(draft.hours.replace(',', '.')) * 60);
      return checked({ kind: 'every', minutes });
    }
    case 'daily':
    case 'weekly': {
      const time = readClock(draft.time);
      if (time === null) return null;
      return checked(
        draft.kind === 'daily' ? { kind: 'daily', ...time } : { kind: 'weekly', day: draft.day, ...time },
      );
    }
    case 'cron':
      return checked({ kind: 'cron', pattern: draft.pattern.trim().toLowerCase().replaceAll(/\s+/g, ' ') });
  }
}

function checked(schedule: Schedule): string | null {
  const text = writeSchedule(schedule);
  return readSchedule(text)?.kind === schedule.kind ? text : null;
}

export function capital(word: string): string {
  return word.slice(0, 1).toUpperCase() + word.slice(1);
}
