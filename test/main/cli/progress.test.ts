import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { displayWidth } from '../../../src/main/cli/format.ts';
import { orderLine, runLine } from '../../../src/main/cli/progress.ts';
import { openStatus } from '../../../src/main/cli/status.ts';
import type { OrderSummary, RunProgress } from '../../../src/shared/types.ts';

const progress: RunProgress = {
  run: 1,
  plan: 'docs',
  phase: 'packing',
  currentFile: '/home/me/photos/2019/summer/IMG_2.jpg',
  files: 1204,
  bytes: 3_100_000_000,
  readBytes: 900_000_000,
  sentBytes: 120_000_000,
  waitingBytes: 0,
  bytesPerSecond: 85_000_000,
  secondsLeft: 130,
  heldUpBy: null,
};

const order: OrderSummary = {
  id: '9f3a21c0' + '0'.repeat(24),
  snapshot: 'a'.repeat(32),
  plan: 'docs',
  to: '/out',
  tier: 'standard',
  state: 'downloading',
  createdAt: 0,
  endedAt: null,
  retrievals: { total: 8, requested: 8, ready: 3, fetched: 2 },
  files: 200,
  bytes: 4_000_000_000,
  restoredFiles: 120,
  restoredBytes: 1_200_000_000,
  roots: [],
  verifiedFiles: 120,
  metadataProblems: 0,
  failedFiles: 0,
  problems: [],
  estimate: { lines: [], usd: 0, priceDate: '', region: '' },
  failure: null,
  actual: null,
  heldUpBy: null,
  putBack: null,
};

describe('the progress line', () => {
  it('says how far a run is, and gives the file what room is left', () => {
    expect(runLine(progress, 116)).toBe(
      'docs: 1,204 files, 3.10 GB · read 900 MB · sent 120 MB · 85.0 MB/s · 2 min 10 s left · …photos/2019/summer/IMG_2.jpg',
    );
  });

  it('leaves the file out when there is no room for it', () => {
    expect(runLine(progress, 85)).toBe(
      'docs: 1,204 files, 3.10 GB · read 900 MB · sent 120 MB · 85.0 MB/s · 2 min 10 s left',
    );
  });

  it('does without what matters least in a narrow terminal', () => {
    const waiting = { ...progress, waitingBytes: 5_000_000, currentFile: null };
    expect(runLine(waiting, 110)).toContain(' · 5.00 MB to send · ');
    expect(runLine(waiting, 79)).toBe(
      'docs: 1,204 files, 3.10 GB · sent 120 MB · 85.0 MB/s · 2 min 10 s left',
    );
  });

  it('says nothing but what holds it up, while it is held up', () => {
    const heldUpBy = 'Amazon Glacier in eu-central-1 cannot be reached.';
    expect(runLine({ ...progress, heldUpBy }, 120)).toBe(
      'docs: waiting and trying again. Amazon Glacier in eu-central-1 cannot be reached.',
    );
    expect(orderLine({ ...order, heldUpBy })).toMatch(
      /^Order [0-9a-f]{8}: waiting and trying again\. Amazon Glacier in eu-central-1 cannot be reached\.$/,
    );
  });

  it('leaves out what nobody knows', () => {
    const early = {
      ...progress,
      readBytes: 0,
      sentBytes: 0,
      bytesPerSecond: 0,
      secondsLeft: null,
      currentFile: null,
    };
    expect(runLine(early, 100)).toBe('docs: 1,204 files, 3.10 GB');
  });

  it('never lets the file make the line longer than the terminal is wide', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme' }),
        fc.integer({ min: 60, max: 200 }),
        (currentFile, width) => {
          expect(displayWidth(runLine({ ...progress, currentFile }, width))).toBeLessThanOrEqual(width);
        },
      ),
    );
  });

  it('says how far an order is', () => {
    expect(orderLine(order)).toBe(
      'Order 9f3a21c0: downloading · 3 of 8 ready · 2 downloaded · restored 120 files, 1.20 GB of 4.00 GB',
    );
  });
});

describe('the status line', () => {
  function open(isTTY: boolean) {
    const written: string[] = [];
    let now = 0;
    const stream = {
      isTTY,
      columns: 40,
      write: (text: string | Uint8Array) => written.push(String(text)) > 0,
    };
    const status = openStatus(stream, () => now);
    return { status, written, pass: (ms: number) => (now += ms) };
  }

  it('is rewritten on a terminal, but not more often than five times a second', () => {
    const { status, written, pass } = open(true);
    for (let n = 0; n < 10; n++) {
      status.show(() => `step ${n}`);
      pass(50);
    }
    expect(written.map((text) => text.replace('\r\u{1b}[2K', ''))).toEqual(['step 0', 'step 4', 'step 8']);
  });

  it('is cut to the width of the terminal', () => {
    const { status, written } = open(true);
    status.show((width) => 'x'.repeat(width + 50));
    expect(written[0]).toBe('\r\u{1b}[2K' + 'x'.repeat(39));
  });

  it('makes room for other lines and comes back at once', () => {
    const { status, written } = open(true);
    status.show(() => 'a');
    status.clear();
    status.clear();
    status.show(() => 'b');
    expect(written).toEqual(['\r\u{1b}[2Ka', '\r\u{1b}[2K', '\r\u{1b}[2Kb']);
  });

  it('is a line every ten seconds where nothing can be rewritten', () => {
    const { status, written, pass } = open(false);
    for (let n = 0; n <= 25; n++) {
      status.show(() => `after ${n} s`);
      pass(1000);
    }
    status.clear();
    expect(written).toEqual(['after 10 s\n', 'after 20 s\n']);
  });

  it('does not repeat itself in a log', () => {
    const { status, written, pass } = open(false);
    for (let n = 0; n < 100; n++) {
      status.show(() => 'thawing');
      pass(1000);
    }
    expect(written).toEqual(['thawing\n']);
  });
});
