/**
 * The recovery kit as text: one page that a person reads, and a few lines of it that `permafrost recover --kit` reads
 * (docs/format.md §2). Pure. It holds the recovery code, so whoever has it and the archives has the files.
 */
import type { KitBlock } from '../../../shared/recoveryTypes.ts';
import { randomBytes } from '../crypto.ts';
import { readRecoveryCode } from './recoveryCode.ts';
import { encodeKeySlots, type CodeSlot } from './slotFile.ts';

export interface KitPlace {
  readonly name: string;
  /** In words: kind, vault and region, or the folder. */
  readonly place: string;
  /** The options of `permafrost recover` that name it. */
  readonly options: string;
  /** The newest catalog copy there; null before the first. */
  readonly copy: string | null;
}

export interface KitFacts {
  readonly madeAt: Date;
  readonly host: string;
  /** This installation, 32 hex digits. */
  readonly writer: string;
  /** As it is written. */
  readonly code: string;
  readonly slots: readonly CodeSlot[];
  readonly places: readonly KitPlace[];
}

const CODE_LINE = 'Recovery code:';
const SLOT_LINE = 'Key slot:';
const COPY_LINE = 'Catalog copy:';

/** Groups of the code on one line. */
const GROUPS_PER_LINE = 7;
const SLOT_BYTES = 4 + 16 + 16 + 12 + 48;

/** The page, part by part, for whoever sets it. */
export function kitBlocks(facts: KitFacts): readonly KitBlock[] {
  const { madeAt, host, code, slots, places, writer } = facts;
  const groups = code.split('-');
  const codeLines = [groups.slice(0, GROUPS_PER_LINE), groups.slice(GROUPS_PER_LINE)];
  const first = places[0]?.options ?? 'vault --vault NAME --region REGION';
  return [
    { kind: 'title', lines: ['Permafrost recovery kit'] },
    {
      kind: 'plain',
      lines: [
        `Made on ${madeAt.toISOString().slice(0, 10)} for ${host}.`,
        'With this page and access to the archives, every file comes back, on any computer, without the passphrase.',
        'Keep it where you keep deeds: on paper, away from the computer. Whoever has it can read the archives.',
      ],
    },
    { kind: 'heading', lines: [CODE_LINE] },
    { kind: 'code', lines: codeLines.map((line) => line.join('-')) },
    { kind: 'heading', lines: ['Where the archives are'] },
    {
      kind: 'plain',
      lines:
        places.length === 0
          ? ['No target has been added yet. Make the kit again when there is one.']
          : places.map(({ name, place }) => `${name}: ${place}`),
    },
    { kind: 'heading', lines: ['How to begin'] },
    {
      kind: 'plain',
      lines: [
        '1. Install Permafrost on any computer, and have the credentials for the place above at hand.',
        '2. Run this, with this page as a saved file; or leave out --kit FILE and type the recovery code when asked:',
      ],
    },
    { kind: 'fixed', lines: [`permafrost recover ${first} --kit FILE`] },
    {
      kind: 'plain',
      lines: [
        '3. From a vault the first files are there after one or two waits of some hours. Each price is shown before.',
        'Without Permafrost: docs/format.md in its source tells the format, and tools/permafrost_extract.py reads it.',
      ],
    },
    { kind: 'heading', lines: ['For programs'] },
    {
      kind: 'programs',
      lines: [
        ...slots.map((slot) => `${SLOT_LINE} ${spellSlot(slot)}`),
        ...places.flatMap(({ copy }) => (copy === null ? [] : [`${COPY_LINE} ${copy}`])),
        `Installation: ${writer}`,
      ],
    },
  ];
}

export function kitText(facts: KitFacts): string {
  const parts = kitBlocks(facts).map(({ kind, lines }) => {
    if (kind === 'title') return `${lines.join('').toUpperCase()}\n`;
    if (kind === 'heading') return `\n${lines.join('')}\n`;
    return lines.map((line) => (kind === 'plain' ? line : `  ${line}`)).join('\n');
  });
  return `${parts.join('\n').replace(/\n\n\n+/g, '\n\n')}\n`;
}

export interface ReadKit {
  /** As it was written; null when the text holds none that can be read. */
  readonly code: string | null;
  /** A key slots file made of the kit's slots; null when it has none. */
  readonly slots: Buffer | null;
  /** Archive ids of catalog copies, one for each vault. */
  readonly copies: readonly string[];
}

/** Reads a kit that was saved as text, or what somebody copied of one. Bounded; believes nothing but what it finds. */
export function readKit(text: string): ReadKit {
  const lines = text
    .slice(0, 100_000)
    .split(/\r?\n/)
    .map((line) => line.trim());
  const slots: CodeSlot[] = [];
  const copies: string[] = [];
  for (const line of lines) {
    if (line.startsWith(SLOT_LINE)) {
      const slot = readSlot(line.slice(SLOT_LINE.length).trim());
      if (slot !== null && slots.length < 32) slots.push(slot);
    }
    if (line.startsWith(COPY_LINE)) {
      const id = line.slice(COPY_LINE.length).trim();
      if (/^[A-Za-z0-9_-]{1,200}$/.test(id) && copies.length < 100) copies.push(id);
    }
  }
  return {
    code: findCode(lines),
    slots: slots.length === 0 ? null : encodeKeySlots({ generation: 1, slots }),
    copies,
  };
}

/** The code on one line, or on two that follow each other. */
function findCode(lines: readonly string[]): string | null {
  const full = lines.filter((line) => line !== '').map((line) => line.replace(CODE_LINE, ''));
  for (const [i, line] of full.entries()) {
    for (const candidate of [line, line + (full[i + 1] ?? '')])
      if (readRecoveryCode(candidate).kind === 'code') return candidate;
  }
  return null;
}

function spellSlot({ epoch, id, salt, nonce, sealed }: CodeSlot): string {
  const number = Buffer.alloc(4);
  number.writeUInt32LE(epoch);
  return Buffer.concat([number, Buffer.from(id, 'hex'), salt, nonce, sealed]).toString('base64url');
}

function readSlot(spelled: string): CodeSlot | null {
  const bytes = Buffer.from(spelled, 'base64url');
  if (bytes.length !== SLOT_BYTES || bytes.toString('base64url') !== spelled) return null;
  const epoch = bytes.readUInt32LE(0);
  if (epoch === 0) return null;
  return {
    kind: 'code',
    kdf: 'hkdf',
    epoch,
    id: bytes.toString('hex', 4, 20),
    salt: bytes.subarray(20, 36),
    nonce: bytes.subarray(36, 48),
    sealed: bytes.subarray(48),
    // The kit has no room for the code under its own key: from these slots no kit can be made again.
    code: randomBytes(60),
  };
}
