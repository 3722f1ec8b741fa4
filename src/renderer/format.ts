/** How amounts and times are said to a person. Pure; the words are English, so dates are too, whatever the system's locale. */

const LOCALE = 'en-GB';
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const counts = new Intl.NumberFormat(LOCALE);

/** 1204 -> "1,204". */
export function formatCount(count: number): string {
  return counts.format(count);
}

/** "1 file", "1,204 files". `plural` where adding an s is not enough. */
export function formatCounted(count: number, one: string, plural = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : plural}`;
}

const units = ['KB', 'MB', 'GB', 'TB', 'PB'] as const;

/** Decimal units as disks and stores count, three significant digits: "0 bytes", "999 bytes", "1.23 GB", "45.6 MB". */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return formatCounted(Math.round(bytes), 'byte');
  let value = bytes;
  let unit = -1;
  // What would be rounded up to 1000 is said in the next unit.
  while (unit < units.length - 1 && (unit < 0 || roundsToThousand(value))) {
    value /= 1000;
    unit += 1;
  }
  const digits = value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return `${value.toFixed(digits)} ${units[unit] ?? ''}`;
}

function roundsToThousand(value: number): boolean {
  return Math.round(value) >= 1000;
}

export function formatRate(bytesPerSecond: number): string {
  return `${formatBytes(bytesPerSecond)}/s`;
}

/** Two decimals always, but what is not nothing is never called nothing. */
export function formatUsd(usd: number): string {
  if (usd > 0 && usd < 0.01) return 'less than $0.01';
  return new Intl.NumberFormat('en-US', { style: 'currency', currency: 'USD' }).format(usd);
}

/** An amount of time in words, as exact as anybody wants to know: "a few seconds", "4 minutes", "2 hours", "3 days". */
export function formatDuration(ms: number): string {
  if (ms < 10 * SECOND) return 'a few seconds';
  if (ms < 50 * SECOND) return `${Math.round(ms / SECOND / 10) * 10} seconds`;
  if (ms < 55 * MINUTE) return formatCounted(Math.max(1, Math.round(ms / MINUTE)), 'minute');
  if (ms < 23.5 * HOUR) return formatCounted(Math.max(1, Math.round(ms / HOUR)), 'hour');
  return formatCounted(Math.max(1, Math.round(ms / DAY)), 'day');
}

/** What is left, which nobody knows exactly: "about 4 minutes left". */
export function formatLeft(seconds: number): string {
  return seconds < 10 ? 'a few seconds left' : `about ${formatDuration(seconds * SECOND)} left`;
}

/** Relative up to a day, then the weekday within a week, then the date. Times ahead of `now` count as now. */
export function formatAgo(at: number, now: number): string {
  const ms = now - at;
  if (ms < MINUTE) return 'just now';
  if (ms < HOUR) return `${formatCounted(Math.floor(ms / MINUTE), 'minute')} ago`;
  if (ms < DAY) return `${formatCounted(Math.floor(ms / HOUR), 'hour')} ago`;
  return `on ${formatDay(at, now)}`;
}

/** "Tuesday" within a week, then "3 March", with the year if it is another one. */
export function formatDay(at: number, now: number): string {
  if (now - at < 6 * DAY) return new Intl.DateTimeFormat(LOCALE, { weekday: 'long' }).format(at);
  const isThisYear = new Date(at).getFullYear() === new Date(now).getFullYear();
  const parts: Intl.DateTimeFormatOptions = {
    day: 'numeric',
    month: 'long',
    ...(isThisYear ? {} : { year: 'numeric' }),
  };
  return new Intl.DateTimeFormat(LOCALE, parts).format(at);
}

/** "Tue 3 March 2026": names a day in a list. */
export function formatDate(at: number): string {
  return new Intl.DateTimeFormat(LOCALE, {
    weekday: 'short',
    day: 'numeric',
    month: 'long',
    year: 'numeric',
  }).format(at);
}

/** "14:20". */
export function formatClock(at: number): string {
  return new Intl.DateTimeFormat(LOCALE, { hour: '2-digit', minute: '2-digit' }).format(at);
}

/** "3 Mar 2026, 14:20": for lists of files and for exact times. */
export function formatMoment(at: number): string {
  return new Intl.DateTimeFormat(LOCALE, { dateStyle: 'medium', timeStyle: 'short' }).format(at);
}

/** "between 14:20 and 18:20"; "by 18:20" when it may be any moment now. With the day where it is another one. */
export function formatWindow(from: number, to: number, now: number): string {
  const at = (time: number): string => {
    const isToday = new Date(time).toDateString() === new Date(now).toDateString();
    return isToday ? formatClock(time) : `${formatDay(time, time)} ${formatClock(time)}`;
  };
  return from < now ? `by ${at(to)}` : `between ${at(from)} and ${at(to)}`;
}

/** When retrievals are ready after ordering: "at once", "1 to 5 minutes", "3 to 5 hours". */
export function formatHours({ from, to }: { readonly from: number; readonly to: number }): string {
  if (to === 0) return 'at once';
  if (to < 1) return `${Math.max(1, Math.round(from * 60))} to ${Math.round(to * 60)} minutes`;
  return from === to ? formatCounted(to, 'hour') : `${from} to ${to} hours`;
}

/** "a", "a and b", "a, b and c", "a, b and 4 more". */
export function formatNames(names: readonly string[], most = 3): string {
  const shown = names.length > most ? names.slice(0, most - 1) : names;
  const rest = names.length - shown.length;
  const all = rest > 0 ? [...shown, `${formatCount(rest)} more`] : shown;
  if (all.length <= 1) return all[0] ?? '';
  return `${all.slice(0, -1).join(', ')} and ${all.at(-1) ?? ''}`;
}

/** The last name of a path, of either kind of system; the path itself where there is none (`/`, `C:\`). */
export function lastName(path: string): string {
  return path.split(/[\\/]/).findLast((part) => part !== '') ?? path;
}
