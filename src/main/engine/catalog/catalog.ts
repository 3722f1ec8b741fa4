/**
 * The catalog: what is stored where, and every piece of work that must survive a kill. One SQLite file in the profile.
 *
 * It is a cache of what the targets hold and can be rebuilt from them; it is not trusted beyond that.
 * Only this folder has SQL. The profile lock (lock.ts) is taken before this is opened: there is one connection.
 */
import { closeSync, openSync } from 'node:fs';
import { EngineError, diskFailure } from '../failure.ts';
import { int, text } from './columns.ts';
import { type Connection, type Reader, type Tx, connect } from './db.ts';
import { migrate } from './migrations/migrate.ts';
import { damaged } from './sqliteFailure.ts';

export type { Reader, Tx } from './db.ts';

export interface Catalog extends Reader {
  /** True when the file was made by this opening: a profile that has been used before has then lost its catalog. */
  readonly isNew: boolean;
  /** See db.ts: inside `work` only its `tx` may be used. */
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  /** A transaction in which the tables of another catalog file, which exists, can be named as `other.…`. */
  transactionBeside<T>(file: string, work: (tx: Tx) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** First SQLite without the WAL-reset bug, by which two connections could damage a file. */
const OLDEST_SQLITE = '3.51.3';

/**
 * `fullfsync` matters on macOS only. Ours is the only connection, so `mmap_size` 0 costs little, and an I/O error stays
 * an error instead of a signal. `cell_size_check` and `trusted_schema` are for damaged and hostile files.
 */
const PRAGMAS = `
pragma synchronous = full;
pragma fullfsync = on;
pragma checkpoint_fullfsync = on;
pragma mmap_size = 0;
pragma foreign_keys = on;
pragma trusted_schema = off;
pragma cell_size_check = on;
pragma busy_timeout = 5000;
pragma temp_store = memory;
pragma cache_size = -16384;
pragma journal_size_limit = 67108864;
`;

/** Rows on their way into `entries`, and names and folders on their way out. Empty between statements' groups. */
const TEMPORARY = `
create temp table incoming (
  folder integer, name blob, kind integer, size integer, meta blob, content blob,
  old_since integer, old_kind integer, same integer
);
create temp table leaving (folder integer, name blob);
create temp table below (folder integer primary key);
`;

/**
 * Opens the catalog, making or upgrading it as needed. It does not read the whole file: see `checkCatalog`.
 * @param wasMade whether there must be something in it: then a file that holds nothing (emptied, or left by its log) is
 *   damaged, and is not taken for a fresh one
 * @throws EngineError `corrupt`, `unsupported` (newer schema, old SQLite, unfit file system), `unwritable`, `no-space`
 */
export async function openCatalog(file: string, wasMade = false): Promise<Catalog> {
  makePrivateFile(file);
  const db = await connect(file);
  try {
    await refuseOldSqlite(db);
    if (wasMade && int((await db.row('pragma user_version')) ?? {}, 'user_version') === 0)
      throw damaged(file);
    await useWal(db, file);
    await db.script(PRAGMAS);
    const before = await migrate(db, file);
    await db.script(TEMPORARY);
    return handle(db, before === 0);
  } catch (error) {
    await db.close();
    throw error;
  }
}

/**
 * Reads every page of the catalog, while everybody else waits.
 * @throws EngineError `corrupt` when it finds damage
 */
export async function checkCatalog(db: Reader, file: string): Promise<void> {
  const found = await db.rows('pragma quick_check(1)');
  const first = found[0];
  if (first === undefined || Object.values(first)[0] !== 'ok') throw damaged(file);
}

function handle(db: Connection, isNew: boolean): Catalog {
  return {
    isNew,
    rows: (sql, params) => db.rows(sql, params),
    row: (sql, params) => db.row(sql, params),
    json: (sql, params) => db.json(sql, params),
    transaction: (work) => db.transaction(work),
    transactionBeside: (file, work) => db.transactionBeside(file, work),
    close: () => db.close(),
  };
}

/** SQLite would make it readable for all; its WAL takes over the mode of the file. */
function makePrivateFile(file: string): void {
  try {
    closeSync(openSync(file, 'a', 0o600));
  } catch (error) {
    throw (
      diskFailure(error, `the disk of ${file}`) ??
      new EngineError(
        'unwritable',
        `The catalog ${file} cannot be opened.`,
        'Check that its folder is yours and writable.',
        {
          cause: error,
        },
      )
    );
  }
}

async function refuseOldSqlite(db: Reader): Promise<void> {
  const version = text((await db.row('select sqlite_version() v')) ?? {}, 'v');
  if (compareVersions(version, OLDEST_SQLITE) >= 0) return;
  throw new EngineError(
    'unsupported',
    `This build carries SQLite ${version}; ${OLDEST_SQLITE} or newer is needed to keep the catalog safe.`,
    'Install an official build of Permafrost.',
  );
}

/** Orders dotted version numbers: negative when `a` is older. */
export function compareVersions(a: string, b: string): number {
  const left = a.split('.').map(Number);
  const right = b.split('.').map(Number);
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

async function useWal(db: Reader, file: string): Promise<void> {
  const mode = await db.row('pragma journal_mode = wal');
  if (mode?.journal_mode === 'wal') return;
  throw new EngineError(
    'unsupported',
    `The file system that holds ${file} cannot keep a catalog safely.`,
    'Put the profile in a folder on a disk of this computer, not in a network or synced folder.',
  );
}
