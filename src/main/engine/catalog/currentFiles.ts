/** Files as the newest run of their plan saw them, of all plans, with where they are. */
import type { FileEntry } from '../entry.ts';
import { BATCH_ROWS } from './bulk.ts';
import type { Reader } from './db.ts';
import { entriesWithContentLater as shape, type PackedEntry } from './entryPages.ts';
import { folderPaths } from './folders.ts';

export interface PlacedFile {
  /** From the source's full path down; none for what stands at the top. */
  readonly folder: readonly Buffer[];
  readonly entry: FileEntry;
}

/**
 * Those of certain sizes in bytes, a page at a time. SQLite looks at every current entry for it, half a microsecond each;
 * only what fits is decoded, and a file's content not before it is looked at.
 */
export async function* currentFilesOfSizes(
  db: Reader,
  sizes: Iterable<number>,
): AsyncGenerator<readonly PlacedFile[]> {
  const wanted = JSON.stringify([...new Set(sizes)]);
  for (let after = { folder: 0, name: '' }; ;) {
    const page = (await db.json(
      `select json_group_array(json_array(e.folder, hex(e.name), ${shape.sql})) from (
         select * from entries
         where until is null and kind = 1 and size in (select value from json_each(?1))
           and (folder, name) > (?2, unhex(?3))
         order by folder, name limit ${BATCH_ROWS}
       ) e`,
      [wanted, after.folder, after.name],
    )) as PackedEntry[];
    const last = page.at(-1);
    if (last === undefined) return;
    const rows = page.map(shape.unpack);
    const paths = await folderPaths(db, [...new Set(rows.map(({ folder }) => folder))]);
    yield rows.flatMap(({ folder, entry }) =>
      entry.kind === 'file' ? [{ folder: paths.get(folder) ?? [], entry }] : [],
    );
    if (page.length < BATCH_ROWS) return;
    after = { folder: last[0], name: last[1] };
  }
}
