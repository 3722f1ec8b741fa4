import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { accountLines, exitCodeOfDemo } from '../../../../src/main/cli/demo/account.ts';
import { sortDifferences } from '../../../../src/main/cli/demo/changedMeanwhile.ts';
import type { Comparison } from '../../../../src/main/cli/demo/compareTrees.ts';
import type { DemoFacts } from '../../../../src/main/cli/demo/demo.ts';
import type { OrderSummary, RunCounts, RunSummary } from '../../../../src/shared/types.ts';

const counts: RunCounts = {
  files: 12,
  folders: 3,
  bytes: 4_000_000,
  readFiles: 12,
  readBytes: 4_000_000,
  newBytes: 3_500_000,
  sentBytes: 2_097_152,
  packs: 2,
  parts: 3,
  requests: 9,
  gone: 0,
  problems: 0,
  skipped: 0,
};
const run: RunSummary = {
  id: 1,
  plan: 'demo',
  state: 'done',
  startedAt: 1_000,
  endedAt: 3_000,
  changed: true,
  snapshot: 'a'.repeat(32),
  counts,
  failure: null,
};
const free = { lines: [], usd: 0, priceDate: '2026-11-23', region: 'us-east-1' };
const order: OrderSummary = {
  id: 'b'.repeat(32),
  snapshot: 'a'.repeat(32),
  plan: 'demo',
  to: '/work/restored',
  tier: 'standard',
  state: 'done',
  createdAt: 3_000,
  endedAt: 4_000,
  retrievals: { total: 1, requested: 1, ready: 1, fetched: 1 },
  files: 12,
  bytes: 4_000_000,
  restoredFiles: 12,
  restoredBytes: 4_000_000,
  roots: [{ source: '/home/me/docs', to: '/work/restored/docs' }],
  verifiedFiles: 12,
  metadataProblems: 0,
  failedFiles: 0,
  problems: [],
  estimate: { ...free, usd: 0.002 },
  failure: null,
  actual: null,
  heldUpBy: null,
  putBack: null,
};
const comparison: Comparison = {
  files: 12,
  folders: 3,
  symlinks: 0,
  bytes: 4_000_000,
  hardLinks: 0,
  sparseFiles: 0,
  specials: 0,
  unreadable: 0,
  otherOwners: 0,
  droppedBits: 0,
  differenceCount: 0,
  differences: [],
};
const facts: DemoFacts = {
  source: '/home/me/docs',
  run,
  target: {
    name: 'practice',
    kind: 'practice',
    place: 'here',
    packBytes: 2 ** 28,
    archives: 3,
    storedBytes: 2_200_000,
    plans: ['demo'],
    createdAt: 0,
  },
  problems: [],
  order,
  hours: 5,
  comparison,
  differences: { unexplained: [], changedMeanwhile: [] },
  backupEstimate: {
    ...free,
    lines: [
      { what: 'Upload requests', quantity: 9, unit: 'requests', usd: 0.00045 },
      { what: 'Storage', quantity: 0.002, unit: 'GB-months', usd: 0.000008 },
    ],
  },
  steps: [{ what: 'backup', ms: 2000 }],
  peakMemoryBytes: 300_000_000,
};
const difference = { path: 'letter', what: 'has other content' };

describe("the demo's account", () => {
  it('says that all agrees, and what it would have cost, in few lines', () => {
    expect(exitCodeOfDemo(facts)).toBe(0);
    expect(accountLines(facts)).toEqual([
      'Saved     12 files in 3 folders, 4.00 MB of /home/me/docs',
      'Sent      2.10 MB in 2 packs, 3 parts, 9 requests; the vault holds 3 archives',
      'Restored  12 files, 4.00 MB, by 1 retrieval; 5 hours passed in the vault',
      'Compared  12 files in 3 folders, 4.00 MB',
      'Price     $0.00045 to upload, $0.0000080 a month to keep, $0.0020 to restore everything,',
      '          in a real vault (list of 2026-11-23, us-east-1)',
      'Time      back up 2.0 s',
      'Memory    300 MB at most',
      '',
      'Every byte and all metadata agree.',
    ]);
  });

  it('ends with 3 and names what could not be saved', () => {
    const unreadable = { path: '/home/me/docs/secret', kind: 'unreadable', message: 'no right' } as const;
    const partly = { ...facts, run: { ...run, counts: { ...counts, problems: 1 } }, problems: [unreadable] };
    expect(exitCodeOfDemo(partly)).toBe(3);
    expect(accountLines(partly)).toContain('  /home/me/docs/secret: no right');
  });

  it('does not count sockets and devices as problems', () => {
    const fifo = { path: '/home/me/docs/fifo', kind: 'skipped', message: 'no content' } as const;
    const more = { ...facts, run: { ...run, counts: { ...counts, skipped: 1 } }, problems: [fifo] };
    expect(exitCodeOfDemo(more)).toBe(0);
    expect(accountLines(more)).toContain('  /home/me/docs/fifo: no content');
  });

  it('ends with 1 when anything differs that nobody changed', () => {
    const differences = { unexplained: [difference], changedMeanwhile: [] };
    const wrong = { ...facts, comparison: { ...comparison, differenceCount: 1 }, differences };
    expect(exitCodeOfDemo(wrong)).toBe(1);
    expect(accountLines(wrong).at(-1)).toMatch(/NOT what was saved/);
  });

  it('ends with 3 when somebody changed the source meanwhile', () => {
    const differences = { unexplained: [], changedMeanwhile: [difference] };
    const busy = { ...facts, comparison: { ...comparison, differenceCount: 1 }, differences };
    expect(exitCodeOfDemo(busy)).toBe(3);
    expect(accountLines(busy)).toContain('Changed by somebody while the demo ran (1):');
  });

  it('takes differences beyond those listed for ours', () => {
    const differences = { unexplained: [], changedMeanwhile: [difference] };
    const many = { ...facts, comparison: { ...comparison, differenceCount: 5000 }, differences };
    expect(exitCodeOfDemo(many)).toBe(1);
  });

  it('lists twenty of a kind and counts the rest', () => {
    const unexplained = Array.from({ length: 30 }, () => difference);
    const wrong = {
      ...facts,
      comparison: { ...comparison, differenceCount: 30 },
      differences: { unexplained, changedMeanwhile: [] },
    };
    expect(accountLines(wrong).filter((line) => line === '  letter: has other content')).toHaveLength(20);
    expect(accountLines(wrong)).toContain('  and 10 more');
  });
});

describe('a difference', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'permafrost-cli-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it('is explained by a change since, of the file or of the folder it has gone from, and by nothing else', async () => {
    for (const name of ['old', 'edited', 'chmodded']) writeFileSync(join(folder, name), 'x');
    mkdirSync(join(folder, 'quiet'));
    mkdirSync(join(folder, 'busy'));
    writeFileSync(join(folder, 'busy', 'gone'), 'x');
    await sleep(20);
    const since = Date.now();
    await sleep(20);
    writeFileSync(join(folder, 'edited'), 'y');
    chmodSync(join(folder, 'chmodded'), 0o600);
    rmSync(join(folder, 'busy', 'gone'));
    const paths = ['old', 'edited', 'chmodded', 'quiet/never was', 'busy/gone'];
    const differences = paths.map((path) => ({ path, what: 'differs' }));
    const { unexplained, changedMeanwhile } = sortDifferences(folder, differences, since);
    expect(changedMeanwhile.map(({ path }) => path)).toEqual(['edited', 'chmodded', 'busy/gone']);
    expect(unexplained.map(({ path }) => path)).toEqual(['old', 'quiet/never was']);
    expect(statSync(join(folder, 'old')).ctimeMs).toBeLessThan(since);
  });
});
