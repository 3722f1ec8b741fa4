/**
 * What the catalog knows of one target as a file of its own, and back: the content of a catalog copy.
 *
 * The copy is a catalog of the same schema in which only the tables are filled that a target's archives could tell as
 * well, and it holds them as of the last commit. What belongs to this computer alone (settings, runs, orders, checks,
 * proofs) stays here. Numbers stay what they are, so a copy is taken into a catalog that is empty of such rows.
 */
import { closeSync, openSync, rmSync } from 'node:fs';
import { z } from 'zod';
import { EngineError } from '../failure.ts';
import type { Catalog } from './catalog.ts';
import { IN_CHAIN } from './chain.ts';
import { int, text } from './columns.ts';
import { connect, type Reader, type Tx } from './db.ts';
import type { TargetId } from './ids.ts';
import { migrate } from './migrations/migrate.ts';

export interface CopyFacts {
  /** The installation that made it, 32 hex digits, and how its computer calls itself. */
  readonly writer: string;
  readonly host: string;
  /** The newest epoch of that writer at the target that it holds. */
  readonly epoch: number;
  /** Tree hash of that epoch's manifest, 64 hex digits; null before the first. */
  readonly head: string | null;
}

const factsShape = z.object({
  writer: z.string().regex(/^[0-9a-f]{32}$/),
  host: z.string(),
  epoch: z.int().min(0),
  head: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .nullable(),
});

const FACTS = 'copy.facts';
/** The copy's own number for the target that it is about. */
const TARGET = 1;

/** What of a pack a target tells. */
const PACK_COLUMNS = `id, uid, target, kind, state, snapshot, size, header, tree_hash, archive_id, key_epoch, staged,
  raw_bytes, first_frame, frame_count, first_chunk, last_chunk, chunk_count, created_at, stored_at, told_by, pinned, dead_at`;

/**
 * Writes the copy, which must not be there yet, and proves the file sound. The catalog is busy for about a second per
 * 300,000 entries.
 */
export async function exportTarget(
  catalog: Catalog,
  target: TargetId,
  file: string,
  facts: CopyFacts,
): Promise<void> {
  await makeEmpty(file);
  await catalog.transactionBeside(file, async (tx) => {
    await tx.run('insert into other.settings (key, value) values (?, ?)', [FACTS, JSON.stringify(facts)]);
    await tx.run(
      `insert into other.targets (id, name, kind, settings, pack_bytes, uid, created_at)
       select ${TARGET}, 'copy', 'copy', '{}', pack_bytes, uid, created_at from main.targets where id = ?`,
      [target],
    );
    await tx.run(
      `insert into other.plans (id, uid, name, target, excludes, created_at, writer, host)
       select id, uid, name, ${TARGET}, excludes, created_at, coalesce(writer, ?2), coalesce(host, ?3)
       from main.plans where target = ?1`,
      [target, facts.writer, facts.host],
    );
    const ofPlans = 'plan in (select id from other.plans)';
    await tx.run(`insert into other.sources select * from main.sources where ${ofPlans}`);
    await tx.run(
      `insert into other.snapshots select * from main.snapshots where ${ofPlans} and state in ${IN_CHAIN}`,
    );
    await tx.run(
      `insert into other.tombstones select ${TARGET}, snapshot, forgotten_at, manifest, told_by from main.tombstones where target = ?`,
      [target],
    );
    await tx.run(`insert into other.folders select * from main.folders where ${ofPlans}`);
    // As of the last commit: what a run is adding is not there yet, and what it ends goes on.
    const running = "(select id from main.snapshots where state = 'running')";
    await tx.run(
      `insert into other.entries (folder, name, since, until, kind, size, meta, content)
       select folder, name, since, case when until in ${running} then null else until end, kind, size, meta, content
       from main.entries where folder in (select id from other.folders) and since not in ${running}`,
    );
    await tx.run(
      'insert into other.touched select * from main.touched where snapshot in (select id from other.snapshots)',
    );
    await tx.run(
      `insert into other.packs (${PACK_COLUMNS})
       select id, uid, ${TARGET}, kind, case state when 'dead' then 'dead' else 'stored' end, snapshot, size, header,
         tree_hash, archive_id, key_epoch, 0, raw_bytes, first_frame, frame_count, first_chunk, last_chunk, chunk_count,
         created_at, stored_at, told_by, pinned, dead_at
       from main.packs where target = ? and state in ('stored', 'suspect', 'dead') and archive_id is not null`,
      [target],
    );
    await copyIndex(tx, 'main', 'other');
  });
  await proveSound(file);
}

/**
 * Takes a copy in as what is known of `target`, all of it or nothing.
 * @param also what is written down together with it
 * @throws EngineError `corrupt` when it is none
 */
export async function importTarget(
  catalog: Catalog,
  target: TargetId,
  file: string,
  also: (tx: Tx) => Promise<void>,
): Promise<CopyFacts> {
  await proveSound(file);
  return catalog.transactionBeside(file, async (tx) => {
    const facts = await readFacts(tx);
    if (!(await isEmptyOfHistory(tx)))
      throw new RangeError('a catalog copy is taken into an empty catalog only');
    await tx.run(
      `insert into main.plans (id, uid, name, target, excludes, created_at, writer, host)
       select id, uid, name, ?, excludes, created_at, writer, host from other.plans`,
      [target],
    );
    await tx.run('insert into main.sources select * from other.sources');
    await tx.run(`insert into main.snapshots select * from other.snapshots where state in ${IN_CHAIN}`);
    await tx.run(
      'insert into main.tombstones select ?, snapshot, forgotten_at, manifest, told_by from other.tombstones',
      [target],
    );
    await tx.run('insert into main.folders select * from other.folders');
    await tx.run('insert into main.entries select * from other.entries');
    await tx.run('insert into main.touched select * from other.touched');
    await tx.run(
      `insert into main.packs (${PACK_COLUMNS})
       select id, uid, ?, kind, state, snapshot, size, header, tree_hash, archive_id, key_epoch, 0, raw_bytes, first_frame,
         frame_count, first_chunk, last_chunk, chunk_count, created_at, stored_at, told_by, pinned, dead_at
       from other.packs`,
      [target],
    );
    await copyIndex(tx, 'other', 'main');
    await also(tx);
    return facts;
  });
}

/** Whether the catalog has nothing yet that a copy would bring. */
export async function isEmptyOfHistory(db: Reader): Promise<boolean> {
  const row = await db.row(
    `select (select count(*) from (select 1 from main.plans limit 1))
       + (select count(*) from (select 1 from main.packs limit 1)) n`,
  );
  return int(row ?? {}, 'n') === 0;
}

async function copyIndex(tx: Tx, from: string, to: string): Promise<void> {
  await tx.run(
    `insert into ${to}.frames select * from ${from}.frames where pack in (select id from ${to}.packs)`,
  );
  await tx.run(
    `insert into ${to}.chunks select * from ${from}.chunks where frame in (select id from ${to}.frames)`,
  );
}

async function readFacts(tx: Tx): Promise<CopyFacts> {
  const row = await tx.row('select value from other.settings where key = ? and json_valid(value)', [FACTS]);
  const facts = row && factsShape.safeParse(JSON.parse(text(row, 'value')));
  if (facts?.success === true) return facts.data;
  throw noCopy();
}

async function makeEmpty(file: string): Promise<void> {
  for (const suffix of ['', '-journal', '-wal']) rmSync(file + suffix, { force: true });
  closeSync(openSync(file, 'wx', 0o600));
  const db = await connect(file);
  try {
    await migrate(db, file);
  } finally {
    await db.close();
  }
}

/** Reads every page, and brings a copy of an older Permafrost to the schema of this one. */
async function proveSound(file: string): Promise<void> {
  const db = await connect(file);
  try {
    await db.script('pragma trusted_schema = off; pragma cell_size_check = on;');
    const row = await db.row('pragma integrity_check(1)');
    if (Object.values(row ?? {})[0] !== 'ok') throw noCopy();
    await migrate(db, file);
  } finally {
    await db.close();
  }
}

function noCopy(): EngineError {
  return new EngineError(
    'corrupt',
    'A catalog copy is not what it should be.',
    'The manifests of the snapshots tell the same; they are used instead.',
    { safe: 'Nothing was changed.' },
  );
}
