/** Which folders a snapshot touched: the way from a snapshot to its rows without an index over all entries. */
import { BATCH_ROWS } from './bulk.ts';
import type { Reader, Tx } from './db.ts';
import type { FolderId, SnapshotId } from './ids.ts';

/** Marks the folders that `select` (SQL, one column) gives, and all above them, as touched by the snapshot. */
export async function touch(tx: Tx, snapshot: SnapshotId, select: string): Promise<void> {
  await tx.run(
    `with recursive up (folder) as (
       ${select}
       union
       select f.parent from up join folders f on f.id = up.folder
       where f.parent <> 0 and not exists (select 1 from touched where snapshot = ?1 and folder = f.parent)
     )
     insert or ignore into touched select ?1, folder from up`,
    [snapshot],
  );
}

/** The folders touched, in pages, ascending: parents before their children. */
export async function* touchedPages(db: Reader, snapshot: SnapshotId): AsyncGenerator<readonly FolderId[]> {
  for (let after = 0; ;) {
    const page = (await db.json(
      `select json_group_array(folder order by folder) from (
         select folder from touched where snapshot = ? and folder > ? order by folder limit ${BATCH_ROWS}
       )`,
      [snapshot, after],
    )) as FolderId[];
    const last = page.at(-1);
    if (last === undefined) return;
    yield page;
    after = last;
  }
}
