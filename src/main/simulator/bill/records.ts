/**
 * What the meter remembers: enough to make out a bill for any stretch of time, and no more.
 *
 * Requests come in great numbers, so they are tallied: one tally for each kind of request to each place, with times and
 * quantities as two rows of numbers. Everything stored is a record from when to when. Nothing here knows a price.
 */
import type { BillEvent, StorageClass } from './events.ts';

type EventOf<K extends BillEvent['kind']> = Extract<BillEvent, { kind: K }>;

/** Requests, or bytes that were sent, of one kind. */
export interface Tally {
  readonly of: Omit<EventOf<'request'>, 'at'> | Omit<EventOf<'sent'>, 'at' | 'bytes'>;
  at: number[];
  quantity: number[];
}

/** An archive, an object, or a temporary copy. */
export interface Held {
  readonly class: StorageClass;
  readonly place: string;
  readonly id: string;
  readonly bytes: number;
  readonly from: number;
  /** null while nobody knows. */
  until: number | null;
}

/** The parts of one multipart upload, in the order they came. */
export interface Staging {
  readonly class: StorageClass;
  readonly place: string;
  readonly id: string;
  readonly at: number[];
  readonly part: number[];
  readonly bytes: number[];
  until: number | null;
}

export interface Records {
  readonly tallies: Map<string, Tally>;
  readonly retrievals: EventOf<'retrieval'>[];
  readonly capacity: EventOf<'capacity'>[];
  /** All there ever were; those that are there now also under their key. */
  readonly held: Held[];
  readonly heldNow: Map<string, Held>;
  readonly copies: Held[];
  readonly copyNow: Map<string, Held>;
  readonly stagings: Map<string, Staging>;
}

/** A line of the journal: an event, or records of earlier events in short. */
export type Entry =
  | BillEvent
  | { readonly kind: 'tally'; readonly tally: Tally }
  | { readonly kind: 'held' | 'copy'; readonly held: Held }
  | { readonly kind: 'staging'; readonly staging: Staging };

/** A tally longer than this is thinned: neighbours are added up, which blurs when they were but not how many. */
const MOST_POINTS = 1 << 16;

export function emptyRecords(): Records {
  return {
    tallies: new Map(),
    retrievals: [],
    capacity: [],
    held: [],
    heldNow: new Map(),
    copies: [],
    copyNow: new Map(),
    stagings: new Map(),
  };
}

/** Takes the entry in. False if it tells nothing new. */
export function record(records: Records, entry: Entry): boolean {
  switch (entry.kind) {
    case 'request': {
      const { at, ...of } = entry;
      return tally(records, of, at, 1);
    }
    case 'sent': {
      const { at, bytes, ...of } = entry;
      return bytes > 0 && tally(records, of, at, bytes);
    }
    case 'retrieval':
      records.retrievals.push(entry);
      return true;
    case 'capacity':
      records.capacity.push(entry);
      return true;
    case 'stored':
      return store(records, entry);
    case 'removed':
      return remove(records, entry);
    case 'thawed':
      return thaw(records, entry);
    case 'staged':
      return stage(records, entry);
    case 'unstaged': {
      const staging = records.stagings.get(keyOf(entry));
      if (staging?.until !== null) return false;
      staging.until = entry.at;
      return true;
    }
    case 'tally':
      records.tallies.set(JSON.stringify(entry.tally.of), entry.tally);
      return true;
    case 'held':
      return hold(records, entry.held);
    case 'copy':
      return copy(records, entry.held);
    case 'staging':
      records.stagings.set(keyOf(entry.staging), entry.staging);
      return true;
  }
}

/** The entries that make the records out of nothing. */
export function* asEntries(records: Records): Generator<Entry> {
  for (const one of records.tallies.values()) yield { kind: 'tally', tally: one };
  yield* records.retrievals;
  yield* records.capacity;
  for (const held of records.held) yield { kind: 'held', held };
  for (const held of records.copies) yield { kind: 'copy', held };
  for (const staging of records.stagings.values()) yield { kind: 'staging', staging };
}

function keyOf({ place, id }: { readonly place: string; readonly id: string }): string {
  return JSON.stringify([place, id]);
}

function tally(records: Records, of: Tally['of'], at: number, quantity: number): true {
  const key = JSON.stringify(of);
  let one = records.tallies.get(key);
  if (one === undefined) records.tallies.set(key, (one = { of, at: [], quantity: [] }));
  const last = one.at.length - 1;
  if (one.at[last] === at) one.quantity[last] = (one.quantity[last] ?? 0) + quantity;
  else {
    one.at.push(at);
    one.quantity.push(quantity);
  }
  if (one.at.length > MOST_POINTS) thin(one);
  return true;
}

function thin(one: Tally): void {
  const { at, quantity } = one;
  one.at = at.filter((_, i) => i % 2 === 0);
  one.quantity = one.at.map((_, i) => (quantity[2 * i] ?? 0) + (quantity[2 * i + 1] ?? 0));
}

function store(records: Records, event: EventOf<'stored'>): boolean {
  const { at, bytes, class: storageClass, id, place } = event;
  const there = records.heldNow.get(keyOf(event));
  if (there?.from === at && there.bytes === bytes && there.class === storageClass) return false;
  remove(records, event);
  return hold(records, { class: storageClass, place, id, bytes, from: at, until: null });
}

function hold(records: Records, held: Held): true {
  records.held.push(held);
  if (held.until === null) records.heldNow.set(keyOf(held), held);
  return true;
}

function remove(
  records: Records,
  event: { readonly at: number; readonly place: string; readonly id: string },
): boolean {
  const key = keyOf(event);
  endCopy(records, key, event.at);
  const held = records.heldNow.get(key);
  if (held === undefined) return false;
  held.until = Math.max(held.from, event.at);
  return records.heldNow.delete(key);
}

function thaw(records: Records, event: EventOf<'thawed'>): boolean {
  const { bytes, class: storageClass, from, id, place, until } = event;
  const there = records.copyNow.get(keyOf(event));
  if (there?.from === from && there.until === until) return false;
  endCopy(records, keyOf(event), from);
  return copy(records, { class: storageClass, place, id, bytes, from, until });
}

function copy(records: Records, held: Held): true {
  records.copies.push(held);
  records.copyNow.set(keyOf(held), held);
  return true;
}

function endCopy(records: Records, key: string, at: number): void {
  const there = records.copyNow.get(key);
  if (there !== undefined) there.until = Math.min(there.until ?? at, Math.max(there.from, at));
}

function stage(records: Records, event: EventOf<'staged'>): boolean {
  const { at, bytes, class: storageClass, id, part, place } = event;
  const key = keyOf(event);
  let staging = records.stagings.get(key);
  if (staging === undefined) {
    staging = { class: storageClass, place, id, at: [], part: [], bytes: [], until: null };
    records.stagings.set(key, staging);
  }
  if (staging.until !== null) return false; // a part that was on its way when the upload ended
  const before = staging.part.lastIndexOf(part);
  if (before >= 0 && staging.bytes[before] === bytes) return false;
  staging.at.push(at);
  staging.part.push(part);
  staging.bytes.push(bytes);
  return true;
}
