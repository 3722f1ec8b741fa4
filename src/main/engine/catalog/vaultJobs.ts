/**
 * Jobs that were started from here at a vault beyond those of orders: archives and inventories that a person asked for.
 *
 * `planned` (written down, perhaps started) -> `requested` (the service has it) -> `ready` (it can be read); `over`
 * when its output has expired or is not wanted any more, `failed` when the service gave up or refused. While a job is
 * in one of the first three there is no second one for the same thing: the table's index sees to that.
 */
import type { JobId } from '../target/target.ts';
import { assignments, int, text, textOrNull } from './columns.ts';
import type { Reader, Row, Tx } from './db.ts';
import type { VaultJobKey } from './ids.ts';

export type VaultJobState = 'planned' | 'requested' | 'ready' | 'over' | 'failed';

export interface NewVaultJob {
  readonly service: string;
  readonly vault: string;
  /** What is asked for, spelled so that the same is always the same text. */
  readonly asked: string;
  /** Goes into the job, so that it can be found again when the answer to its start is lost. Unique. */
  readonly description: string;
  readonly createdAt: number;
}

export interface VaultJobRow extends NewVaultJob {
  readonly id: VaultJobKey;
  readonly state: VaultJobState;
  readonly jobId: JobId | null;
  readonly error: string | null;
}

/** Adds a job in state `planned`, or finds the one that is there for the same thing and may still bring it. */
export async function planVaultJob(tx: Tx, job: NewVaultJob): Promise<VaultJobRow> {
  const { service, vault, asked, description, createdAt } = job;
  await tx.run(
    `insert into vault_jobs (service, vault, asked, description, state, created_at)
     values (?, ?, ?, ?, 'planned', ?) on conflict do nothing`,
    [service, vault, asked, description, createdAt],
  );
  const row = await tx.row(
    `select * from vault_jobs where service = ? and vault = ? and asked = ?
       and state in ('planned', 'requested', 'ready')`,
    [service, vault, asked],
  );
  if (row === undefined) throw new RangeError('a vault job’s description was used before');
  return vaultJobRow(row);
}

export async function getVaultJob(db: Reader, id: VaultJobKey): Promise<VaultJobRow | undefined> {
  const row = await db.row('select * from vault_jobs where id = ?', [id]);
  return row && vaultJobRow(row);
}

/** Changes what is named, nothing else. */
export async function updateVaultJob(
  tx: Tx,
  id: VaultJobKey,
  change: { readonly state?: VaultJobState; readonly jobId?: JobId; readonly error?: string },
): Promise<void> {
  const set = assignments({ state: change.state, job_id: change.jobId, error: change.error });
  if (set !== null) await tx.run(`update vault_jobs set ${set.sql} where id = ?`, [...set.values, id]);
}

/** Which of these jobs this profile has started, for orders or otherwise. */
export async function ownJobs(db: Reader, jobs: readonly JobId[]): Promise<ReadonlySet<string>> {
  const rows = await db.rows(
    `select value id from json_each(?) where value in
       (select job_id from vault_jobs union all select job_id from retrievals)`,
    [JSON.stringify(jobs)],
  );
  return new Set(rows.map((row) => text(row, 'id')));
}

function vaultJobRow(row: Row): VaultJobRow {
  return {
    id: int(row, 'id') as VaultJobKey,
    service: text(row, 'service'),
    vault: text(row, 'vault'),
    asked: text(row, 'asked'),
    description: text(row, 'description'),
    createdAt: int(row, 'created_at'),
    state: text(row, 'state') as VaultJobState,
    jobId: textOrNull(row, 'job_id') as JobId | null,
    error: textOrNull(row, 'error'),
  };
}
