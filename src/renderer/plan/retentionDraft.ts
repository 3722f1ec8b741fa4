/** What the fields of a form hold of which snapshots are kept. Pure. */
import { readRetention, writeRetention } from '../../shared/retention.ts';

export const shownPeriods = ['daily', 'weekly', 'monthly', 'yearly'] as const;
export type ShownPeriod = (typeof shownPeriods)[number];

export interface RetentionDraft {
  readonly isEverything: boolean;
  readonly counts: Readonly<Record<ShownPeriod, string>>;
  /** Kept as they were: no field asks for them. */
  readonly last: number;
  readonly hourly: number;
}

/** What is offered first: close together lately, further apart the longer ago, and something of every year. */
const usual = { daily: '7', weekly: '5', monthly: '12', yearly: '10' } as const;

export function retentionDraftOf(text: string): RetentionDraft {
  const read = readRetention(text);
  if (read === null || read === 'everything')
    return { isEverything: true, counts: usual, last: 0, hourly: 0 };
  const counts = { daily: '', weekly: '', monthly: '', yearly: '' };
  for (const period of shownPeriods) if (read[period] > 0) counts[period] = String(read[period]);
  return { isEverything: false, counts, last: read.last, hourly: read.hourly };
}

/** The text that the draft comes to; null while a field of it cannot be understood, or nothing would be kept. */
export function retentionTextOf({ isEverything, counts, last, hourly }: RetentionDraft): string | null {
  if (isEverything) return 'everything';
  const numbers = { last, hourly, daily: 0, weekly: 0, monthly: 0, yearly: 0 };
  for (const period of shownPeriods) {
    const text = counts[period].trim();
    if (!/^\d{0,6}$/.test(text)) return null;
    numbers[period] = Number(text);
  }
  const written = writeRetention(numbers);
  return readRetention(written) === null ? null : written;
}
