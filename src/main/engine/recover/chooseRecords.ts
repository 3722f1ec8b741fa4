/**
 * What a recovery fetches, out of everything a target lists. Pure.
 *
 * A catalog copy holds its writer's snapshots up to an epoch, so of each writer only the manifests after that are wanted
 * beside it. There is one copy at most: numbers in a catalog do not fit those of another. The copy that spares the most
 * manifests is taken, the newest of its kind. Sealed descriptions tell all this without a byte being fetched.
 */
import type { KeySet } from '../keys/masterKey.ts';
import { EngineError } from '../failure.ts';
import {
  openDescription,
  parseDescription,
  type PackDescription,
  type ParsedDescription,
} from '../pack/description.ts';
import type { ArchiveId } from '../target/target.ts';

export interface ListedArchive {
  readonly archiveId: ArchiveId;
  readonly description: string;
  readonly size: number;
  /** 32 bytes; null where the target tells none. */
  readonly treeHash: Buffer | null;
  /** By the target's clock. */
  readonly createdAt: number;
}

/** What is ours by its looks; needs no key. */
export interface SortedListing {
  /** Key slots, the highest generation first; of one generation the newest first. */
  readonly slots: readonly ListedArchive[];
  readonly packs: readonly ListedPack[];
  readonly foreign: number;
}

export interface ListedPack {
  readonly archive: ListedArchive;
  readonly parsed: ParsedDescription & { readonly kind: 'pack' };
}

export function sortListing(archives: Iterable<ListedArchive>): SortedListing {
  const slots: { archive: ListedArchive; generation: number }[] = [];
  const packs: ListedPack[] = [];
  let foreign = 0;
  for (const archive of archives) {
    const parsed = parseDescription(archive.description);
    if (parsed === null) foreign++;
    else if (parsed.kind === 'slots') slots.push({ archive, generation: parsed.generation });
    else packs.push({ archive, parsed });
  }
  slots.sort((a, b) => b.generation - a.generation || b.archive.createdAt - a.archive.createdAt);
  return { slots: slots.map(({ archive }) => archive), packs, foreign };
}

/** A listed pack whose description our keys open. */
export interface KnownPack {
  readonly archive: ListedArchive;
  readonly described: PackDescription;
}

export interface OpenedListing {
  readonly data: readonly KnownPack[];
  readonly manifests: readonly KnownPack[];
  readonly copies: readonly KnownPack[];
  /** Sealed with other keys, or damaged. */
  readonly strangers: number;
}

/** @param keys of every epoch */
export function openListing(packs: readonly ListedPack[], keys: readonly KeySet[]): OpenedListing {
  const opened = { data: [] as KnownPack[], manifests: [] as KnownPack[], copies: [] as KnownPack[] };
  let strangers = 0;
  for (const { archive, parsed } of packs) {
    const described = openWithAny(parsed, keys);
    if (described === null) strangers++;
    else if (described.kind === 'data') opened.data.push({ archive, described });
    else if (described.kind === 'manifest') opened.manifests.push({ archive, described });
    else opened.copies.push({ archive, described });
  }
  return { ...opened, strangers };
}

function openWithAny(parsed: ListedPack['parsed'], keys: readonly KeySet[]): PackDescription | null {
  for (const set of keys) {
    try {
      const described = openDescription(set, parsed);
      if (described !== null) return described;
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      return null;
    }
  }
  return null;
}

export interface ChosenRecords {
  /** Null when none is worth it. */
  readonly copy: KnownPack | null;
  /** Oldest first; of an archive that was stored twice, one. */
  readonly manifests: readonly KnownPack[];
}

/**
 * @param mayCopy whether a copy can be taken in: the catalog has nothing of its own
 * @param except packs (by id) that turned out not to be readable
 */
export function chooseRecords(
  { manifests, copies }: Pick<OpenedListing, 'manifests' | 'copies'>,
  mayCopy: boolean,
  except: ReadonlySet<string> = new Set(),
): ChosenRecords {
  const distinct = onePerPack(manifests);
  const usable = mayCopy ? copies.filter(({ described }) => !except.has(described.packId)) : [];
  const copy = best(usable, (candidate) => distinct.filter((manifest) => isIn(manifest, candidate)).length);
  return {
    copy,
    manifests: distinct
      .filter((manifest) => copy === null || !isIn(manifest, copy))
      .sort((a, b) => a.described.createdAt - b.described.createdAt || order(a, b)),
  };
}

/** Whether a copy holds what the manifest tells: the same writer's, and not later. */
export function isIn({ described: manifest }: KnownPack, { described: copy }: KnownPack): boolean {
  return manifest.writerTag === copy.writerTag && manifest.epoch <= copy.epoch;
}

function best(copies: readonly KnownPack[], spares: (copy: KnownPack) => number): KnownPack | null {
  let chosen: { readonly copy: KnownPack; readonly spared: number } | null = null;
  for (const copy of copies) {
    const spared = spares(copy);
    const isBetter =
      chosen === null ||
      spared > chosen.spared ||
      (spared === chosen.spared && copy.described.createdAt > chosen.copy.described.createdAt);
    if (spared > 0 && isBetter) chosen = { copy, spared };
  }
  return chosen?.copy ?? null;
}

/** An upload whose answer got lost was sent again: either archive will do. */
function onePerPack(packs: readonly KnownPack[]): KnownPack[] {
  return [...new Map(packs.map((pack) => [pack.described.packId, pack])).values()];
}

function order(a: KnownPack, b: KnownPack): number {
  return a.described.packId < b.described.packId ? -1 : 1;
}
