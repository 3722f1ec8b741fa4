/**
 * Entries, versioned by interval: a row is there from snapshot `since` until before snapshot `until`, and is current
 * while `until` is null. What has not changed is not touched, so a run costs what changed, not what exists.
 *
 * Rules that the writers here keep, and undo.ts relies on:
 * - a name in a folder has one current row at most, and its rows' intervals never overlap or are empty;
 * - a row that begins and would end in the same snapshot is dropped instead;
 * - below a folder that is gone, or that is no folder any more, nothing is current;
 * - folders with rows that begin or end with a snapshot stand in `touched`, with all folders above them.
 */
import type { Entry } from '../entry.ts';
import { type BulkRow, bulkTexts, hex } from './bulk.ts';
import { int, intOrNull } from './columns.ts';
import type { Reader, Tx } from './db.ts';
import { entriesWithContentLater } from './entryPages.ts';
import { encodeEntry } from './entryRecord.ts';
import type { FolderId, SnapshotId } from './ids.ts';
import { current, rowPages } from './pages.ts';
import { touch } from './touched.ts';

export interface EntryPut {
  readonly folder: FolderId;
  readonly entry: Entry;
}

export interface EntryPlace {
  readonly folder: FolderId;
  readonly name: Buffer;
}

/** What a folder holds now. */
export interface KnownFolder {
  /** By the bytes of their names. A file's `content` is decoded when it is first looked at. */
  readonly entries: readonly Entry[];
  /** Beside each entry: the folder it stands for. Null for what is no folder, and where none was made yet. */
  readonly children: readonly (FolderId | null)[];
}

/** What each of `folders` holds now; all of it in memory, so ask for a few hundred folders at a time. */
export async function currentEntriesOf(
  db: Reader,
  folders: readonly FolderId[],
): Promise<ReadonlyMap<FolderId, KnownFolder>> {
  const known = new Map<FolderId, { entries: Entry[]; children: (FolderId | null)[] }>();
  const ascending = [...new Set(folders)].sort((a, b) => a - b);
  for (const folder of ascending) known.set(folder, { entries: [], children: [] });
  for await (const page of rowPages(db, ascending, current, entriesWithContentLater)) {
    for (const { folder, entry, child } of page) {
      known.get(folder)?.entries.push(entry);
      known.get(folder)?.children.push(child);
    }
  }
  return known;
}

/**
 * Records entries as of `snapshot`, each name once in a call. An entry equal to the current one is not touched; another
 * one ends there and the new one begins. Where it replaces a folder by something else, all below ends as well.
 * The folders exist (`ensureFolders`). Resolves to the number of rows written.
 */
export async function putEntries(tx: Tx, snapshot: SnapshotId, rows: Iterable<EntryPut>): Promise<number> {
  let written = 0;
  for (const batch of bulkTexts(rows, flatten)) written += await putBatch(tx, snapshot, batch);
  return written;
}

function flatten({ folder, entry }: EntryPut): BulkRow {
  const { kind, size, meta, content } = encodeEntry(entry);
  return [folder, hex(entry.name), kind, size, meta, content];
}

async function putBatch(tx: Tx, snapshot: SnapshotId, batch: string): Promise<number> {
  await tx.run(
    `insert into incoming (folder, name, kind, size, meta, content)
     select value ->> 0, unhex(value ->> 1), value ->> 2, value ->> 3, unhex(value ->> 4), unhex(value ->> 5)
     from jsonb_each(?)`,
    [batch],
  );
  await tx.run(
    `update incoming set old_since = e.since, old_kind = e.kind,
       same = e.kind = incoming.kind and e.size = incoming.size and e.meta = incoming.meta
              and e.content is incoming.content
     from entries e where e.folder = incoming.folder and e.name = incoming.name and e.until is null`,
  );
  await tx.run('delete from incoming where same');
  const seen =
    (await tx.row(
      `select count(old_since) changed, max(old_since) newest, count(*) filter (where old_kind = 2 and kind <> 2) replaced
       from incoming`,
    )) ?? {};
  if ((intOrNull(seen, 'newest') ?? 0) > snapshot) throw new RangeError('catalog: a newer snapshot was here');
  if (int(seen, 'changed') > 0) {
    await tx.run(
      `update entries set until = ? from incoming n
       where entries.folder = n.folder and entries.name = n.name and entries.until is null and entries.since < ?1`,
      [snapshot],
    );
  }
  if (int(seen, 'replaced') > 0) {
    await tx.run('insert into leaving select folder, name from incoming where old_kind = 2 and kind <> 2');
    await endBelow(tx, snapshot);
  }
  const { changes } = await tx.run(
    `insert or replace into entries (folder, name, since, kind, size, meta, content)
     select folder, name, ?, kind, size, meta, content from incoming`,
    [snapshot],
  );
  await touch(tx, snapshot, 'select folder from incoming');
  await tx.run('delete from incoming');
  return changes;
}

/**
 * Records names as gone as of `snapshot`, with everything below those that are folders. A name that is not there is
 * passed over. Resolves to the number of entries gone that the snapshot before still had.
 */
export async function removeEntries(
  tx: Tx,
  snapshot: SnapshotId,
  rows: Iterable<EntryPlace>,
): Promise<number> {
  let gone = 0;
  for (const batch of bulkTexts(rows, ({ folder, name }) => [folder, hex(name)])) {
    await tx.run('insert into leaving select value ->> 0, unhex(value ->> 1) from jsonb_each(?)', [batch]);
    const named = '(folder, name) in (select folder, name from leaving)';
    await touch(
      tx,
      snapshot,
      'select l.folder from leaving l join entries e on e.folder = l.folder and e.name = l.name and e.until is null',
    );
    gone += await endCurrent(tx, snapshot, named);
    gone += await endBelow(tx, snapshot);
  }
  return gone;
}

/** Ends all that is current below the folders named in `leaving`, and empties that. */
async function endBelow(tx: Tx, snapshot: SnapshotId): Promise<number> {
  await tx.run(
    `with recursive under (id) as (
       select f.id from leaving l join folders f on f.parent = l.folder and f.name = l.name
       union
       select f.id from under u join folders f on f.parent = u.id
     )
     insert into below select id from under`,
  );
  await touch(
    tx,
    snapshot,
    'select folder from below b where exists (select 1 from entries e where e.folder = b.folder and e.until is null)',
  );
  const gone = await endCurrent(tx, snapshot, 'folder in (select folder from below)');
  await tx.run('delete from below');
  await tx.run('delete from leaving');
  return gone;
}

/** Resolves to how many rows ended; those that began with this very snapshot are dropped and do not count. */
async function endCurrent(tx: Tx, snapshot: SnapshotId, which: string): Promise<number> {
  await tx.run(`delete from entries where until is null and since = ? and ${which}`, [snapshot]);
  const ended = await tx.run(`update entries set until = ? where until is null and ${which}`, [snapshot]);
  return ended.changes;
}
