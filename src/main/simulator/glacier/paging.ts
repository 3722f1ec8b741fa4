/** Pages of a listing: how many at a time, and where the next page starts. */
import { badValue } from './errors.ts';

interface Page<T> {
  readonly items: readonly T[];
  /** Opaque to clients; null on the last page. */
  readonly marker: string | null;
}

/** Reads `limit`: absent means `most`, more than `most` is cut down without complaint. */
export function pageLimit(query: URLSearchParams, most: number): number {
  const text = query.get('limit');
  if (text === null) return most;
  if (!/^\d{1,9}$/.test(text) || Number(text) < 1) throw badValue(`Invalid limit: ${text}`);
  return Math.min(Number(text), most);
}

/** Items in the order of `key` from the item the marker names (or the next one after it, if it is gone). */
export function page<T>(
  all: Iterable<T>,
  key: (item: T) => string,
  query: URLSearchParams,
  most: number,
): Page<T> {
  const limit = pageLimit(query, most);
  const start = markedKey(query.get('marker') ?? '');
  const keyed = Array.from(all, (item) => ({ key: key(item), item })).filter((entry) => entry.key >= start);
  keyed.sort((a, b) => (a.key < b.key ? -1 : 1));
  const next = keyed[limit];
  return {
    items: keyed.slice(0, limit).map(({ item }) => item),
    marker: next === undefined ? null : Buffer.from(next.key).toString('base64url'),
  };
}

function markedKey(marker: string): string {
  if (!/^[\w-]*$/.test(marker)) throw badValue(`Invalid marker: ${marker}`);
  return Buffer.from(marker, 'base64url').toString();
}

/** A key that sorts by time first, then by id. */
export function timeKey(ms: number, id: string): string {
  return `${String(ms).padStart(16, '0')} ${id}`;
}
