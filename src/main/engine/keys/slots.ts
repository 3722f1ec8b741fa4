/** Wrapping the master key under a passphrase or a recovery code, and getting it back (docs/format.md §2). */
import {
  gcmOpen,
  gcmSeal,
  hkdf,
  KEY_BYTES,
  NONCE_BYTES,
  prepareKey,
  randomBytes,
  TAG_BYTES,
} from '../crypto.ts';
import { EngineError } from '../failure.ts';
import { argon2id } from './argon2.ts';
import type { KeySet, MasterKey } from './masterKey.ts';
import { checkNewPassphrase, normalizePassphrase } from './passphrase.ts';
import { readRecoveryCode } from './recoveryCode.ts';
import type { CodeSlot, KdfCost, KeySlot, KeySlots, ParsedKeySlots, PassphraseSlot } from './slotFile.ts';

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
): Promise<PassphraseSlot> {
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
  return { ...named, sealed: wrap(kek, named, master.key) };
}

/** Wraps `master` in a slot that the recovery code opens, and the code in turn under `keys`, which are the master key's. */
export function sealCodeSlot(
  master: MasterKey,
  keys: KeySet,
  code: Buffer,
  entropy: (count: number) => Buffer = randomBytes,
): CodeSlot {
  const bare = { id: entropy(16).toString('hex'), kind: 'code', epoch: master.epoch, kdf: 'hkdf' } as const;
  const named = { ...bare, salt: entropy(16), nonce: entropy(NONCE_BYTES) };
  const codeNonce = entropy(NONCE_BYTES);
  const { ciphertext, tag } = gcmSeal(prepareKey(keys.kit), codeNonce, Buffer.from(named.id), code);
  const sealed = wrap(codeKek(code, named.salt), named, master.key);
  return { ...named, sealed, code: Buffer.concat([codeNonce, ciphertext, tag]) };
}

/** The recovery code that opens the slot; null when it was sealed with other keys. */
export function codeOf(slot: CodeSlot, keys: KeySet): Buffer | null {
  const end = NONCE_BYTES + KEY_BYTES;
  const [nonce, ciphertext, tag] = [
    slot.code.subarray(0, NONCE_BYTES),
    slot.code.subarray(NONCE_BYTES, end),
    slot.code.subarray(end),
  ];
  return gcmOpen(prepareKey(keys.kit), nonce, Buffer.from(slot.id), ciphertext, tag);
}

/**
 * Every master key that the passphrase or recovery code opens, by epoch; one for each epoch.
 * The price of a try is that of each usable slot, one after the other.
 * @throws EngineError `corrupt` when there is no usable slot, `wrong-passphrase` when none opens
 */
export async function openSlots(
  file: KeySlots & Partial<ParsedKeySlots>,
  secret: string,
): Promise<readonly MasterKey[]> {
  if (file.slots.length === 0) {
    throw new EngineError(
      'corrupt',
      'The key slots file holds no slot that can be used.',
      'Use another copy of it: every generation in the target opens, and so does the recovery kit.',
    );
  }
  const read = readRecoveryCode(secret);
  const code = read.kind === 'code' ? read.code : null;
  const byEpoch = new Map<number, MasterKey>();
  for (const slot of cheapestFirst(file.slots)) {
    if (byEpoch.has(slot.epoch)) continue;
    const key = await openSlot(slot, secret, code);
    if (key !== null) byEpoch.set(slot.epoch, { epoch: slot.epoch, key });
  }
  if (byEpoch.size === 0) throw doesNotOpen(read.kind, file.skipped ?? 0);
  return [...byEpoch.values()].sort((a, b) => a.epoch - b.epoch);
}

/** A code opens its slot at once: no passphrase has to be worked out for that. */
function cheapestFirst(slots: readonly KeySlot[]): readonly KeySlot[] {
  const isCode = ({ kind }: KeySlot): boolean => kind === 'code';
  return [...slots.filter(isCode), ...slots.filter((slot) => !isCode(slot))];
}

function doesNotOpen(read: 'code' | 'misread' | 'none', skipped: number): EngineError {
  const damaged =
    skipped > 0
      ? ` ${skipped === 1 ? 'One key slot is' : `${skipped} key slots are`} damaged or unknown to this version and could not be tried.`
      : '';
  switch (read) {
    case 'code':
      return new EngineError(
        'wrong-passphrase',
        `That recovery code is spelled correctly, but does not open these keys.${damaged}`,
        'Use the kit that was made last for this profile, or the passphrase.',
      );
    case 'misread':
      return new EngineError(
        'wrong-passphrase',
        `If that is a recovery code, a character of it was misread.${damaged}`,
        'Compare it with the kit, group by group.',
      );
    case 'none':
      return new EngineError(
        'wrong-passphrase',
        `That is not the passphrase.${damaged}`,
        'Try again; capitals and spaces count. The recovery code of the kit opens it as well.',
      );
  }
}

async function openSlot(slot: KeySlot, secret: string, code: Buffer | null): Promise<Buffer | null> {
  switch (slot.kind) {
    case 'code':
      return code === null ? null : unwrap(codeKek(code, slot.salt), slot);
    case 'passphrase':
      // Never set, and Argon2id would refuse it with an error.
      return secret === '' ? null : unwrap(await deriveKek(slot, secret), slot);
  }
}

function wrap(kek: Buffer, named: Named & { readonly nonce: Buffer }, key: Buffer): Buffer {
  const { ciphertext, tag } = gcmSeal(prepareKey(kek), named.nonce, associatedData(named), key);
  kek.fill(0);
  return Buffer.concat([ciphertext, tag]);
}

function unwrap(kek: Buffer, slot: KeySlot): Buffer | null {
  const ciphertext = slot.sealed.subarray(0, KEY_BYTES);
  const tag = slot.sealed.subarray(KEY_BYTES, KEY_BYTES + TAG_BYTES);
  const key = gcmOpen(prepareKey(kek), slot.nonce, associatedData(slot), ciphertext, tag);
  kek.fill(0);
  return key;
}

async function deriveKek(slot: KdfCost & { readonly salt: Buffer }, passphrase: string): Promise<Buffer> {
  return argon2id({
    password: normalizePassphrase(passphrase),
    salt: slot.salt,
    memoryKiB: slot.memoryKiB,
    passes: slot.passes,
    lanes: slot.lanes,
    length: KEY_BYTES,
  });
}

function codeKek(code: Buffer, salt: Buffer): Buffer {
  return hkdf(code, salt, Buffer.from('permafrost/slot/code/v1'), KEY_BYTES);
}

type Named = Omit<PassphraseSlot, 'sealed' | 'nonce'> | Omit<CodeSlot, 'sealed' | 'nonce' | 'code'>;

/** Binds the numbers to the key: a slot whose cost was turned down does not open. */
function associatedData(slot: Named): Buffer {
  const { id, kind, epoch, kdf } = slot;
  const cost = slot.kind === 'passphrase' ? `|${slot.memoryKiB}|${slot.passes}|${slot.lanes}` : '';
  return Buffer.from(
    `permafrost/slot/v1|${id}|${kind}|${epoch}|${kdf}${cost}|${slot.salt.toString('base64')}`,
  );
}
