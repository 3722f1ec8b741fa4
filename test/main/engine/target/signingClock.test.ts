import { describe, expect, it } from 'vitest';
import { isSkewRefusal, skewFailure } from '../../../../src/main/engine/target/signingClock.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const now = Date.UTC(2026, 10, 23);

describe('a refused signature', () => {
  it.each([
    ['InvalidSignatureException', 6 * MINUTE, true],
    ['InvalidSignatureException', -6 * MINUTE, true],
    ['SignatureDoesNotMatch', HOUR, true],
    ['InvalidSignatureException', 3 * MINUTE, false],
    ['AccessDeniedException', HOUR, false],
  ])('%s with the clocks %i ms apart: the clock’s fault is %s', (name, apart, fault) => {
    expect(isSkewRefusal(name, now + apart, now)).toBe(fault);
  });

  it('without a date is nobody’s clock’s fault', () => {
    expect(isSkewRefusal('InvalidSignatureException', undefined, now)).toBe(false);
  });
});

describe('the failure of a clock', () => {
  it.each([
    [7 * MINUTE, '7 minutes ahead of'],
    [-90 * MINUTE, '90 minutes behind'],
    [-26 * HOUR, '26 hours behind'],
    [3 * DAY, '3 days ahead of'],
    [-5 * 365.25 * DAY, '5 years behind'],
  ])('off by %i ms says so: %s', (off, words) => {
    const failure = skewFailure(now, now + off, 'glacier.example');
    expect(failure.kind).toBe('clock');
    expect(failure.message).toContain(words);
  });

  it('that agrees with the service’s means that the request took too long to arrive', () => {
    expect(skewFailure(now, now + 1000, 'glacier.example').kind).toBe('offline');
  });
});
