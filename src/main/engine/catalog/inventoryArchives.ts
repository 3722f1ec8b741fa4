/** Archives of kept inventories: a row each, numbered in the inventory's order. There may be millions. */
import type { ArchiveTool } from '../../../shared/archiveTypes.ts';
import type { ArchiveId } from '../target/target.ts';
import { BATCH_ROWS, bulkTexts } from './bulk.ts';
import { int, intOrNull, text } from './columns.ts';
import type { Reader, SqlValue, Tx } from './db.ts';
import type { InventoryKey } from './ids.ts';

export interface InventoryArchive {
  /** From 1; there are gaps where an archive was listed twice. */
  readonly number: number;
  readonly archiveId: ArchiveId;
  readonly description: string;
  readonly name: string | null;
  readonly tool: ArchiveTool;
  readonly createdAt: number;
  readonly size: number;
  /** 64 hex digits. */
  readonly treeHash: string;
  /** Deleted from here since. */
  readonly gone: boolean;
}

/** Which archives of an inventory. */
export type WhichArchives =
  { readonly archives: readonly string[] } | { readonly search: string } | { readonly all: true };

/** Said to the planner, which would rather go through a whole inventory: it cannot know that beginnings of ids differ. */
const BY_ID = 'indexed by inventory_archives_id';

/** Adds up to some thousand archives that are not there yet; resolves to how many were added. Their numbers are new. */
export async function addInventoryArchives(
  tx: Tx,
  inventory: InventoryKey,
  archives: readonly Omit<InventoryArchive, 'gone'>[],
): Promise<number> {
  const once = new Map(archives.toReversed().map((archive) => [archive.archiveId, archive]));
  const texts = bulkTexts([...once.values()].toReversed(), (archive) => [
    archive.number,
    archive.archiveId,
    archive.description,
    archive.name,
    archive.tool,
    archive.createdAt,
    archive.size,
    archive.treeHash,
  ]);
  let added = 0;
  for (const batch of texts) {
    const { changes } = await tx.run(
      `insert into inventory_archives
         (inventory, number, archive_id, description, name, tool, created_at, size, tree_hash)
       select ?1, value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7
       from jsonb_each(?2) n where not exists (
         select 1 from inventory_archives a ${BY_ID} where a.inventory = ?1
           and substr(a.archive_id, 1, 8) = substr(n.value ->> 1, 1, 8) and a.archive_id = n.value ->> 1)`,
      [inventory, batch],
    );
    added += changes;
  }
  return added;
}

/** How many there are, and their bytes together. */
export async function sumInventoryArchives(
  db: Reader,
  inventory: InventoryKey,
): Promise<{ readonly archives: number; readonly bytes: number }> {
  const row = await db.row(
    'select count(*) archives, coalesce(sum(size), 0) bytes from inventory_archives where inventory = ?',
    [inventory],
  );
  return { archives: int(row ?? {}, 'archives'), bytes: int(row ?? {}, 'bytes') };
}

/** Those with numbers above `after`, in order, at most `limit`. */
export async function listInventoryArchives(
  db: Reader,
  inventory: InventoryKey,
  page: { readonly search?: string | undefined; readonly after: number; readonly limit: number },
): Promise<readonly InventoryArchive[]> {
  const { search, after, limit } = page;
  const { sql, value } = search === undefined ? condition({ all: true }) : sought(ANYWHERE, search);
  const rows = (await db.json(
    `select json_group_array(json_array(number, archive_id, description, name, tool, created_at, size, tree_hash, gone)
       order by number)
     from (select * from inventory_archives a where inventory = ?1 and number > ?3 and ${sql} order by number limit ?4)`,
    [inventory, value, after, limit],
  )) as [number, ArchiveId, string, string | null, ArchiveTool, number, number, string, number][];
  return rows.map(([number, archiveId, description, name, tool, createdAt, size, treeHash, gone]) => ({
    number,
    archiveId,
    description,
    name,
    tool,
    createdAt,
    size,
    treeHash,
    gone: gone !== 0,
  }));
}

export async function findInventoryArchive(
  db: Reader,
  inventory: InventoryKey,
  archiveId: string,
): Promise<InventoryArchive | undefined> {
  const row = await db.row(
    `select number from inventory_archives ${BY_ID}
     where inventory = ?1 and substr(archive_id, 1, 8) = substr(?2, 1, 8) and archive_id = ?2`,
    [inventory, archiveId],
  );
  if (row === undefined) return undefined;
  const [archive] = await listInventoryArchives(db, inventory, { after: int(row, 'number') - 1, limit: 1 });
  return archive;
}

/** Those of the ids that the inventory does not list; all of them where there is none. */
export async function unlistedArchives(
  db: Reader,
  inventory: InventoryKey | null,
  archives: readonly string[],
): Promise<readonly string[]> {
  const rows = await db.rows(
    `select distinct n.value id from json_each(?2) n where not exists (
       select 1 from inventory_archives a ${BY_ID} where a.inventory = ?1
         and substr(a.archive_id, 1, 8) = substr(n.value, 1, 8) and a.archive_id = n.value)`,
    [inventory, JSON.stringify(archives)],
  );
  return rows.map((row) => text(row, 'id'));
}

/** Names of the first of these archives that are not gone, in the inventory's order; the id of one that has none. */
export async function firstNames(
  db: Reader,
  inventory: InventoryKey,
  which: WhichArchives,
  limit: number,
): Promise<readonly string[]> {
  const { sql, value } = condition(which);
  const rows = await db.rows(
    `select coalesce(a.name, a.archive_id) name from inventory_archives a
     where a.inventory = ?1 and a.gone = 0 and ${sql} order by a.number limit ?3`,
    [inventory, value, limit],
  );
  return rows.map((row) => text(row, 'name'));
}

/** How ages and sizes are weighed; see cost/earlyDeletion.ts. */
export interface Weighing {
  readonly now: number;
  readonly dayMs: number;
  readonly minimumDays: number;
  readonly overheadBytes: number;
}

export interface WeighedArchives {
  readonly archives: number;
  readonly bytes: number;
  /** Of which days are still to be paid for. */
  readonly young: number;
  /** Their bytes, with overhead, times their days. */
  readonly byteDays: number;
  /** When the youngest was made; null when there are none. */
  readonly youngestAt: number | null;
  /** Permafrost's own, of this profile or another. */
  readonly ours: number;
}

/** The binding hands numbers over as floats, which divide without a rest. */
const DAYS = 'max(0, min(?5, cast(created_at + ?5 * ?4 - ?3 + ?4 - 1 as integer) / cast(?4 as integer)))';

/** Sums over archives that are not gone. */
export async function weighArchives(
  db: Reader,
  inventory: InventoryKey,
  which: WhichArchives,
  { now, dayMs, minimumDays, overheadBytes }: Weighing,
): Promise<WeighedArchives> {
  const { sql, value } = condition(which);
  const row =
    (await db.row(
      `select count(*) archives, coalesce(sum(size), 0) bytes, count(*) filter (where ${DAYS} > 0) young,
         total((size + ?6) * ${DAYS}) byte_days, max(created_at) youngest, count(*) filter (where ${OURS}) ours
       from inventory_archives a where inventory = ?1 and gone = 0 and ${sql}`,
      [inventory, value, now, dayMs, minimumDays, overheadBytes],
    )) ?? {};
  return {
    archives: int(row, 'archives'),
    bytes: int(row, 'bytes'),
    young: int(row, 'young'),
    byteDays: int(row, 'byte_days'),
    youngestAt: intOrNull(row, 'youngest'),
    ours: int(row, 'ours'),
  };
}

/** Whether a row `a` is one of Permafrost's archives: by what it says of itself, or because we stored it. */
export const OURS = `(a.tool = 'permafrost' or a.archive_id in (select archive_id from packs where archive_id is not null))`;

interface Condition {
  readonly sql: string;
  readonly value: SqlValue;
}

/** Where a person who looks around may find something. */
const ANYWHERE = "coalesce(a.name, '') || char(10) || a.description || char(10) || a.archive_id";

function sought(within: string, search: string): Condition {
  return { sql: `instr(lower(${within}), lower(?2)) > 0`, value: search };
}

/**
 * SQL over rows `a` in which `?2` is `value`. Only what a person can read of an archive is searched for its name: ids
 * and descriptions that are code have any few letters in them by chance.
 */
export function condition(which: WhichArchives): Condition {
  if ('all' in which) return { sql: '?2 is null', value: null };
  if ('search' in which) return sought("coalesce(a.name, '')", which.search);
  return {
    sql: 'a.archive_id in (select value from json_each(?2))',
    value: JSON.stringify(which.archives),
  };
}

/** The archives are deleted: every inventory of the vault that lists them says so. */
export async function markGone(
  tx: Tx,
  { service, vault }: { readonly service: string; readonly vault: string },
  archives: readonly string[],
): Promise<void> {
  await tx.run(
    `update inventory_archives ${BY_ID} set gone = 1 from (
       select i.id inventory, value archive_id from inventories i, json_each(?3)
       where i.service = ?1 and i.vault = ?2 and i.state = 'kept') g
     where inventory_archives.inventory = g.inventory
       and substr(inventory_archives.archive_id, 1, 8) = substr(g.archive_id, 1, 8)
       and inventory_archives.archive_id = g.archive_id`,
    [service, vault, JSON.stringify(archives)],
  );
}

/** Removes some thousand rows at most; resolves to how many. For inventories that are of no more use. */
export async function dropInventoryArchives(tx: Tx, inventory: InventoryKey): Promise<number> {
  const { changes } = await tx.run(
    `delete from inventory_archives where inventory = ?1 and number <= (
       select max(number) from (
         select number from inventory_archives where inventory = ?1 order by number limit ${10 * BATCH_ROWS}))`,
    [inventory],
  );
  return changes;
}
