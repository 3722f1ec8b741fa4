/**
 * Whether a target's listing lets anything be deleted there.
 *
 * What this catalog does not know may be needed by a snapshot that it does not know either: of another installation, or of a
 * copy of this profile. A listing names the manifest of every snapshot there is, with its writer, so it can be asked.
 */
import type { Catalog } from '../catalog/catalog.ts';
import { deletedPacks } from '../catalog/deadPacks.ts';
import type { TargetId } from '../catalog/ids.ts';
import { listPacks } from '../catalog/packs.ts';
import { retiredWriters } from '../catalog/prunings.ts';
import type { OpenedListing } from '../recover/chooseRecords.ts';
import type { Listing } from './listing.ts';

export interface Writers {
  /** Of this installation, as its descriptions say it (16 bits). */
  readonly own: number;
  /** Installations that do not write there any more, and since when, epoch ms. */
  readonly retired: ReadonlyMap<number, number>;
  /** Uids of the packs that the catalog knows, and of those that were deleted lately. */
  readonly known: ReadonlySet<string>;
}

/** What keeps things from being deleted: `other` installations that may still write, `unknown` records of our own. */
export interface Strangers {
  /** Their tags, each once. */
  readonly others: readonly number[];
  /** Records of this installation that this catalog does not know: of a copy of the profile, or a later catalog. */
  readonly unknown: number;
}

/** Pure. */
export function strangersIn({ manifests, copies }: OpenedListing, writers: Writers): Strangers {
  const others = new Set<number>();
  let unknown = 0;
  for (const { described } of [...manifests, ...copies]) {
    const { writerTag, packId, createdAt } = described;
    const isKnown = writers.known.has(packId);
    if (writerTag === writers.own) {
      if (!isKnown) unknown++;
      continue;
    }
    const retiredAt = writers.retired.get(writerTag);
    if (retiredAt === undefined || createdAt > retiredAt) others.add(writerTag);
    else if (!isKnown && described.kind === 'manifest') unknown++;
  }
  return { others: [...others].sort((a, b) => a - b), unknown };
}

/** @param own of this installation, as its descriptions say it (16 bits) */
export async function strangersAt(
  catalog: Catalog,
  target: TargetId,
  { opened }: Listing,
  own: number,
): Promise<Strangers> {
  const known = new Set((await listPacks(catalog, { target })).map(({ uid }) => uid));
  for (const uid of await deletedPacks(catalog, target, 0)) known.add(uid);
  const retired = new Map<number, number>();
  for (const [tag, at] of await retiredWriters(catalog, target)) retired.set(parseInt(tag, 16), at);
  return strangersIn(opened, { own, retired, known });
}
