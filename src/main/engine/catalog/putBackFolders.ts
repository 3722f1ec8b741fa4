/** Folders that are made while an order's files move back, so that after a kill they still get their mode and time. */
import { blob } from './columns.ts';
import type { Reader, Tx } from './db.ts';
import type { OrderKey } from './ids.ts';

/** One bit a folder, by its number in the order, lowest bit first. */
export async function savePutBackFolders(tx: Tx, order: OrderKey, folders: Buffer): Promise<void> {
  await tx.run('insert or replace into put_back_folders (order_id, folders) values (?, ?)', [order, folders]);
}

/** Null when there are none. */
export async function loadPutBackFolders(db: Reader, order: OrderKey): Promise<Buffer | null> {
  const row = await db.row('select folders from put_back_folders where order_id = ?', [order]);
  return row === undefined ? null : blob(row, 'folders');
}

export async function forgetPutBackFolders(tx: Tx, order: OrderKey): Promise<void> {
  await tx.run('delete from put_back_folders where order_id = ?', [order]);
}
