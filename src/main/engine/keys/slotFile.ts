/**
 * The key slots file: wrapped copies of the master key as readable JSON (docs/format.md §2).
 *
 * It must be readable on the worst day, so every slot is judged by itself: one that is damaged, unknown or asks for
 * an absurd amount of work is left out, before any work is done for it, and the others still count.
 */
import { z } from 'zod';
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

export interface KeySlot extends KdfCost {
  /** 32 hex digits. */
  readonly id: string;
  readonly kind: 'passphrase';
  readonly epoch: number;
  readonly kdf: 'argon2id';
  /** 16 bytes. */
  readonly salt: Buffer;
  /** 12 bytes. */
  readonly nonce: Buffer;
  /** The master key under AES-256-GCM: 48 bytes. */
  readonly sealed: Buffer;
}

export interface KeySlots {
  /** The highest generation is the newest file. */
  readonly generation: number;
  readonly slots: readonly KeySlot[];
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

const slotSchema = z.object({
  id: z.string().regex(/^[0-9a-f]{32}$/),
  kind: z.literal('passphrase'),
  epoch: uint32,
  kdf: z.literal('argon2id'),
  memoryKiB: z.int().min(65_536).max(1_048_576),
  passes: z.int().min(1).max(10),
  lanes: z.int().min(1).max(4),
  salt: base64(16),
  nonce: base64(12),
  sealed: base64(48),
});

const fileSchema = z.object({
  format: z.literal('permafrost-keys'),
  version: z.literal(1),
  generation: uint32,
  slots: z.array(z.unknown()),
});

export function encodeKeySlots(file: KeySlots): Buffer {
  const slots = file.slots.map((slot) => ({
    id: slot.id,
    kind: slot.kind,
    epoch: slot.epoch,
    kdf: slot.kdf,
    memoryKiB: slot.memoryKiB,
    passes: slot.passes,
    lanes: slot.lanes,
    salt: slot.salt.toString('base64'),
    nonce: slot.nonce.toString('base64'),
    sealed: slot.sealed.toString('base64'),
  }));
  const whole = { format: 'permafrost-keys', version: 1, generation: file.generation, slots };
  return Buffer.from(`${JSON.stringify(whole, null, 1)}\n`);
}

/**
 * Reads a file from anywhere. Slots that cannot be used are missing from the result, which may leave none.
 * @throws EngineError `corrupt` when it is no key slots file at all
 */
export function parseKeySlots(bytes: Uint8Array): KeySlots {
  const file = fileSchema.safeParse(parseJson(bytes));
  if (!file.success) throw notSlots('It is not a Permafrost key slots file.');
  const slots: KeySlot[] = [];
  for (const raw of file.data.slots.slice(0, MAX_SLOTS)) {
    const slot = slotSchema.safeParse(raw);
    if (slot.success) slots.push(slot.data);
  }
  return { generation: file.data.generation, slots };
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
