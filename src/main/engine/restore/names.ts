/**
 * Names from a snapshot as names on the disk they are restored to.
 *
 * A name comes from another system, perhaps from somebody hostile. What could lead out of its folder (`..`, a slash, NUL)
 * is refused; what this system merely cannot hold is escaped, one byte as `%` and two capital hex digits, so that it can
 * be told apart and turned back. A `%` that already stands before two such digits is escaped too; any other stays.
 * All three systems' rules are pure and run anywhere.
 */
import { EngineError } from '../failure.ts';

export type NameRules = 'linux' | 'darwin' | 'win32';

const SLASH = 0x2f;
const PERCENT = 0x25;
/** Longest name: bytes on Linux, UTF-16 units elsewhere. */
const LONGEST_NAME = 255;

/** Rules for the system this runs on; those of Linux hold for other Unixes. */
export function ownNameRules(): NameRules {
  return process.platform === 'win32' || process.platform === 'darwin' ? process.platform : 'linux';
}

/**
 * The name to use on disk; other bytes than `name` only if it had to be escaped.
 * @throws EngineError `unsupported` when it is no single name on any system, or too long for this one
 */
export function nameOnDisk(name: Buffer, rules: NameRules): Buffer {
  if (name.length === 0 || name.equals(Buffer.from('.')) || name.equals(Buffer.from('..'))) {
    throw refused(name, 'it is not the name of anything inside a folder');
  }
  if (name.includes(SLASH) || name.includes(0)) throw refused(name, 'it is more than one name');
  const escaped = rules === 'linux' ? name : escape(name, rules);
  const length = rules === 'linux' ? escaped.length : escaped.toString('utf8').length;
  if (length > LONGEST_NAME) throw refused(name, 'it is too long for this system');
  return escaped;
}

/** The inverse of `nameOnDisk` for the same rules. */
export function nameInSnapshot(onDisk: Buffer, rules: NameRules): Buffer {
  if (rules === 'linux') return onDisk;
  const bytes: number[] = [];
  for (let at = 0; at < onDisk.length; at++) {
    if (isEscape(onDisk, at)) {
      bytes.push(parseInt(onDisk.toString('latin1', at + 1, at + 3), 16));
      at += 2;
    } else bytes.push(onDisk[at] ?? 0);
  }
  return Buffer.from(bytes);
}

/** A name beside one that is taken: `name (conflict 2)`. Cut where it would get too long, never inside a character. */
export function conflictName(name: Buffer, number: number): Buffer {
  const suffix = Buffer.from(` (conflict ${number})`);
  let end = Math.min(name.length, LONGEST_NAME - suffix.length);
  while (end < name.length && end > 0 && ((name[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return Buffer.concat([name.subarray(0, end), suffix]);
}

function escape(name: Buffer, rules: 'darwin' | 'win32'): Buffer {
  const marked = new Uint8Array(name.length);
  markBrokenText(name, marked);
  if (rules === 'win32') markForWindows(name, marked);
  for (let at = 0; at < name.length; at++) if (isEscape(name, at)) marked[at] = 1;
  if (!marked.includes(1)) return name;
  const pieces = Array.from(name, (byte, at) => (marked[at] === 1 ? escapeOf(byte) : Buffer.of(byte)));
  return Buffer.concat(pieces);
}

function escapeOf(byte: number): Buffer {
  return Buffer.from(`%${byte.toString(16).toUpperCase().padStart(2, '0')}`);
}

function isEscape(name: Buffer, at: number): boolean {
  return name[at] === PERCENT && /^[0-9A-F]{2}$/.test(name.toString('latin1', at + 1, at + 3));
}

/** Marks bytes that are no part of valid UTF-8. */
function markBrokenText(name: Buffer, marked: Uint8Array): void {
  for (let at = 0; at < name.length;) {
    const length = characterBytes(name, at);
    if (length === 0) marked[at] = 1;
    at += Math.max(1, length);
  }
}

/** Bytes of the character that begins here; 0 if none does. The decoder is strict: no surrogates, no long forms. */
function characterBytes(name: Buffer, at: number): number {
  const first = name[at] ?? 0;
  const length =
    first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
  const character = name.subarray(at, at + length);
  if (character.length < length) return 0;
  return Buffer.from(character.toString('utf8')).equals(character) ? length : 0;
}

const DEVICE =
  /^(con|prn|aux|nul|com[0-9\u00b9\u00b2\u00b3]|lpt[0-9\u00b9\u00b2\u00b3]|conin\$|conout\$) *(\.|:|$)/i;
const NOT_IN_WINDOWS = new Set(Buffer.from('<>:"|?*\\'));

/** Characters that Windows gives a meaning, names of devices with or without an ending, a dot or space at the end. */
function markForWindows(name: Buffer, marked: Uint8Array): void {
  for (const [at, byte] of name.entries()) if (byte < 0x20 || NOT_IN_WINDOWS.has(byte)) marked[at] = 1;
  if (DEVICE.test(name.toString('utf8'))) marked[0] = 1;
  const last = name.at(-1);
  if (last === 0x2e || last === 0x20) marked[name.length - 1] = 1;
}

function refused(name: Buffer, why: string): EngineError {
  return new EngineError(
    'unsupported',
    `The name ${JSON.stringify(name.toString('utf8'))} cannot be restored: ${why}.`,
    'Restore it on the system it came from, or leave it out.',
    { safe: 'Nothing was written for it; everything else is restored.' },
  );
}
