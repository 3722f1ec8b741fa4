import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  clip,
  displayWidth,
  elide,
  formatAgo,
  formatBytes,
  formatDuration,
  formatEstimate,
  formatHours,
  formatMode,
  formatUsd,
  formatWhen,
  plural,
  shown,
  table,
} from '../../../src/main/cli/format.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

describe('formatBytes', () => {
  it.each([
    [0, '0 B'],
    [1, '1 B'],
    [999, '999 B'],
    [1000, '1.00 KB'],
    [1234, '1.23 KB'],
    [9994, '9.99 KB'],
    [9996, '10.0 KB'],
    [99_949, '99.9 KB'],
    [99_960, '100 KB'],
    [999_499, '999 KB'],
    [999_500, '1.00 MB'],
    [268_435_456, '268 MB'],
    [3_145_728_000, '3.15 GB'],
    [5e12, '5.00 TB'],
    [123e15, '123 PB'],
  ])('%d is %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });

  it('has three significant digits and is right to half of the last one', () => {
    const scale = { KB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12, PB: 1e15 };
    fc.assert(
      fc.property(fc.integer({ min: 1000, max: Number.MAX_SAFE_INTEGER }), (bytes) => {
        const [number = '', unit = ''] = formatBytes(bytes).split(' ');
        expect(number.replace('.', '')).toHaveLength(3);
        const value = Number(number) * scale[unit as keyof typeof scale];
        expect(Math.abs(value - bytes)).toBeLessThanOrEqual(bytes * 0.00501);
      }),
    );
  });
});

describe('lengths of time', () => {
  it.each([
    [0, '0 ms'],
    [999, '999 ms'],
    [1000, '1.0 s'],
    [12_400, '12 s'],
    [59_400, '59 s'],
    [59_600, '1 min'],
    [185 * SECOND, '3 min 5 s'],
    [2 * HOUR + 10 * MINUTE, '2 h 10 min'],
    [3600 * SECOND - 1, '1 h'],
    [3 * DAY + 4 * HOUR + 20 * MINUTE, '3 d 4 h'],
  ])('%d ms is %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });

  it.each([
    [-5 * SECOND, 'just now'],
    [10 * SECOND, 'just now'],
    [50 * SECOND, '1 minute ago'],
    [5 * MINUTE, '5 minutes ago'],
    [3 * HOUR, '3 hours ago'],
    [3 * DAY, '3 days ago'],
    [100 * DAY, '3 months ago'],
    [800 * DAY, '2 years ago'],
  ])('%d ms before now is %s', (ms, text) => {
    expect(formatAgo(1_000_000_000_000 - ms, 1_000_000_000_000)).toBe(text);
  });

  it('says hours of a tier in the unit that fits', () => {
    expect(formatHours({ from: 3, to: 5 })).toBe('3-5 hours');
    expect(formatHours({ from: 4, to: 4 })).toBe('4 hours');
    expect(formatHours({ from: 1 / 60, to: 5 / 60 })).toBe('1-5 minutes');
    expect(formatHours({ from: 0, to: 0 })).toBe('');
  });

  it('writes a time so that text order is time order', () => {
    const earlier = new Date(2024, 0, 5, 7, 9).getTime();
    expect(formatWhen(earlier)).toBe('2024-01-05 07:09');
    expect(formatWhen(1e18)).toBe('unknown time');
  });
});

describe('money', () => {
  it.each([
    [0, '$0.00'],
    [0.0000512, '$0.000051'],
    [0.009, '$0.0090'],
    [0.01, '$0.01'],
    [1.005, '$1.01'],
    [1234.5, '$1,234.50'],
  ])('%d is %s', (usd, text) => {
    expect(formatUsd(usd)).toBe(text);
  });

  it('shows the lines of an estimate, their sum, and what table they are from', () => {
    const lines = formatEstimate({
      lines: [
        { what: 'Retrieval, standard', quantity: 1.5, unit: 'GB', usd: 0.015 },
        { what: 'Retrieval requests', quantity: 12, unit: 'requests', usd: 0.0006 },
      ],
      usd: 0.0156,
      priceDate: '2026-11-23',
      region: 'us-east-1',
    });
    expect(lines).toEqual([
      'Price (list of 2026-11-23, us-east-1):',
      '  Retrieval, standard       1.5 GB     $0.02',
      '  Retrieval requests   12 requests  $0.00060',
      '  Together                             $0.02',
    ]);
  });

  it('says so where nothing is charged', () => {
    expect(formatEstimate({ lines: [], usd: 0, priceDate: '', region: '' })).toEqual(['Costs nothing.']);
  });
});

describe('names', () => {
  it('shows what a terminal would obey', () => {
    expect(shown('a\u{1b}[2Jb')).toBe(String.raw`a\x1b[2Jb`);
    expect(shown('line\nbreak\ttab')).toBe(String.raw`line\nbreak\ttab`);
    expect(shown('photo\u{202e}gpj.exe')).toBe(String.raw`photo\u{202e}gpj.exe`);
    expect(shown('\u{9b}31m')).toBe(String.raw`\x9b31m`);
    expect(shown('Grüße 写真 🙂')).toBe('Grüße 写真 🙂');
  });

  it('counts columns, not letters', () => {
    expect(displayWidth('abc')).toBe(3);
    expect(displayWidth('写真')).toBe(4);
    expect(displayWidth('e\u{301}')).toBe(1);
    expect(displayWidth('🙂')).toBe(2);
  });

  it('keeps the end of a path that is too long', () => {
    expect(elide('/home/me/photos/2019/IMG_2.jpg', 15)).toBe('…2019/IMG_2.jpg');
    expect(elide('short', 15)).toBe('short');
    expect(elide('anything', 1)).toBe('');
  });

  it('never takes more columns than it was given', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.nat({ max: 60 }), (text, width) => {
        expect(displayWidth(elide(text, width))).toBeLessThanOrEqual(width);
        expect(displayWidth(clip(text, width))).toBeLessThanOrEqual(width);
        expect(text.startsWith(clip(text, width))).toBe(true);
      }),
    );
  });
});

describe('tables and words', () => {
  it('lines columns up and leaves no space at the end', () => {
    const rows = [
      ['NAME', 'SIZE', 'NOTE'],
      ['写真', '1', ''],
      ['abcdef', '100', 'x'],
    ];
    expect(table(rows, ['left', 'right', 'left'])).toEqual([
      'NAME    SIZE  NOTE',
      '写真       1',
      'abcdef   100  x',
    ]);
  });

  it('counts one and many', () => {
    expect(plural(1, 'file')).toBe('1 file');
    expect(plural(0, 'file')).toBe('0 files');
    expect(plural(12_345, 'entry', 'entries')).toBe('12,345 entries');
  });

  it('writes permissions as ls does', () => {
    expect(formatMode('folder', 0o1777)).toBe('drwxrwxrwt');
    expect(formatMode('file', 0o4755)).toBe('-rwsr-xr-x');
    expect(formatMode('file', 0o2640)).toBe('-rw-r-S---');
    expect(formatMode('symlink', 0o777)).toBe('lrwxrwxrwx');
  });
});
