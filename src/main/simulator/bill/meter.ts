/**
 * The bill meter: writes down what costs money as it happens, and makes out the bill when somebody asks.
 *
 * Its journal survives a kill, but is not flushed to the disk: a power cut may cost the last seconds of a practice
 * vault's bill, which is cheaper than a second flush for every part.
 */
import { openJournal, readJournal, rewriteJournal } from '../journal.ts';
import { type Bill, billOf, billTotals, type Totals } from './bill.ts';
import type { Stretch } from './charges.ts';
import type { BillEvent, Meter } from './events.ts';
import { asEntries, emptyRecords, type Entry, record } from './records.ts';

export interface BillRange {
  /** Virtual epoch ms, included; default: from the beginning. */
  readonly from?: number | undefined;
  /** Not included; default and at most: up to and with this moment. A bill tells what was, not what will be. */
  readonly to?: number | undefined;
}

export interface BillMeter extends Meter {
  bill(range?: BillRange): Bill;
  totals(range?: BillRange): Totals;
  close(): Promise<void>;
}

/** Journals with this many more lines than needed are rewritten at start. */
const WASTE_LINES = 10_000;

/** Opens the meter whose journal is `path`, new if absent. `now` is virtual time. */
export async function openMeter(path: string, now: () => number, freeRetrieval: boolean): Promise<BillMeter> {
  const records = emptyRecords();
  const entries = readJournal(path) as Entry[];
  for (const entry of entries) record(records, entry);
  const needed = asEntries(records).reduce((count) => count + 1, 0);
  if (entries.length > 2 * needed + WASTE_LINES) rewriteJournal(path, asEntries(records));
  const journal = await openJournal(path, 'none');
  const stretch = ({ from = 0, to = Infinity }: BillRange = {}): Stretch => ({
    from,
    to: Math.min(to, now() + 1),
  });
  return {
    add: async (event: BillEvent) => {
      if (record(records, event)) await journal.append(event);
    },
    bill: (range) => billOf(records, stretch(range), freeRetrieval),
    totals: (range) => billTotals(records, stretch(range), freeRetrieval),
    close: () => journal.close(),
  };
}
