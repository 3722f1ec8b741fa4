/**
 * Which snapshots of a plan are kept, as text (`last=3,daily=7,weekly=4,monthly=12,yearly=10`) and taken apart.
 *
 * The newest of each of the last so many days, weeks, months or years *that have snapshots* is kept: a computer that was
 * off for a year loses none by it, and no clock is asked. Tagged snapshots are always kept.
 */
export interface Retention {
  readonly last: number;
  readonly hourly: number;
  readonly daily: number;
  readonly weekly: number;
  readonly monthly: number;
  readonly yearly: number;
}

export const periods = ['last', 'hourly', 'daily', 'weekly', 'monthly', 'yearly'] as const;
export type Period = (typeof periods)[number];

/** Of any kind: more than anybody has. */
export const MOST_KEPT = 100_000;

const nothing: Retention = { last: 0, hourly: 0, daily: 0, weekly: 0, monthly: 0, yearly: 0 };

/**
 * Reads `everything`, or counts by period, in any order, parted by commas or blanks.
 * @returns null for what is neither; `'everything'` when every snapshot is kept
 */
export function readRetention(text: string): Retention | 'everything' | null {
  const words = text
    .trim()
    .toLowerCase()
    .split(/[\s,]+/);
  if (words.length === 1 && (words[0] === 'everything' || words[0] === 'all')) return 'everything';
  const read: Record<Period, number> = { ...nothing };
  const seen = new Set<string>();
  for (const word of words) {
    const found = /^([a-z]+)=(\d{1,6})$/.exec(word);
    const period = periods.find((one) => one === found?.[1]);
    const count = Number(found?.[2]);
    if (period === undefined || seen.has(period) || count > MOST_KEPT) return null;
    seen.add(period);
    read[period] = count;
  }
  return periods.some((period) => read[period] > 0) ? read : null;
}

/** The inverse of `readRetention`. */
export function writeRetention(retention: Retention | 'everything'): string {
  if (retention === 'everything') return 'everything';
  return periods.flatMap((one) => (retention[one] > 0 ? [`${one}=${retention[one]}`] : [])).join(',');
}
