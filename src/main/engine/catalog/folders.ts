/**
 * Folders: one row for each folder path a plan has ever held, so that entries can name their folder by a number that
 * stays the same from snapshot to snapshot.
 *
 * Each plan has a top, a folder without name or parent. The source folders are its children under their full paths;
 * so sources are ordinary entries of an ordinary folder, and snapshots list them like any other.
 */
import { BATCH_ROWS, bulkTexts, hex, pieces, unhex } from './bulk.ts';
import { int } from './columns.ts';
import type { Reader, Tx } from './db.ts';
import type { FolderId, PlanId } from './ids.ts';

/** `parent` of a top. */
const NONE = 0 as FolderId;

export interface FolderPlace {
  readonly parent: FolderId;
  readonly name: Buffer;
}

/** The plan's top, made on first use. */
export async function ensureTop(tx: Tx, plan: PlanId): Promise<FolderId> {
  const [top] = await ensureFolders(tx, plan, [{ parent: NONE, name: Buffer.alloc(0) }]);
  if (top === undefined) throw new RangeError('catalog: no top');
  return top;
}

/** Undefined before the plan's first run. */
export async function topOf(db: Reader, plan: PlanId): Promise<FolderId | undefined> {
  const row = await db.row("select id from folders where parent = 0 and name = x'' and plan = ?", [plan]);
  return row && (int(row, 'id') as FolderId);
}

/** Numbers of the folders named, in the same order, made where they are new. Parents come in an earlier call. */
export async function ensureFolders(
  tx: Tx,
  plan: PlanId,
  places: readonly FolderPlace[],
): Promise<readonly FolderId[]> {
  const ids: FolderId[] = [];
  for (const batch of bulkTexts(places, (place) => [place.parent, hex(place.name)])) {
    await tx.run(
      `insert into folders (plan, parent, name)
       select ?, value ->> 0, unhex(value ->> 1) from jsonb_each(?) where true
       on conflict do nothing`,
      [plan, batch],
    );
    const found = await tx.json(
      `select json_group_array(f.id order by w.key)
       from (select key, value ->> 0 parent, unhex(value ->> 1) name from jsonb_each(?2)) w
       join folders f on f.parent = w.parent and f.name = w.name and f.plan = ?1`,
      [plan, batch],
    );
    ids.push(...(found as FolderId[]));
  }
  return ids;
}

/** The folder of that name below `parent`, whether or not it is in any snapshot now. */
export async function findFolder(db: Reader, parent: FolderId, name: Buffer): Promise<FolderId | undefined> {
  const row = await db.row('select id from folders where parent = ? and name = ?', [parent, name]);
  return row && (int(row, 'id') as FolderId);
}

/** Names from the source's full path down to each folder; the top's are none. Costs folders times depth. */
export async function folderPaths(
  db: Reader,
  folders: Iterable<FolderId>,
): Promise<ReadonlyMap<FolderId, readonly Buffer[]>> {
  const found = new Map<FolderId, Buffer[]>();
  for (const piece of pieces([...new Set(folders)], BATCH_ROWS / 10)) {
    const rows = (await db.json(
      `with recursive up (start, id, parent, name, height) as (
         select id, id, parent, name, 0 from folders where id in (select value from json_each(?))
         union all
         select up.start, f.id, f.parent, f.name, up.height + 1 from up join folders f on f.id = up.parent
       )
       select json_group_array(json_array(start, hex(name)) order by start, height desc) from up where parent <> 0`,
      [JSON.stringify(piece)],
    )) as [FolderId, string][];
    for (const id of piece) found.set(id, []);
    for (const [start, name] of rows) found.get(start)?.push(unhex(name));
  }
  return found;
}
