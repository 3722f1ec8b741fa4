/** The 128 bytes in clear at the front of a pack, and the pack's own key (docs/format.md §4.2). */
import { equalBytes, hkdf, KEY_BYTES, prepareKey, type PreparedKey, randomBytes, sha256 } from '../crypto.ts';
import type { KeySet } from '../keys/masterKey.ts';
import { damaged } from './damaged.ts';

export const HEADER_BYTES = 128;

const MAGIC = Buffer.from('PFPACK\r\n');
const FORMAT = 1;
const SUITE = 1;
const NAMED_BYTES = 48;
const SALT_END = 80;
const COMMITMENT_END = 112;

/** What seals and opens the segments of one pack: its key, and the SHA-256 of its header as associated data. */
export interface PackSeal {
  readonly key: PreparedKey;
  readonly headerHash: Buffer;
}

export interface PackHeader {
  readonly keyEpoch: number;
  /** The installation that wrote the pack: 16 bytes. */
  readonly writer: Buffer;
  /** 32 hex digits. */
  readonly packId: string;
}

export interface NewHeader {
  readonly bytes: Buffer;
  readonly packId: string;
  readonly seal: PackSeal;
}

/**
 * The header of a new pack, with an id and a salt nobody had before, and so a key nobody had before.
 * @param writer 16 bytes
 * @param entropy where id and salt come from; only tests with fixed answers hand one in
 */
export function createHeader(
  keys: KeySet,
  writer: Buffer,
  entropy: (count: number) => Buffer = randomBytes,
): NewHeader {
  if (writer.length !== 16) throw new RangeError('a writer id has 16 bytes');
  const bytes = Buffer.alloc(HEADER_BYTES);
  MAGIC.copy(bytes, 0);
  bytes.writeUInt16LE(FORMAT, 8);
  bytes.writeUInt16LE(SUITE, 10);
  bytes.writeUInt32LE(keys.epoch, 12);
  writer.copy(bytes, 16);
  const packId = entropy(16);
  packId.copy(bytes, 32);
  entropy(32).copy(bytes, NAMED_BYTES);
  const { key, commitment } = derivePackKey(keys, bytes);
  commitment.copy(bytes, SALT_END);
  return { bytes, packId: packId.toString('hex'), seal: sealOf(key, bytes) };
}

/**
 * Reads a header without any key.
 * @throws EngineError `corrupt` when it is not one of format 1
 */
export function parseHeader(bytes: Buffer): PackHeader {
  if (bytes.length !== HEADER_BYTES) throw new RangeError('a header has 128 bytes');
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC)) throw damaged('This archive is not a Permafrost pack');
  const format = bytes.readUInt16LE(8);
  const suite = bytes.readUInt16LE(10);
  if (format !== FORMAT || suite !== SUITE) {
    throw damaged(`This pack has format ${format} and suite ${suite}, which this version does not know`);
  }
  if (!isZero(bytes.subarray(COMMITMENT_END))) throw damaged('The header of this pack is damaged');
  return {
    keyEpoch: bytes.readUInt32LE(12),
    writer: Buffer.from(bytes.subarray(16, 32)),
    packId: bytes.toString('hex', 32, NAMED_BYTES),
  };
}

/**
 * What opens the segments behind this header.
 * @throws EngineError `corrupt` when the keys are not the pack's or the header is damaged: one cannot tell which
 */
export function openHeader(
  bytes: Buffer,
  keys: KeySet,
): { readonly header: PackHeader; readonly seal: PackSeal } {
  const header = parseHeader(bytes);
  const { key, commitment } = derivePackKey(keys, bytes);
  if (keys.epoch !== header.keyEpoch || !equalBytes(commitment, bytes.subarray(SALT_END, COMMITMENT_END))) {
    throw damaged(`Pack ${header.packId} was sealed with another key, or its header is damaged`);
  }
  return { header, seal: sealOf(key, bytes) };
}

function derivePackKey(keys: KeySet, header: Buffer): { readonly key: Buffer; readonly commitment: Buffer } {
  const info = Buffer.concat([Buffer.from('pack/v1'), header.subarray(0, NAMED_BYTES)]);
  const both = hkdf(keys.pack, header.subarray(NAMED_BYTES, SALT_END), info, 2 * KEY_BYTES);
  return { key: both.subarray(0, KEY_BYTES), commitment: both.subarray(KEY_BYTES) };
}

function sealOf(key: Buffer, header: Buffer): PackSeal {
  return { key: prepareKey(key), headerHash: sha256(header) };
}

function isZero(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0);
}
