import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  checkSchedule,
  dueAt,
  isPaused,
  isQuiet,
  nextOccurrence,
  whoseTurn,
} from '../../../../src/main/engine/schedule/nextRun.ts';
import { EngineError } from '../../../../src/main/engine/failure.ts';
import { readSchedule, type Schedule, weekdays, writeSchedule } from '../../../../src/shared/schedule.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const BERLIN = 'Europe/Berlin';
const at = (text: string): number => Date.parse(text);

const time = { hour: fc.integer({ min: 0, max: 23 }), minute: fc.integer({ min: 0, max: 59 }) };
const schedules: fc.Arbitrary<Schedule> = fc.oneof(
  fc.constant<Schedule>({ kind: 'manual' }),
  fc.record({ kind: fc.constant('every' as const), minutes: fc.integer({ min: 5, max: 10_080 }) }),
  fc.record({ kind: fc.constant('daily' as const), ...time }),
  fc.record({ kind: fc.constant('weekly' as const), day: fc.constantFrom(...weekdays), ...time }),
);

describe('the text of a schedule', () => {
  it('says the schedule and nothing else', () => {
    fc.assert(
      fc.property(schedules, (schedule) => {
        expect(readSchedule(writeSchedule(schedule))).toEqual(schedule);
        expect(checkSchedule(writeSchedule(schedule))).toBe(writeSchedule(schedule));
      }),
    );
  });

  it.each([
    ['every 30 minutes', 'every 30m'],
    ['Every 2 hours', 'every 2h'],
    ['daily', 'daily 02:00'],
    ['daily 7:05', 'daily 07:05'],
    ['weekly', 'weekly sunday 02:00'],
    ['weekly Fri 22:30', 'weekly friday 22:30'],
    ['15  3 * * 1-5', '15 3 * * 1-5'],
  ])('%s is %s', (text, canonical) => expect(checkSchedule(text)).toBe(canonical));

  it.each([
    ...['', 'sometimes', 'every 4m', 'every 8d', 'every 11000m', 'daily 24:00', 'daily 2', 'weekly someday'],
    ...['weekly sunday 02:00 twice', '* * * *', '61 * * * *', '0 0 31 2 *', 'manual now', 'a b c d e'],
  ])('“%s” is none, and says what would be one', (text) => {
    expect(() => checkSchedule(text)).toThrow(EngineError);
  });
});

describe('when a plan is due', () => {
  const daily = { kind: 'daily', hour: 2, minute: 30 } as const;
  const last = (startedAt: number, endedAt: number | null = startedAt + HOUR, hasFailedForNow = false) => ({
    ...{ startedAt, endedAt, hasFailedForNow },
  });

  it('is the next time its schedule names after its last run began', () => {
    const began = at('2026-11-27T01:30:00Z'); // 02:30 in Berlin
    expect(dueAt(daily, 0, last(began), BERLIN)).toBe(began + DAY);
    expect(dueAt({ kind: 'every', minutes: 45 }, 0, last(began), BERLIN)).toBe(began + 45 * MINUTE);
    expect(dueAt({ kind: 'weekly', day: 'sunday', hour: 0, minute: 0 }, 0, last(began), 'UTC')).toBe(
      at('2026-11-29T00:00:00Z'),
    );
    expect(dueAt({ kind: 'manual' }, 0, last(began), BERLIN)).toBeNull();
  });

  it('is once, however many times were missed', () => {
    const began = at('2026-01-05T12:00:00Z');
    const now = at('2026-11-27T12:00:00Z');
    const due = dueAt(daily, 0, last(began), BERLIN);
    expect(due).toBeLessThan(now);
    expect(dueAt(daily, 0, last(now), BERLIN)).toBeGreaterThan(now);
  });

  it('does not miss what nobody wanted before the schedule was chosen', () => {
    const chosen = at('2026-11-27T12:00:00Z');
    expect(dueAt(daily, chosen, null, BERLIN)).toBe(at('2026-11-28T01:30:00Z'));
    expect(dueAt(daily, chosen, last(at('2026-01-05T12:00:00Z')), BERLIN)).toBe(at('2026-11-28T01:30:00Z'));
  });

  it('comes every day, also on those of 23 and 25 hours', () => {
    let due = at('2026-03-27T12:00:00Z');
    const days: string[] = [];
    for (let i = 0; i < 4; i++) {
      due = nextOccurrence(daily, due, BERLIN) ?? 0;
      days.push(new Date(due).toISOString().slice(0, 10));
    }
    expect(days).toEqual(['2026-03-28', '2026-03-29', '2026-03-30', '2026-03-31']);
    const autumn = nextOccurrence(daily, at('2026-10-24T12:00:00Z'), BERLIN) ?? 0;
    expect(nextOccurrence(daily, autumn, BERLIN)).toBe(at('2026-10-26T01:30:00Z'));
  });

  it('is soon again after a failure that may pass, and at once after a kill', () => {
    const began = at('2026-11-27T01:30:00Z');
    expect(dueAt(daily, 0, last(began, began + HOUR, true), BERLIN)).toBe(began + HOUR + 30 * MINUTE);
    expect(dueAt({ kind: 'every', minutes: 5 }, 0, last(began, began + MINUTE, true), BERLIN)).toBe(
      began + 5 * MINUTE,
    );
    expect(dueAt(daily, 0, last(began, null), BERLIN)).toBe(began);
  });

  it('is always after the last run began, whatever the schedule', () => {
    fc.assert(
      fc.property(schedules, fc.integer({ min: 1_700_000_000, max: 1_900_000_000 }), (schedule, seconds) => {
        const began = seconds * 1000;
        const due = dueAt(schedule, 0, last(began), BERLIN);
        if (schedule.kind === 'manual') expect(due).toBeNull();
        else {
          expect(due).toBeGreaterThan(began);
          expect((due ?? 0) - began).toBeLessThanOrEqual(8 * DAY);
        }
      }),
    );
  });
});

describe('whose turn it is', () => {
  const free = { quiet: null, pausedUntil: null };
  const now = at('2026-11-27T12:00:00Z');
  const plans = [
    { name: 'later', dueAt: now + 1 },
    { name: 'waits', dueAt: now - 2 * HOUR },
    { name: 'waits longest', dueAt: now - 3 * HOUR },
    { name: 'never', dueAt: null },
  ];

  it('is the turn of the one that has waited longest', () => {
    expect(whoseTurn(plans, free, now, 'UTC')?.name).toBe('waits longest');
    expect(whoseTurn(plans.slice(0, 1), free, now, 'UTC')).toBeUndefined();
    expect(whoseTurn(plans.slice(0, 1), free, now + 1, 'UTC')?.name).toBe('later');
  });

  it('is nobody’s while everything is paused, or in quiet hours', () => {
    expect(whoseTurn(plans, { ...free, pausedUntil: 'always' }, now, 'UTC')).toBeUndefined();
    expect(whoseTurn(plans, { ...free, pausedUntil: now + 1 }, now, 'UTC')).toBeUndefined();
    expect(whoseTurn(plans, { ...free, pausedUntil: now }, now, 'UTC')).toBeDefined();
    const quiet = { ...free, quiet: { from: '08:00', to: '13:00' } };
    expect(whoseTurn(plans, quiet, now, 'UTC')).toBeUndefined();
    expect(whoseTurn(plans, quiet, now, 'Asia/Tokyo')).toBeDefined(); // 21:00 there
    expect(isPaused({ ...free, pausedUntil: now - 1 }, now)).toBe(false);
  });

  it.each([
    ['22:00', '06:00', '2026-11-27T23:00:00Z', true],
    ['22:00', '06:00', '2026-11-27T05:59:00Z', true],
    ['22:00', '06:00', '2026-11-27T06:00:00Z', false],
    ['22:00', '06:00', '2026-11-27T21:59:00Z', false],
    ['08:00', '18:00', '2026-11-27T08:00:00Z', true],
    ['08:00', '08:00', '2026-11-27T08:00:00Z', false],
  ])('from %s to %s, %s is quiet: %s', (from, to, moment, quiet) => {
    expect(isQuiet({ ...free, quiet: { from, to } }, at(moment), 'UTC')).toBe(quiet);
  });
});
