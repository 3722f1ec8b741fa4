/** What a snapshot changed, folder by folder: the body of its manifest. */
import type { Entry } from '../entry.ts';
import { unhex } from './bulk.ts';
import type { Reader } from './db.ts';
import { type PlacedEntry, wholeEntries } from './entryPages.ts';
import type { FolderId, SnapshotId } from './ids.ts';
import { begunWith, rowPages, type Which } from './pages.ts';
import { touchedPages } from './touched.ts';

export interface FolderChanges {
  readonly folder: FolderId;
  /** 0 for the top. It was yielded before, if only with nothing in it. */
  readonly parent: FolderId;
  /** A source's is its full path; the top's is empty. */
  readonly name: Buffer;
  /** Names that are gone with all that was below them, also where something else has taken the place of a folder. */
  readonly gone: readonly Buffer[];
  /** Entries that are new or different. */
  readonly puts: readonly Entry[];
}

/**
 * Yields the folders in which something changed with the snapshot, and those above them, parents first. To be applied
 * in this order, `gone` before `puts`. A folder with many changes is yielded several times in a row, and its `gone` come
 * before its `puts`. What went with a folder that is gone itself is not repeated. Holds two pages at a time.
 */
export async function* changesOf(db: Reader, snapshot: SnapshotId): AsyncGenerator<FolderChanges> {
  for await (const touched of touchedPages(db, snapshot)) {
    const places = await placesOf(db, snapshot, touched);
    const folders = places.map(({ folder }) => folder);
    const gone = new ByFolder(rowPages(db, folders, goneWith(snapshot), wholeEntries));
    const puts = new ByFolder(rowPages(db, folders, begunWith(snapshot), wholeEntries));
    for (const place of places) yield* changesIn(place, gone, puts);
  }
}

type Place = Pick<FolderChanges, 'folder' | 'parent' | 'name'>;

async function* changesIn(place: Place, gone: ByFolder, puts: ByFolder): AsyncGenerator<FolderChanges> {
  let piece = await gone.next(place.folder);
  while (piece.more) {
    yield { ...place, gone: piece.entries.map(({ name }) => name), puts: [] };
    piece = await gone.next(place.folder);
  }
  const names = piece.entries.map(({ name }) => name);
  let put = await puts.next(place.folder);
  yield { ...place, gone: names, puts: put.entries };
  while (put.more) {
    put = await puts.next(place.folder);
    if (put.entries.length > 0) yield { ...place, gone: [], puts: put.entries };
  }
}

/** Ended with the snapshot and not followed by another version; a folder also when what follows is none. */
function goneWith(snapshot: SnapshotId): Which {
  return {
    sql: `e.until = ?1 and not exists (
      select 1 from entries n
      where n.folder = e.folder and n.name = e.name and n.since = ?1 and (e.kind <> 2 or n.kind = 2))`,
    snapshot,
  };
}

/** Where the folders are, of those among `touched` that are folders at the snapshot. */
async function placesOf(
  db: Reader,
  snapshot: SnapshotId,
  touched: readonly FolderId[],
): Promise<readonly Place[]> {
  const rows = (await db.json(
    `select json_group_array(json_array(f.id, f.parent, hex(f.name)) order by f.id)
     from json_each(?2) t cross join folders f on f.id = t.value
     where f.parent = 0 or exists (
       select 1 from entries e
       where e.folder = f.parent and e.name = f.name and e.kind = 2
         and e.since <= ?1 and (e.until is null or e.until > ?1))`,
    [snapshot, JSON.stringify(touched)],
  )) as [FolderId, FolderId, string][];
  return rows.map(([folder, parent, name]) => ({ folder, parent, name: unhex(name) }));
}

/** Deals out pages that run over many folders, one folder after the other, in the same order. */
class ByFolder {
  readonly #pages: AsyncGenerator<readonly PlacedEntry[]>;
  #page: readonly PlacedEntry[] = [];
  #at = 0;

  constructor(pages: AsyncGenerator<readonly PlacedEntry[]>) {
    this.#pages = pages;
  }

  /** Entries of `folder` up to the end of the page in hand; `more` when the next page may go on with it. */
  async next(folder: FolderId): Promise<{ readonly entries: readonly Entry[]; readonly more: boolean }> {
    if (this.#at === this.#page.length) await this.#turn();
    const entries: Entry[] = [];
    for (; this.#page[this.#at]?.folder === folder; this.#at++) {
      const placed = this.#page[this.#at];
      if (placed !== undefined) entries.push(placed.entry);
    }
    return { entries, more: entries.length > 0 && this.#at === this.#page.length };
  }

  async #turn(): Promise<void> {
    const turned = await this.#pages.next();
    this.#page = turned.done === true ? [] : turned.value;
    this.#at = 0;
  }
}
