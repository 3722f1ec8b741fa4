/**
 * Walks a snapshot's tree depth first, in the order of names, with a flat memory.
 *
 * A statement for each folder would cost more than its rows, so those that come next are read together, at whatever
 * depth they are known of, unless too much lies waiting already, as in a tree that is very deep and wide at once.
 */
import type { Entry } from '../entry.ts';
import { BATCH_ROWS } from './bulk.ts';
import type { Reader } from './db.ts';
import { type PlacedEntry, wholeEntries } from './entryPages.ts';
import { folderPaths, topOf } from './folders.ts';
import type { FolderId, PlanId, SnapshotId } from './ids.ts';
import { at, firstPage, folderPage } from './pages.ts';

export interface FolderPage {
  readonly folder: FolderId;
  /** 0 for the top. */
  readonly parent: FolderId;
  /** Source's full path, name, name … down to this folder; empty for the top, whose entries are the sources. */
  readonly names: readonly Buffer[];
  readonly entries: readonly Entry[];
  /** False when the next page goes on with this folder. */
  readonly last: boolean;
}

/** Folders read together at most. */
const FOLDERS_TOGETHER = 256;
/** Rows read ahead at most, over all levels, before folders are read one by one. */
const ROWS_AHEAD = 10 * BATCH_ROWS;

/** A folder to be visited, as a link of the chain of those above it: paths are put together only to be yielded. */
interface Visit {
  readonly id: FolderId;
  readonly parent: FolderId;
  readonly above: Visit | null;
  readonly name: Buffer;
  /** All its entries and its folders, if they were read ahead. */
  ahead: { readonly entries: readonly PlacedEntry[]; readonly children: readonly Visit[] } | null;
}

/** What is to be visited at one depth. */
interface Level {
  visits: readonly Visit[];
  next: number;
  /** The folder of which these are children, when there are too many to be kept: more are read after the last. */
  readonly continued: Visit | null;
}

/**
 * Yields the entries of every folder of `plan` at `snapshot`: a folder's pages one after another, then its folders'.
 * Folders without entries are not yielded; every folder comes after the one that holds it.
 * @param from the folder to begin with instead of the top; `names` still count from the source
 */
export async function* walkSnapshot(
  db: Reader,
  plan: PlanId,
  snapshot: SnapshotId,
  from?: FolderId,
): AsyncGenerator<FolderPage> {
  const start = from ?? (await topOf(db, plan));
  if (start === undefined) return;
  const above = (await folderPaths(db, [start])).get(start) ?? [];
  const parent = await parentOf(db, start);
  const first: Visit = { id: start, parent, above: null, name: Buffer.alloc(0), ahead: null };
  const stack: Level[] = [{ visits: [first], next: 0, continued: null }];
  const held = { rows: 0 };
  for (let level = stack.at(-1); level !== undefined; level = stack.at(-1)) {
    if (level.next === level.visits.length) {
      if (!(await refill(db, snapshot, level))) stack.pop();
      continue;
    }
    const visit = await take(db, snapshot, stack, level, held);
    const known = visit.ahead?.children;
    let pages = 0;
    let page: readonly PlacedEntry[] = [];
    for await (const read of pagesOf(db, snapshot, visit)) {
      pages++;
      page = read.entries;
      const entries = page.map(({ entry }) => entry);
      yield {
        folder: visit.id,
        parent: visit.parent,
        names: [...above, ...pathOf(visit)],
        entries,
        last: read.last,
      };
    }
    if (pages === 1) pushLevel(stack, { visits: known ?? childrenOf(visit, page), next: 0, continued: null });
    if (pages > 1) pushLevel(stack, { visits: [], next: 0, continued: visit });
  }
}

async function parentOf(db: Reader, folder: FolderId): Promise<FolderId> {
  const row = await db.row('select parent from folders where id = ?', [folder]);
  return (row?.parent ?? 0) as FolderId;
}

function pushLevel(stack: Level[], level: Level): void {
  if (level.visits.length > 0 || level.continued !== null) stack.push(level);
}

/** The next visit of the level, with its entries read ahead where they fit. */
async function take(
  db: Reader,
  snapshot: SnapshotId,
  stack: readonly Level[],
  level: Level,
  held: { rows: number },
): Promise<Visit> {
  const visit = level.visits[level.next];
  if (visit === undefined) throw new RangeError('nothing left to visit');
  if (visit.ahead === null && held.rows < ROWS_AHEAD) {
    held.rows += await readAhead(db, snapshot, nextUnread(stack, visit.id));
  }
  level.next++;
  held.rows -= visit.ahead?.entries.length ?? 0;
  return visit;
}

/**
 * Folders that come next and whose entries are not read yet, in the order of the walk as far as it is known. None with
 * a number below `least`: rows are read in the order of numbers, and those of `least` are wanted first.
 */
function nextUnread(stack: readonly Level[], least: FolderId): Visit[] {
  const found: Visit[] = [];
  const pending = stack.map(({ visits, next }) => ({ visits, at: next }));
  for (let top = pending.at(-1); top !== undefined; top = pending.at(-1)) {
    const visit = top.visits[top.at++];
    if (visit === undefined) pending.pop();
    else if (visit.ahead !== null) pending.push({ visits: visit.ahead.children, at: 0 });
    else if (visit.id >= least && found.push(visit) === FOLDERS_TOGETHER) break;
  }
  return found;
}

/** Reads the entries of several folders at once, as far as they fit in a page. Resolves to the rows now held. */
async function readAhead(db: Reader, snapshot: SnapshotId, visits: readonly Visit[]): Promise<number> {
  const page = await firstPage(
    db,
    visits.map(({ id }) => id),
    at(snapshot),
    wholeEntries,
  );
  // A full page may have cut its last folder, and those with higher numbers are not in it.
  const cut = page.length < BATCH_ROWS ? Infinity : (page.at(-1)?.folder ?? 0);
  const byFolder = new Map<FolderId, PlacedEntry[]>();
  for (const visit of visits) if (visit.id < cut) byFolder.set(visit.id, []);
  let held = 0;
  for (const placed of page) held += byFolder.get(placed.folder)?.push(placed) === undefined ? 0 : 1;
  for (const visit of visits) {
    const entries = byFolder.get(visit.id);
    if (entries !== undefined) visit.ahead = { entries, children: childrenOf(visit, entries) };
  }
  return held;
}

/** The pages of one folder; none when it is empty. Lets go of what was read ahead. */
async function* pagesOf(
  db: Reader,
  snapshot: SnapshotId,
  visit: Visit,
): AsyncGenerator<{ readonly entries: readonly PlacedEntry[]; readonly last: boolean }> {
  const { ahead } = visit;
  visit.ahead = null;
  if (ahead !== null) {
    if (ahead.entries.length > 0) yield { entries: ahead.entries, last: true };
    return;
  }
  let entries = await folderPage(db, visit.id, at(snapshot), wholeEntries, Buffer.alloc(0), BATCH_ROWS);
  while (entries.length > 0) {
    const after = entries.at(-1)?.entry.name ?? Buffer.alloc(0);
    const following =
      entries.length < BATCH_ROWS
        ? []
        : await folderPage(db, visit.id, at(snapshot), wholeEntries, after, BATCH_ROWS);
    yield { entries, last: following.length === 0 };
    entries = following;
  }
}

/** Reads further children of a folder too big to be kept whole; false when there are no more. */
async function refill(db: Reader, snapshot: SnapshotId, level: Level): Promise<boolean> {
  if (level.continued === null) return false;
  const folders = { ...at(snapshot), sql: `e.kind = 2 and ${at(snapshot).sql}` };
  const after = level.visits.at(-1)?.name ?? Buffer.alloc(0);
  const page = await folderPage(db, level.continued.id, folders, wholeEntries, after, BATCH_ROWS);
  level.visits = childrenOf(level.continued, page);
  level.next = 0;
  return level.visits.length > 0;
}

function childrenOf(above: Visit, page: readonly PlacedEntry[]): Visit[] {
  const visits: Visit[] = [];
  for (const { entry, child } of page) {
    if (child !== null) visits.push({ id: child, parent: above.id, above, name: entry.name, ahead: null });
  }
  return visits;
}

/** Names from below the start down to the folder. */
function pathOf(visit: Visit): Buffer[] {
  const names: Buffer[] = [];
  for (let v = visit; v.above !== null; v = v.above) names.push(v.name);
  return names.reverse();
}
