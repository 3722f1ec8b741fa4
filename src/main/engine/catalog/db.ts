/**
 * One SQLite connection behind promises.
 *
 * Everything waits its turn in one queue: a statement by itself, or a transaction as a whole, so nobody sees the
 * inside of somebody else's transaction. Whoever may write holds a `Tx`; a function that takes a `Reader` only reads
 * and runs inside a transaction (given its `tx`) or outside it (given the catalog).
 *
 * Inside `transaction(work)` everything must go through the `tx` that `work` is given. The outer handle would wait for
 * the transaction, which waits for `work`: that is told from the async context and thrown as a RangeError at once.
 * No network call and no file belongs inside a transaction: everybody else waits for its end.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import sqlite3 from 'sqlite3';
import { sqliteFailure } from './sqliteFailure.ts';

/** What SQLite keeps. Never a BigInt: the binding would store NULL for it. */
export type SqlValue = number | string | Buffer | null;
export type Row = Readonly<Record<string, SqlValue>>;

export interface Reader {
  /** All rows of a query that gives few: each costs about 10 µs, some on this thread. */
  rows(sql: string, params?: readonly SqlValue[]): Promise<readonly Row[]>;
  row(sql: string, params?: readonly SqlValue[]): Promise<Row | undefined>;
  /**
   * The one value of a query that gives one row with one column of JSON text, parsed; an absent row is null.
   * The cheap way to many rows: SQLite puts them together in its own thread.
   */
  json(sql: string, params?: readonly SqlValue[]): Promise<unknown>;
}

export interface Tx extends Reader {
  /** Resolves to the number of rows written and the last rowid inserted. */
  run(
    sql: string,
    params?: readonly SqlValue[],
  ): Promise<{ readonly changes: number; readonly lastId: number }>;
}

export interface Connection extends Reader {
  /** Runs `work` as one transaction: all of it is kept when it resolves, nothing of it when it rejects. */
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  /** The same with the tables of another SQLite file, which exists, beside ours as `other.…`. */
  transactionBeside<T>(file: string, work: (tx: Tx) => Promise<T>): Promise<T>;
  /** Several statements without parameters, outside any transaction. */
  script(sql: string): Promise<void>;
  /** Waits for what was asked before, then closes. */
  close(): Promise<void>;
}

/** Opens or makes the file. Sets nothing: see `openCatalog`. */
export async function connect(file: string): Promise<Connection> {
  const db = await new Promise<sqlite3.Database>((resolve, reject) => {
    const opened = new sqlite3.Database(file, (error) => {
      if (error) reject(sqliteFailure(error, file));
      else resolve(opened);
    });
  });
  // Statements of one transaction asked for together run in the order they were asked for.
  db.serialize();
  return new QueuedConnection(db, file);
}

class QueuedConnection implements Connection {
  readonly #db: sqlite3.Database;
  readonly #file: string;
  /** The transaction in whose `work` the caller runs, if any. */
  readonly #inside = new AsyncLocalStorage<OpenTx>();
  #last: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(db: sqlite3.Database, file: string) {
    this.#db = db;
    this.#file = file;
  }

  rows(sql: string, params: readonly SqlValue[] = []): Promise<readonly Row[]> {
    return this.#inTurn(() => all(this.#db, this.#file, sql, params));
  }

  async row(sql: string, params: readonly SqlValue[] = []): Promise<Row | undefined> {
    return (await this.rows(sql, params))[0];
  }

  async json(sql: string, params: readonly SqlValue[] = []): Promise<unknown> {
    return parseOnly(await this.rows(sql, params));
  }

  script(sql: string): Promise<void> {
    return this.#inTurn(() => exec(this.#db, this.#file, sql));
  }

  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    return this.#inTurn(() => this.#transact(work));
  }

  transactionBeside<T>(file: string, work: (tx: Tx) => Promise<T>): Promise<T> {
    return this.#inTurn(async () => {
      await run(this.#db, file, 'attach ? as other', [file]);
      try {
        return await this.#transact(work);
      } finally {
        await exec(this.#db, file, 'detach other');
      }
    });
  }

  async #transact<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    await exec(this.#db, this.#file, 'begin immediate');
    const tx = new OpenTx(this.#db, this.#file);
    try {
      const result = await this.#inside.run(tx, () => work(tx));
      tx.end();
      await exec(this.#db, this.#file, 'commit');
      return result;
    } catch (error) {
      tx.end();
      // After some failures (a full disk) SQLite has rolled back by itself, and asking again is an error.
      await exec(this.#db, this.#file, 'rollback').catch(() => undefined);
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.#inTurn(() => {
      this.#closed = true;
      return new Promise<void>((resolve, reject) => {
        this.#db.close((error) => {
          if (error) reject(sqliteFailure(error, this.#file));
          else resolve();
        });
      });
    });
  }

  #inTurn<T>(job: () => Promise<T>): Promise<T> {
    if (this.#inside.getStore()?.isOpen === true) {
      return Promise.reject(
        new RangeError('inside a transaction, use its tx: the catalog waits for its end'),
      );
    }
    const turn = this.#last.then(() => {
      if (this.#closed) throw new RangeError('the catalog is closed');
      return job();
    });
    this.#last = turn.catch(() => undefined);
    return turn;
  }
}

class OpenTx implements Tx {
  readonly #db: sqlite3.Database;
  readonly #file: string;
  #open = true;

  constructor(db: sqlite3.Database, file: string) {
    this.#db = db;
    this.#file = file;
  }

  get isOpen(): boolean {
    return this.#open;
  }

  end(): void {
    this.#open = false;
  }

  rows(sql: string, params: readonly SqlValue[] = []): Promise<readonly Row[]> {
    return this.#open ? all(this.#db, this.#file, sql, params) : ended();
  }

  async row(sql: string, params: readonly SqlValue[] = []): Promise<Row | undefined> {
    return (await this.rows(sql, params))[0];
  }

  async json(sql: string, params: readonly SqlValue[] = []): Promise<unknown> {
    return parseOnly(await this.rows(sql, params));
  }

  run(sql: string, params: readonly SqlValue[] = []): Promise<{ changes: number; lastId: number }> {
    return this.#open ? run(this.#db, this.#file, sql, params) : ended();
  }
}

function ended(): Promise<never> {
  return Promise.reject(new RangeError('the transaction is over'));
}

function parseOnly(rows: readonly Row[]): unknown {
  const only = rows[0] === undefined ? undefined : Object.values(rows[0])[0];
  return typeof only === 'string' ? (JSON.parse(only) as unknown) : null;
}

function all(
  db: sqlite3.Database,
  file: string,
  sql: string,
  params: readonly SqlValue[],
): Promise<readonly Row[]> {
  return new Promise((resolve, reject) => {
    db.all<Row>(sql, params, (error, rows) => {
      if (error) reject(sqliteFailure(error, file));
      else resolve(rows);
    });
  });
}

function run(
  db: sqlite3.Database,
  file: string,
  sql: string,
  params: readonly SqlValue[],
): Promise<{ changes: number; lastId: number }> {
  return new Promise((resolve, reject) => {
    db.run(sql, params, function (this: sqlite3.RunResult, error) {
      if (error) reject(sqliteFailure(error, file));
      else resolve({ changes: this.changes, lastId: this.lastID });
    });
  });
}

function exec(db: sqlite3.Database, file: string, sql: string): Promise<void> {
  return new Promise((resolve, reject) => {
    db.exec(sql, (error) => {
      if (error) reject(sqliteFailure(error, file));
      else resolve();
    });
  });
}
