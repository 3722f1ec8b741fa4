/**
 * What an archive says of itself in a listing (docs/format.md §1): enough to know a pack or a key slots file, and to
 * tell manifests from data with the key, without fetching anything.
 */
import { gcmOpen, gcmSeal, NONCE_BYTES, prepareKey, randomBytes, TAG_BYTES } from '../crypto.ts';
import type { KeySet } from '../keys/masterKey.ts';
import { damaged } from './damaged.ts';
import { kindNumber, kindOfNumber, type PackKind } from './trailer.ts';

const FIELD_BYTES = 24;
const SEALED_BYTES = NONCE_BYTES + FIELD_BYTES + TAG_BYTES;
const VERSION = 1;

export interface PackDescription {
  /** 32 hex digits. */
  readonly packId: string;
  readonly kind: PackKind;
  readonly keyEpoch: number;
  /**
   * Of a manifest: which snapshot of its writer it is, from 1. Of a catalog copy: the newest of its writer's snapshots
   * that it holds. Else 0.
   */
  readonly epoch: number;
  /** Of a manifest and a catalog copy: tells their writer from others, see `writerTag`. Else 0. */
  readonly writerTag: number;
  /** Epoch milliseconds. */
  readonly createdAt: number;
}

export type ParsedDescription =
  | { readonly kind: 'pack'; readonly packId: string; readonly sealed: Buffer }
  | { readonly kind: 'slots'; readonly generation: number };

/** The description of a pack: 106 ASCII characters, different each time. */
export function sealDescription(keys: KeySet, described: PackDescription): string {
  const fields = Buffer.alloc(FIELD_BYTES);
  fields.writeUInt8(VERSION, 0);
  fields.writeUInt8(kindNumber(described.kind), 1);
  fields.writeUInt16LE(described.writerTag, 2);
  fields.writeUInt32LE(described.keyEpoch, 4);
  fields.writeBigUInt64LE(BigInt(described.epoch), 8);
  fields.writeBigUInt64LE(BigInt(described.createdAt), 16);
  const nonce = randomBytes(NONCE_BYTES);
  const { ciphertext, tag } = gcmSeal(prepareKey(keys.desc), nonce, Buffer.from(described.packId), fields);
  return `a1.${described.packId}.${Buffer.concat([nonce, ciphertext, tag]).toString('base64url')}`;
}

/** 16 bits of a writer's id (16 bytes): whose record an archive is, without fetching it. */
export function writerTag(writer: Buffer): number {
  return writer.readUInt16LE(0);
}

export function describeKeySlots(generation: number): string {
  return `k1.${generation}`;
}

/** Takes a description apart; null for archives that are not ours. Needs no key and proves nothing. */
export function parseDescription(text: string): ParsedDescription | null {
  const pack = /^a1\.([0-9a-f]{32})\.([A-Za-z0-9_-]+)$/.exec(text);
  if (pack !== null) {
    const [, packId = '', spelled = ''] = pack;
    const sealed = Buffer.from(spelled, 'base64url');
    const fits = sealed.length === SEALED_BYTES && sealed.toString('base64url') === spelled;
    return fits ? { kind: 'pack', packId, sealed } : null;
  }
  const generation = Number(/^k1\.([1-9][0-9]{0,9})$/.exec(text)?.[1] ?? 0);
  return generation === 0 ? null : { kind: 'slots', generation };
}

/**
 * Opens the sealed part; null when it was not sealed with these keys or is damaged.
 * @throws EngineError `corrupt` when it was, but makes no sense
 */
export function openDescription(
  keys: KeySet,
  parsed: ParsedDescription & { readonly kind: 'pack' },
): PackDescription | null {
  const { packId, sealed } = parsed;
  const nonce = sealed.subarray(0, NONCE_BYTES);
  const ciphertext = sealed.subarray(NONCE_BYTES, NONCE_BYTES + FIELD_BYTES);
  const tag = sealed.subarray(NONCE_BYTES + FIELD_BYTES);
  const fields = gcmOpen(prepareKey(keys.desc), nonce, Buffer.from(packId), ciphertext, tag);
  if (fields === null) return null;
  const kind = kindOfNumber(fields.readUInt8(1));
  const keyEpoch = fields.readUInt32LE(4);
  const epoch = Number(fields.readBigUInt64LE(8));
  const createdAt = Number(fields.readBigUInt64LE(16));
  const exact = Number.isSafeInteger(epoch) && Number.isSafeInteger(createdAt);
  const writerTag = fields.readUInt16LE(2);
  if (
    fields.readUInt8(0) !== VERSION ||
    kind === undefined ||
    !exact ||
    (kind === 'data' && writerTag !== 0)
  ) {
    throw damaged(`The description of pack ${packId} makes no sense`);
  }
  return { packId, kind, keyEpoch, epoch, writerTag, createdAt };
}
