import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type Connection, type Tx, connect } from '../../../../src/main/engine/catalog/db.ts';
import { temporaryFolder } from './temporary.ts';

async function numbers(): Promise<Connection> {
  const db = await connect(join(temporaryFolder(), 'numbers.db'));
  onTestFinished(() => db.close());
  await db.script('create table numbers (n integer) strict');
  return db;
}

const count = async (db: Connection): Promise<unknown> => (await db.row('select count(*) n from numbers'))?.n;

test('keeps a transaction that resolves and drops one that rejects', async () => {
  const db = await numbers();
  await db.transaction((tx) => tx.run('insert into numbers values (1)'));
  await expect(
    db.transaction(async (tx) => {
      await tx.run('insert into numbers values (2)');
      throw new Error('stop');
    }),
  ).rejects.toThrow('stop');
  expect(await count(db)).toBe(1);
});

test('lets nobody see the inside of a transaction', async () => {
  const db = await numbers();
  const seen: unknown[] = [];
  const writing = db.transaction(async (tx) => {
    for (let i = 0; i < 10; i++) await tx.run('insert into numbers values (?)', [i]);
  });
  const reading = count(db).then((n) => seen.push(n));
  await Promise.all([writing, reading]);
  expect(seen).toEqual([10]);
});

test('takes calls in the order in which they were made', async () => {
  const db = await numbers();
  const order: string[] = [];
  await Promise.all([
    db.transaction(async (tx) => {
      await tx.run('insert into numbers values (1)');
      order.push('first');
    }),
    count(db).then(() => order.push('second')),
    db.transaction(async (tx) => {
      await tx.run('insert into numbers values (2)');
      order.push('third');
    }),
  ]);
  expect(order).toEqual(['first', 'second', 'third']);
});

test('refuses the outer handle inside a transaction instead of waiting for ever', async () => {
  const db = await numbers();
  await expect(db.transaction(() => count(db))).rejects.toThrow('use its tx');
  await expect(db.transaction(() => db.transaction(() => Promise.resolve()))).rejects.toThrow('use its tx');
  expect(await count(db)).toBe(0);
});

test('serves what was started inside a transaction and goes on after it', async () => {
  const db = await numbers();
  let later: Promise<unknown> = Promise.resolve();
  await db.transaction(async (tx) => {
    later = new Promise((resolve) => setTimeout(resolve, 20)).then(() => count(db));
    await tx.run('insert into numbers values (1)');
  });
  expect(await later).toBe(1);
});

test('refuses a transaction handle that outlived its transaction', async () => {
  const db = await numbers();
  let kept: Tx | undefined;
  await db.transaction((tx) => {
    kept = tx;
    return Promise.resolve();
  });
  await expect(kept?.run('insert into numbers values (1)')).rejects.toThrow('over');
});

test('calls a broken constraint and bad SQL bugs', async () => {
  const db = await numbers();
  await expect(db.transaction((tx) => tx.run("insert into numbers values ('x')"))).rejects.toThrow(
    RangeError,
  );
  await expect(db.rows('select * from nowhere')).rejects.toThrow(RangeError);
});

test('says that the disk is full, keeps nothing of that transaction and goes on', async () => {
  const db = await numbers();
  await db.script('pragma max_page_count = 20');
  const fill = db.transaction(async (tx) => {
    for (let i = 0; i < 50; i++) {
      await tx.run(
        'with recursive up(n) as (select 1 union all select n + 1 from up where n < 1000) insert into numbers select n from up',
      );
    }
  });
  await expect(fill).rejects.toMatchObject({ kind: 'no-space' });
  expect(await count(db)).toBe(0);
  await db.transaction((tx) => tx.run('insert into numbers values (1)'));
  expect(await count(db)).toBe(1);
});

test('finishes what was asked before it closes, and refuses what comes after', async () => {
  const db = await connect(join(temporaryFolder(), 'numbers.db'));
  const asked = db.rows('select 1 one');
  await db.close();
  expect(await asked).toEqual([{ one: 1 }]);
  await expect(db.rows('select 1')).rejects.toThrow('closed');
});
