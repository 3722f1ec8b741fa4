/**
 * Reading rows of `entries` in many folders a page at a time: one statement for a page, whether it is one big folder or
 * a hundred small ones. A page has at most `BATCH_ROWS` rows, so that neither the engine's thread nor others wait long.
 */
import { BATCH_ROWS, pieces, unhex } from './bulk.ts';
import type { Reader } from './db.ts';
import type { FolderId, SnapshotId } from './ids.ts';

/** Which rows are meant, as SQL over `e` in which `?1` is `snapshot`. */
export interface Which {
  readonly sql: string;
  readonly snapshot: number;
}

export const current: Which = { sql: 'e.until is null', snapshot: 0 };

/** There at the snapshot. */
export function at(snapshot: SnapshotId): Which {
  return { sql: 'e.since <= ?1 and (e.until is null or e.until > ?1)', snapshot };
}

export function begunWith(snapshot: SnapshotId): Which {
  return { sql: 'e.since = ?1', snapshot };
}

/** Where a row is: its folder and, in hex, its name. */
export type PackedPlace = readonly [FolderId, string, ...unknown[]];

/** What is read of a row: SQL over `e` that follows folder and name in a JSON array, and how that is taken apart. */
export interface Shape<Packed extends PackedPlace, T> {
  readonly sql: string;
  readonly unpack: (packed: Packed) => T;
}

/** Folders asked for at once: bounds what one statement may have to sort. */
const FOLDERS_AT_ONCE = 500;

/**
 * The rows of `folders` in the order of these (ascending), then of names by bytes.
 * Holds one page. A folder whose rows do not fit in one is continued in the next.
 */
export async function* rowPages<P extends PackedPlace, T>(
  db: Reader,
  folders: readonly FolderId[],
  which: Which,
  shape: Shape<P, T>,
): AsyncGenerator<readonly T[]> {
  for (const piece of pieces(folders, FOLDERS_AT_ONCE)) {
    let rest = piece;
    while (rest.length > 0) {
      const page = await packedPage(db, rest, which, shape);
      if (page.length > 0) yield page.map(shape.unpack);
      const last = page.at(-1);
      if (last === undefined || page.length < BATCH_ROWS) break;
      yield* restOfFolder(db, last, which, shape);
      rest = rest.filter((folder) => folder > last[0]);
    }
  }
}

async function* restOfFolder<P extends PackedPlace, T>(
  db: Reader,
  after: PackedPlace,
  which: Which,
  shape: Shape<P, T>,
): AsyncGenerator<readonly T[]> {
  for (let last = after; ;) {
    const page = await packedFolderPage(db, last[0], which, shape, unhex(last[1]), BATCH_ROWS);
    if (page.length > 0) yield page.map(shape.unpack);
    if (page.length < BATCH_ROWS) return;
    last = page.at(-1) ?? last;
  }
}

/** Up to `BATCH_ROWS` rows of the folders, from the first name of the lowest on. */
export async function firstPage<P extends PackedPlace, T>(
  db: Reader,
  folders: readonly FolderId[],
  which: Which,
  shape: Shape<P, T>,
): Promise<readonly T[]> {
  return (await packedPage(db, folders, which, shape)).map(shape.unpack);
}

/** Up to `limit` rows of one folder, with names after `after`; from the first when that is empty. */
export async function folderPage<P extends PackedPlace, T>(
  db: Reader,
  folder: FolderId,
  which: Which,
  shape: Shape<P, T>,
  after: Buffer,
  limit: number,
): Promise<readonly T[]> {
  return (await packedFolderPage(db, folder, which, shape, after, limit)).map(shape.unpack);
}

async function packedPage<P extends PackedPlace, T>(
  db: Reader,
  folders: readonly FolderId[],
  which: Which,
  shape: Shape<P, T>,
): Promise<readonly P[]> {
  return inOrder(
    (await db.json(
      `select json_group_array(json_array(e.folder, hex(e.name), ${shape.sql})) from (
         select e.* from json_each(?2) f cross join entries e on e.folder = f.value
         where ${which.sql} order by e.folder, e.name limit ${BATCH_ROWS}
       ) e`,
      [which.snapshot, JSON.stringify(folders)],
    )) as P[],
  );
}

async function packedFolderPage<P extends PackedPlace, T>(
  db: Reader,
  folder: FolderId,
  which: Which,
  shape: Shape<P, T>,
  after: Buffer,
  limit: number,
): Promise<readonly P[]> {
  return inOrder(
    (await db.json(
      `select json_group_array(json_array(e.folder, hex(e.name), ${shape.sql})) from (
         select e.* from entries e where e.folder = ?2 and e.name > ?3 and ${which.sql} order by e.name limit ?4
       ) e`,
      [which.snapshot, folder, after, limit],
    )) as P[],
  );
}

/**
 * SQLite hands an aggregate the rows of a sorted subquery in their order, though it does not promise to. Having the
 * aggregate sort once more costs a third of the statement; looking costs nothing.
 */
function inOrder<P extends PackedPlace>(page: readonly P[]): readonly P[] {
  for (const [i, [folder, name]] of page.entries()) {
    const before = page[i - 1];
    if (before === undefined || before[0] < folder || (before[0] === folder && before[1] < name)) continue;
    throw new RangeError('catalog: rows came out of order');
  }
  return page;
}
