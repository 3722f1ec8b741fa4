import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { draftOf, nextWords, scheduleWords, textOf } from '../../../src/renderer/plan/scheduleWords.ts';
import { type Schedule, weekdays, writeSchedule } from '../../../src/shared/schedule.ts';

describe('a schedule in words', () => {
  it.each([
    ['manual', 'When you ask for it'],
    ['every 1h', 'Every hour'],
    ['every 6h', 'Every 6 hours'],
    ['every 90m', 'Every 90 minutes'],
    ['daily 02:00', 'Every day at 02:00'],
    ['weekly friday 22:30', 'Every Friday at 22:30'],
    ['15 3 * * 1-5', 'By the pattern 15 3 * * 1-5'],
  ])('%s: %s', (text, words) => expect(scheduleWords(text)).toBe(words));
});

it('says when a plan runs next', () => {
  const now = new Date(2026, 10, 27, 11, 20).getTime();
  const at = (day: number, hour: number) => new Date(2026, 10, day, hour, 5).getTime();
  expect(nextWords(now, now)).toBe('due now');
  expect(nextWords(at(27, 14), now)).toBe('today at 14:05');
  expect(nextWords(at(28, 2), now)).toBe('Saturday at 02:05');
});

describe('the fields of a schedule', () => {
  const time = { hour: fc.integer({ min: 0, max: 23 }), minute: fc.integer({ min: 0, max: 59 }) };
  const schedules: fc.Arbitrary<Schedule> = fc.oneof(
    fc.constant<Schedule>({ kind: 'manual' }),
    fc.record({ kind: fc.constant('every' as const), minutes: fc.integer({ min: 5, max: 10_080 }) }),
    fc.record({ kind: fc.constant('daily' as const), ...time }),
    fc.record({ kind: fc.constant('weekly' as const), day: fc.constantFrom(...weekdays), ...time }),
    fc.constant<Schedule>({ kind: 'cron', pattern: '0 2 * * 1-5' }),
  );
  it('hold it and give it back', () => {
    fc.assert(
      fc.property(schedules, (schedule) => {
        const text = writeSchedule(schedule);
        expect(textOf(draftOf(text))).toBe(text);
      }),
    );
  });

  it.each([
    { kind: 'every', hours: 'x' },
    { kind: 'every', hours: '0.01' },
    { kind: 'every', hours: '169' },
    { kind: 'daily', time: '' },
    { kind: 'cron', pattern: '* * *' },
  ] as const)('say that they cannot be understood: %j', (change) => {
    expect(textOf({ ...draftOf('daily'), ...change })).toBeNull();
  });

  it('take half hours, with a comma too', () => {
    expect(textOf({ ...draftOf('every 1h'), hours: '0,5' })).toBe('every 30m');
  });
});
