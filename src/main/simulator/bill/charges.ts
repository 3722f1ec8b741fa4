/**
 * From records to charges for a stretch of time [from, to): a pure function.
 *
 * Amounts are whole numbers (requests, bytes, bytes times milliseconds); dollars come last. Storage is charged by the
 * byte-hour, and a month's byte-hours are divided by that month's hours, so a byte kept through any calendar month
 * costs the same. What is deleted before its minimum time is charged the byte-hours that are left, all at once, in
 * the month it is deleted. Months are those of UTC.
 */
import type { StorageClass } from './events.ts';
import { capacityUnit, FREE_RETRIEVAL_BYTES, GB, prices, toInternet } from './prices.ts';
import type { Held, Records, Staging, Tally } from './records.ts';

export interface Charge {
  readonly at: number;
  readonly service: 'vault' | 's3';
  /** One line of the bill; all charges of a line have the same price within a month. */
  readonly line: string;
  readonly unit: 'requests' | 'bytes' | 'byte-hours' | 'units';
  /** In the unit; of byte-hours, byte-milliseconds. */
  readonly amount: bigint;
  /** How much of it is free. */
  readonly free: bigint;
  readonly usd: number;
  /** The amount that costs `usd`. */
  readonly per: number;
  /** What it was for. */
  readonly operation: string;
  readonly place: string;
  readonly id: string | null;
}

export interface Stretch {
  readonly from: number;
  readonly to: number;
}

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** In no order. `freeRetrieval`: vaults grant the monthly allowance of Standard retrieval. */
export function* chargesOf(records: Records, stretch: Stretch, freeRetrieval: boolean): Generator<Charge> {
  for (const tally of records.tallies.values()) yield* tallyCharges(tally, stretch);
  yield* retrievalCharges(records, stretch, freeRetrieval);
  for (const held of records.held) yield* heldCharges(held, stretch);
  for (const copy of records.copies) yield* copyCharges(copy, stretch);
  for (const staging of records.stagings.values()) yield* stagingCharges(staging, stretch);
  for (const { at, class: storageClass, id, place } of records.capacity) {
    if (!isIn(at, stretch)) continue;
    const of = { at, operation: 'PurchaseProvisionedCapacity', place, id };
    yield charge(storageClass, 'Provisioned capacity', 'units', 1n, capacityUnit, of);
  }
}

type What = Pick<Charge, 'at' | 'operation' | 'place' | 'id'>;

function charge(
  storageClass: StorageClass,
  line: string,
  unit: Charge['unit'],
  amount: bigint,
  price: { readonly usd: number; readonly per: number },
  what: What,
): Charge {
  const vault = storageClass === 'VAULT';
  return {
    ...what,
    service: vault ? 'vault' : 's3',
    line: vault ? line : `${line}, ${storageClass}`,
    unit,
    amount,
    free: 0n,
    usd: price.usd,
    per: price.per,
  };
}

function isIn(at: number, { from, to }: Stretch): boolean {
  return from <= at && at < to;
}

/** One charge for each hour in which there was something. */
function* tallyCharges({ of, at, quantity }: Tally, stretch: Stretch): Generator<Charge> {
  const hours = new Map<number, bigint>();
  for (const [i, time] of at.entries()) {
    if (!isIn(time, stretch)) continue;
    const hour = Math.max(stretch.from, time - (time % HOUR));
    hours.set(hour, (hours.get(hour) ?? 0n) + BigInt(quantity[i] ?? 0));
  }
  const { class: storageClass, operation, place } = of;
  const table = prices[storageClass];
  for (const [hour, amount] of hours) {
    const what = { at: hour, operation, place, id: null };
    if (of.kind === 'request') {
      const line = storageClass === 'VAULT' ? 'Upload requests' : requestLines[of.request];
      yield charge(storageClass, line, 'requests', amount, table[of.request], what);
    } else {
      yield {
        ...charge(storageClass, '', 'bytes', amount, toInternet, what),
        line: 'Download to the internet',
      };
      if (table.reading !== null)
        yield charge(storageClass, 'Retrieval', 'bytes', amount, table.reading, what);
    }
  }
}

const requestLines = { write: 'Write requests', list: 'List requests', read: 'Read requests' } as const;

function* retrievalCharges(
  { retrievals }: Records,
  stretch: Stretch,
  freeRetrieval: boolean,
): Generator<Charge> {
  // The allowance is used up in order, from the first of the month on.
  let free = 0n;
  let month = -1;
  for (const event of retrievals.toSorted((a, b) => a.at - b.at)) {
    if (monthStart(event.at) !== month) {
      month = monthStart(event.at);
      free = freeRetrieval ? FREE_RETRIEVAL_BYTES : 0n;
    }
    const { at, bytes, class: storageClass, id, operation, place, tier } = event;
    const price = prices[storageClass].retrieval[tier];
    if (price === undefined) throw new RangeError(`${storageClass} has no ${tier} retrieval`);
    const amount = BigInt(bytes);
    const granted = storageClass === 'VAULT' && tier === 'Standard' ? (amount < free ? amount : free) : 0n;
    free -= granted;
    if (!isIn(at, stretch)) continue;
    const what = { at, operation, place, id };
    yield charge(storageClass, `Retrieval requests, ${tier}`, 'requests', 1n, price.request, what);
    yield {
      ...charge(storageClass, `Retrieval, ${tier}`, 'bytes', amount, price.bytes, what),
      free: granted,
    };
  }
}

function* heldCharges(held: Held, stretch: Stretch): Generator<Charge> {
  const { class: storageClass, from, id, place, until } = held;
  const table = prices[storageClass];
  const bytes = Math.max(held.bytes, table.minimumBytes) + table.overheadBytes;
  const what = { operation: 'storage', place, id };
  for (const slice of months(from, until ?? stretch.to, stretch)) {
    yield byteHours(storageClass, 'Storage', table.usdPerGBMonth, BigInt(bytes), slice, what);
    if (table.standardOverheadBytes > 0) {
      const overhead = BigInt(table.standardOverheadBytes);
      const line = 'Storage of names of archived objects';
      yield byteHours('STANDARD', line, prices.STANDARD.usdPerGBMonth, overhead, slice, what);
    }
  }
  const left = until === null ? 0 : from + table.minimumDays * DAY - until;
  if (until !== null && left > 0 && isIn(until, stretch)) {
    const slice = { from: until, ms: left, monthMs: monthMs(until) };
    yield byteHours(storageClass, 'Early deletion', table.usdPerGBMonth, BigInt(bytes), slice, what);
  }
}

function* copyCharges({ bytes, from, id, place, until }: Held, stretch: Stretch): Generator<Charge> {
  const what = { operation: 'RestoreObject', place, id };
  for (const slice of months(from, until ?? stretch.to, stretch))
    yield byteHours(
      'STANDARD',
      'Temporary copies',
      prices.STANDARD.usdPerGBMonth,
      BigInt(bytes),
      slice,
      what,
    );
}

function* stagingCharges(staging: Staging, stretch: Stretch): Generator<Charge> {
  const { at, bytes, class: storageClass, id, part, place, until } = staging;
  const total = new Map<number, { slice: Slice; byteMs: bigint }>();
  const since = new Map<number, { at: number; bytes: number }>();
  const end = until ?? stretch.to;
  const add = (from: number, to: number, kept: number): void => {
    for (const slice of months(from, to, stretch)) {
      const key = monthStart(slice.from);
      const sum = total.get(key);
      const byteMs = BigInt(kept) * BigInt(slice.ms);
      if (sum === undefined) total.set(key, { slice, byteMs });
      else sum.byteMs += byteMs;
    }
  };
  for (const [i, time] of at.entries()) {
    const number = part[i] ?? 0;
    const before = since.get(number);
    if (before !== undefined) add(before.at, time, before.bytes);
    since.set(number, { at: time, bytes: bytes[i] ?? 0 });
  }
  for (const last of since.values()) add(last.at, end, last.bytes);
  const usd = prices[storageClass].stagingUsdPerGBMonth;
  const what = { operation: 'unfinished upload', place, id };
  for (const { byteMs, slice } of total.values())
    yield byteHours(storageClass, 'Storage of unfinished uploads', usd, byteMs, { ...slice, ms: 1 }, what);
}

interface Slice {
  readonly from: number;
  readonly ms: number;
  /** Length of the month it lies in. */
  readonly monthMs: number;
}

function byteHours(
  storageClass: StorageClass,
  line: string,
  usdPerGBMonth: number,
  bytes: bigint,
  { from, monthMs: length, ms }: Slice,
  what: Omit<What, 'at'>,
): Charge {
  const price = { usd: usdPerGBMonth, per: GB * length };
  return charge(storageClass, line, 'byte-hours', bytes * BigInt(ms), price, { ...what, at: from });
}

/** What lies of [from, until) in the stretch, cut at the ends of months. */
function* months(from: number, until: number, stretch: Stretch): Generator<Slice> {
  const end = Math.min(until, stretch.to);
  for (let start = Math.max(from, stretch.from); start < end;) {
    const next = Math.min(end, monthStart(start) + monthMs(start));
    yield { from: start, ms: next - start, monthMs: monthMs(start) };
    start = next;
  }
}

export function monthStart(at: number): number {
  const date = new Date(at);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth());
}

function monthMs(at: number): number {
  const date = new Date(at);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1) - monthStart(at);
}
