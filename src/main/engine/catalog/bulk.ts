/**
 * Rows in bulk. A call to the binding costs about 50 µs whatever it does, so many rows travel in one parameter as a
 * JSON array of arrays that SQL takes apart with `jsonb_each` (parsed once; `json_each` parses every row again),
 * bytes as hex for `unhex`. The other way, SQL puts rows together with `json_group_array`.
 */

/** Rows in one call, either way. Keeps a call's share of the engine's thread at a few milliseconds. */
export const BATCH_ROWS = 2000;
/** A batch is cut earlier when its text is this long, in characters: one row can be large. */
const BATCH_CHARS = 4 * 1024 * 1024;

export type BulkRow = readonly (number | string | null)[];

/** Cuts rows, each turned to plain values by `flatten`, into JSON texts of at most `BATCH_ROWS` rows. */
export function* bulkTexts<T>(rows: Iterable<T>, flatten: (row: T) => BulkRow): Generator<string> {
  let texts: string[] = [];
  let chars = 0;
  for (const row of rows) {
    const one = JSON.stringify(flatten(row));
    texts.push(one);
    chars += one.length;
    if (texts.length === BATCH_ROWS || chars >= BATCH_CHARS) {
      yield `[${texts.join()}]`;
      texts = [];
      chars = 0;
    }
  }
  if (texts.length > 0) yield `[${texts.join()}]`;
}

/** Cuts a list into pieces of at most `most`. */
export function* pieces<T>(list: readonly T[], most: number): Generator<readonly T[]> {
  for (let at = 0; at < list.length; at += most) yield list.slice(at, at + most);
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}

export function unhex(digits: string): Buffer {
  return Buffer.from(digits, 'hex');
}
