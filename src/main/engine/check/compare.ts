/**
 * Holds what the catalog says is stored against what a target lists. Pure.
 *
 * A listing of a vault is up to two days behind, so a pack that is not in it proves nothing by itself. It is missing only
 * if the listing is surely younger than the pack: because an earlier listing had it, or because the service dates
 * something that was stored after it, or by our own clock, at least two days before the listing was taken. A clock of
 * ours that is behind the service's makes the last way longer, never shorter.
 */
import { parseDescription } from '../pack/description.ts';
import type { ArchiveId } from '../target/target.ts';
import type { PackKey } from '../catalog/ids.ts';

/** What the catalog says of a pack that is stored, or was. */
export interface ExpectedPack {
  readonly id: PackKey;
  /** 32 hex digits. */
  readonly uid: string;
  readonly archiveId: ArchiveId;
  readonly size: number;
  /** 32 bytes. */
  readonly treeHash: Buffer;
  /** By our clock, when the target returned our own hash. */
  readonly storedAt: number;
  /** Date of the last listing that had it; null before the first. */
  readonly listedAt: number | null;
  /** Known not to be what was stored, whatever the target says of it. */
  readonly isDamaged: boolean;
}

export interface Listed {
  readonly archiveId: ArchiveId;
  readonly description: string;
  readonly size: number;
  /** Null where the target tells none. */
  readonly treeHash: Buffer | null;
  /** By the target's clock. */
  readonly createdAt: number;
}

export interface ListingDate {
  /** Date of the listing, by the service's clock; null for one that is not behind, such as a folder's. */
  readonly takenAt: number | null;
  /** How far the service's clock may be ahead of ours, in ms; not negative. */
  readonly aheadMs: number;
}

/** `newer`: not listed, and stored so late that the listing cannot tell. */
export type PackVerdict =
  | { readonly kind: 'present'; readonly listed: Listed }
  | { readonly kind: 'newer' }
  | { readonly kind: 'missing' }
  /** What is listed under its archive's id has another size or hash, or is known to be damaged. */
  | { readonly kind: 'differs'; readonly listed: Listed }
  /** Its own archive is missing or differs, but a copy of exactly these bytes is there. */
  | { readonly kind: 'copied'; readonly copy: Listed };

/** An exact second copy of a pack that is present. */
export interface Extra {
  readonly pack: PackKey;
  readonly archive: Listed;
}

export interface Compared {
  readonly verdicts: ReadonlyMap<PackKey, PackVerdict>;
  readonly extras: readonly Extra[];
  /** Generations of the key slots that are listed. */
  readonly keySlots: ReadonlySet<number>;
  /** Packs by their description that the catalog does not know, or that are not the bytes it knows: left alone. */
  readonly strangers: number;
  /** Archives of other programs. */
  readonly foreign: number;
}

/** Margin by which a listing has to be younger than a pack: new archives may be missing in it for so long. */
export const LAG_MS = 48 * 3_600_000;

/** Takes a listing in pieces, so that a million archives need not be held. */
export class Comparison {
  readonly #date: ListingDate;
  readonly #packs: readonly ExpectedPack[];
  readonly #byArchive: ReadonlyMap<string, ExpectedPack>;
  readonly #byUid: ReadonlyMap<string, ExpectedPack>;
  readonly #own = new Map<PackKey, Listed>();
  readonly #copies = new Map<PackKey, Listed[]>();
  readonly #keySlots = new Set<number>();
  #strangers = 0;
  #foreign = 0;

  readonly #ignored: ReadonlySet<string>;

  /** @param ignored uids of packs of ours of which it does not matter whether they are there */
  constructor(packs: readonly ExpectedPack[], date: ListingDate, ignored: ReadonlySet<string> = new Set()) {
    this.#packs = packs;
    this.#date = date;
    this.#ignored = ignored;
    this.#byArchive = new Map(packs.map((pack) => [pack.archiveId, pack]));
    this.#byUid = new Map(packs.map((pack) => [pack.uid, pack]));
  }

  /** Archives of the listing, each once. */
  see(archives: Iterable<Listed>): void {
    for (const archive of archives) this.#see(archive);
  }

  #see(archive: Listed): void {
    const own = this.#byArchive.get(archive.archiveId);
    if (own !== undefined) {
      this.#own.set(own.id, archive);
      return;
    }
    const described = parseDescription(archive.description);
    if (described === null) {
      this.#foreign++;
      return;
    }
    if (described.kind === 'slots') {
      this.#keySlots.add(described.generation);
      return;
    }
    if (this.#ignored.has(described.packId)) return;
    const pack = this.#byUid.get(described.packId);
    if (pack === undefined || archive.treeHash === null || !isSame(pack, archive)) {
      this.#strangers++;
      return;
    }
    const copies = this.#copies.get(pack.id);
    if (copies === undefined) this.#copies.set(pack.id, [archive]);
    else copies.push(archive);
  }

  end(): Compared {
    const verdicts = new Map<PackKey, PackVerdict>();
    const extras: Extra[] = [];
    const bound = this.#storedBefore();
    for (const pack of this.#packs) {
      const copies = this.#copies.get(pack.id) ?? [];
      const verdict = this.#verdict(pack, copies, bound);
      verdicts.set(pack.id, verdict);
      for (const archive of copies) {
        if (verdict.kind === 'present' || (verdict.kind === 'copied' && archive !== verdict.copy))
          extras.push({ pack: pack.id, archive });
      }
    }
    return {
      verdicts,
      extras,
      keySlots: this.#keySlots,
      strangers: this.#strangers,
      foreign: this.#foreign,
    };
  }

  #verdict(
    pack: ExpectedPack,
    copies: readonly Listed[],
    bound: (pack: ExpectedPack) => number,
  ): PackVerdict {
    const listed = this.#own.get(pack.id);
    if (listed !== undefined && !pack.isDamaged && isSame(pack, listed)) return { kind: 'present', listed };
    const [copy] = copies;
    const { takenAt } = this.#date;
    if (listed === undefined && takenAt !== null) {
      const wasListed = pack.listedAt !== null && pack.listedAt < takenAt;
      if (!wasListed && bound(pack) + LAG_MS >= takenAt) return { kind: 'newer' };
    }
    if (copy !== undefined) return { kind: 'copied', copy };
    return listed === undefined ? { kind: 'missing' } : { kind: 'differs', listed };
  }

  /** When, by the service's clock, a pack was stored at the latest. Packs are stored in the order of their numbers. */
  #storedBefore(): (pack: ExpectedPack) => number {
    const dated = this.#packs.flatMap(({ id, storedAt }) => {
      const createdAt = this.#own.get(id)?.createdAt;
      return createdAt === undefined ? [] : [{ id, storedAt, createdAt }];
    });
    return (pack) => {
      let bound = pack.storedAt + this.#date.aheadMs;
      for (const { id, storedAt, createdAt } of dated) {
        if (id > pack.id && storedAt > pack.storedAt) bound = Math.min(bound, createdAt);
      }
      return bound;
    };
  }
}

/** The same for a listing at hand. */
export function compare(
  packs: readonly ExpectedPack[],
  listing: ListingDate & { readonly archives: Iterable<Listed> },
): Compared {
  const comparison = new Comparison(packs, listing);
  comparison.see(listing.archives);
  return comparison.end();
}

function isSame(pack: ExpectedPack, listed: Listed): boolean {
  return pack.size === listed.size && (listed.treeHash === null || listed.treeHash.equals(pack.treeHash));
}
