import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  formatAgo,
  formatBytes,
  formatCounted,
  formatDay,
  formatDuration,
  formatHours,
  formatLeft,
  formatNames,
  formatUsd,
  formatWindow,
  lastName,
} from '../../src/renderer/format.ts';

describe('sizes', () => {
  it.each([
    [0, '0 bytes'],
    [1, '1 byte'],
    [999, '999 bytes'],
    [1000, '1.00 KB'],
    [1234, '1.23 KB'],
    [9_994, '9.99 KB'],
    [9_996, '10.0 KB'],
    [45_600_000, '45.6 MB'],
    [99_960_000, '100 MB'],
    [999_499_999, '999 MB'],
    [999_500_000, '1.00 GB'],
    [3_100_000_000, '3.10 GB'],
    [1e12, '1.00 TB'],
    [5e18, '5000 PB'],
  ])('%d is %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });

  it('always have three digits and differ from the truth by at most half of the last', () => {
    const unit = { KB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12, PB: 1e15 };
    fc.assert(
      fc.property(fc.integer({ min: 1000, max: 9e15 }), (bytes) => {
        const [number = '', name = ''] = formatBytes(bytes).split(' ');
        expect(number.replace('.', '')).toHaveLength(3);
        const said = Number(number) * unit[name as keyof typeof unit];
        expect(Math.abs(said - bytes) / bytes).toBeLessThanOrEqual(0.00501);
      }),
    );
  });
});

describe('money', () => {
  it.each([
    [0, '$0.00'],
    [0.0001, 'less than $0.01'],
    [0.01, '$0.01'],
    [12.345, '$12.35'],
    [1234.5, '$1,234.50'],
  ])('%d is %s', (usd, text) => {
    expect(formatUsd(usd)).toBe(text);
  });
});

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

describe('durations', () => {
  it.each([
    [0, 'a few seconds'],
    [28 * SECOND, '30 seconds'],
    [55 * SECOND, '1 minute'],
    [4 * MINUTE + 20 * SECOND, '4 minutes'],
    [56 * MINUTE, '1 hour'],
    [23.4 * HOUR, '23 hours'],
    [23.6 * HOUR, '1 day'],
    [80 * DAY, '80 days'],
  ])('%d ms are %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });

  it('that are left are only about right', () => {
    expect(formatLeft(240)).toBe('about 4 minutes left');
    expect(formatLeft(3)).toBe('a few seconds left');
  });

  it.each([
    [{ from: 0, to: 0 }, 'at once'],
    [{ from: 1 / 60, to: 5 / 60 }, '1 to 5 minutes'],
    [{ from: 3, to: 5 }, '3 to 5 hours'],
    [{ from: 12, to: 12 }, '12 hours'],
  ])('until retrievals are ready: %o is %s', (hours, text) => {
    expect(formatHours(hours)).toBe(text);
  });
});

describe('times', () => {
  const now = new Date(2026, 10, 24, 14, 20).getTime();

  it.each([
    [now + HOUR, 'just now'],
    [now - 59 * SECOND, 'just now'],
    [now - 60 * SECOND, '1 minute ago'],
    [now - 59.9 * MINUTE, '59 minutes ago'],
    [now - HOUR, '1 hour ago'],
    [now - 23.9 * HOUR, '23 hours ago'],
    [now - DAY, 'on Monday'],
    [new Date(2026, 10, 3).getTime(), 'on 3 November'],
    [new Date(2025, 2, 3).getTime(), 'on 3 March 2025'],
  ])('%d is %s', (at, text) => {
    expect(formatAgo(at, now)).toBe(text);
  });

  it('a weekday is never said of the same day a week ago', () => {
    const today = formatDay(now, now);
    for (let days = 1; days < 10; days += 1) expect(formatDay(now - days * DAY, now)).not.toBe(today);
  });
});

describe('words', () => {
  it.each([
    [0, '0 files'],
    [1, '1 file'],
    [1204, '1,204 files'],
  ])('%d is %s', (count, text) => {
    expect(formatCounted(count, 'file')).toBe(text);
  });

  it.each([
    [[], ''],
    [['a'], 'a'],
    [['a', 'b'], 'a and b'],
    [['a', 'b', 'c'], 'a, b and c'],
    [['a', 'b', 'c', 'd', 'e'], 'a, b and 3 more'],
  ])('%j is "%s"', (names, text) => {
    expect(formatNames(names)).toBe(text);
  });

  it.each([
    ['/home/ada/Pictures', 'Pictures'],
    ['/home/ada/Pictures/', 'Pictures'],
    ['C:\\Users\\Ada', 'Ada'],
    ['/', '/'],
  ])('%s is called %s', (path, name) => {
    expect(lastName(path)).toBe(name);
  });
});

describe('when something is usually ready', () => {
  const now = new Date(2026, 10, 27, 11, 20).getTime();
  const at = (day: number, hour: number, minute = 0) => new Date(2026, 10, day, hour, minute).getTime();
  it('is said by the clock, with the day where it is another one', () => {
    expect(formatWindow(at(27, 14, 20), at(27, 18, 20), now)).toBe('between 14:20 and 18:20');
    expect(formatWindow(at(27, 9), at(27, 12), now)).toBe('by 12:00');
    expect(formatWindow(at(27, 22), at(28, 5), now)).toBe('between 22:00 and Saturday 05:00');
  });
});
