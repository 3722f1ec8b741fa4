/** Names, ids and times in the forms S3 shows them. */
import { randomBytes } from 'node:crypto';

export const HOUR = 60 * 60 * 1000;
export const DAY = 24 * HOUR;

/** The version of an object that was written while its bucket kept no versions. */
export const NULL_VERSION = 'null';

export function newVersionId(): string {
  return randomBytes(24).toString('base64url').replaceAll('-', '.');
}

export function newUploadId(): string {
  return randomBytes(96).toString('base64url').replaceAll('-', '.');
}

/** Told with every answer. */
export function newRequestId(): string {
  return randomBytes(8).toString('hex').toUpperCase();
}

/** `2012-05-15T17:21:39.000Z`: S3 has the form of milliseconds but counts seconds. */
export function isoSeconds(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d{3}Z$/, '.000Z');
}

/** Lower-case names of 3 to 63 characters that could be a host's, and are not an address. */
export function isBucketName(name: string): boolean {
  return (
    /^[a-z\d][a-z\d.-]{1,61}[a-z\d]$/.test(name) &&
    !/\.\.|\.-|-\./.test(name) &&
    !/^\d+\.\d+\.\d+\.\d+$/.test(name)
  );
}
