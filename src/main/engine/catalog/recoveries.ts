/**
 * Recoveries: making this profile anew from what a target holds. One is open per target at most.
 *
 * Steps: `listing` -> `keys` (key slots are fetched) -> `locked` (waits for passphrase or code) -> `records` (catalog copy and
 * manifests are fetched and read) -> `gaps` (tails of packs that no record tells of) -> `over`. An archive is `planned`
 * -> `asked` (a job exists) -> `fetched` (its bytes are here) -> `read`; or `lost` when it cannot be had or is damaged.
 */
import type { Failure } from '../../../shared/failure.ts';
import type {
  RecoveryListing,
  RecoveryOutcome,
  RecoveryResult,
  RecoveryStep,
} from '../../../shared/recoveryTypes.ts';
import type { Estimate } from '../../../shared/types.ts';
import type { ArchiveId, ByteRange, Tier } from '../target/target.ts';
import { bulkTexts } from './bulk.ts';
import { assignments, int, intOrNull, parsed, text, textOrNull } from './columns.ts';
import type { Reader, Row, Tx } from './db.ts';
import type { RecoveryArchiveKey, RecoveryKey, TargetId, VaultJobKey } from './ids.ts';

export interface RecoveryWanted {
  readonly tier: Tier;
  /** What may be spent without asking again, in dollars. */
  readonly maxUsd: number;
  /** Catalog copies that a kit names, of all its vaults: asked for while the inventory is waited for. */
  readonly copies: readonly ArchiveId[];
}

export interface NewRecovery {
  /** 32 hex digits. */
  readonly uid: string;
  readonly target: TargetId;
  readonly wanted: RecoveryWanted;
  readonly createdAt: number;
}

export interface RecoveryRow extends NewRecovery {
  readonly id: RecoveryKey;
  readonly step: RecoveryStep;
  readonly listing: RecoveryListing | null;
  /** Of everything asked for so far and next. */
  readonly estimate: Estimate;
  /** How often hours had to pass. */
  readonly waits: number;
  readonly result: RecoveryResult | null;
  readonly endedAt: number | null;
  readonly outcome: RecoveryOutcome | null;
  readonly failure: Failure | null;
}

export interface RecoveryChange {
  readonly wanted?: RecoveryWanted;
  readonly step?: RecoveryStep;
  readonly listing?: RecoveryListing;
  readonly estimate?: Estimate;
  readonly waits?: number;
  readonly result?: RecoveryResult;
  readonly endedAt?: number;
  readonly outcome?: RecoveryOutcome;
  readonly failure?: Failure | null;
}

export type RecoveryRole = 'slots' | 'copy' | 'manifest' | 'head' | 'tail';
export type RecoveryState = 'planned' | 'asked' | 'fetched' | 'read' | 'lost';

export interface NewRecoveryArchive {
  readonly role: RecoveryRole;
  readonly archiveId: ArchiveId;
  /** Null for the whole archive. */
  readonly range: ByteRange | null;
  readonly description: string;
  /** Of the whole archive; 0 where only a kit names it. */
  readonly size: number;
  /** 32 bytes; null where the target tells none. */
  readonly treeHash: Buffer | null;
  /** By the target's clock. */
  readonly createdAt: number;
}

export interface RecoveryArchiveRow extends NewRecoveryArchive {
  readonly id: RecoveryArchiveKey;
  readonly state: RecoveryState;
  readonly job: VaultJobKey | null;
  readonly error: string | null;
}

export async function addRecovery(tx: Tx, recovery: NewRecovery, estimate: Estimate): Promise<RecoveryKey> {
  const { lastId } = await tx.run(
    "insert into recoveries (uid, target, wanted, step, estimate, created_at) values (?, ?, ?, 'listing', ?, ?)",
    [
      recovery.uid,
      recovery.target,
      JSON.stringify(recovery.wanted),
      JSON.stringify(estimate),
      recovery.createdAt,
    ],
  );
  return lastId as RecoveryKey;
}

/** Changes what is named, nothing else. */
export async function updateRecovery(tx: Tx, id: RecoveryKey, change: RecoveryChange): Promise<void> {
  const json = (value: object | null | undefined): string | null | undefined =>
    value === undefined || value === null ? value : JSON.stringify(value);
  const set = assignments({
    wanted: json(change.wanted),
    step: change.step,
    listing: json(change.listing),
    estimate: json(change.estimate),
    waits: change.waits,
    result: json(change.result),
    ended_at: change.endedAt,
    outcome: change.outcome,
    failure: json(change.failure),
  });
  if (set !== null) await tx.run(`update recoveries set ${set.sql} where id = ?`, [...set.values, id]);
}

export async function getRecovery(db: Reader, id: RecoveryKey): Promise<RecoveryRow | undefined> {
  const row = await db.row('select * from recoveries where id = ?', [id]);
  return row && recoveryRow(row);
}

/** Not over yet, oldest first; of all targets, or of one. */
export async function openRecoveries(db: Reader, target?: TargetId): Promise<readonly RecoveryRow[]> {
  const rows = await db.rows(
    'select * from recoveries where ended_at is null and (?1 is null or target = ?1) order by id',
    [target ?? null],
  );
  return rows.map(recoveryRow);
}

/** The newest of all. */
export async function lastRecovery(db: Reader): Promise<RecoveryRow | undefined> {
  const row = await db.row('select * from recoveries order by id desc limit 1');
  return row && recoveryRow(row);
}

/** Adds what is not there yet, in the order in which it is to be fetched. */
export async function addRecoveryArchives(
  tx: Tx,
  recovery: RecoveryKey,
  archives: Iterable<NewRecoveryArchive>,
): Promise<void> {
  const texts = bulkTexts(archives, ({ role, archiveId, range, description, size, treeHash, createdAt }) => [
    role,
    archiveId,
    range?.first ?? null,
    range?.end ?? null,
    description,
    size,
    treeHash?.toString('hex') ?? null,
    createdAt,
  ]);
  for (const batch of texts) {
    await tx.run(
      `insert into recovery_archives
         (recovery, role, archive_id, range_first, range_end, description, size, tree_hash, created_at, state)
       select ?1, value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7,
         'planned'
       from jsonb_each(?2) n where not exists (
         select 1 from recovery_archives a where a.recovery = ?1 and a.archive_id = n.value ->> 1
           and a.range_first is (n.value ->> 2))`,
      [recovery, batch],
    );
  }
}

/** In the order in which they were added; of one role, or all. */
export async function recoveryArchives(
  db: Reader,
  recovery: RecoveryKey,
  role?: RecoveryRole,
): Promise<readonly RecoveryArchiveRow[]> {
  const rows = await db.rows(
    'select * from recovery_archives where recovery = ?1 and (?2 is null or role = ?2) order by id',
    [recovery, role ?? null],
  );
  return rows.map((row) => {
    const first = intOrNull(row, 'range_first');
    const hash = textOrNull(row, 'tree_hash');
    return {
      id: int(row, 'id') as RecoveryArchiveKey,
      role: text(row, 'role') as RecoveryRole,
      archiveId: text(row, 'archive_id') as ArchiveId,
      range: first === null ? null : { first, end: int(row, 'range_end') },
      description: text(row, 'description'),
      size: int(row, 'size'),
      treeHash: hash === null ? null : Buffer.from(hash, 'hex'),
      createdAt: int(row, 'created_at'),
      state: text(row, 'state') as RecoveryState,
      job: intOrNull(row, 'job') as VaultJobKey | null,
      error: textOrNull(row, 'error'),
    };
  });
}

export async function updateRecoveryArchive(
  tx: Tx,
  id: RecoveryArchiveKey,
  change: {
    readonly state?: RecoveryState;
    readonly job?: VaultJobKey | null;
    readonly error?: string;
    readonly size?: number;
  },
): Promise<void> {
  const set = assignments({ state: change.state, job: change.job, error: change.error, size: change.size });
  if (set !== null) await tx.run(`update recovery_archives set ${set.sql} where id = ?`, [...set.values, id]);
}

function recoveryRow(row: Row): RecoveryRow {
  const json = (column: string): unknown => (textOrNull(row, column) === null ? null : parsed(row, column));
  return {
    id: int(row, 'id') as RecoveryKey,
    uid: text(row, 'uid'),
    target: int(row, 'target') as TargetId,
    wanted: parsed(row, 'wanted') as RecoveryWanted,
    step: text(row, 'step') as RecoveryStep,
    listing: json('listing') as RecoveryListing | null,
    estimate: parsed(row, 'estimate') as Estimate,
    waits: int(row, 'waits'),
    result: json('result') as RecoveryResult | null,
    createdAt: int(row, 'created_at'),
    endedAt: intOrNull(row, 'ended_at'),
    outcome: textOrNull(row, 'outcome') as RecoveryOutcome | null,
    failure: json('failure') as Failure | null,
  };
}
