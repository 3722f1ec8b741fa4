/** Packs that nothing needs any more: how long they have to stay, and how they go. */
import type { ArchiveId } from '../target/target.ts';
import { int, text, textOrNull } from './columns.ts';
import type { Reader, Row, Tx } from './db.ts';
import type { PackKey, TargetId } from './ids.ts';
import type { PackKind } from './packs.ts';
import { dropTombstones } from './tombstones.ts';

export interface DeadPack {
  readonly id: PackKey;
  readonly kind: PackKind;
  readonly archiveId: ArchiveId;
  readonly size: number;
  readonly storedAt: number;
  readonly deadAt: number;
  /**
   * Whether the target tells by itself that nothing needs it: every snapshot that was forgotten until it died is told to be
   * by a manifest that is there, and what this one tells is told by another one that stays.
   */
  readonly isSettled: boolean;
}

/** All of a target; data first, then manifests and copies, the newest first, so that none is left whose parent is gone. */
export async function deadPacks(db: Reader, target: TargetId): Promise<readonly DeadPack[]> {
  const rows = await db.rows(
    `select p.id, p.kind, p.archive_id, p.size, p.stored_at, p.dead_at,
       (p.kind = 'catalog' or not exists (
         select 1 from tombstones t where t.target = p.target and t.forgotten_at <= p.dead_at
           and not exists (select 1 from packs m where m.id = t.told_by and m.state in ('stored', 'dead'))))
       and (p.kind <> 'manifest' or not exists (
             select 1 from packs d where d.told_by = p.id and d.state in ('stored', 'suspect'))
         and not exists (select 1 from tombstones t where t.told_by = p.id and t.manifest is not p.id)) settled
     from packs p
     where p.target = ? and p.state = 'dead' and p.archive_id is not null and p.staged = 0 and p.dead_at is not null
     order by p.kind <> 'data', p.id desc`,
    [target],
  );
  return rows.map(deadPack);
}

function deadPack(row: Row): DeadPack {
  return {
    id: int(row, 'id') as PackKey,
    kind: text(row, 'kind') as PackKind,
    archiveId: textOrNull(row, 'archive_id') as ArchiveId,
    size: int(row, 'size'),
    storedAt: int(row, 'stored_at'),
    deadAt: int(row, 'dead_at'),
    isSettled: int(row, 'settled') !== 0,
  };
}

/** What a condemned pack has for the time of its death. */
const CONDEMNED = 0;

/**
 * The last word before their deletion: from here on nothing brings these packs back. Resolves to those that were still dead;
 * records that were taken in meanwhile may need the others.
 */
export async function condemn(tx: Tx, packs: readonly PackKey[]): Promise<ReadonlySet<PackKey>> {
  const still = "id in (select value from json_each(?)) and state = 'dead'";
  const ids = JSON.stringify(packs);
  const rows = await tx.rows(`select id from packs where ${still}`, [ids]);
  await tx.run(`update packs set dead_at = ${CONDEMNED} where ${still}`, [ids]);
  return new Set(rows.map((row) => int(row, 'id') as PackKey));
}

/** They are deleted at the target: forgets them with all that was in them. Looks along all chunks, once. */
export async function forgetDeadPacks(tx: Tx, packs: readonly PackKey[], at: number): Promise<void> {
  const ids = JSON.stringify(packs);
  const dead = "id in (select value from json_each(?1)) and state = 'dead'";
  const row = await tx.row(`select count(*) n from packs where ${dead}`, [ids]);
  if (int(row ?? {}, 'n') !== packs.length) throw new RangeError('only dead packs are deleted');
  await tx.run(
    `insert or replace into deleted_packs (uid, target, size, stored_at, deleted_at)
     select uid, target, size, coalesce(stored_at, created_at), ?2 from packs where ${dead}`,
    [ids, at],
  );
  await forgetRows(tx, packs);
  await dropTombstones(tx, packs);
}

/** Packs that a record tells of and nothing needs, and that are not at the target: they were deleted there. */
export async function forgetAbsentPacks(tx: Tx, packs: readonly PackKey[]): Promise<void> {
  if (packs.length > 0) await forgetRows(tx, packs);
}

async function forgetRows(tx: Tx, packs: readonly PackKey[]): Promise<void> {
  const ids = JSON.stringify(packs);
  const these = 'in (select value from json_each(?))';
  await tx.run(`delete from frames where pack ${these}`, [ids]);
  // Not by number: a chunk that was lost and stored again lies in another pack than its number says.
  await tx.run('delete from chunks where not exists (select 1 from frames where id = chunks.frame)');
  await tx.run(`update snapshots set manifest = null where manifest ${these}`, [ids]);
  await tx.run(`update packs set told_by = null where told_by ${these}`, [ids]);
  await tx.run(`delete from packs where id ${these}`, [ids]);
}

/**
 * Data packs that wait for their deletion count as stored again: records are about to be taken in that may need them, and
 * only then is it known which of them nothing needs. Resolves to how many there are.
 */
export async function reviveDeadPacks(tx: Tx, target: TargetId): Promise<number> {
  const { changes } = await tx.run(
    `update packs set state = 'stored', dead_at = null
     where target = ? and kind = 'data' and state = 'dead' and archive_id is not null and dead_at <> ${CONDEMNED}
       and not exists (select 1 from proofs where pack = packs.id and suspected is not null)`,
    [target],
  );
  return changes;
}

/** Uids of packs that were deleted so lately that a listing may still have them. */
export async function deletedPacks(db: Reader, target: TargetId, since: number): Promise<readonly string[]> {
  return (await db.json(
    'select json_group_array(lower(hex(uid))) from deleted_packs where target = ? and deleted_at >= ?',
    [target, since],
  )) as string[];
}

export interface SpaceAtTarget {
  /** Of data packs that are stored. */
  readonly bytes: number;
  /** Of these, what some snapshot needs; as of the last look. */
  readonly liveBytes: number;
  /** Of packs that wait for their deletion. */
  readonly deadPacks: number;
  readonly deadBytes: number;
}

export async function spaceAt(db: Reader, target: TargetId): Promise<SpaceAtTarget> {
  const row =
    (await db.row(
      `select coalesce(sum(size) filter (where kind = 'data' and state in ('stored', 'suspect')), 0) bytes,
         coalesce(sum(coalesce(live_bytes, size)) filter (where kind = 'data' and state in ('stored', 'suspect')), 0) live,
         count(*) filter (where state = 'dead' and archive_id is not null) n,
         coalesce(sum(size) filter (where state = 'dead' and archive_id is not null), 0) dead
       from packs where target = ?`,
      [target],
    )) ?? {};
  return {
    bytes: int(row, 'bytes'),
    liveBytes: int(row, 'live'),
    deadPacks: int(row, 'n'),
    deadBytes: int(row, 'dead'),
  };
}
