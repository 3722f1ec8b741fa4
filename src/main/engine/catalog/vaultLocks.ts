/** Ids of vault locks under test. The service shows an id once, when the lock is started, and wants it at completion. */
import { int, text } from './columns.ts';
import type { Reader, Tx } from './db.ts';

export interface VaultLock {
  readonly lockId: string;
  readonly startedAt: number;
  readonly expiresAt: number;
}

/** Keeps the lock of a vault, in place of one kept earlier: a vault has one at most. */
export async function keepLock(tx: Tx, service: string, vault: string, lock: VaultLock): Promise<void> {
  await tx.run(
    'insert or replace into vault_locks (service, vault, lock_id, started_at, expires_at) values (?, ?, ?, ?, ?)',
    [service, vault, lock.lockId, lock.startedAt, lock.expiresAt],
  );
}

export async function findLock(db: Reader, service: string, vault: string): Promise<VaultLock | undefined> {
  const row = await db.row('select * from vault_locks where service = ? and vault = ?', [service, vault]);
  return (
    row && {
      lockId: text(row, 'lock_id'),
      startedAt: int(row, 'started_at'),
      expiresAt: int(row, 'expires_at'),
    }
  );
}

/** Only one with this id where `lockId` is given. No error when there is none. */
export async function forgetLock(tx: Tx, service: string, vault: string, lockId?: string): Promise<void> {
  await tx.run('delete from vault_locks where service = ?1 and vault = ?2 and (?3 is null or lock_id = ?3)', [
    service,
    vault,
    lockId ?? null,
  ]);
}
