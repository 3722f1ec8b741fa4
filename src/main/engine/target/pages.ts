/**
 * A list that comes in pages, each fetched when it is needed. Unlike a generator, which is over once it has thrown,
 * it keeps its place: after a failed page `next()` may be called again and asks for that same page.
 */
import { ServiceFailure } from './serviceFailure.ts';

interface Page<Item> {
  readonly items: readonly Item[];
  /** Where the next page begins; undefined on the last one. */
  readonly marker: string | undefined;
}

/** Each iteration starts from the first page. */
export function pagedList<Item>(
  fetchPage: (marker: string | undefined) => Promise<Page<Item>>,
): AsyncIterable<Item> {
  return { [Symbol.asyncIterator]: () => pageIterator(fetchPage) };
}

function pageIterator<Item>(
  fetchPage: (marker: string | undefined) => Promise<Page<Item>>,
): AsyncIterator<Item, undefined> {
  let items: readonly Item[] = [];
  let at = 0;
  let marker: string | undefined;
  let last = false;
  return {
    async next() {
      while (at >= items.length) {
        if (last) return { done: true, value: undefined };
        const page = await fetchPage(marker);
        if (page.marker !== undefined && page.marker === marker) throw endless();
        ({ items, marker } = page);
        at = 0;
        last = marker === undefined;
      }
      const value = items[at++] as Item;
      return { done: false, value };
    },
    return() {
      last = true;
      at = items.length;
      return Promise.resolve({ done: true, value: undefined });
    },
  };
}

function endless(): ServiceFailure {
  return new ServiceFailure({
    kind: 'corrupt',
    message: 'The service keeps answering a list with the same page.',
    advice: 'Try again later; if it happens again, check the endpoint in the target’s settings.',
  });
}
