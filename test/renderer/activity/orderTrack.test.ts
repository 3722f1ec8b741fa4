import { describe, expect, it } from 'vitest';
import { orderSteps, waitWords } from '../../../src/renderer/activity/orderTrack.ts';
import type { OrderState, OrderSummary } from '../../../src/shared/types.ts';

const noon = new Date(2026, 10, 24, 12, 0).getTime();
const HOUR = 3_600_000;

function order(
  state: OrderState,
  requested: number,
  ready: number,
  fetched: number,
  more: Partial<OrderSummary> = {},
) {
  const fixed: OrderSummary = {
    id: 'ab',
    snapshot: 'ab',
    plan: 'Photos',
    to: '/back',
    tier: 'standard',
    state,
    createdAt: noon,
    endedAt: null,
    retrievals: { total: 4, requested, ready, fetched },
    files: 10,
    bytes: 1000,
    restoredFiles: 0,
    restoredBytes: 0,
    roots: [],
    verifiedFiles: 0,
    metadataProblems: 0,
    failedFiles: 0,
    problems: [],
    estimate: { lines: [], usd: 0, priceDate: '', region: '' },
    failure: null,
    actual: null,
    heldUpBy: null,
    putBack: null,
  };
  return { ...fixed, ...more };
}

const names = ['Ordered', 'Thawing', 'Ready', 'Downloading', 'Checked', 'Done'];

describe('the track', () => {
  it.each<[string, OrderSummary, string, string | undefined]>([
    ['nothing was asked for yet', order('ordered', 0, 0, 0), 'Ordered', '0 of 4'],
    ['some was asked for', order('thawing', 2, 0, 0), 'Ordered', '2 of 4'],
    ['all is thawing', order('thawing', 4, 1, 0), 'Thawing', '3 to go'],
    ['the last is being fetched', order('downloading', 4, 4, 3), 'Downloading', '3 of 4'],
    ['files are being checked', order('downloading', 4, 4, 4, { verifiedFiles: 7 }), 'Checked', '7 files'],
  ])('is at the first step that is not through: %s', (_what, at, name, count) => {
    const steps = orderSteps(at);
    expect(steps.map((step) => step.name)).toEqual(names);
    const now = steps.findIndex(({ state }) => state === 'now');
    expect(steps[now]).toEqual({ name, count, state: 'now' });
    expect(steps.slice(0, now).every(({ state }) => state === 'done')).toBe(true);
    expect(steps.slice(now + 1).every(({ state }) => state === 'ahead')).toBe(true);
  });

  it('is done from end to end when the order is', () => {
    const steps = orderSteps(order('problems', 4, 4, 4, { restoredBytes: 1000, verifiedFiles: 9 }));
    expect(steps.every(({ state }) => state === 'done')).toBe(true);
    expect(steps.at(-1)?.count).toBe('1.00 KB');
  });

  it('stops where a failed or stopped order was', () => {
    expect(orderSteps(order('failed', 4, 4, 2))[3]).toMatchObject({ name: 'Downloading', state: 'stopped' });
    expect(orderSteps(order('cancelled', 4, 0, 0))[1]).toMatchObject({ name: 'Thawing', state: 'stopped' });
  });

  it('has nothing to thaw where nothing is retrieved', () => {
    const retrievals = { total: 0, requested: 0, ready: 0, fetched: 0 };
    const steps = orderSteps(order('downloading', 0, 0, 0, { retrievals }));
    expect(steps.filter(({ state }) => state === 'done').map(({ name }) => name)).toEqual(names.slice(0, 4));
  });
});

describe('what to expect', () => {
  it('is a window of the clock', () => {
    expect(waitWords(order('thawing', 4, 0, 0), 'vault', noon)).toMatch(
      /^Usually ready between 15:00 and 17:00\./,
    );
    expect(waitWords(order('thawing', 4, 1, 0), 'vault', noon + 4 * HOUR)).toMatch(
      /^Usually ready by 17:00\./,
    );
    expect(waitWords(order('thawing', 4, 1, 0), 'vault', noon + 6 * HOUR)).toMatch(/longer than usual/);
  });

  it('names the day when it is another', () => {
    const bulk = order('thawing', 4, 0, 0, { tier: 'bulk', createdAt: noon + 8 * HOUR });
    expect(waitWords(bulk, 'vault', noon + 8 * HOUR)).toContain(
      'between Wednesday 01:00 and Wednesday 08:00',
    );
  });

  it('is no wait at a practice vault and nothing at a folder', () => {
    expect(waitWords(order('thawing', 4, 0, 0), 'practice', noon)).toContain('need not wait');
    expect(waitWords(order('ordered', 4, 0, 0), 'folder', noon)).toBe('');
  });

  it('is nothing any more once files come', () => {
    expect(waitWords(order('downloading', 4, 4, 1), 'vault', noon)).toBe('');
    expect(waitWords(order('done', 4, 4, 4), 'vault', noon)).toBe('');
  });
});
