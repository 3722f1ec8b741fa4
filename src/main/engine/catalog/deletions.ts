/**
 * Archives that a clearing is to delete: `wanted` -> `sent` (the service is asked) -> `deleted`, or `refused` by the
 * service.
 *
 * Permafrost's own packs among them are suspect from before the first is deleted, so that nothing new relies on them,
 * and gone when they are deleted; those that are not deleted after all are stored again when the errand ends.
 */
import type { ArchiveId } from '../target/target.ts';
import { int, text } from './columns.ts';
import type { Reader, Tx } from './db.ts';
import type { ErrandKey, InventoryKey, PackKey, TargetId } from './ids.ts';
import type { InventoryPlace } from './inventories.ts';
import { condition, OURS, type WhichArchives } from './inventoryArchives.ts';
import { suspectPack } from './suspects.ts';

/** For so long after a deletion an inventory may be taken that still lists the archive. */
const LAG_MS = 48 * 3_600_000;

/** States of those that may still be there. */
const OPEN = "('wanted', 'sent')";

export interface Deletion {
  readonly number: number;
  readonly archiveId: ArchiveId;
}

/**
 * Takes archives of an inventory that are not gone, after those the errand has; without Permafrost's own unless
 * `alsoOurs`. Resolves to how many were taken, and how many of our own were left out.
 */
export async function addDeletions(
  tx: Tx,
  errand: ErrandKey,
  inventory: InventoryKey,
  which: WhichArchives,
  alsoOurs: boolean,
): Promise<{ readonly taken: number; readonly ours: number }> {
  const { sql, value } = condition(which);
  const from = `from inventory_archives a where a.inventory = ?1 and a.gone = 0 and ${sql}`;
  const row = await tx.row(`select count(*) n ${from} and ${OURS} and not ?3`, [
    inventory,
    value,
    alsoOurs ? 1 : 0,
  ]);
  const { changes } = await tx.run(
    `insert into deletions (errand, number, archive_id, created_at, size, state)
     select ?4, a.number + (select coalesce(max(number), 0) from deletions where errand = ?4),
       a.archive_id, a.created_at, a.size, 'wanted'
     ${from} and (?3 or not ${OURS})`,
    [inventory, value, alsoOurs ? 1 : 0, errand],
  );
  return { taken: changes, ours: int(row ?? {}, 'n') };
}

/**
 * Marks as gone what an inventory still lists and was deleted from here, unless it was taken so long after the deletion
 * that it must know better. Deletions that no inventory can list any more are forgotten.
 */
export async function carryDeletions(
  tx: Tx,
  inventory: InventoryKey,
  { service, vault }: InventoryPlace,
  takenAt: number,
): Promise<void> {
  const later = `from errands e where e.service = ?1 and e.vault = ?2 and e.kind = 'clearing'
    and e.ended_at is not null and coalesce(e.progress ->> '$.deletedAt', e.ended_at) + ${LAG_MS} < ?3`;
  await tx.run(`delete from deletions where state = 'deleted' and errand in (select e.id ${later})`, [
    service,
    vault,
    takenAt,
  ]);
  await tx.run(
    `update inventory_archives set gone = 1 where inventory = ?1 and archive_id in (
       select d.archive_id from deletions d join errands e on e.id = d.errand
       where e.service = ?2 and e.vault = ?3 and d.state = 'deleted')`,
    [inventory, service, vault],
  );
}

/** Takes archives of which nothing but the id is known. */
export async function addUnknownDeletions(
  tx: Tx,
  errand: ErrandKey,
  archives: readonly string[],
): Promise<void> {
  await tx.run(
    `insert into deletions (errand, number, archive_id, state)
     select ?1, key + 1 + (select coalesce(max(number), 0) from deletions where errand = ?1), value, 'wanted'
     from json_each(?2)`,
    [errand, JSON.stringify(archives)],
  );
}

/** The next that are not settled, with numbers above `after`, in order. */
export async function nextDeletions(
  db: Reader,
  errand: ErrandKey,
  limit: number,
  after = 0,
): Promise<readonly Deletion[]> {
  const rows = await db.rows(
    `select number, archive_id from deletions where errand = ? and number > ? and state in ${OPEN}
     order by number limit ?`,
    [errand, after, limit],
  );
  return rows.map((row) => ({
    number: int(row, 'number'),
    archiveId: text(row, 'archive_id') as ArchiveId,
  }));
}

export async function markDeletions(
  tx: Tx,
  errand: ErrandKey,
  numbers: readonly number[],
  state: 'wanted' | 'sent' | 'deleted' | 'refused',
): Promise<void> {
  await tx.run(
    'update deletions set state = ? where errand = ? and number in (select value from json_each(?))',
    [state, errand, JSON.stringify(numbers)],
  );
}

export interface DeletionCounts {
  readonly wanted: number;
  readonly deleted: number;
  readonly refused: number;
}

export async function countDeletions(db: Reader, errand: ErrandKey): Promise<DeletionCounts> {
  const counts = { wanted: 0, deleted: 0, refused: 0 };
  const rows = await db.rows('select state, count(*) n from deletions where errand = ? group by state', [
    errand,
  ]);
  for (const row of rows) {
    const state = text(row, 'state') as keyof DeletionCounts | 'sent';
    counts[state === 'sent' ? 'wanted' : state] += int(row, 'n');
  }
  return counts;
}

/** With the end of the errand: only what was refused, and deleted while the vault is there, is still to be known. */
export async function forgetDeletions(tx: Tx, errand: ErrandKey, isVaultGone: boolean): Promise<void> {
  const kept = isVaultGone ? "('refused')" : "('refused', 'deleted')";
  await tx.run(`delete from deletions where errand = ? and state not in ${kept}`, [errand]);
}

/** Packs among those that are not settled, or only among `some` of them, which count as stored; with their targets. */
export async function storedPacksIn(
  db: Reader,
  errand: ErrandKey,
  some?: readonly Deletion[],
): Promise<readonly { readonly pack: PackKey; readonly target: TargetId }[]> {
  const rows = await db.rows(
    `select id, target from packs where state = 'stored'
       and archive_id in (select archive_id from deletions where errand = ?1 and state in ${OPEN}
         ${some === undefined ? '' : 'and number in (select value from json_each(?2))'})`,
    some === undefined ? [errand] : [errand, JSON.stringify(some.map(({ number }) => number))],
  );
  return rows.map((row) => ({ pack: int(row, 'id') as PackKey, target: int(row, 'target') as TargetId }));
}

/** Whether key slots are among those that are not settled, or may be: of an archive that no inventory lists nobody knows. */
export async function mayHoldKeySlots(
  db: Reader,
  errand: ErrandKey,
  { service, vault }: InventoryPlace,
): Promise<boolean> {
  const row = await db.row(
    `with open as (select archive_id, created_at from deletions where errand = ?1 and state in ${OPEN})
     select 1 where exists (
         select 1 from open where created_at is null
           and archive_id not in (select archive_id from packs where archive_id is not null))
       or exists (
         select 1 from inventories i join inventory_archives a on a.inventory = i.id
         where i.service = ?2 and i.vault = ?3 and i.state = 'kept' and a.tool = 'permafrost'
           and a.description like 'k1.%' and a.archive_id in (select archive_id from open))`,
    [errand, service, vault],
  );
  return row !== undefined;
}

/** The archives are deleted: packs of ours among them are gone. */
export async function markPacksGone(tx: Tx, archives: readonly ArchiveId[]): Promise<void> {
  const rows = await tx.rows(
    `select id from packs where state in ('stored', 'suspect')
       and archive_id in (select value from json_each(?))`,
    [JSON.stringify(archives)],
  );
  for (const row of rows) await suspectPack(tx, int(row, 'id') as PackKey, 'gone');
}

/**
 * With the end of the errand: packs that it was to delete and has not are stored as before, unless another one is to
 * delete them too. What the service was asked for without its answer having come counts as gone.
 */
export async function settlePacks(tx: Tx, errand: ErrandKey): Promise<void> {
  const deleting = (states: string): string =>
    `select p.id from packs p join proofs on proofs.pack = p.id and proofs.suspected = 'deleting'
     where p.archive_id in (select archive_id from deletions where errand = ?1 and state in ${states})`;
  await tx.run(`update proofs set suspected = 'gone' where pack in (${deleting("('sent')")})`, [errand]);
  const kept = `${deleting("('wanted', 'refused')")} and p.archive_id not in (
    select d.archive_id from deletions d join errands e on e.id = d.errand
    where e.ended_at is null and d.errand <> ?1 and d.state in ${OPEN})`;
  await tx.run(`update packs set state = 'stored' where state = 'suspect' and id in (${kept})`, [errand]);
  await tx.run(`update proofs set suspected = null where pack in (${kept})`, [errand]);
}

/** Packs of ours among the archives named: known here, whether or not an inventory lists them. */
export async function ownPacksAmong(db: Reader, archives: readonly string[]): Promise<number> {
  const row = await db.row(
    'select count(*) n from packs where archive_id in (select value from json_each(?))',
    [JSON.stringify(archives)],
  );
  return int(row ?? {}, 'n');
}

/**
 * Plans with snapshots at the targets whose packs are among these archives. Packs are shared between the snapshots of
 * a target, so any of them may need one.
 */
export async function plansThatLose(
  db: Reader,
  inventory: InventoryKey | null,
  which: WhichArchives,
): Promise<readonly string[]> {
  const { sql, value } = condition(which);
  const listed = `select a.archive_id from inventory_archives a where a.inventory = ?1 and a.gone = 0 and ${sql}`;
  const named = 'archives' in which ? 'union all select value from json_each(?2)' : '';
  const rows = await db.rows(
    `select name from plans where target in (select target from packs where archive_id in (${listed} ${named}))
       and id in (select plan from snapshots where state = 'committed') order by name`,
    [inventory, value],
  );
  return rows.map((row) => text(row, 'name'));
}
