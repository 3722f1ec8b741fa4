/** The files of a plan as its newest run saw them, with where they are. */
import type { FileEntry } from '../entry.ts';
import { BATCH_ROWS } from './bulk.ts';
import type { Reader } from './db.ts';
import { entriesWithContentLater } from './entryPages.ts';
import { folderPaths } from './folders.ts';
import type { FolderId, PlanId } from './ids.ts';
import { current, rowPages } from './pages.ts';

export interface PlacedFile {
  /** From the source's full path down; none for what stands at the top. */
  readonly folder: readonly Buffer[];
  readonly entry: FileEntry;
}

/** Some hundred folders at a time. A file's content is decoded when it is first looked at. */
export async function* currentFiles(db: Reader, plan: PlanId): AsyncGenerator<readonly PlacedFile[]> {
  for (let after = 0; ;) {
    const folders = (await db.json(
      `select json_group_array(id order by id) from (
         select id from folders where plan = ? and id > ? order by id limit ${BATCH_ROWS / 10})`,
      [plan, after],
    )) as FolderId[];
    const last = folders.at(-1);
    if (last === undefined) return;
    const paths = await folderPaths(db, folders);
    for await (const page of rowPages(db, folders, current, entriesWithContentLater)) {
      yield page.flatMap(({ folder, entry }) =>
        entry.kind === 'file' ? [{ folder: paths.get(folder) ?? [], entry }] : [],
      );
    }
    after = last;
  }
}
