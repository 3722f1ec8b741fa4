/**
 * Which snapshots a plan's rules keep, why, and when those that are kept go. Pure; only the moments at which snapshots
 * were made and the time zone count, never the clock of now (invariant I14).
 */
import { periods, type Period, type Retention } from '../../../shared/retention.ts';

/** What decides about one snapshot. */
export interface Dated {
  /** Epoch ms. */
  readonly at: number;
  readonly tags: readonly string[];
  /** Something needs it just now: a restore from it is under way. */
  readonly isInUse?: boolean;
}

export type Reason = Period | 'newest' | 'tagged' | 'in-use' | 'everything';

/**
 * Why each is kept, beside each; none for those that go. Of a period the newest snapshot stands for it. The newest of all
 * is always kept: the next one is a difference to it.
 * @param snapshots in the order they were made, oldest first
 */
export function reasonsToKeep(
  snapshots: readonly Dated[],
  retention: Retention | 'everything',
  timezone: string,
): readonly (readonly Reason[])[] {
  if (retention === 'everything') return snapshots.map(() => ['everything']);
  const reasons: Reason[][] = snapshots.map(({ tags, isInUse }, i) => [
    ...(i === snapshots.length - 1 ? (['newest'] as const) : []),
    ...(tags.length > 0 ? (['tagged'] as const) : []),
    ...(isInUse === true ? (['in-use'] as const) : []),
  ]);
  const days = snapshots.map(({ at }) => localDay(at, timezone));
  for (const period of periods) {
    let left = retention[period];
    let stoodFor: string | null = null;
    for (let i = snapshots.length - 1; i >= 0 && left > 0; i--) {
      const name = nameOf(period, days[i] ?? days[0], i);
      if (name === stoodFor) continue;
      stoodFor = name;
      left--;
      reasons[i]?.push(period);
    }
  }
  return reasons;
}

/**
 * When each snapshot goes if one more is made at every one of the moments `coming`: the first of these after which no rule
 * keeps it; null for one that outlives them all. Those that go at once have the moment of the newest snapshot.
 * @param coming ascending, after the newest snapshot
 */
export function whenTheyGo(
  snapshots: readonly Dated[],
  retention: Retention | 'everything',
  timezone: string,
  coming: readonly number[],
): readonly (number | null)[] {
  const goes = new Map<Dated, number>();
  let here = [...snapshots];
  const settle = (at: number): void => {
    const reasons = reasonsToKeep(here, retention, timezone);
    here = here.filter((snapshot, i) => {
      if ((reasons[i]?.length ?? 0) > 0) return true;
      goes.set(snapshot, at);
      return false;
    });
  };
  settle(snapshots.at(-1)?.at ?? 0);
  const wanted = new Set(snapshots);
  for (const at of coming) {
    here.push({ at, tags: [] });
    settle(at);
    if (!here.some((snapshot) => wanted.has(snapshot))) break;
  }
  return snapshots.map((snapshot) => goes.get(snapshot) ?? null);
}

interface LocalDay {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function localDay(at: number, timezone: string): LocalDay {
  let format = formats.get(timezone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-GB', {
      timeZone: timezone,
      calendar: 'gregory',
      numberingSystem: 'latn',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      hourCycle: 'h23',
    });
    formats.set(timezone, format);
  }
  const parts = format.formatToParts(at);
  const value = (type: string): number => Number(parts.find((part) => part.type === type)?.value ?? 0);
  return { year: value('year'), month: value('month'), day: value('day'), hour: value('hour') };
}

/** Names the period that a moment falls into; of `last` each snapshot is one. */
function nameOf(period: Period, at: LocalDay | undefined, i: number): string {
  if (period === 'last' || at === undefined) return String(i);
  const { year, month, day, hour } = at;
  switch (period) {
    case 'hourly':
      return `${year}-${month}-${day} ${hour}`;
    case 'daily':
      return `${year}-${month}-${day}`;
    case 'weekly':
      return isoWeek(year, month, day);
    case 'monthly':
      return `${year}-${month}`;
    case 'yearly':
      return String(year);
  }
}

/** Weeks begin on Monday and belong to the year that has their Thursday (ISO 8601). */
function isoWeek(year: number, month: number, day: number): string {
  const date = new Date(Date.UTC(year, month - 1, day));
  date.setUTCDate(date.getUTCDate() + 4 - (date.getUTCDay() || 7));
  const first = Date.UTC(date.getUTCFullYear(), 0, 1);
  const week = Math.ceil(((date.getTime() - first) / 86_400_000 + 1) / 7);
  return `${date.getUTCFullYear()}-W${week}`;
}
