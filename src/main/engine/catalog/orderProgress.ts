/** How far an order has come, so that a restart does nothing twice: files that are finished, packs taken apart. */
import { blob, parsed } from './columns.ts';
import type { Reader, Tx } from './db.ts';
import type { OrderKey, PackKey } from './ids.ts';

export interface OrderProgress {
  /** One bit a file, by its number in the order, lowest bit first. */
  readonly files: Buffer;
  readonly packs: readonly PackKey[];
  readonly setbacks: Setbacks;
}

/** What did not come out as it should, so that a restart does not forget it. */
export interface Setbacks {
  /** Files that cannot be restored, by number, and why. */
  readonly failed: readonly { readonly file: number; readonly message: string }[];
  /** Files that were restored, but not quite as asked. */
  readonly notes: readonly { readonly path: string; readonly message: string }[];
  readonly metadataProblems: number;
}

export async function saveOrderProgress(tx: Tx, order: OrderKey, progress: OrderProgress): Promise<void> {
  await tx.run(
    'insert or replace into order_progress (order_id, files, packs, setbacks) values (?, ?, ?, ?)',
    [order, progress.files, JSON.stringify(progress.packs), JSON.stringify(progress.setbacks)],
  );
}

/** Undefined before the first pack was taken apart. */
export async function loadOrderProgress(db: Reader, order: OrderKey): Promise<OrderProgress | undefined> {
  const row = await db.row('select files, packs, setbacks from order_progress where order_id = ?', [order]);
  return (
    row && {
      files: blob(row, 'files'),
      packs: parsed(row, 'packs') as PackKey[],
      setbacks: parsed(row, 'setbacks') as Setbacks,
    }
  );
}

/** Which files of the order are to be copied from this computer, one bit each. */
export async function saveLocalFiles(tx: Tx, order: OrderKey, files: Buffer): Promise<void> {
  await tx.run('insert into order_local (order_id, files) values (?, ?)', [order, files]);
}

/** Null when there are none. */
export async function loadLocalFiles(db: Reader, order: OrderKey): Promise<Buffer | null> {
  const row = await db.row('select files from order_local where order_id = ?', [order]);
  return row === undefined ? null : blob(row, 'files');
}

/** An order that has ended needs none. */
export async function forgetOrderProgress(tx: Tx, order: OrderKey): Promise<void> {
  await tx.run('delete from order_progress where order_id = ?', [order]);
  await tx.run('delete from order_local where order_id = ?', [order]);
}
