/**
 * Segments that an order retrieved, kept after it for the next one: what was paid once is not paid again while it is
 * here. They lie as they lie in the archive, sealed, in one sparse file a pack; rows say which. The longest kept leave
 * first. Before an order uses any they are opened once more, so that a disk that rots costs no file.
 *
 * The file comes before its rows and goes after them: rows without a file are never believed, a file without rows is
 * swept away with the next start.
 */
import { existsSync, readdirSync, rmSync, statfsSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Catalog } from '../catalog/catalog.ts';
import type { PackKey } from '../catalog/ids.ts';
import { forgetKept, keptRanges, listKept, saveKept } from '../catalog/keptSegments.ts';
import type { PackRow } from '../catalog/packs.ts';
import { crashpoint } from '../crashpoint.ts';
import { EngineError, errorCode } from '../failure.ts';
import { syncFolder } from '../lastingNames.ts';
import type { KeySet } from '../keys/masterKey.ts';
import { openPack } from '../pack/packReader.ts';
import { SEGMENT_BYTES } from '../pack/segment.ts';
import { mergeRanges, type SegmentRange } from './ranges.ts';
import { SegmentFile, type SegmentStore } from './segmentStore.ts';

/** Together with what an order may have waiting (`chooseDownload`) 2 GiB. */
const MOST_KEPT_BYTES = 512 * 1024 ** 2;
/** Nobody keeps on paying with disk space for what was needed once. */
const KEPT_DAYS = 30;
/** Below so much free space nothing is kept. */
const LEAST_FREE_BYTES = 5 * 1024 ** 3;
const DAY_MS = 86_400_000;
const SUFFIX = '.segments';

export class KeptSegments {
  readonly #dir: string;
  readonly #catalog: Catalog;

  /** @param dir in the profile, on the disk of the orders' own segments */
  constructor(dir: string, catalog: Catalog) {
    this.#dir = dir;
    this.#catalog = catalog;
  }

  /** Sweeps away what is too old, and files and rows without the other. Before anything else is asked of it. */
  async tidy(now = Date.now()): Promise<void> {
    const known = new Set<string>();
    for (const { pack, uid, keptAt } of await listKept(this.#catalog)) {
      if (now - keptAt < KEPT_DAYS * DAY_MS && existsSync(this.#path(uid))) known.add(`${uid}${SUFFIX}`);
      else await this.forget(pack, uid);
    }
    for (const name of readdirSync(this.#dir)) if (!known.has(name)) rmSync(join(this.#dir, name));
  }

  /** What there is of these packs. */
  async find(packs: readonly PackRow[]): Promise<ReadonlyMap<PackKey, readonly SegmentRange[]>> {
    const here = packs.filter(({ uid }) => existsSync(this.#path(uid)));
    if (here.length === 0) return new Map();
    return keptRanges(
      this.#catalog,
      here.map(({ id }) => id),
    );
  }

  /**
   * Takes over what an order has of a pack and needs no longer, if it is worth it; else it is removed.
   * @param ranges what of it is there and opened
   */
  async take(store: SegmentStore, pack: PackRow, ranges: readonly SegmentRange[]): Promise<void> {
    try {
      await this.#take(store, pack, ranges);
    } catch (error) {
      // That the next order pays again is no reason to stop this one.
      if (errorCode(error) === undefined && !(error instanceof EngineError)) throw error;
      store.remove(pack.uid);
    }
  }

  async #take(store: SegmentStore, { id, uid }: PackRow, ranges: readonly SegmentRange[]): Promise<void> {
    const merged = mergeRanges(ranges);
    const bytes = bytesIn(merged);
    const before = (await listKept(this.#catalog)).filter(({ pack }) => pack !== id);
    const own = bytesIn((await keptRanges(this.#catalog, [id])).get(id) ?? []);
    if (bytes === 0 || bytes < own || bytes > MOST_KEPT_BYTES || this.#isDiskTight()) {
      store.remove(uid);
      return;
    }
    for (const { pack, uid: other } of chooseToForget(before, bytes)) await this.forget(pack, other);
    // Rows of an older file would speak of this one.
    if (own > 0) await this.forget(id, uid);
    store.moveTo(uid, this.#path(uid));
    syncFolder(this.#dir);
    crashpoint('segments-moved');
    await this.#catalog.transaction((tx) => saveKept(tx, id, merged, Date.now()));
  }

  /**
   * Copies ranges to where an order looks for its segments, each proven on the way.
   * @throws EngineError `changed` when one is not what it was; then nothing of that pack is kept any more
   */
  async give(
    store: SegmentStore,
    pack: PackRow,
    keys: KeySet,
    ranges: readonly SegmentRange[],
  ): Promise<void> {
    try {
      await this.#copy(store, pack, keys, ranges);
    } catch (error) {
      const isGone = errorCode(error) === 'ENOENT';
      if (!isGone && !(error instanceof EngineError && error.kind === 'corrupt')) throw error;
      await this.forget(pack.id, pack.uid);
      throw new EngineError(
        'changed',
        'What was kept of an earlier retrieval is damaged on this disk, so it has to be retrieved again.',
        'Look at the price once more, then order.',
        { safe: 'Nothing was asked for; the archives are not affected.', cause: error },
      );
    }
  }

  async forget(pack: PackKey, uid: string): Promise<void> {
    await this.#catalog.transaction((tx) => forgetKept(tx, pack));
    rmSync(this.#path(uid), { force: true });
  }

  async #copy(
    store: SegmentStore,
    pack: PackRow,
    keys: KeySet,
    ranges: readonly SegmentRange[],
  ): Promise<void> {
    const opened = openPack(pack.header, keys);
    const from = new SegmentFile(await open(this.#path(pack.uid), 'r'));
    try {
      const to = await store.openForWriting(pack.uid);
      try {
        for (const { first, end } of ranges) {
          for (let n = first; n < end; n++) {
            const stored = await from.read(n, n + 1);
            opened.openSegment(n, (n + 1) * SEGMENT_BYTES === pack.size, stored);
            await to.write(n * SEGMENT_BYTES, stored);
            await nextTurn();
          }
        }
        await to.sync();
      } finally {
        await to.close();
      }
    } finally {
      await from.close();
    }
  }

  #isDiskTight(): boolean {
    const { bavail, bsize } = statfsSync(this.#dir);
    return bavail * bsize < LEAST_FREE_BYTES;
  }

  #path(packUid: string): string {
    return join(this.#dir, `${packUid}${SUFFIX}`);
  }
}

/**
 * Which packs have to leave so that there is room for `bytes`.
 * @param kept the longest kept first
 */
export function chooseToForget<K extends { readonly segments: number }>(
  kept: readonly K[],
  bytes: number,
  most = MOST_KEPT_BYTES,
): readonly K[] {
  let room = most - bytes - kept.reduce((sum, { segments }) => sum + segments * SEGMENT_BYTES, 0);
  return kept.filter(({ segments }) => {
    if (room >= 0) return false;
    room += segments * SEGMENT_BYTES;
    return true;
  });
}

function bytesIn(ranges: readonly SegmentRange[]): number {
  return ranges.reduce((sum, { first, end }) => sum + (end - first) * SEGMENT_BYTES, 0);
}
