import { bulkTexts, hex } from './bulk.ts';
import type { Tx } from './db.ts';
import type { EntryPut } from './entries.ts';
import { encodeEntry } from './entryRecord.ts';

/**
 * Updates what current entries remember of a file only to know it again (change time, inode, whether it had settled).
 * No snapshot shows these, so no new version begins. Everything else of each entry must be as it is in the catalog.
 */
export async function refreshEntries(tx: Tx, rows: Iterable<EntryPut>): Promise<void> {
  for (const batch of bulkTexts(rows, ({ folder, entry }) => [
    folder,
    hex(entry.name),
    encodeEntry(entry).meta,
  ])) {
    await tx.run(
      `update entries set meta = n.meta
       from (select value ->> 0 folder, unhex(value ->> 1) name, unhex(value ->> 2) meta from jsonb_each(?)) n
       where entries.folder = n.folder and entries.name = n.name and entries.until is null`,
      [batch],
    );
  }
}
