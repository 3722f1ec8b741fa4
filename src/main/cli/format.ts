/**
 * How quantities, times, money and names read in a terminal. Pure; the only place that turns numbers into words.
 * Sizes are decimal (1 MB = 1,000,000 bytes) with three significant digits.
 */
import type { Estimate } from '../../shared/types.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${Math.round(bytes)} B`;
  const units = ['KB', 'MB', 'GB', 'TB', 'PB'];
  let value = bytes / 1000;
  let unit = 0;
  // 999.5 would round to "1000": it belongs to the next unit.
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  const digits = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
  return `${value.toFixed(digits)} ${units[unit] ?? ''}`;
}

/** Pack sizes are powers of two and are chosen in MiB, so they are shown so. */
export function formatMiB(bytes: number): string {
  return `${formatCount(bytes / 2 ** 20)} MiB`;
}

/** Groups digits by thousands; at most three decimals. */
export function formatCount(count: number): string {
  return count.toLocaleString('en-US');
}

/** `1 file`, `2 files`, `1,000 entries` (with `many` given). */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

/** The two largest units of a length of time: `320 ms`, `12 s`, `3 min 5 s`, `2 h 10 min`, `3 d 4 h`. */
export function formatDuration(ms: number): string {
  if (ms < SECOND) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < 10 * SECOND) return `${(ms / SECOND).toFixed(1)} s`;
  const seconds = Math.round(ms / SECOND);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return twoUnits(seconds, 60, 'min', 1, 's');
  if (seconds < 86_400) return twoUnits(seconds, 3600, 'h', 60, 'min');
  return twoUnits(seconds, 86_400, 'd', 3600, 'h');
}

function twoUnits(
  seconds: number,
  large: number,
  largeName: string,
  small: number,
  smallName: string,
): string {
  const rounded = Math.round(seconds / small) * small;
  const rest = Math.round((rounded % large) / small);
  const first = `${Math.floor(rounded / large)} ${largeName}`;
  return rest === 0 ? first : `${first} ${rest} ${smallName}`;
}

/** How long ago, in one unit: `just now`, `5 minutes ago`, `3 days ago`. Times ahead of `now` count as now. */
export function formatAgo(at: number, now: number): string {
  const ms = now - at;
  if (ms < 45 * SECOND) return 'just now';
  if (ms < 90 * MINUTE) return `${plural(Math.max(1, Math.round(ms / MINUTE)), 'minute')} ago`;
  if (ms < 36 * HOUR) return `${plural(Math.round(ms / HOUR), 'hour')} ago`;
  if (ms < 60 * DAY) return `${plural(Math.round(ms / DAY), 'day')} ago`;
  if (ms < 730 * DAY) return `${plural(Math.round(ms / (30.4 * DAY)), 'month')} ago`;
  return `${plural(Math.floor(ms / (365.25 * DAY)), 'year')} ago`;
}

/** Local date and time to the minute, sortable: `2026-11-23 14:20`. */
export function formatWhen(at: number): string {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return 'unknown time';
  const two = (n: number) => String(n).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}`;
}

/** `2026-12-01`, by the clock of this computer. */
export function formatDay(at: number): string {
  return formatWhen(at).slice(0, 10);
}

/** Cents where there are cents; two significant digits below one cent, so that little never reads as nothing. */
export function formatUsd(usd: number): string {
  if (usd >= 0.01)
    return `$${usd.toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`;
  if (usd < 1e-8) return '$0.00';
  const digits = 1 - Math.floor(Math.log10(usd));
  return `$${usd.toFixed(digits)}`;
}

/** `0.00293 GB`, `66 requests`, `1 request`: units come in the plural, and gigabytes of small things are small. */
function formatQuantity(quantity: number, unit: string): string {
  const number = quantity.toLocaleString('en-US', { maximumSignificantDigits: quantity < 1000 ? 3 : 21 });
  return `${number} ${quantity === 1 ? unit.replace(/s$/, '') : unit}`;
}

/** `3-5 hours`, `3 minutes`; empty where it is ready at once. */
export function formatHours(hours: { readonly from: number; readonly to: number }): string {
  if (hours.to === 0) return '';
  const unit = hours.to < 1 ? 'minute' : 'hour';
  const scale = unit === 'minute' ? 60 : 1;
  const from = Number((hours.from * scale).toFixed(1));
  const to = Number((hours.to * scale).toFixed(1));
  return from === to ? plural(to, unit) : `${from}-${to} ${unit}s`;
}

/** `between 14:20 and 18:20`, `by 18:20 tomorrow`: in this computer's time. */
export function formatWindow(hours: { readonly from: number; readonly to: number }, now: number): string {
  const from = new Date(now + hours.from * 3_600_000);
  const to = new Date(now + hours.to * 3_600_000);
  return `between ${clockTime(from, now)} and ${clockTime(to, now)}`;
}

function clockTime(at: Date, now: number): string {
  const two = (n: number): string => String(n).padStart(2, '0');
  const time = `${two(at.getHours())}:${two(at.getMinutes())}`;
  const today = new Date(now);
  if (at.toDateString() === today.toDateString()) return time;
  today.setDate(today.getDate() + 1);
  if (at.toDateString() === today.toDateString()) return `${time} tomorrow`;
  return `${time} on ${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
}

/** The lines of a bill, or one sentence where nothing is charged. */
export function formatEstimate(estimate: Estimate): string[] {
  if (estimate.lines.length === 0) return ['Costs nothing.'];
  const rows = estimate.lines.map((line) => [
    `  ${line.what}`,
    formatQuantity(line.quantity, line.unit),
    formatUsd(line.usd),
  ]);
  rows.push(['  Together', '', formatUsd(estimate.usd)]);
  return [
    `Price (list of ${estimate.priceDate}, ${estimate.region}):`,
    ...table(rows, ['left', 'right', 'right']),
  ];
}

/** Permission bits as `ls` writes them, with the kind in front. */
export function formatMode(kind: 'file' | 'folder' | 'symlink', mode: number): string {
  const letters = Array.from('rwxrwxrwx', (letter, i) => ((mode >> (8 - i)) & 1 ? letter : '-'));
  const special = [
    [0o4000, 2, 's', 'S'],
    [0o2000, 5, 's', 'S'],
    [0o1000, 8, 't', 'T'],
  ] as const;
  for (const [bit, at, withX, withoutX] of special) {
    if (mode & bit) letters[at] = letters[at] === 'x' ? withX : withoutX;
  }
  return { file: '-', folder: 'd', symlink: 'l' }[kind] + letters.join('');
}

/**
 * A name as it may be shown: what could move the cursor, change colours or turn the direction of writing is
 * written as an escape. File names come from anywhere, and a terminal obeys them.
 */
export function shown(text: string): string {
  return text.replace(
    /[\p{Cc}\u{2028}\u{2029}\u{200e}\u{200f}\u{202a}-\u{202e}\u{2066}-\u{2069}\u{feff}]/gu,
    (c) => {
      const code = c.codePointAt(0) ?? 0;
      if (c === '\n') return String.raw`\n`;
      if (c === '\t') return String.raw`\t`;
      if (code < 0x100) return `\\x${code.toString(16).padStart(2, '0')}`;
      return `\\u{${code.toString(16)}}`;
    },
  );
}

/** Columns a terminal needs for `text`: wide letters take two, combining marks none. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const letter of text) width += letterWidth(letter);
  return width;
}

const WIDE =
  /[\u{1100}-\u{115f}\u{2e80}-\u{303e}\u{3041}-\u{a4cf}\u{ac00}-\u{d7a3}\u{f900}-\u{faff}\u{fe30}-\u{fe6f}\u{ff00}-\u{ff60}\u{ffe0}-\u{ffe6}\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;

function letterWidth(letter: string): number {
  if (letter >= ' ' && letter <= '~') return 1;
  if (/[\p{Mn}\p{Me}\u{200b}-\u{200d}]/u.test(letter)) return 0;
  return WIDE.test(letter) ? 2 : 1;
}

/** Shortens a path to at most `width` columns by leaving out its beginning: the end says most. */
export function elide(path: string, width: number): string {
  if (displayWidth(path) <= width) return path;
  if (width < 2) return '';
  const letters = Array.from(path);
  let kept = letters.length;
  let used = 1;
  while (kept > 0) {
    const next = letterWidth(letters[kept - 1] ?? '');
    if (used + next > width) break;
    used += next;
    kept--;
  }
  return `…${letters.slice(kept).join('')}`;
}

/** Cuts `text` at `width` columns. */
export function clip(text: string, width: number): string {
  let used = 0;
  let end = 0;
  for (const letter of text) {
    used += letterWidth(letter);
    if (used > width) return text.slice(0, end);
    end += letter.length;
  }
  return text;
}

export type Align = 'left' | 'right';

/** Lines of a table with columns two spaces apart; the last column is not padded. Cells have to be `shown` already. */
export function table(rows: readonly (readonly string[])[], align: readonly Align[]): string[] {
  const widths = align.map((_, column) => Math.max(0, ...rows.map((row) => displayWidth(row[column] ?? ''))));
  return rows.map((row) => {
    const cells = widths.map((width, column) => {
      const cell = row[column] ?? '';
      const space = ' '.repeat(width - displayWidth(cell));
      return align[column] === 'right' ? space + cell : cell + space;
    });
    return cells.join('  ').trimEnd();
  });
}
