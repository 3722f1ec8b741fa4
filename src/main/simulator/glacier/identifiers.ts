/** Names, ids and times in the forms the vault service shows them. */
import { randomBytes, randomInt } from 'node:crypto';

export const HOUR = 60 * 60 * 1000;

export function newArchiveId(): string {
  return randomId(138);
}

export function newUploadId(): string {
  return randomId(92);
}

export function newJobId(): string {
  return randomId(92);
}

export function newLockId(): string {
  return randomId(24);
}

export function newCapacityId(): string {
  return randomId(24);
}

/** One in eight starts with a hyphen: real ids do now and then, and command lines stumble over it. */
function randomId(length: number): string {
  const id = randomBytes(length).toString('base64url').slice(0, length);
  return randomInt(8) === 0 ? `-${id.slice(1)}` : id;
}

/** `2012-05-15T17:21:39.339Z`, as vaults, uploads and jobs show times. */
export function isoMillis(ms: number): string {
  return new Date(ms).toISOString();
}

/** `2013-11-06T02:51:29Z`, as inventories show times. */
export function isoSeconds(ms: number): string {
  return isoMillis(ms).replace(/\.\d{3}Z$/, 'Z');
}

export function isVaultName(name: string): boolean {
  return /^[\w.-]{1,255}$/.test(name);
}
