/**
 * Inventories that were read: what each said in sum, for good; its archives (inventoryArchives.ts) until a newer one
 * of the same scope is read. Rows come in over many transactions, so an inventory is `reading` until all are there;
 * a kill in between leaves one that counts for nothing and is cleared by the next.
 */
import { int, text } from './columns.ts';
import type { Reader, Row, Tx } from './db.ts';
import type { InventoryKey } from './ids.ts';

export type InventoryState = 'reading' | 'kept' | 'old';

/** Scope of an inventory of everything in the vault. */
export const WHOLE = '';

export interface InventoryPlace {
  readonly service: string;
  readonly vault: string;
}

export interface InventoryFacts {
  readonly arn: string;
  readonly takenAt: number;
  readonly readAt: number;
  readonly archives: number;
  readonly bytes: number;
  readonly duplicates: number;
  /** The service’s clock stood there or later when it was read: ages are counted from this, never from ours alone. */
  readonly knownAt: number;
}

export interface InventoryRow extends InventoryPlace, InventoryFacts {
  readonly id: InventoryKey;
  /** By which dates and limit it was asked for; `WHOLE` for none. */
  readonly scope: string;
  readonly state: InventoryState;
}

/** Adds an inventory in state `reading`. */
export async function beginInventory(
  tx: Tx,
  { service, vault }: InventoryPlace,
  scope: string,
): Promise<InventoryKey> {
  const { lastId } = await tx.run(
    `insert into inventories (service, vault, scope, state, arn, taken_at, read_at, archives, bytes, duplicates, known_at)
     values (?, ?, ?, 'reading', '', 0, 0, 0, 0, 0, 0)`,
    [service, vault, scope],
  );
  return lastId as InventoryKey;
}

/**
 * All its archives are there: it is the one that counts, in place of those of its scope before; or old already, where
 * one that was taken later has been read before it.
 */
export async function keepInventory(tx: Tx, id: InventoryKey, facts: InventoryFacts): Promise<void> {
  const { arn, takenAt, readAt, archives, bytes, duplicates, knownAt } = facts;
  await tx.run(
    `update inventories set state = 'kept', arn = ?, taken_at = ?, read_at = ?, archives = ?, bytes = ?,
       duplicates = ?, known_at = ? where id = ?`,
    [arn, takenAt, readAt, archives, bytes, duplicates, knownAt, id],
  );
  await tx.run(
    `update inventories as i set state = 'old' from inventories n
     where n.id = ?1 and i.service = n.service and i.vault = n.vault and i.scope = n.scope and i.state = 'kept'
       and i.id <> (
         select id from inventories k
         where k.service = n.service and k.vault = n.vault and k.scope = n.scope and k.state = 'kept'
         order by k.taken_at desc, k.id desc limit 1)`,
    [id],
  );
}

/** Those of the vault, newest first. */
export async function listInventories(
  db: Reader,
  { service, vault }: InventoryPlace,
): Promise<readonly InventoryRow[]> {
  const rows = await db.rows(
    "select * from inventories where service = ? and vault = ? and state <> 'reading' order by taken_at desc, id desc",
    [service, vault],
  );
  return rows.map(inventoryRow);
}

/** The newest of everything in the vault; where there is none and `orPart`, the newest of a part. */
export async function newestInventory(
  db: Reader,
  { service, vault }: InventoryPlace,
  orPart = false,
): Promise<InventoryRow | undefined> {
  const row = await db.row(
    `select * from inventories where service = ?1 and vault = ?2 and state = 'kept' and (scope = '' or ?3)
     order by scope = '' desc, id desc limit 1`,
    [service, vault, orPart ? 1 : 0],
  );
  return row && inventoryRow(row);
}

/** Those of which archives may be left in the catalog without use: replaced ones, and those that were not read through. */
export async function uselessInventories(
  db: Reader,
  { service, vault }: InventoryPlace,
): Promise<readonly InventoryRow[]> {
  const rows = await db.rows(
    "select * from inventories where service = ? and vault = ? and state <> 'kept' order by id",
    [service, vault],
  );
  return rows.map(inventoryRow);
}

/** Removes one that was not read through. */
export async function forgetInventory(tx: Tx, id: InventoryKey): Promise<void> {
  await tx.run("delete from inventories where id = ? and state = 'reading'", [id]);
}

function inventoryRow(row: Row): InventoryRow {
  return {
    id: int(row, 'id') as InventoryKey,
    service: text(row, 'service'),
    vault: text(row, 'vault'),
    scope: text(row, 'scope'),
    state: text(row, 'state') as InventoryState,
    arn: text(row, 'arn'),
    takenAt: int(row, 'taken_at'),
    readAt: int(row, 'read_at'),
    archives: int(row, 'archives'),
    bytes: int(row, 'bytes'),
    duplicates: int(row, 'duplicates'),
    knownAt: int(row, 'known_at'),
  };
}
