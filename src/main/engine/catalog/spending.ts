/** What was stored at a target and asked of it in a stretch of time: all that a bill is made of. */
import { int } from './columns.ts';
import type { Reader } from './db.ts';
import type { TargetId } from './ids.ts';

/** Epoch ms; `until` exclusive. */
export interface Stretch {
  readonly from: number;
  readonly until: number;
}

export interface Stored {
  /** Each archive's bytes, and the archives themselves, times the milliseconds they were there. */
  readonly byteMs: number;
  readonly archiveMs: number;
}

/** Of packs that are stored and packs that were deleted since. */
export async function storedIn(db: Reader, target: TargetId, { from, until }: Stretch): Promise<Stored> {
  const row =
    (await db.row(
      `with held as (
         select size, coalesce(stored_at, created_at) since, ?3 gone from packs
           where target = ?1 and archive_id is not null
         union all select size, stored_at, deleted_at from deleted_packs where target = ?1 and deleted_at > ?2),
       stays as (select size, max(0, min(gone, ?3) - max(since, ?2)) ms from held where since < ?3)
       select coalesce(sum(cast(size as real) * ms), 0) bytes, coalesce(sum(ms), 0) archives from stays`,
      [target, from, until],
    )) ?? {};
  return { byteMs: Number(row['bytes']), archiveMs: Number(row['archives']) };
}

/** What is there now. */
export async function storedNow(
  db: Reader,
  target: TargetId,
): Promise<{ readonly archives: number; readonly bytes: number }> {
  const row =
    (await db.row(
      'select count(*) n, coalesce(sum(size), 0) bytes from packs where target = ? and archive_id is not null',
      [target],
    )) ?? {};
  return { archives: int(row, 'n'), bytes: int(row, 'bytes') };
}

/** Packs that were stored in the stretch. */
export async function storedSince(
  db: Reader,
  target: TargetId,
  { from, until }: Stretch,
): Promise<{ readonly archives: number; readonly bytes: number }> {
  const row =
    (await db.row(
      `select count(*) n, coalesce(sum(size), 0) bytes from (
         select size, stored_at from packs where target = ?1 and archive_id is not null
         union all select size, stored_at from deleted_packs where target = ?1)
       where stored_at >= ?2 and stored_at < ?3`,
      [target, from, until],
    )) ?? {};
  return { archives: int(row, 'n'), bytes: int(row, 'bytes') };
}

/** When the first pack was stored there; null while there is none. */
export async function storingSince(db: Reader, target: TargetId): Promise<number | null> {
  const row = await db.row(
    `select min(at) at from (
       select min(stored_at) at from packs where target = ?1 and archive_id is not null
       union all select min(stored_at) from deleted_packs where target = ?1)`,
    [target],
  );
  return row?.['at'] === null || row === undefined ? null : Number(row['at']);
}

/** When a pack was stored there last; null for never. */
export async function lastStoredAt(db: Reader, target: TargetId): Promise<number | null> {
  const row = await db.row('select max(stored_at) at from packs where target = ?', [target]);
  return row?.['at'] === null || row === undefined ? null : Number(row['at']);
}

/** Fees of deletions that were made in the stretch. */
export async function deletionFees(db: Reader, target: TargetId, { from, until }: Stretch): Promise<number> {
  const row = await db.row(
    `select coalesce(sum(fee_usd), 0) usd from prunings where target = ? and started_at >= ? and started_at < ?`,
    [target, from, until],
  );
  return Number(row?.['usd'] ?? 0);
}

/** Estimates, added up, of single archives that were sent or fetched in the stretch, which no ledger counts. */
export async function errandEstimates(
  db: Reader,
  service: { readonly service: string; readonly vault: string },
  { from, until }: Stretch,
): Promise<number> {
  const row = await db.row(
    `select coalesce(sum(estimate ->> '$.usd'), 0) usd from errands
     where service = ? and vault = ? and kind in ('upload', 'download') and created_at >= ? and created_at < ?`,
    [service.service, service.vault, from, until],
  );
  return Number(row?.['usd'] ?? 0);
}
