/** Which snapshots are kept, in words. */
import { periods, readRetention, type Period } from './retention.ts';

const words: Readonly<Record<Period, (n: number) => string>> = {
  last: (n) => (n === 1 ? 'the newest' : `the last ${n}`),
  hourly: (n) => `one an hour for ${count(n, 'hour')}`,
  daily: (n) => `one a day for ${count(n, 'day')}`,
  weekly: (n) => `one a week for ${count(n, 'week')}`,
  monthly: (n) => `one a month for ${count(n, 'month')}`,
  yearly: (n) => `one a year for ${count(n, 'year')}`,
};

/** `one a day for 7 days, one a week for 4 weeks`; text that says nothing comes back as it is. */
export function retentionWords(text: string): string {
  const read = readRetention(text);
  if (read === null) return text;
  if (read === 'everything') return 'every snapshot';
  return periods.flatMap((period) => (read[period] > 0 ? [words[period](read[period])] : [])).join(', ');
}

function count(n: number, of: string): string {
  return `${n} ${of}${n === 1 ? '' : 's'}`;
}
