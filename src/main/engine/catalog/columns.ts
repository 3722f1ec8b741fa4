/** Reading columns as what they must be, and writing a few at once. A wrong type is a bug of ours: RangeError. */
import type { Row, SqlValue } from './db.ts';

export function int(row: Row, column: string): number {
  const value = row[column];
  if (typeof value !== 'number') throw wrong(column, value);
  return value;
}

export function text(row: Row, column: string): string {
  const value = row[column];
  if (typeof value !== 'string') throw wrong(column, value);
  return value;
}

export function blob(row: Row, column: string): Buffer {
  const value = row[column];
  if (!Buffer.isBuffer(value)) throw wrong(column, value);
  return value;
}

export function intOrNull(row: Row, column: string): number | null {
  return row[column] === null ? null : int(row, column);
}

export function textOrNull(row: Row, column: string): string | null {
  return row[column] === null ? null : text(row, column);
}

export function blobOrNull(row: Row, column: string): Buffer | null {
  return row[column] === null ? null : blob(row, column);
}

/** A column of JSON that was written by this folder from the type it is read as. */
export function parsed(row: Row, column: string): unknown {
  return JSON.parse(text(row, column));
}

function wrong(column: string, value: SqlValue | undefined): RangeError {
  return new RangeError(`catalog: column ${column} is ${value === undefined ? 'missing' : typeof value}`);
}

/**
 * The `set` part of an update from columns to be changed; those undefined stay as they are.
 * Null when nothing is to be changed.
 */
export function assignments(
  columns: Readonly<Record<string, SqlValue | undefined>>,
): { readonly sql: string; readonly values: readonly SqlValue[] } | null {
  const names: string[] = [];
  const values: SqlValue[] = [];
  for (const [name, value] of Object.entries(columns)) {
    if (value === undefined) continue;
    names.push(`${name} = ?`);
    values.push(value);
  }
  return names.length === 0 ? null : { sql: names.join(', '), values };
}
