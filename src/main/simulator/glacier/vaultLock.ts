/**
 * InitiateVaultLock, CompleteVaultLock, AbortVaultLock, GetVaultLock.
 *
 * A lock is in progress for a day, in which its policy already acts and can be tried. Then it has been completed,
 * for good, or aborted, or it has lapsed as if it had never been; the last follows from its record and the clock.
 */
import { emptyReply, jsonReply, type Reply } from '../exchange.ts';
import { policyIn } from './accessPolicy.ts';
import { badValue, denied, notFound } from './errors.ts';
import { type Call, param, vaultArn, vaultOf } from './glacier.ts';
import { HOUR, isoMillis, newLockId } from './identifiers.ts';
import type { LockRecord, Vault } from './records.ts';
import { changeSettings } from './settings.ts';

const WINDOW_MS = 24 * HOUR;

/** The lock a vault has at `now`, in progress or completed. */
export function lockAt({ settings: { lock } }: Vault, now: number): LockRecord | null {
  return lock !== null && (lock.lockedAt !== null || now < lock.expiresAt) ? lock : null;
}

export async function initiateVaultLock(call: Call): Promise<Reply> {
  const vault = vaultOf(call);
  const policy = policyIn(call.body, 'lock');
  const now = call.glacier.clock.serviceNow();
  const lock = lockAt(vault, now);
  if (lock !== null) throw denied(`A vault lock is ${stateOf(lock)} already for: ${arnOf(call, vault)}`);
  const id = newLockId();
  await changeSettings(call, vault, {
    lock: { id, policy, createdAt: now, expiresAt: now + WINDOW_MS, lockedAt: null },
  });
  return emptyReply(201, { 'x-amz-lock-id': id });
}

/** Completing again with the same id is completing once. */
export async function completeVaultLock(call: Call): Promise<Reply> {
  const vault = vaultOf(call);
  const id = param(call, 'lock');
  const now = call.glacier.clock.serviceNow();
  const lock = lockAt(vault, now);
  if (lock === null) throw noLock(vault);
  if (lock.lockedAt !== null) {
    if (id !== lock.id) throw denied(`The vault is locked, with another lock ID: ${arnOf(call, vault)}`);
    return emptyReply(204);
  }
  if (id !== lock.id) throw badValue(`Invalid lock ID: ${id}`);
  await changeSettings(call, vault, { lock: { ...lock, lockedAt: now } });
  return emptyReply(204);
}

export async function abortVaultLock(call: Call): Promise<Reply> {
  const vault = vaultOf(call);
  const lock = lockAt(vault, call.glacier.clock.serviceNow());
  if (lock !== null && lock.lockedAt !== null)
    throw denied(`The vault is locked, which cannot be undone: ${arnOf(call, vault)}`);
  await changeSettings(call, vault, { lock: null });
  return emptyReply(204);
}

export function getVaultLock(call: Call): Reply {
  const vault = vaultOf(call);
  const lock = lockAt(vault, call.glacier.clock.serviceNow());
  if (lock === null) throw noLock(vault);
  return jsonReply(200, {
    Policy: lock.policy,
    State: stateOf(lock),
    ExpirationDate: lock.lockedAt === null ? isoMillis(lock.expiresAt) : null,
    CreationDate: isoMillis(lock.createdAt),
  });
}

function stateOf({ lockedAt }: LockRecord): 'InProgress' | 'Locked' {
  return lockedAt === null ? 'InProgress' : 'Locked';
}

function noLock({ record }: Vault): Error {
  return notFound(`No vault lock policy is set for: ${record.name}`);
}

function arnOf({ glacier }: Call, { record }: Vault): string {
  return vaultArn(glacier, record.name);
}
