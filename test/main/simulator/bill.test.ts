import { appendFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Bill, billOf, billTotals } from '../../../src/main/simulator/bill/bill.ts';
import type { BillEvent, StorageClass } from '../../../src/main/simulator/bill/events.ts';
import { openMeter } from '../../../src/main/simulator/bill/meter.ts';
import { asEntries, emptyRecords, record, type Records } from '../../../src/main/simulator/bill/records.ts';
import { DAY, HOUR, tempFolder } from './practice.ts';

const GB = 1024 ** 3;
const KIB = 1024;
const at = (date: string): number => Date.parse(`${date}Z`);
const JUNE = { from: at('2026-06-01T00:00'), to: at('2026-07-01T00:00') };

const vault = { class: 'VAULT', place: 'v' } as const;
const deep = { class: 'DEEP_ARCHIVE', place: 'b' } as const;

function recordsOf(events: readonly BillEvent[]): Records {
  const records = emptyRecords();
  for (const event of events) record(records, event);
  return records;
}

function bill(events: readonly BillEvent[], stretch = JUNE, freeRetrieval = false): Bill {
  return billOf(recordsOf(events), stretch, freeRetrieval);
}

/** Lines as `name: usd`, to a millionth of a cent. */
function usdByLine({ lines }: Pick<Bill, 'lines'>): Record<string, number> {
  return Object.fromEntries(lines.map(({ line, usd }) => [line, Number(usd.toFixed(8))]));
}

describe('by hand', () => {
  it('a terabyte in a vault through a month', () => {
    const archives = Array.from({ length: 4096 }, (_, i): BillEvent => {
      return { ...vault, kind: 'stored', at: at('2026-05-20T11:00'), id: `a${i}`, bytes: 256 * 1024 ** 2 };
    });
    // 1024 GB and 4096 times 32 KiB, at 0.004
    expect(usdByLine(bill(archives))).toEqual({ Storage: 4.0965 });
  });

  it('half a month is half the price, in a short month too', () => {
    const stored: BillEvent = {
      ...vault,
      kind: 'stored',
      at: at('2026-02-15T00:00'),
      id: 'a',
      bytes: GB - 32 * KIB,
    };
    const february = { from: at('2026-02-01T00:00'), to: at('2026-03-01T00:00') };
    expect(usdByLine(bill([stored], february))).toEqual({ Storage: 0.002 });
    expect(bill([stored], february).lines[0]).toMatchObject({ unit: 'byte-hours', quantity: GB * 24 * 14 });
  });

  it('requests to a vault', () => {
    const upload = { ...vault, kind: 'request', request: 'write', at: JUNE.from } as const;
    const parts = Array.from({ length: 1998 }, () => ({ ...upload, operation: 'UploadMultipartPart' }));
    const all = [
      ...parts,
      { ...upload, operation: 'InitiateMultipartUpload' },
      { ...upload, operation: 'CompleteMultipartUpload' },
    ];
    const made = bill(all);
    expect(usdByLine(made)).toEqual({ 'Upload requests': 0.1 });
    expect(made.rows.map(({ operation, quantity }) => [operation, quantity])).toEqual([
      ['UploadMultipartPart', 1998],
      ['InitiateMultipartUpload', 1],
      ['CompleteMultipartUpload', 1],
    ]);
  });

  it('ten gigabytes brought back and home', () => {
    const tiers = ['Expedited', 'Standard', 'Bulk'] as const;
    const events = tiers.map((tier): BillEvent => {
      return {
        ...vault,
        kind: 'retrieval',
        at: JUNE.from,
        operation: 'InitiateJob',
        tier,
        id: 'a',
        bytes: 10 * GB,
      };
    });
    events.push({ ...vault, kind: 'sent', at: JUNE.from, operation: 'GetJobOutput', bytes: 10 * GB });
    expect(usdByLine(bill(events))).toEqual({
      'Download to the internet': 0.9,
      'Retrieval requests, Bulk': 0.000025,
      'Retrieval requests, Expedited': 0.01,
      'Retrieval requests, Standard': 0.00005,
      'Retrieval, Bulk': 0.025,
      'Retrieval, Expedited': 0.3,
      'Retrieval, Standard': 0.1,
    });
  });

  it('an object in DEEP_ARCHIVE: its name is kept in STANDARD', () => {
    const stored: BillEvent = { ...deep, kind: 'stored', at: JUNE.from, id: 'k', bytes: 0 };
    const { lines } = bill([stored]);
    expect(lines.map(({ line, quantity }) => [line, quantity])).toEqual([
      ['Storage of names of archived objects, STANDARD', 8 * KIB * 720],
      ['Storage, DEEP_ARCHIVE', 32 * KIB * 720],
    ]);
  });

  it('a small object in GLACIER_IR is charged as 128 KiB, and by the byte when it is read', () => {
    const ir = { class: 'GLACIER_IR', place: 'b' } as const;
    const made = bill([
      { ...ir, kind: 'stored', at: JUNE.from, id: 'k', bytes: 1 },
      { ...ir, kind: 'sent', at: JUNE.from, operation: 'GetObject', bytes: GB },
      { ...ir, kind: 'request', request: 'read', at: JUNE.from, operation: 'GetObject' },
    ]);
    expect(made.lines.find(({ line }) => line === 'Storage, GLACIER_IR')?.quantity).toBe(128 * KIB * 720);
    expect(usdByLine(made)).toMatchObject({
      'Download to the internet': 0.09,
      'Read requests, GLACIER_IR': 0.00001,
      'Retrieval, GLACIER_IR': 0.03,
    });
  });

  it('a temporary copy, for as long as it is there', () => {
    const from = at('2026-06-10T00:00');
    const thawed = { ...deep, kind: 'thawed', at: JUNE.from, from, id: 'k', bytes: GB } as const;
    const usd = (...more: BillEvent[]): unknown =>
      usdByLine(bill([{ ...thawed, until: from + 3 * DAY }, ...more]))['Temporary copies, STANDARD'];
    expect(usd()).toBe(Number(((0.023 * 3) / 30).toFixed(8)));
    const day = (days: number): number => Number(((0.023 * days) / 30).toFixed(8));
    const longer = { ...thawed, from: from + DAY, until: from + 6 * DAY };
    expect(usd(longer)).toBe(day(6)); // kept on from the second day
    expect(usd({ ...thawed, until: from + 6 * DAY })).toBe(day(6));
    expect(usd({ ...deep, kind: 'removed', at: from + DAY, id: 'k' })).toBe(day(1));
    expect(usd({ ...deep, kind: 'removed', at: from - DAY, id: 'k' })).toBeUndefined();
  });

  it('capacity, once for its month', () => {
    const bought: BillEvent = { class: 'VAULT', place: '', kind: 'capacity', at: JUNE.from + DAY, id: 'c' };
    expect(usdByLine(bill([bought]))).toEqual({ 'Provisioned capacity': 100 });
    expect(bill([bought], { from: JUNE.to, to: JUNE.to + DAY }).lines).toEqual([]);
  });
});

describe('early deletion', () => {
  const from = JUNE.from;
  const lineOf = (event: BillEvent, end: number): number | undefined => {
    const records = recordsOf([event, { ...event, kind: 'removed', at: end, id: 'a' }]);
    const { rows } = billOf(records, { from, to: from + 400 * DAY }, false);
    return rows.find(({ line }) => line.startsWith('Early deletion'))?.quantity;
  };

  it.each<[StorageClass, number, number]>([
    ['VAULT', 90, 1000 + 32 * KIB],
    ['GLACIER', 90, 1000 + 32 * KIB],
    ['GLACIER_IR', 90, 128 * KIB],
    ['DEEP_ARCHIVE', 180, 1000 + 32 * KIB],
    ['STANDARD_IA', 30, 128 * KIB],
  ])('from %s is charged what is left of %i days', (storageClass, days, bytes) => {
    const stored: BillEvent = {
      class: storageClass,
      place: 'p',
      kind: 'stored',
      at: from,
      id: 'a',
      bytes: 1000,
    };
    expect(lineOf(stored, from)).toBe(bytes * 24 * days);
    expect(lineOf(stored, from + (days - 1) * DAY)).toBe(bytes * 24);
    expect(lineOf(stored, from + days * DAY - HOUR)).toBe(bytes);
    expect(lineOf(stored, from + days * DAY)).toBeUndefined();
    expect(lineOf(stored, from + (days + 1) * DAY)).toBeUndefined();
  });

  it('from STANDARD costs nothing, and so does giving up an upload', () => {
    expect(
      lineOf({ class: 'STANDARD', place: 'p', kind: 'stored', at: from, id: 'a', bytes: 1 }, from),
    ).toBeUndefined();
    const made = bill([
      { ...vault, kind: 'staged', at: from, id: 'u', part: 0, bytes: GB },
      { ...vault, kind: 'unstaged', at: from + DAY, id: 'u' },
    ]);
    expect(usdByLine(made)).toEqual({ 'Storage of unfinished uploads': Number((0.004 / 30).toFixed(8)) });
  });

  it('is what overwriting an object is', () => {
    const stored = { ...deep, kind: 'stored', id: 'k' } as const;
    const made = bill([
      { ...stored, at: from, bytes: 1000 },
      { ...stored, at: from + 10 * DAY, bytes: 2000 },
    ]);
    const early = made.rows.find(({ line }) => line.startsWith('Early deletion'));
    expect(early?.quantity).toBe((1000 + 32 * KIB) * 24 * 170);
    expect(early?.at).toBe(from + 10 * DAY);
  });
});

describe('unfinished uploads', () => {
  it('cost by the parts that are there, sent again or not', () => {
    const part = { ...vault, kind: 'staged', id: 'u' } as const;
    const made = bill([
      { ...part, at: JUNE.from, part: 0, bytes: 100 },
      { ...part, at: JUNE.from + HOUR, part: 1, bytes: 50 },
      { ...part, at: JUNE.from + 2 * HOUR, part: 1, bytes: 70 },
      { ...part, at: JUNE.from + 3 * HOUR, part: 0, bytes: 100 },
      { ...vault, kind: 'unstaged', at: JUNE.from + 4 * HOUR, id: 'u' },
      { ...part, at: JUNE.from + 5 * HOUR, part: 2, bytes: 1000 },
    ]);
    expect(made.lines).toHaveLength(1);
    expect(made.lines[0]?.quantity).toBe(100 * 4 + 50 + 70 * 2);
    expect(made.rows).toHaveLength(1);
  });
});

describe('the monthly allowance', () => {
  const retrieval = {
    ...vault,
    kind: 'retrieval',
    operation: 'InitiateJob',
    tier: 'Standard',
    id: 'a',
  } as const;
  const events: BillEvent[] = [
    { ...retrieval, at: at('2026-06-20T00:00'), bytes: 8 * GB },
    { ...retrieval, at: at('2026-06-10T00:00'), bytes: 7 * GB },
    { ...retrieval, at: at('2026-06-11T00:00'), bytes: 7 * GB, tier: 'Bulk' },
    { ...retrieval, at: at('2026-07-01T00:00'), bytes: 11 * GB },
  ];

  it('is used up in order of time, each month anew, by Standard retrieval only', () => {
    const { months } = bill(events, { from: JUNE.from, to: JUNE.to + DAY }, true);
    const usd = months.map((month) => usdByLine(month)['Retrieval, Standard']);
    expect(usd).toEqual([0.05, 0.01]);
    expect(usdByLine(bill(events, JUNE, true))['Retrieval, Bulk']).toBe(0.0175);
  });

  it('is used up by what came before the stretch, and not granted unless asked for', () => {
    const late = { from: at('2026-06-15T00:00'), to: JUNE.to };
    expect(usdByLine(bill(events, late, true))['Retrieval, Standard']).toBe(0.05);
    expect(usdByLine(bill(events, late))['Retrieval, Standard']).toBe(0.08);
  });
});

// ---------------------------------------------------------------------------------------------------------------------

/** What the recount below knows, written down apart from the simulator's table. */
const usual = { month: 0, days: 0, least: 0, with: 0, names: 0 };
const byHand = {
  VAULT: { ...usual, month: 0.004, days: 90, with: 32 * KIB },
  STANDARD: { ...usual, month: 0.023 },
  GLACIER_IR: { ...usual, month: 0.004, days: 90, least: 128 * KIB },
  GLACIER: { ...usual, month: 0.0036, days: 90, with: 32 * KIB, names: 8 * KIB },
  DEEP_ARCHIVE: { ...usual, month: 0.00099, days: 180, with: 32 * KIB, names: 8 * KIB },
} as const;
const retrievalByHand = {
  VAULT: { Expedited: [0.03, 10], Standard: [0.01, 0.05], Bulk: [0.0025, 0.025] },
  GLACIER: { Expedited: [0.03, 10], Standard: [0.01, 0.05], Bulk: [0, 0] },
  DEEP_ARCHIVE: { Standard: [0.02, 0.1], Bulk: [0.0025, 0.025] },
} as const;

type Known = keyof typeof byHand;

interface Thing {
  readonly class: Known;
  readonly bytes: number;
  /** Hours from the start; `end` null: never. */
  readonly from: number;
  readonly end: number | null;
  readonly staged: boolean;
}
interface Fetch {
  readonly class: 'VAULT' | 'GLACIER' | 'DEEP_ARCHIVE';
  readonly tier: 'Standard' | 'Bulk';
  readonly bytes: number;
  readonly hour: number;
}

const START = at('2026-01-25T00:00');
const HOURS = 260 * 24;

const arbThing = fc
  .record({
    class: fc.constantFrom<Known>('VAULT', 'STANDARD', 'GLACIER_IR', 'GLACIER', 'DEEP_ARCHIVE'),
    bytes: fc.oneof(fc.nat(300 * KIB), fc.nat(50 * GB)),
    from: fc.nat(HOURS),
    life: fc.option(fc.nat(200 * 24)),
    staged: fc.boolean(),
  })
  .map(({ life, ...thing }): Thing => ({ ...thing, end: life === null ? null : thing.from + life }));
const arbFetch: fc.Arbitrary<Fetch> = fc.record({
  class: fc.constantFrom('VAULT', 'GLACIER', 'DEEP_ARCHIVE'),
  tier: fc.constantFrom('Standard', 'Bulk'),
  bytes: fc.nat(50 * GB),
  hour: fc.nat(HOURS),
});

function hoursOfMonth(hour: number): number {
  const date = new Date(START + hour * HOUR);
  return new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate() * 24;
}

/** Dollars for [first, last), hour by hour. */
function recount(things: readonly Thing[], fetches: readonly Fetch[], first: number, last: number): number {
  let usd = 0;
  for (const { bytes, class: kind, end, from, staged } of things) {
    const known = byHand[kind];
    const price = staged && kind !== 'VAULT' ? 0.023 : known.month;
    const charged = staged ? bytes : Math.max(bytes, known.least) + known.with;
    for (let hour = Math.max(first, from); hour < Math.min(last, end ?? last); hour += 1) {
      usd += ((charged / GB) * price) / hoursOfMonth(hour);
      if (!staged) usd += ((known.names / GB) * 0.023) / hoursOfMonth(hour);
    }
    if (staged || end === null || end < first || end >= last) continue;
    for (let hour = end; hour < from + known.days * 24; hour += 1)
      usd += ((charged / GB) * price) / hoursOfMonth(end);
  }
  for (const { bytes, class: kind, hour, tier } of fetches) {
    if (hour < first || hour >= last) continue;
    const [gb, thousand] = retrievalByHand[kind][tier];
    usd += (bytes / GB) * (gb + 0.09) + thousand / 1000;
  }
  return usd;
}

function eventsOf(things: readonly Thing[], fetches: readonly Fetch[]): BillEvent[] {
  const events = things.flatMap(({ bytes, class: storageClass, end, from, staged }, i): BillEvent[] => {
    const of = { class: storageClass, place: 'p', id: `${i}` };
    const start = { ...of, at: START + from * HOUR, bytes };
    const begun: BillEvent = staged ? { ...start, kind: 'staged', part: 0 } : { ...start, kind: 'stored' };
    if (end === null) return [begun];
    return [begun, { ...of, kind: staged ? 'unstaged' : 'removed', at: START + end * HOUR }];
  });
  for (const { bytes, class: storageClass, hour, tier } of fetches) {
    const of = { class: storageClass, place: 'p', at: START + hour * HOUR, bytes };
    events.push({ ...of, kind: 'retrieval', operation: 'get', tier, id: 'a' });
    events.push({ ...of, kind: 'sent', operation: 'get' });
  }
  return events.sort((a, b) => a.at - b.at);
}

describe('for any script', () => {
  const arbScript = fc.record({
    things: fc.array(arbThing, { maxLength: 6 }),
    fetches: fc.array(arbFetch, { maxLength: 6 }),
    cuts: fc.tuple(fc.nat(HOURS), fc.nat(HOURS)).map(([a, b]): [number, number] => (a < b ? [a, b] : [b, a])),
  });
  const hours = (first: number, last: number): { from: number; to: number } => ({
    from: START + first * HOUR,
    to: START + last * HOUR,
  });

  it('the bill is what a recount hour by hour says', () => {
    fc.assert(
      fc.property(arbScript, ({ things, fetches, cuts: [first, last] }) => {
        const made = bill(eventsOf(things, fetches), hours(first, last));
        const expected = recount(things, fetches, first, last);
        expect(Math.abs(made.usd - expected)).toBeLessThan(1e-6);
        const rows = made.rows.reduce((sum, { usd }) => sum + usd, 0);
        expect(Math.abs(rows - expected)).toBeLessThan(1e-6);
      }),
      { numRuns: 60 },
    );
  });

  it('the bills of two stretches add up to the bill of both, however they are cut', () => {
    fc.assert(
      fc.property(arbScript, ({ things, fetches, cuts: [first, last] }) => {
        const records = recordsOf(eventsOf(things, fetches));
        const usd = (from: number, to: number): number => billTotals(records, hours(from, to), true).usd;
        expect(Math.abs(usd(0, first) + usd(first, last) + usd(last, HOURS) - usd(0, HOURS))).toBeLessThan(
          1e-6,
        );
      }),
      { numRuns: 60 },
    );
  });

  it('nothing changes when it is told twice, or read again in short', () => {
    fc.assert(
      fc.property(arbScript, ({ things, fetches, cuts: [first, last] }) => {
        const events = eventsOf(things, fetches);
        const before = recordsOf(events);
        const again = recordsOf([]);
        for (const entry of asEntries(before)) record(again, entry);
        expect(billOf(again, hours(first, last), true)).toEqual(billOf(before, hours(first, last), true));
        for (const event of events.filter(({ kind }) => kind === 'removed' || kind === 'unstaged'))
          expect(record(again, event)).toBe(false);
      }),
      { numRuns: 60 },
    );
  });
});

describe('a great many requests', () => {
  const part: BillEvent = {
    ...vault,
    kind: 'request',
    request: 'write',
    operation: 'UploadMultipartPart',
    at: 0,
  };

  it('are few rows, and few numbers to remember', () => {
    const records = emptyRecords();
    for (let i = 0; i < 300_000; i += 1) record(records, { ...part, at: JUNE.from + i * 40 });
    const [tally] = records.tallies.values();
    expect(tally?.at.length).toBeLessThanOrEqual(65_536);
    const { lines, rows } = billOf(records, JUNE, false);
    expect(lines[0]?.quantity).toBe(300_000);
    expect(rows.length).toBeLessThanOrEqual(4);
  });
});

describe('the meter', () => {
  it('remembers after a kill, a torn line aside', async () => {
    const path = join(await tempFolder(), 'bill.jsonl');
    const now = (): number => JUNE.from + HOUR;
    const first = await openMeter(path, now, false);
    await first.add({ ...vault, kind: 'stored', at: JUNE.from, id: 'a', bytes: 1000 });
    await first.add({
      ...vault,
      kind: 'request',
      request: 'write',
      at: JUNE.from,
      operation: 'UploadArchive',
    });
    const shown = first.bill();
    expect(shown.lines).toHaveLength(2);
    await appendFile(path, '{"kind":"stored","at":1'); // as a kill leaves it; the journal is never closed first
    const second = await openMeter(path, now, false);
    expect(second.bill()).toEqual(shown);
    await second.close();
    await first.close();
  });

  it('writes its journal anew when most of it is in tallies', async () => {
    const path = join(await tempFolder(), 'bill.jsonl');
    const now = (): number => JUNE.to;
    const first = await openMeter(path, now, false);
    const request = { ...vault, kind: 'request', request: 'write', operation: 'UploadArchive' } as const;
    const told = Array.from({ length: 12_000 }, (_, i) =>
      first.add({ ...request, at: JUNE.from + i * 1000 }),
    );
    await Promise.all(told);
    const shown = first.bill();
    await first.close();
    const { size } = await stat(path);
    const second = await openMeter(path, now, false);
    expect((await stat(path)).size).toBeLessThan(size / 4);
    expect(second.bill()).toEqual(shown);
    await second.close();
  });

  it('tells of nothing that is still to come, but of this very moment', async () => {
    const meter = await openMeter(join(await tempFolder(), 'bill.jsonl'), () => JUNE.from, false);
    await meter.add({
      ...vault,
      kind: 'request',
      request: 'write',
      at: JUNE.from,
      operation: 'UploadArchive',
    });
    await meter.add({ ...vault, kind: 'stored', at: JUNE.from, id: 'a', bytes: GB });
    expect(usdByLine(meter.totals({ to: Infinity }))).toEqual({ Storage: 0, 'Upload requests': 0.00005 });
    await meter.close();
  });
});
