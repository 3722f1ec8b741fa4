/**
 * Which retrieval to download next, so that what waits on this computer stays small. Pure.
 *
 * Segments wait until every retrieval of their pack is here. Packs of which all is ready go first and leave at once;
 * the others are begun only as far as there is room, with enough set aside for the largest pack to come whole.
 */
import type { PackKey } from '../catalog/ids.ts';
import type { RetrievalState } from '../catalog/retrievals.ts';

/** A retrieval of a pack that has not been taken apart. */
export interface Download {
  readonly pack: PackKey;
  readonly state: RetrievalState;
  readonly bytes: number;
  /** By the service's clock. */
  readonly readyAt: number | null;
}

/** Most bytes of one order that wait on this computer, beside the files themselves; with what is kept of others 2 GiB. */
export const MOST_WAITING_BYTES = 1536 * 1024 ** 2;

/** The service keeps an output for about a day: what is older than this is brought, room or none. */
const OLD_MS = 16 * 3_600_000;

/**
 * @param downloads in the order in which they are wanted
 * @param now by the service's clock
 * @returns one that is `ready`; undefined when there is none, or no room until a pack is complete
 */
export function chooseDownload<D extends Download>(
  downloads: readonly D[],
  now: number,
  limit: number = MOST_WAITING_BYTES,
): D | undefined {
  const ready = downloads.filter(({ state }) => state === 'ready');
  const packs = Map.groupBy(downloads, ({ pack }) => pack);
  const isHere = ({ pack }: Download): boolean =>
    packs.get(pack)?.every(({ state }) => state === 'ready' || state === 'fetched') ?? false;
  const isBegun = ({ pack }: Download): boolean =>
    packs.get(pack)?.some(({ state }) => state === 'fetched') ?? false;
  const waiting = total(downloads.filter(({ state }) => state === 'fetched'));
  const setAside = packs
    .values()
    .map(total)
    .reduce((most, bytes) => Math.max(most, bytes), 0);
  const complete = ready.filter(isHere);
  return (
    ready.find(({ readyAt }) => readyAt !== null && now - readyAt > OLD_MS) ??
    complete.find(isBegun) ??
    complete[0] ??
    ready.find(({ bytes }) => waiting + bytes + setAside <= limit) ??
    // With nothing under way no pack would be completed by waiting.
    (downloads.some(({ state }) => state === 'requested') ? undefined : ready[0])
  );
}

function total(downloads: readonly Download[]): number {
  return downloads.reduce((sum, { bytes }) => sum + bytes, 0);
}
