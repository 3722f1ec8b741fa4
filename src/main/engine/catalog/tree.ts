/** Reading the tree of a plan as it was at a snapshot. Cannot change under the reader once the snapshot is committed. */
import type { Entry } from '../entry.ts';
import { int } from './columns.ts';
import type { Reader } from './db.ts';
import { entryAt, wholeEntries } from './entryPages.ts';
import { topOf } from './folders.ts';
import type { FolderId, PlanId, SnapshotId } from './ids.ts';
import { at, folderPage } from './pages.ts';

export interface FolderListing {
  readonly entries: readonly Entry[];
  /** Whether more follow after the last. */
  readonly more: boolean;
}

/** Entries of one folder by the bytes of their names, from after `after` (empty: from the first); up to 5,000. */
export async function listFolder(
  db: Reader,
  folder: FolderId,
  snapshot: SnapshotId,
  after: Buffer,
  limit: number,
): Promise<FolderListing> {
  if (limit > 5000) throw new RangeError('a listing has at most 5,000 entries');
  const page = await folderPage(db, folder, at(snapshot), wholeEntries, after, limit + 1);
  return { entries: page.slice(0, limit).map(({ entry }) => entry), more: page.length > limit };
}

export interface Resolved {
  /** Null for the top, which is no entry of anything. */
  readonly entry: Entry | null;
  /** The folder that holds it; for the top, the top. */
  readonly parent: FolderId;
  /** What it is as a folder; null for a file or link, and for a folder that was always empty. */
  readonly folder: FolderId | null;
}

/**
 * Finds what `names` (source's full path, name, name …) led to at the snapshot; no names: the top.
 * Undefined when there was nothing.
 */
export async function resolvePath(
  db: Reader,
  plan: PlanId,
  snapshot: SnapshotId,
  names: readonly Buffer[],
): Promise<Resolved | undefined> {
  const top = await topOf(db, plan);
  if (top === undefined) return undefined;
  let found: Resolved = { entry: null, parent: top, folder: top };
  for (const name of names) {
    if (found.folder === null) return undefined;
    const placed = await entryAt(db, found.folder, snapshot, name);
    if (placed === undefined) return undefined;
    found = { entry: placed.entry, parent: found.folder, folder: placed.child };
  }
  return found;
}

/** The source folders that a snapshot has, by their full paths; they may have left the plan since. */
export async function sourcesAt(db: Reader, plan: PlanId, snapshot: SnapshotId): Promise<readonly Buffer[]> {
  const top = await topOf(db, plan);
  if (top === undefined) return [];
  const { entries } = await listFolder(db, top, snapshot, Buffer.alloc(0), 1000);
  return entries.map(({ name }) => name);
}

export interface TreeCount {
  /** Links too. */
  readonly files: number;
  /** Source folders included. */
  readonly folders: number;
  readonly bytes: number;
}

/** Folder numbers under one statement: it takes some 10 ms, so that others get their turn in between. */
const FOLDERS_AT_ONCE = 2000;

/** Counts the whole tree of the plan at the snapshot. Reads every row: about 1 µs each. */
export async function countTree(db: Reader, plan: PlanId, snapshot: SnapshotId): Promise<TreeCount> {
  const count = { files: 0, folders: 0, bytes: 0 };
  const last = int((await db.row('select coalesce(max(id), 0) last from folders')) ?? {}, 'last');
  for (let from = 0; from < last; from += FOLDERS_AT_ONCE) {
    const row =
      (await db.row(
        `select coalesce(sum(e.kind <> 2), 0) files, coalesce(sum(e.kind = 2), 0) folders, coalesce(sum(e.size), 0) bytes
         from folders f cross join entries e on e.folder = f.id
         where f.id > ?2 and f.id <= ?3 and f.plan = ?4 and ${at(snapshot).sql}`,
        [snapshot, from, from + FOLDERS_AT_ONCE, plan],
      )) ?? {};
    count.files += int(row, 'files');
    count.folders += int(row, 'folders');
    count.bytes += int(row, 'bytes');
  }
  return count;
}
