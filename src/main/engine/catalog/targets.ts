/** Targets, and what has been committed to each: its epoch and head. */
import type { ParsedInput } from '../../../shared/contract.ts';
import type { TargetKind } from '../../../shared/types.ts';
import { EngineError } from '../failure.ts';
import { blobOrNull, int, parsed, text } from './columns.ts';
import type { Reader, Row, Tx } from './db.ts';
import { keepHistory } from './history.ts';
import type { TargetId } from './ids.ts';

export type TargetSettings = ParsedInput<'targets:add'>['settings'];

export interface NewTarget {
  readonly name: string;
  readonly settings: TargetSettings;
  readonly packBytes: number;
  /** 32 hex digits. */
  readonly uid: string;
  readonly createdAt: number;
}

export interface TargetRow extends NewTarget {
  readonly id: TargetId;
  readonly kind: TargetKind;
  /** Of the newest snapshot committed by this profile; 0 before the first. Only grows. */
  readonly epoch: number;
  /** Tree hash of that snapshot's manifest pack, 32 bytes. */
  readonly head: Buffer | null;
  /** Generation of the key slots that are stored there; 0 when none are. */
  readonly keysStored: number;
}

/** @throws EngineError `conflict` when the name is taken */
export async function addTarget(tx: Tx, target: NewTarget): Promise<TargetId> {
  if ((await findTarget(tx, target.name)) !== undefined) {
    throw new EngineError(
      'conflict',
      `There already is a target named ${target.name}.`,
      'Choose another name.',
    );
  }
  const { lastId } = await tx.run(
    'insert into targets (name, kind, settings, pack_bytes, uid, created_at) values (?, ?, ?, ?, ?, ?)',
    [
      target.name,
      target.settings.kind,
      JSON.stringify(target.settings),
      target.packBytes,
      target.uid,
      target.createdAt,
    ],
  );
  return lastId as TargetId;
}

/** All, by name. */
export async function listTargets(db: Reader): Promise<readonly TargetRow[]> {
  return (await db.rows('select * from targets order by name')).map(targetRow);
}

export async function findTarget(db: Reader, name: string): Promise<TargetRow | undefined> {
  const row = await db.row('select * from targets where name = ?', [name]);
  return row && targetRow(row);
}

export async function getTarget(db: Reader, id: TargetId): Promise<TargetRow | undefined> {
  const row = await db.row('select * from targets where id = ?', [id]);
  return row && targetRow(row);
}

export async function setKeysStored(tx: Tx, id: TargetId, generation: number): Promise<void> {
  await tx.run('update targets set keys_stored = ? where id = ?', [generation, id]);
}

/** A new installation has committed nothing yet, to no target. */
export async function forgetEpochs(tx: Tx): Promise<void> {
  await tx.run('update targets set epoch = 0, head = null');
}

/** What lies there as far as we know: archives of packs that are stored, and their bytes. */
export async function targetTotals(
  db: Reader,
  id: TargetId,
): Promise<{ readonly archives: number; readonly storedBytes: number }> {
  const row =
    (await db.row(
      "select count(*) archives, coalesce(sum(size), 0) bytes from packs where target = ? and state = 'stored'",
      [id],
    )) ?? {};
  return { archives: int(row, 'archives'), storedBytes: int(row, 'bytes') };
}

/**
 * Forgets the target and every pack known there. Nothing at the target is touched.
 * @throws EngineError `conflict` while a plan uses it
 */
export async function removeTarget(tx: Tx, id: TargetId): Promise<void> {
  const plan = await tx.row('select name from plans where target = ? order by name limit 1', [id]);
  if (plan !== undefined) {
    throw new EngineError(
      'conflict',
      `The plan ${text(plan, 'name')} uses this target.`,
      'Remove the plan first, or keep the target.',
    );
  }
  await keepHistory(tx, { target: id });
  await tx.run(
    'delete from chunks where frame in (select f.id from frames f join packs p on p.id = f.pack where p.target = ?)',
    [id],
  );
  await tx.run('delete from frames where pack in (select id from packs where target = ?)', [id]);
  await tx.run('delete from packs where target = ?', [id]);
  await tx.run('delete from targets where id = ?', [id]);
}

function targetRow(row: Row): TargetRow {
  return {
    id: int(row, 'id') as TargetId,
    name: text(row, 'name'),
    kind: text(row, 'kind') as TargetKind,
    settings: parsed(row, 'settings') as TargetSettings,
    packBytes: int(row, 'pack_bytes'),
    uid: text(row, 'uid'),
    epoch: int(row, 'epoch'),
    head: blobOrNull(row, 'head'),
    keysStored: int(row, 'keys_stored'),
    createdAt: int(row, 'created_at'),
  };
}
