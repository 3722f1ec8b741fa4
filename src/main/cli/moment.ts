/** Moments as people write them on a command line. */
import { InvalidArgumentError } from 'commander';

/**
 * `18:20` (the next time it is that late), `2026-12-01`, `2026-12-01 18:20` in this computer's time, or `+5h`, `+2d`.
 * @returns epoch ms, after `now`
 * @throws InvalidArgumentError
 */
export function parseMoment(text: string, now: number): number {
  const moment = relative(text, now) ?? clock(text, now) ?? day(text);
  if (moment === null)
    throw new InvalidArgumentError('Write it like 18:20, "2026-12-01 18:20", 2026-12-01, +5h or +2d.');
  if (moment <= now) throw new InvalidArgumentError('That is over already.');
  return moment;
}

function relative(text: string, now: number): number | null {
  const [, count, unit] = /^\+(\d{1,4})([hd])$/.exec(text) ?? [];
  if (count === undefined) return null;
  return now + Number(count) * (unit === 'd' ? 24 : 1) * 3_600_000;
}

function clock(text: string, now: number): number | null {
  const [, hours, minutes] = /^([01]?\d|2[0-3]):([0-5]\d)$/.exec(text) ?? [];
  if (hours === undefined) return null;
  const at = new Date(now);
  at.setHours(Number(hours), Number(minutes), 0, 0);
  if (at.getTime() <= now) at.setDate(at.getDate() + 1);
  return at.getTime();
}

/** A day without a time is meant to its end. */
function day(text: string): number | null {
  const [, year, month, date, hours = '23', minutes = '59'] =
    /^(\d{4})-(\d{2})-(\d{2})(?:[ T](\d{2}):(\d{2}))?$/.exec(text) ?? [];
  if (year === undefined) return null;
  const at = new Date(Number(year), Number(month) - 1, Number(date), Number(hours), Number(minutes));
  const isReal = at.getMonth() === Number(month) - 1 && at.getHours() === Number(hours);
  return isReal ? at.getTime() : null;
}
