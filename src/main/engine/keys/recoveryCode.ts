/**
 * The recovery code: 256 random bits that open the key slots of kind `code`, spelled for paper (docs/format.md §2).
 *
 * Fourteen groups of four characters of Crockford's base 32, which has no I, L, O and U: 256 bits, then 24 bits of a
 * checksum, so that a slip of the pen is told from a code that opens nothing.
 */
import { KEY_BYTES, randomBytes, sha256 } from '../crypto.ts';

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const BITS = 5;
const CHECK_BYTES = 3;
const CHARACTERS = ((KEY_BYTES + CHECK_BYTES) * 8) / BITS;
const GROUP = 4;

/** Groups of a code as it is written. */
export const CODE_GROUPS = CHARACTERS / GROUP;

export function createRecoveryCode(): Buffer {
  return randomBytes(KEY_BYTES);
}

/** @param code 32 bytes */
export function spellRecoveryCode(code: Buffer): string {
  const bytes = Buffer.concat([code, checksum(code)]);
  let letters = '';
  let held = 0;
  let bits = 0;
  for (const byte of bytes) {
    held = (held << 8) | byte;
    bits += 8;
    while (bits >= BITS) {
      bits -= BITS;
      letters += ALPHABET.charAt((held >> bits) & 31);
    }
    held &= (1 << bits) - 1;
  }
  return (letters.match(/.{4}/g) ?? []).join('-');
}

export type ReadCode =
  | { readonly kind: 'code'; readonly code: Buffer }
  /** It has the length of a code, but its checksum says that something in it was misread. */
  | { readonly kind: 'misread' }
  | { readonly kind: 'none' };

/** Reads what was typed: in any case, with or without spaces and hyphens, I and L for 1, O for 0. */
export function readRecoveryCode(typed: string): ReadCode {
  const letters = plainLetters(typed);
  if (letters.length !== CHARACTERS) return { kind: 'none' };
  const bytes = Buffer.alloc(KEY_BYTES + CHECK_BYTES);
  let held = 0;
  let bits = 0;
  let at = 0;
  for (const letter of letters) {
    const value = ALPHABET.indexOf(letter);
    if (value < 0) return { kind: 'none' };
    held = (held << BITS) | value;
    bits += BITS;
    if (bits < 8) continue;
    bits -= 8;
    bytes[at++] = held >> bits;
    held &= (1 << bits) - 1;
  }
  const code = bytes.subarray(0, KEY_BYTES);
  return checksum(code).equals(bytes.subarray(KEY_BYTES)) ? { kind: 'code', code } : { kind: 'misread' };
}

/** Whether a group was typed as it stands in the code; `group` counts from 1. */
export function isGroup(code: Buffer, group: number, typed: string): boolean {
  return spellRecoveryCode(code).split('-')[group - 1] === plainLetters(typed);
}

function plainLetters(typed: string): string {
  return typed.toUpperCase().replace(/[\s-]/g, '').replace(/[IL]/g, '1').replace(/O/g, '0');
}

function checksum(code: Buffer): Buffer {
  return sha256(Buffer.from('permafrost/code/v1'), code).subarray(0, CHECK_BYTES);
}
