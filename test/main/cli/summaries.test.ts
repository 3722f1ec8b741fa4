import { describe, expect, it } from 'vitest';
import { exitCodeOf, runLines } from '../../../src/main/cli/commands/backup.ts';
import { isAtRest } from '../../../src/main/cli/followOrder.ts';
import { exitCodeOfOrder, orderLines } from '../../../src/main/cli/orderText.ts';
import type { Failure } from '../../../src/shared/failure.ts';
import type { OrderSummary, RunCounts, RunSummary } from '../../../src/shared/types.ts';

const counts: RunCounts = {
  files: 1204,
  folders: 1,
  bytes: 3_100_000_000,
  readFiles: 12,
  readBytes: 90_000_000,
  newBytes: 80_000_000,
  sentBytes: 81_000_000,
  packs: 1,
  parts: 6,
  requests: 9,
  gone: 0,
  problems: 0,
  skipped: 0,
};
const run: RunSummary = {
  id: 1,
  plan: 'docs',
  state: 'done',
  startedAt: 0,
  endedAt: 65_000,
  changed: true,
  snapshot: 'bf85251d' + '0'.repeat(24),
  counts,
  failure: null,
};
const failure: Failure = {
  kind: 'offline',
  message: 'The service does not answer.',
  advice: 'Try again later.',
};

describe('what a run did', () => {
  it('is two lines when all went well', () => {
    expect(runLines(run)).toEqual([
      'docs: 1,204 files in 1 folder, 3.10 GB; 80.0 MB new, sent 81.0 MB in 1 pack (1 min 5 s).',
      'docs: snapshot bf85251d.',
    ]);
  });

  it('counts problems and what was left out', () => {
    const partly = { ...run, state: 'problems', counts: { ...counts, problems: 2, skipped: 1 } } as const;
    expect(runLines(partly).slice(2)).toEqual([
      'docs: 2 problems; everything else is saved.',
      'docs: 1 socket, pipe or device left out.',
    ]);
  });

  it('gives the reason when it failed', () => {
    const broken = { ...run, state: 'failed', snapshot: null, failure } as const;
    expect(runLines(broken)).toEqual([
      'docs: failed after 1 min 5 s.',
      'The service does not answer.',
      'Try again later.',
    ]);
  });

  it('decides the exit code by the worst of several', () => {
    const problems = { ...run, state: 'problems' } as const;
    expect(exitCodeOf([])).toBe(0);
    expect(exitCodeOf([run, run])).toBe(0);
    expect(exitCodeOf([run, problems])).toBe(3);
    expect(exitCodeOf([problems, { ...run, state: 'failed' }, run])).toBe(1);
    expect(exitCodeOf([{ ...run, state: 'cancelled' }])).toBe(1);
  });
});

const order: OrderSummary = {
  id: '313c1777' + '0'.repeat(24),
  snapshot: 'bf85251d' + '0'.repeat(24),
  plan: 'docs',
  to: '/out',
  tier: 'standard',
  state: 'thawing',
  createdAt: 0,
  endedAt: null,
  retrievals: { total: 4, requested: 4, ready: 1, fetched: 1 },
  files: 12,
  bytes: 3_000_000,
  restoredFiles: 0,
  restoredBytes: 0,
  roots: [{ source: '/home/me/docs', to: '/out/docs' }],
  verifiedFiles: 0,
  metadataProblems: 0,
  failedFiles: 0,
  problems: [],
  estimate: { lines: [], usd: 0.02, priceDate: '', region: '' },
  failure: null,
  actual: null,
  heldUpBy: null,
  putBack: null,
};
const done = {
  ...order,
  state: 'done',
  restoredFiles: 12,
  restoredBytes: 3_000_000,
  verifiedFiles: 12,
} as const;

describe('an order', () => {
  it('is at rest when only time can move it on', () => {
    expect(isAtRest(order)).toBe(true);
    expect(isAtRest({ ...order, retrievals: { ...order.retrievals, requested: 3 } })).toBe(false);
    expect(isAtRest({ ...order, retrievals: { ...order.retrievals, ready: 2 } })).toBe(false);
    expect(isAtRest({ ...order, state: 'downloading' })).toBe(false);
    expect(isAtRest({ ...order, state: 'ordered' })).toBe(false);
    expect(isAtRest(done)).toBe(true);
  });

  it('says how it is carried on', () => {
    expect(orderLines(order)).toEqual([
      'Order 313c1777 of snapshot bf85251d (docs): thawing, 12 files, 3.00 MB to /out.',
      '1 of 4 retrievals ready, 1 downloaded; about $0.02.',
      'Carry it on with: permafrost orders resume --wait',
    ]);
  });

  it('says where everything is when it is done', () => {
    expect(orderLines(done)).toEqual([
      'Order 313c1777 of snapshot bf85251d (docs): done.',
      '12 of 12 files restored, 3.00 MB; 12 checked against the snapshot.',
      '/home/me/docs is in /out/docs',
    ]);
  });

  it('puts what it cost beside its price', () => {
    const actual = { ...order.estimate, usd: 0.01 };
    expect(orderLines({ ...order, actual })).toContain(
      '1 of 4 retrievals ready, 1 downloaded; $0.01 so far of about $0.02.',
    );
    expect(orderLines({ ...done, actual })).toContain('Cost $0.01; about $0.02 was expected.');
  });

  it('has not failed while it waits, but has when something keeps it from going on', () => {
    expect(exitCodeOfOrder(order)).toBe(0);
    expect(exitCodeOfOrder(done)).toBe(0);
    expect(exitCodeOfOrder({ ...done, state: 'problems' })).toBe(3);
    expect(exitCodeOfOrder({ ...done, state: 'failed', failure })).toBe(1);
    expect(exitCodeOfOrder({ ...order, failure })).toBe(1);
    expect(orderLines({ ...order, failure })).toContain('The service does not answer.');
  });
});
