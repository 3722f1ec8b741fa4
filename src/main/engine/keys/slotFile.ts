/**
 * The key slots file: wrapped copies of the master key as readable JSON (docs/format.md §2).
 *
 * It must be readable on the worst day, so every slot is judged by itself: one that is damaged, unknown or asks for
 * an absurd amount of work is left out, before any work is done for it, and the others still count.
 */
import { z } from 'zod';
import { KEY_BYTES, NONCE_BYTES, TAG_BYTES } from '../crypto.ts';
import { EngineError } from '../failure.ts';

/** What opening a slot costs. */
export interface KdfCost {
  /** Accepted: 65,536 … 1,048,576 (64 MiB … 1 GiB). */
  readonly memoryKiB: number;
  /** Accepted: 1 … 10. */
  readonly passes: number;
  /** Accepted: 1 … 4. */
  readonly lanes: number;
}

interface Slot {
  /** 32 hex digits. */
  readonly id: string;
  readonly epoch: number;
  /** 16 bytes. */
  readonly salt: Buffer;
  /** 12 bytes. */
  readonly nonce: Buffer;
  /** The master key under AES-256-GCM: 48 bytes. */
  readonly sealed: Buffer;
}

export interface PassphraseSlot extends Slot, KdfCost {
  readonly kind: 'passphrase';
  readonly kdf: 'argon2id';
}

/** Opens with the recovery code of the kit, which is long enough to need no stretching. */
export interface CodeSlot extends Slot {
  readonly kind: 'code';
  readonly kdf: 'hkdf';
  /** The code itself, sealed with the master key, so that the kit can be printed again: nonce, ciphertext, tag. */
  readonly code: Buffer;
}

export type KeySlot = PassphraseSlot | CodeSlot;

export interface KeySlots {
  /** The highest generation is the newest file. */
  readonly generation: number;
  readonly slots: readonly KeySlot[];
}

export interface ParsedKeySlots extends KeySlots {
  /** Slots that cannot be used: damaged, of a kind unknown here, or of a cost that is not accepted. */
  readonly skipped: number;
}

/** Every slot tried costs up to a GiB and seconds: more than this many are not looked at. */
const MAX_SLOTS = 32;
const MAX_FILE_BYTES = 1024 * 1024;

const uint32 = z.int().min(1).max(0xffff_ffff);

/** Bytes in the one spelling that base64 has for them: the salt's text is authenticated as it stands. */
const base64 = (length: number) =>
  z.string().transform((text, context) => {
    const bytes = Buffer.from(text, 'base64');
    if (bytes.length === length && bytes.toString('base64') === text) return bytes;
    context.addIssue(`not ${length} bytes of base64`);
    return z.NEVER;
  });

const slotShape = {
  id: z.string().regex(/^[0-9a-f]{32}$/),
  epoch: uint32,
  salt: base64(16),
  nonce: base64(12),
  sealed: base64(48),
};

const slotSchema = z.discriminatedUnion('kind', [
  z.object({
    ...slotShape,
    kind: z.literal('passphrase'),
    kdf: z.literal('argon2id'),
    memoryKiB: z.int().min(65_536).max(1_048_576),
    passes: z.int().min(1).max(10),
    lanes: z.int().min(1).max(4),
  }),
  z.object({
    ...slotShape,
    kind: z.literal('code'),
    kdf: z.literal('hkdf'),
    code: base64(NONCE_BYTES + KEY_BYTES + TAG_BYTES),
  }),
]);

const fileSchema = z.object({
  format: z.literal('permafrost-keys'),
  version: z.literal(1),
  generation: uint32,
  slots: z.array(z.unknown()),
});

export function encodeKeySlots(file: KeySlots): Buffer {
  const slots = file.slots.map((slot) => {
    const { id, kind, epoch, kdf } = slot;
    const cost =
      slot.kind === 'passphrase'
        ? { memoryKiB: slot.memoryKiB, passes: slot.passes, lanes: slot.lanes }
        : undefined;
    const sealed = {
      salt: slot.salt.toString('base64'),
      nonce: slot.nonce.toString('base64'),
      sealed: slot.sealed.toString('base64'),
    };
    const code = slot.kind === 'code' ? { code: slot.code.toString('base64') } : undefined;
    return { id, kind, epoch, kdf, ...cost, ...sealed, ...code };
  });
  const whole = { format: 'permafrost-keys', version: 1, generation: file.generation, slots };
  return Buffer.from(`${JSON.stringify(whole, null, 1)}\n`);
}

/**
 * Reads a file from anywhere. Slots that cannot be used are missing from the result, which may leave none.
 * @throws EngineError `corrupt` when it is no key slots file at all
 */
export function parseKeySlots(bytes: Uint8Array): ParsedKeySlots {
  const file = fileSchema.safeParse(parseJson(bytes));
  if (!file.success) throw notSlots('It is not a Permafrost key slots file.');
  const slots: KeySlot[] = [];
  for (const raw of file.data.slots.slice(0, MAX_SLOTS)) {
    const slot = slotSchema.safeParse(raw);
    if (slot.success) slots.push(slot.data);
  }
  return { generation: file.data.generation, slots, skipped: file.data.slots.length - slots.length };
}

function parseJson(bytes: Uint8Array): unknown {
  if (bytes.length > MAX_FILE_BYTES) throw notSlots('The key slots file is far too long.');
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch (cause) {
    throw notSlots('The key slots file is damaged.', cause);
  }
}

function notSlots(message: string, cause?: unknown): EngineError {
  const advice =
    'Use another copy of it: every generation in the target opens, and so does the recovery kit.';
  return new EngineError('corrupt', message, advice, { cause });
}
