/** Errands: work at vaults that outlives the request for it. What is needed to carry one on after a kill stands here. */
import type { ErrandKind, ErrandOutcome, ErrandStep } from '../../../shared/archiveTypes.ts';
import type { Failure } from '../../../shared/failure.ts';
import type { ServiceAt } from '../../../shared/names.ts';
import type { Estimate } from '../../../shared/types.ts';
import { assignments, blobOrNull, int, intOrNull, parsed, text, textOrNull } from './columns.ts';
import type { Reader, Row, Tx } from './db.ts';
import type { ErrandKey } from './ids.ts';

export interface NewErrand {
  /** 32 hex digits. */
  readonly uid: string;
  readonly kind: ErrandKind;
  readonly service: string;
  readonly place: ServiceAt;
  readonly vault: string;
  /** What was asked for; of its kind's own type. The same wish is the same text while it is open. */
  readonly wanted: unknown;
  readonly step: ErrandStep;
  /** How far it is; of its kind's own type. */
  readonly progress: unknown;
  readonly estimate: Estimate;
  readonly createdAt: number;
}

export interface ErrandRow extends NewErrand {
  readonly id: ErrandKey;
  /** Bytes its kind has to remember. */
  readonly notes: Buffer | null;
  readonly endedAt: number | null;
  readonly outcome: ErrandOutcome | null;
  /** What keeps it from going on, or why it ended. */
  readonly failure: Failure | null;
}

export interface ErrandChange {
  readonly step?: ErrandStep;
  readonly progress?: unknown;
  readonly notes?: Buffer | null;
  readonly endedAt?: number;
  readonly outcome?: ErrandOutcome;
  readonly failure?: Failure | null;
}

/** Adds an errand; one that is open for the same wish is found instead. */
export async function addErrand(
  tx: Tx,
  errand: NewErrand,
): Promise<{ readonly row: ErrandRow; readonly isNew: boolean }> {
  const wanted = JSON.stringify(errand.wanted);
  const { changes } = await tx.run(
    `insert into errands (uid, kind, service, place, vault, wanted, step, progress, estimate, created_at)
     values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict do nothing`,
    [
      errand.uid,
      errand.kind,
      errand.service,
      JSON.stringify(errand.place),
      errand.vault,
      wanted,
      errand.step,
      JSON.stringify(errand.progress),
      JSON.stringify(errand.estimate),
      errand.createdAt,
    ],
  );
  const row = await tx.row(
    'select * from errands where kind = ? and service = ? and vault = ? and wanted = ? and ended_at is null',
    [errand.kind, errand.service, errand.vault, wanted],
  );
  if (row === undefined) throw new RangeError('an errand’s id was used before');
  return { row: errandRow(row), isNew: changes === 1 };
}

/** The newest for the same wish, ended or not. */
export async function lastErrand(
  db: Reader,
  { kind, service, vault, wanted }: Pick<NewErrand, 'kind' | 'service' | 'vault' | 'wanted'>,
): Promise<ErrandRow | undefined> {
  const row = await db.row(
    'select * from errands where kind = ? and service = ? and vault = ? and wanted = ? order by id desc limit 1',
    [kind, service, vault, JSON.stringify(wanted)],
  );
  return row && errandRow(row);
}

/** Changes what is named, nothing else. `endedAt` belongs with an outcome. */
export async function updateErrand(tx: Tx, id: ErrandKey, change: ErrandChange): Promise<void> {
  const set = assignments({
    step: change.step,
    progress: change.progress === undefined ? undefined : JSON.stringify(change.progress),
    notes: change.notes,
    ended_at: change.endedAt,
    outcome: change.outcome,
    failure: change.failure === undefined ? undefined : change.failure && JSON.stringify(change.failure),
  });
  if (set !== null) await tx.run(`update errands set ${set.sql} where id = ?`, [...set.values, id]);
}

export async function getErrand(db: Reader, id: ErrandKey): Promise<ErrandRow | undefined> {
  const row = await db.row('select * from errands where id = ?', [id]);
  return row && errandRow(row);
}

/** Those whose uid begins with `prefix` (hex digits), at most 10: more than one is ambiguous. */
export async function findErrands(db: Reader, prefix: string): Promise<readonly ErrandRow[]> {
  const rows = await db.rows(
    "select * from errands where uid >= ?1 and uid < ?1 || 'g' order by id limit 10",
    [prefix],
  );
  return rows.map(errandRow);
}

/** Newest first. */
export async function listErrands(db: Reader, kind?: ErrandKind): Promise<readonly ErrandRow[]> {
  const rows = await db.rows('select * from errands where ?1 is null or kind = ?1 order by id desc', [
    kind ?? null,
  ]);
  return rows.map(errandRow);
}

/** Those that have not ended, oldest first. */
export async function openErrands(db: Reader, kind?: ErrandKind): Promise<readonly ErrandRow[]> {
  const rows = await db.rows(
    'select * from errands where ended_at is null and (?1 is null or kind = ?1) order by id',
    [kind ?? null],
  );
  return rows.map(errandRow);
}

function errandRow(row: Row): ErrandRow {
  return {
    id: int(row, 'id') as ErrandKey,
    uid: text(row, 'uid'),
    kind: text(row, 'kind') as ErrandKind,
    service: text(row, 'service'),
    place: parsed(row, 'place') as ServiceAt,
    vault: text(row, 'vault'),
    wanted: parsed(row, 'wanted'),
    step: text(row, 'step') as ErrandStep,
    progress: parsed(row, 'progress'),
    notes: blobOrNull(row, 'notes'),
    estimate: parsed(row, 'estimate') as Estimate,
    createdAt: int(row, 'created_at'),
    endedAt: intOrNull(row, 'ended_at'),
    outcome: textOrNull(row, 'outcome') as ErrandOutcome | null,
    failure: textOrNull(row, 'failure') === null ? null : (parsed(row, 'failure') as Failure),
  };
}
