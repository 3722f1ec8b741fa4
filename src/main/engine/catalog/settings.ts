/** Settings: small values by name, kept as JSON. Nothing secret: the catalog is readable to whoever has the disk. */
import { parsed } from './columns.ts';
import type { Reader, Tx } from './db.ts';

/** Undefined when it was never written. The reader parses: a setting may have been written by an older version. */
export async function readSetting(db: Reader, key: string): Promise<unknown> {
  const row = await db.row('select value from settings where key = ?', [key]);
  return row === undefined ? undefined : parsed(row, 'value');
}

/** `undefined` removes it. */
export async function writeSetting(tx: Tx, key: string, value: unknown): Promise<void> {
  if (value === undefined) await tx.run('delete from settings where key = ?', [key]);
  else await tx.run('insert or replace into settings values (?, ?)', [key, JSON.stringify(value)]);
}
