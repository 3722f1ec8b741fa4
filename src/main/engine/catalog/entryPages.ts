/** Entries as they are read in pages: see pages.ts. */
import type { Entry, FileContent } from '../entry.ts';
import { unhex } from './bulk.ts';
import type { Reader } from './db.ts';
import { contentLater, decodeContent, decodeEntry } from './entryRecord.ts';
import type { FolderId, SnapshotId } from './ids.ts';
import { at, type Shape } from './pages.ts';

export interface PlacedEntry {
  readonly folder: FolderId;
  readonly entry: Entry;
  /** Of a folder entry: the folder it stands for, null when nothing was ever put below it. Else null. */
  readonly child: FolderId | null;
}

export type PackedEntry = [FolderId, string, number, number, string, string, FolderId | null];

function shape(decode: (content: string) => FileContent): Shape<PackedEntry, PlacedEntry> {
  return {
    sql: `e.kind, e.size, hex(e.meta), hex(e.content),
      case e.kind when 2 then (select id from folders where parent = e.folder and name = e.name) end`,
    unpack: ([folder, name, kind, size, meta, content, child]) => ({
      folder,
      // SQLite's hex() makes an empty text of null: that of a folder, whose content nobody reads.
      entry: decodeEntry(unhex(name), { kind, size, meta, content }, decode),
      child,
    }),
  };
}

export const wholeEntries = shape(decodeContent);

/** With contents decoded when they are looked at: a run reads every file's entry, nearly always only for its times. */
export const entriesWithContentLater = shape(contentLater);

/** The entry of that name in `folder`, at the snapshot. */
export async function entryAt(
  db: Reader,
  folder: FolderId,
  snapshot: SnapshotId,
  name: Buffer,
): Promise<PlacedEntry | undefined> {
  const which = at(snapshot);
  const packed = (await db.json(
    `select json_array(e.folder, hex(e.name), ${wholeEntries.sql})
     from entries e where e.folder = ?2 and e.name = ?3 and ${which.sql}`,
    [which.snapshot, folder, name],
  )) as PackedEntry | null;
  return packed === null ? undefined : wholeEntries.unpack(packed);
}
