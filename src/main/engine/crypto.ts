/**
 * Keys, ciphers and hashes of the engine, in one place.
 *
 * The desktop host runs on BoringSSL, tests and the command line on OpenSSL. Only what both have is used: AES-256-GCM,
 * SHA-256, HMAC and HKDF over SHA-256. (Argon2id is OpenSSL's where there is one, else a package's: see keys/argon2.ts.)
 */
import * as crypto from 'node:crypto';
import { noteGarbage } from './garbage.ts';

/** Bytes of every key, digest and chunk id. */
export const KEY_BYTES = 32;
export const NONCE_BYTES = 12;
export const TAG_BYTES = 16;

/** A key prepared once for many calls: four times as fast on small inputs as handing in its bytes each time. */
export type PreparedKey = crypto.KeyObject;

export function randomBytes(count: number): Buffer {
  return crypto.randomBytes(count);
}

export function prepareKey(key: Uint8Array): PreparedKey {
  return crypto.createSecretKey(key);
}

/** HKDF-SHA256 (RFC 5869); an empty salt where none is named. */
export function hkdf(key: Uint8Array, salt: Uint8Array, info: Uint8Array, length: number): Buffer {
  return Buffer.from(crypto.hkdfSync('sha256', key, salt, info, length));
}

export function hmac(key: PreparedKey, bytes: Uint8Array): Buffer {
  return crypto.createHmac('sha256', key).update(bytes).digest();
}

export interface Argon2Input {
  readonly password: string;
  readonly salt: Uint8Array;
  readonly memoryKiB: number;
  readonly passes: number;
  readonly lanes: number;
  /** Bytes of the result. */
  readonly length: number;
}

/** Argon2id, version 0x13, in libuv's pool; undefined where this runtime has none (Node before 24.7, Electron). */
export const opensslArgon2id = argon2Of(crypto);

function argon2Of({ argon2 }: Partial<Pick<typeof crypto, 'argon2'>>) {
  if (argon2 === undefined) return undefined;
  return ({ password, salt, memoryKiB, passes, lanes, length }: Argon2Input): Promise<Buffer> =>
    new Promise((resolve, reject) => {
      const cost = { memory: memoryKiB, passes, parallelism: lanes, tagLength: length };
      argon2('argon2id', { message: password, nonce: salt, ...cost }, (error, key) => {
        if (error === null) resolve(key);
        else reject(error);
      });
    });
}

/** SHA-256 of all pieces joined. */
export function sha256(...pieces: readonly Uint8Array[]): Buffer {
  // In one call it takes half as long, which is what counts for small pieces.
  const [only] = pieces;
  if (only !== undefined && pieces.length === 1) return crypto.hash('sha256', only, 'buffer');
  const hash = crypto.createHash('sha256');
  for (const piece of pieces) hash.update(piece);
  return hash.digest();
}

/** SHA-256 of bytes that come bit by bit. */
export function startSha256(): { update(bytes: Uint8Array): void; digest(): Buffer } {
  const hash = crypto.createHash('sha256');
  return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest() };
}

/** Whether two secrets or digests are equal, in time that does not tell where they differ. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && crypto.timingSafeEqual(a, b);
}

export interface Sealed {
  /** As long as the plaintext; a buffer of its own. */
  readonly ciphertext: Buffer;
  readonly tag: Buffer;
}

/** AES-256-GCM. The caller answers for never using a nonce twice under one key. */
export function gcmSeal(
  key: PreparedKey,
  nonce: Uint8Array,
  associated: Uint8Array,
  plaintext: Uint8Array,
): Sealed {
  const cipher = crypto.createCipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(associated);
  const ciphertext = cipher.update(plaintext);
  noteGarbage(ciphertext.length);
  cipher.final(); // of a counter mode: no bytes
  return { ciphertext, tag: cipher.getAuthTag() };
}

/** The plaintext, or null when key, nonce, associated data, ciphertext and tag do not belong together. */
export function gcmOpen(
  key: PreparedKey,
  nonce: Uint8Array,
  associated: Uint8Array,
  ciphertext: Uint8Array,
  tag: Uint8Array,
): Buffer | null {
  if (tag.length !== TAG_BYTES) return null;
  const decipher = crypto.createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(associated);
  decipher.setAuthTag(tag);
  const plaintext = decipher.update(ciphertext);
  noteGarbage(plaintext.length);
  try {
    decipher.final();
    return plaintext;
  } catch {
    return null;
  }
}
