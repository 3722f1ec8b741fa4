/**
 * When a plan runs by itself, as text and taken apart. The forms that people choose have words of their own; any other
 * rhythm is cron text of five fields (minute, hour, day of month, month, day of week), which the engine checks.
 */
export type Schedule =
  | { readonly kind: 'manual' }
  /** From one start to the next, 5 minutes to a week. */
  | { readonly kind: 'every'; readonly minutes: number }
  | { readonly kind: 'daily'; readonly hour: number; readonly minute: number }
  | { readonly kind: 'weekly'; readonly day: Weekday; readonly hour: number; readonly minute: number }
  /** Once files were left alone for so long, a quarter of an hour at most; and once a day, whatever hints are missed. */
  | { readonly kind: 'changed'; readonly settledMinutes: number }
  | { readonly kind: 'cron'; readonly pattern: string };

export const weekdays = [
  'sunday',
  'monday',
  'tuesday',
  'wednesday',
  'thursday',
  'friday',
  'saturday',
] as const;
export type Weekday = (typeof weekdays)[number];

const DEFAULT_HOUR = 2;
const SETTLED_MINUTES = 2;
export const LEAST_MINUTES = 5;
export const MOST_MINUTES = 7 * 24 * 60;

/**
 * Reads `manual`, `when changed`, `when changed 5m`, `every 30m`, `every 2h`, `daily`, `daily 02:00`, `weekly`, `weekly sunday 03:30` or cron text.
 * Days may be cut to three letters. Without a time it is two in the night, without a day Sunday.
 * @returns null for what is none of these; the fields of cron text are not looked at
 */
export function readSchedule(text: string): Schedule | null {
  const words = text.trim().toLowerCase().split(/\s+/);
  const [first = '', ...rest] = words;
  if (first === 'manual') return rest.length === 0 ? { kind: 'manual' } : null;
  if (first === 'when') return whenChanged(rest);
  if (first === 'every') return every(rest);
  if (first === 'daily') {
    const time = timeOf(rest[0]);
    return time === null || rest.length > 1 ? null : { kind: 'daily', ...time };
  }
  if (first === 'weekly') return weekly(rest);
  return words.length === 5 ? { kind: 'cron', pattern: words.join(' ') } : null;
}

/** The inverse of `readSchedule`. */
export function writeSchedule(schedule: Schedule): string {
  switch (schedule.kind) {
    case 'manual':
      return 'manual';
    case 'every':
      return schedule.minutes % 60 === 0 ? `every ${schedule.minutes / 60}h` : `every ${schedule.minutes}m`;
    case 'daily':
      return `daily ${clock(schedule)}`;
    case 'weekly':
      return `weekly ${schedule.day} ${clock(schedule)}`;
    case 'changed':
      return schedule.settledMinutes === SETTLED_MINUTES
        ? 'when changed'
        : `when changed ${schedule.settledMinutes}m`;
    case 'cron':
      return schedule.pattern;
  }
}

export function clock({ hour, minute }: { readonly hour: number; readonly minute: number }): string {
  return `${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}`;
}

/** `HH:MM`; null for anything else. */
export function readClock(text: string): { readonly hour: number; readonly minute: number } | null {
  const found = /^(\d{1,2}):(\d{2})$/.exec(text);
  if (found === null) return null;
  const [hour, minute] = [Number(found[1]), Number(found[2])];
  return hour < 24 && minute < 60 ? { hour, minute } : null;
}

function whenChanged([changed, minutes, ...more]: readonly string[]): Schedule | null {
  if (changed !== 'changed' || more.length > 0) return null;
  const settledMinutes = minutes === undefined ? SETTLED_MINUTES : Number(/^(\d{1,2})m$/.exec(minutes)?.[1]);
  return settledMinutes >= 1 && settledMinutes <= 15 ? { kind: 'changed', settledMinutes } : null;
}

function every(rest: readonly string[]): Schedule | null {
  const found = /^(\d{1,5}) ?(m|min|minutes?|h|hours?)$/.exec(rest.join(' '));
  if (found === null) return null;
  const minutes = Number(found[1]) * (found[2]?.startsWith('h') === true ? 60 : 1);
  return minutes >= LEAST_MINUTES && minutes <= MOST_MINUTES ? { kind: 'every', minutes } : null;
}

function weekly(rest: readonly string[]): Schedule | null {
  const [first, second] = rest;
  if (rest.length > 2) return null;
  const day = first === undefined ? 'sunday' : dayOf(first);
  const time = timeOf(second);
  return day === null || time === null ? null : { kind: 'weekly', day, ...time };
}

function dayOf(word: string): Weekday | null {
  return weekdays.find((day) => day === word || day.slice(0, 3) === word) ?? null;
}

function timeOf(word: string | undefined): { readonly hour: number; readonly minute: number } | null {
  return word === undefined ? { hour: DEFAULT_HOUR, minute: 0 } : readClock(word);
}
