/** Wrapping the master key under a passphrase, and getting it back (docs/format.md §2). */
import { gcmOpen, gcmSeal, KEY_BYTES, NONCE_BYTES, prepareKey, randomBytes, TAG_BYTES } from '../crypto.ts';
import { EngineError } from '../failure.ts';
import { argon2id } from './argon2.ts';
import type { MasterKey } from './masterKey.ts';
import { checkNewPassphrase, normalizePassphrase } from './passphrase.ts';
import type { KdfCost, KeySlot, KeySlots } from './slotFile.ts';

/**
 * About a second of work and 192 MiB for each guess. As much work as 256 MiB in three passes, in an engine that is to
 * stay below 350 MiB.
 */
export const defaultKdfCost: KdfCost = { memoryKiB: 196_608, passes: 4, lanes: 1 };

/**
 * Wraps `master` in a new slot. Takes `cost.memoryKiB` of memory while it works, in a thread of its own.
 * @param entropy where salt, nonce and id come from; only tests with fixed answers hand one in
 * @throws EngineError `invalid` for a passphrase that should not be used
 */
export async function sealSlot(
  master: MasterKey,
  passphrase: string,
  cost: KdfCost = defaultKdfCost,
  entropy: (count: number) => Buffer = randomBytes,
): Promise<KeySlot> {
  checkNewPassphrase(passphrase);
  const { epoch } = master;
  const bare = {
    id: entropy(16).toString('hex'),
    kind: 'passphrase',
    epoch,
    kdf: 'argon2id',
    ...cost,
  } as const;
  const named = { ...bare, salt: entropy(16), nonce: entropy(NONCE_BYTES) };
  const kek = await deriveKek(named, passphrase);
  const { ciphertext, tag } = gcmSeal(prepareKey(kek), named.nonce, associatedData(named), master.key);
  kek.fill(0);
  return { ...named, sealed: Buffer.concat([ciphertext, tag]) };
}

/**
 * Every master key that the passphrase opens, by epoch; one for each epoch.
 * The price of a try is that of each usable slot, one after the other.
 * @throws EngineError `corrupt` when there is no usable slot, `wrong-passphrase` when none opens
 */
export async function openSlots(file: KeySlots, passphrase: string): Promise<readonly MasterKey[]> {
  if (file.slots.length === 0) {
    throw new EngineError(
      'corrupt',
      'The key slots file holds no slot that can be used.',
      'Use another copy of it: every generation in the target opens, and so does the recovery kit.',
    );
  }
  const byEpoch = new Map<number, MasterKey>();
  for (const slot of file.slots) {
    if (byEpoch.has(slot.epoch)) continue;
    const key = await openSlot(slot, passphrase);
    if (key !== null) byEpoch.set(slot.epoch, { epoch: slot.epoch, key });
  }
  if (byEpoch.size === 0) {
    throw new EngineError(
      'wrong-passphrase',
      'That is not the passphrase.',
      'Try again; capitals and spaces count.',
    );
  }
  return [...byEpoch.values()].sort((a, b) => a.epoch - b.epoch);
}

async function openSlot(slot: KeySlot, passphrase: string): Promise<Buffer | null> {
  if (passphrase === '') return null; // never set, and Argon2id would refuse it with an error
  const kek = await deriveKek(slot, passphrase);
  const ciphertext = slot.sealed.subarray(0, KEY_BYTES);
  const tag = slot.sealed.subarray(KEY_BYTES, KEY_BYTES + TAG_BYTES);
  const key = gcmOpen(prepareKey(kek), slot.nonce, associatedData(slot), ciphertext, tag);
  kek.fill(0);
  return key;
}

async function deriveKek(slot: KdfCost & { readonly salt: Buffer }, passphrase: string): Promise<Uint8Array> {
  return argon2id({
    password: normalizePassphrase(passphrase),
    salt: slot.salt,
    memoryKiB: slot.memoryKiB,
    passes: slot.passes,
    lanes: slot.lanes,
    length: KEY_BYTES,
  });
}

/** Binds the numbers to the key: a slot whose cost was turned down does not open. */
function associatedData(slot: Omit<KeySlot, 'sealed' | 'nonce'>): Buffer {
  const { id, kind, epoch, kdf, memoryKiB, passes, lanes } = slot;
  const salt = slot.salt.toString('base64');
  return Buffer.from(
    `permafrost/slot/v1|${id}|${kind}|${epoch}|${kdf}|${memoryKiB}|${passes}|${lanes}|${salt}`,
  );
}
