import { describe, expect, it } from 'vitest';
import { parseMoment } from '../../../src/main/cli/moment.ts';

const now = new Date(2026, 10, 26, 14, 30).getTime();
const at = (...parts: [number, number, number, number, number]): number => new Date(...parts).getTime();

describe('a moment', () => {
  it.each([
    ['18:20', at(2026, 10, 26, 18, 20)],
    ['9:05', at(2026, 10, 27, 9, 5)],
    ['14:30', at(2026, 10, 27, 14, 30)],
    ['2026-12-01 18:20', at(2026, 11, 1, 18, 20)],
    ['2026-12-01T18:20', at(2026, 11, 1, 18, 20)],
    ['2026-11-26', at(2026, 10, 26, 23, 59)],
    ['+5h', now + 5 * 3_600_000],
    ['+2d', now + 48 * 3_600_000],
  ])('%s', (text, expected) => {
    expect(parseMoment(text, now)).toBe(expected);
  });

  it.each(['', 'soon', '25:00', '18:60', '2026-02-30', '2026-12-01 25:00', '+h', '-5h', '5'])(
    'is not %j',
    (text) => {
      expect(() => parseMoment(text, now)).toThrow('Write it like');
    },
  );

  it.each(['2026-11-25', '2020-01-01 10:00', '+0h'])('is over: %s', (text) => {
    expect(() => parseMoment(text, now)).toThrow('over already');
  });
});
