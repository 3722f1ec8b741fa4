/**
 * Keys as docs/format.md §2 tells them: slots, master keys, subkeys, and the AES-GCM that seals everything.
 *
 * Like all of the stranger's reader this is written from the page and shares no code with the engine, so that
 * the page is enough and the two can be held against each other.
 */
import { createDecipheriv, hkdfSync } from 'node:crypto';
import { argon2id } from 'hash-wasm';

/** What is refused: damaged, cut short, forged, or not as the page says. */
export class Refused extends Error {}

export function demand(met: boolean, what: string): asserts met {
  if (!met) throw new Refused(what);
}

/** Master keys by key epoch. */
export type MasterKeys = ReadonlyMap<number, Buffer>;

type Label = 'pack' | 'id' | 'desc';

interface Slot {
  readonly id: string;
  readonly kind: string;
  readonly epoch: number;
  readonly kdf: string;
  readonly memoryKiB: number;
  readonly passes: number;
  readonly lanes: number;
  readonly salt: string;
  readonly nonce: string;
  readonly sealed: string;
}

export function hkdf(key: Buffer, salt: Buffer, info: Buffer, bytes: number): Buffer {
  return Buffer.from(hkdfSync('sha256', key, salt, info, bytes));
}

export function subkey(master: Buffer, label: Label): Buffer {
  return hkdf(master, Buffer.alloc(0), Buffer.from(`permafrost/v1/${label}`), 32);
}

export function unseal(key: Buffer, nonce: Buffer, sealed: Buffer, associated: Buffer, what: string): Buffer {
  demand(sealed.length >= 16, `${what} is too short`);
  const opener = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: 16 });
  opener.setAAD(associated).setAuthTag(sealed.subarray(-16));
  const plain = opener.update(sealed.subarray(0, -16));
  try {
    opener.final();
  } catch {
    throw new Refused(`${what} does not open`);
  }
  return plain;
}

/** Opens what the passphrase opens of one key slots archive; a slot it cannot read or open is skipped. */
export async function openSlots(archive: Buffer, passphrase: string): Promise<MasterKeys> {
  const masters = new Map<number, Buffer>();
  for (const slot of slotsOf(archive)) {
    const master = await openSlot(slot, passphrase).catch(() => null);
    if (master !== null) masters.set(slot.epoch, master);
  }
  return masters;
}

function slotsOf(archive: Buffer): readonly Slot[] {
  try {
    const file = JSON.parse(archive.toString()) as { format?: unknown; version?: unknown; slots?: Slot[] };
    return file.format === 'permafrost-keys' && file.version === 1 ? (file.slots ?? []) : [];
  } catch {
    return [];
  }
}

async function openSlot(slot: Slot, passphrase: string): Promise<Buffer> {
  const { id, kind, epoch, kdf, memoryKiB, passes, lanes, salt } = slot;
  demand(kind === 'passphrase' && kdf === 'argon2id', 'this kind of slot is not known');
  demand(within(memoryKiB, 65_536, 1_048_576), 'memoryKiB is out of bounds');
  demand(within(passes, 1, 10) && within(lanes, 1, 4), 'passes or lanes are out of bounds');
  const kek = await argon2id({
    password: passphrase.normalize('NFC'),
    salt: Buffer.from(salt, 'base64'),
    memorySize: memoryKiB,
    iterations: passes,
    parallelism: lanes,
    hashLength: 32,
    outputType: 'binary',
  });
  const bound = `permafrost/slot/v1|${id}|${kind}|${epoch}|${kdf}|${memoryKiB}|${passes}|${lanes}|${salt}`;
  const nonce = Buffer.from(slot.nonce, 'base64');
  const sealed = Buffer.from(slot.sealed, 'base64');
  demand(sealed.length === 48, 'a sealed master key has 48 bytes');
  return unseal(Buffer.from(kek), nonce, sealed, Buffer.from(bound), 'the slot');
}

function within(value: unknown, least: number, most: number): boolean {
  return Number.isInteger(value) && Number(value) >= least && Number(value) <= most;
}
