/**
 * Checks of targets: what was asked for, how far each is, which ranges it reads back, and what it has found. One is
 * open per target at most.
 *
 * A range is `planned` -> `asked` (a job exists) -> `proven` or `damaged`; `unread` when it could not be had, `spared`
 * when its archive was found missing before it was asked for.
 */
import type { CheckListing, CheckOutcome, CheckProblemKind, CheckStep } from '../../../shared/checkTypes.ts';
import type { Failure } from '../../../shared/failure.ts';
import type { Estimate } from '../../../shared/types.ts';
import type { ArchiveId, ByteRange } from '../target/target.ts';
import { bulkTexts } from './bulk.ts';
import { assignments, int, intOrNull, parsed, text, textOrNull } from './columns.ts';
import type { Reader, Row, Tx } from './db.ts';
import type { CheckKey, CheckReadKey, PackKey, TargetId, VaultJobKey } from './ids.ts';

export interface CheckWanted {
  readonly readPercent: number;
  /** Null where reading costs nothing. */
  readonly maxUsd: number | null;
}

export interface NewCheck {
  /** 32 hex digits. */
  readonly uid: string;
  readonly target: TargetId;
  readonly wanted: CheckWanted;
  readonly estimate: Estimate;
  readonly createdAt: number;
}

export interface CheckRow extends NewCheck {
  readonly id: CheckKey;
  readonly step: CheckStep;
  readonly listing: CheckListing | null;
  readonly endedAt: number | null;
  readonly outcome: CheckOutcome | null;
  readonly failure: Failure | null;
}

export interface CheckChange {
  readonly step?: CheckStep;
  readonly listing?: CheckListing;
  readonly endedAt?: number;
  readonly outcome?: CheckOutcome;
  readonly failure?: Failure | null;
}

export type ReadState = 'planned' | 'asked' | 'proven' | 'damaged' | 'unread' | 'spared';

export interface NewCheckRead {
  readonly pack: PackKey;
  readonly range: ByteRange;
}

export interface CheckReadRow extends NewCheckRead {
  readonly id: CheckReadKey;
  readonly state: ReadState;
  /** Null where reading is instant, and before it was asked for. */
  readonly job: VaultJobKey | null;
  readonly error: string | null;
}

export interface Finding {
  readonly kind: CheckProblemKind | 'extra';
  readonly pack: PackKey;
  readonly archiveId: ArchiveId;
  readonly size: number;
  /** By the target's clock; null where it is not listed. */
  readonly createdAt: number | null;
}

/** Adds a check with what it is to read back. @throws RangeError when one is open for the target */
export async function addCheck(tx: Tx, check: NewCheck, reads: Iterable<NewCheckRead>): Promise<CheckKey> {
  if ((await openCheck(tx, check.target)) !== undefined) throw new RangeError('a check is open already');
  const { lastId } = await tx.run(
    "insert into checks (uid, target, wanted, step, estimate, created_at) values (?, ?, ?, 'listing', ?, ?)",
    [check.uid, check.target, JSON.stringify(check.wanted), JSON.stringify(check.estimate), check.createdAt],
  );
  for (const batch of bulkTexts(reads, ({ pack, range }) => [pack, range.first, range.end])) {
    await tx.run(
      `insert into check_reads (check_id, pack, range_first, range_end, state)
       select ?, value ->> 0, value ->> 1, value ->> 2, 'planned' from jsonb_each(?)`,
      [lastId, batch],
    );
  }
  return lastId as CheckKey;
}

/** Changes what is named, nothing else. */
export async function updateCheck(tx: Tx, id: CheckKey, change: CheckChange): Promise<void> {
  const set = assignments({
    step: change.step,
    listing: change.listing === undefined ? undefined : JSON.stringify(change.listing),
    ended_at: change.endedAt,
    outcome: change.outcome,
    failure: change.failure === undefined ? undefined : change.failure && JSON.stringify(change.failure),
  });
  if (set !== null) await tx.run(`update checks set ${set.sql} where id = ?`, [...set.values, id]);
}

export async function getCheck(db: Reader, id: CheckKey): Promise<CheckRow | undefined> {
  const row = await db.row('select * from checks where id = ?', [id]);
  return row && checkRow(row);
}

export async function openCheck(db: Reader, target: TargetId): Promise<CheckRow | undefined> {
  const row = await db.row('select * from checks where target = ? and ended_at is null', [target]);
  return row && checkRow(row);
}

/** Of all targets, oldest first. */
export async function openChecks(db: Reader): Promise<readonly CheckRow[]> {
  return (await db.rows('select * from checks where ended_at is null order by id')).map(checkRow);
}

/** The newest of the target; with `listed`, the newest whose target has told what it holds. */
export async function lastCheck(db: Reader, target: TargetId, listed = false): Promise<CheckRow | undefined> {
  const row = await db.row(
    'select * from checks where target = ?1 and (listing is not null or not ?2) order by id desc limit 1',
    [target, listed ? 1 : 0],
  );
  return row && checkRow(row);
}

/** In the order in which they are to be read; those in any of `states`, or all. */
export async function checkReads(
  db: Reader,
  check: CheckKey,
  states?: readonly ReadState[],
): Promise<readonly CheckReadRow[]> {
  const rows = await db.rows(
    `select * from check_reads
     where check_id = ?1 and (?2 is null or state in (select value from json_each(?2))) order by id`,
    [check, states === undefined ? null : JSON.stringify(states)],
  );
  return rows.map((row) => ({
    id: int(row, 'id') as CheckReadKey,
    pack: int(row, 'pack') as PackKey,
    range: { first: int(row, 'range_first'), end: int(row, 'range_end') },
    state: text(row, 'state') as ReadState,
    job: intOrNull(row, 'job') as VaultJobKey | null,
    error: textOrNull(row, 'error'),
  }));
}

export async function updateCheckRead(
  tx: Tx,
  id: CheckReadKey,
  change: { readonly state: ReadState; readonly job?: VaultJobKey; readonly error?: string },
): Promise<void> {
  const set = assignments({ state: change.state, job: change.job, error: change.error });
  if (set !== null) await tx.run(`update check_reads set ${set.sql} where id = ?`, [...set.values, id]);
}

/** Ranges of archives that are missing are not asked for. */
export async function spareReads(tx: Tx, check: CheckKey, packs: readonly PackKey[]): Promise<void> {
  await tx.run(
    `update check_reads set state = 'spared' where check_id = ? and state = 'planned'
       and pack in (select value from json_each(?))`,
    [check, JSON.stringify(packs)],
  );
}

export interface ReadCounts {
  readonly count: number;
  readonly bytes: number;
}

/** Ranges and bytes of a check in each state. */
export async function countReads(
  db: Reader,
  check: CheckKey,
): Promise<Readonly<Record<ReadState, ReadCounts>>> {
  const none = { count: 0, bytes: 0 };
  const counts = { planned: none, asked: none, proven: none, damaged: none, unread: none, spared: none };
  const rows = await db.rows(
    `select state, count(*) n, sum(range_end - range_first) bytes from check_reads where check_id = ?
     group by state`,
    [check],
  );
  for (const row of rows)
    counts[text(row, 'state') as ReadState] = { count: int(row, 'n'), bytes: int(row, 'bytes') };
  return counts;
}

/** Takes the place of what was found before of these kinds. */
export async function replaceFindings(
  tx: Tx,
  check: CheckKey,
  kinds: readonly Finding['kind'][],
  findings: readonly Finding[],
): Promise<void> {
  await tx.run('delete from check_findings where check_id = ? and kind in (select value from json_each(?))', [
    check,
    JSON.stringify(kinds),
  ]);
  await addFindings(tx, check, findings);
}

export async function addFindings(tx: Tx, check: CheckKey, findings: readonly Finding[]): Promise<void> {
  const last = await tx.row('select coalesce(max(number), 0) n from check_findings where check_id = ?', [
    check,
  ]);
  let number = int(last ?? {}, 'n');
  const texts = bulkTexts(findings, ({ kind, pack, archiveId, size, createdAt }) => [
    ++number,
    kind,
    pack,
    archiveId,
    size,
    createdAt,
  ]);
  for (const batch of texts) {
    await tx.run(
      `insert into check_findings (check_id, number, kind, pack, archive_id, size, created_at)
       select ?, value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5 from jsonb_each(?)`,
      [check, batch],
    );
  }
}

/** Whether something is wrong with the pack by this check. */
export async function isFound(db: Reader, check: CheckKey, pack: PackKey): Promise<boolean> {
  const row = await db.row(
    "select 1 from check_findings where check_id = ? and pack = ? and kind <> 'extra' limit 1",
    [check, pack],
  );
  return row !== undefined;
}

/** In the order they were found; those of `kinds`, at most `limit`. */
export async function listFindings(
  db: Reader,
  check: CheckKey,
  kinds: readonly Finding['kind'][],
  limit: number,
): Promise<readonly Finding[]> {
  const rows = await db.rows(
    `select * from check_findings where check_id = ? and kind in (select value from json_each(?))
     order by number limit ?`,
    [check, JSON.stringify(kinds), limit],
  );
  return rows.map((row) => ({
    kind: text(row, 'kind') as Finding['kind'],
    pack: int(row, 'pack') as PackKey,
    archiveId: text(row, 'archive_id') as ArchiveId,
    size: int(row, 'size'),
    createdAt: intOrNull(row, 'created_at'),
  }));
}

export async function countFindings(
  db: Reader,
  check: CheckKey,
  kinds: readonly Finding['kind'][],
): Promise<number> {
  const row = await db.row(
    'select count(*) n from check_findings where check_id = ? and kind in (select value from json_each(?))',
    [check, JSON.stringify(kinds)],
  );
  return int(row ?? {}, 'n');
}

function checkRow(row: Row): CheckRow {
  return {
    id: int(row, 'id') as CheckKey,
    uid: text(row, 'uid'),
    target: int(row, 'target') as TargetId,
    wanted: parsed(row, 'wanted') as CheckWanted,
    step: text(row, 'step') as CheckStep,
    listing: textOrNull(row, 'listing') === null ? null : (parsed(row, 'listing') as CheckListing),
    estimate: parsed(row, 'estimate') as Estimate,
    createdAt: int(row, 'created_at'),
    endedAt: intOrNull(row, 'ended_at'),
    outcome: textOrNull(row, 'outcome') as CheckOutcome | null,
    failure: textOrNull(row, 'failure') === null ? null : (parsed(row, 'failure') as Failure),
  };
}
