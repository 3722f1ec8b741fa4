/**
 * The master key and what is derived from it (docs/format.md §2).
 *
 * One secret of 32 random bytes per key epoch; every other key comes from it by HKDF with a label of its own, so that
 * no key does two jobs. What is sealed says its epoch, not its key.
 */
import { hkdf, KEY_BYTES, randomBytes } from '../crypto.ts';

export interface MasterKey {
  /** From 1; grows when a leak makes a new key necessary. */
  readonly epoch: number;
  /** 32 bytes. */
  readonly key: Buffer;
}

/** The keys of one epoch, 32 bytes each. Plain data: it can be posted to a worker (see `reviveKeys`). */
export interface KeySet {
  readonly epoch: number;
  /** Seals packs, through a key per pack. */
  readonly pack: Buffer;
  /** Names chunks. */
  readonly id: Buffer;
  /** Decides where files are cut. */
  readonly cdc: Buffer;
  /** Seals archive descriptions. */
  readonly desc: Buffer;
  /** Authenticates the head file. */
  readonly head: Buffer;
  /** Seals the recovery code, so that its kit can be printed again. */
  readonly kit: Buffer;
}

export function createMasterKey(epoch = 1): MasterKey {
  return { epoch, key: randomBytes(KEY_BYTES) };
}

export function deriveKeys(master: MasterKey): KeySet {
  if (master.key.length !== KEY_BYTES) throw new RangeError('a master key has 32 bytes');
  const subkey = (label: string) =>
    hkdf(master.key, Buffer.alloc(0), Buffer.from(`permafrost/v1/${label}`), KEY_BYTES);
  return {
    epoch: master.epoch,
    pack: subkey('pack'),
    id: subkey('id'),
    cdc: subkey('cdc'),
    desc: subkey('desc'),
    head: subkey('head'),
    kit: subkey('kit'),
  };
}

/** Makes a key set whole again that came through `postMessage`, which turns Buffers into bare arrays. */
export function reviveKeys(posted: KeySet): KeySet {
  return {
    epoch: posted.epoch,
    pack: Buffer.from(posted.pack),
    id: Buffer.from(posted.id),
    cdc: Buffer.from(posted.cdc),
    desc: Buffer.from(posted.desc),
    head: Buffer.from(posted.head),
    kit: Buffer.from(posted.kit),
  };
}
