/** Readers of our own records: manifests, key slots, head files. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assertCaughtUp, raiseHead } from '../../../../src/main/engine/backup/head.ts';
import { readManifest } from '../../../../src/main/engine/backup/manifest.ts';
import {
  decodeLine,
  encodeLine,
  type ManifestLine,
} from '../../../../src/main/engine/backup/manifestLine.ts';
import type { TargetRow } from '../../../../src/main/engine/catalog/targets.ts';
import { EngineError } from '../../../../src/main/engine/failure.ts';
import { deriveKeys } from '../../../../src/main/engine/keys/masterKey.ts';
import { encodeKeySlots, type KeySlot, parseKeySlots } from '../../../../src/main/engine/keys/slotFile.ts';
import { below } from '../crash/randomTree.ts';
import { mutated, mutatedJson, pick } from './mutate.ts';
import { type Reader, WronglyTaken } from './reader.ts';

const hex = (bytes: number): string => 'ab'.repeat(bytes);
const common = { mode: 0o644, uid: 1, gid: 2, mtime: { s: 1e9, ns: 5 } } as const;
const counts = { packs: 1, frames: 1, folders: 2, puts: 3, gone: 1 };

const lines: readonly ManifestLine[] = [
  {
    ...{
      kind: 'head',
      snapshot: hex(16),
      base: false,
      parent: hex(16),
      plan: { id: hex(16), name: 'docs', createdAt: 5 },
    },
    ...{
      writer: hex(16),
      epoch: 3,
      previous: hex(32),
      host: 'here',
      platform: 'linux',
      startedAt: 1,
      endedAt: 2,
    },
  },
  {
    ...{ kind: 'pack', uid: hex(16), size: 4_194_304, treeHash: Buffer.alloc(32, 1), archiveId: 'archive' },
    header: Buffer.alloc(128, 2),
  },
  {
    kind: 'frames',
    frames: [{ stored: 10, raw: 30, codec: 1, ids: Buffer.alloc(64, 3), lengths: [10, 20] }],
  },
  { kind: 'folder', number: 0, parent: 0, name: Buffer.alloc(0) },
  { kind: 'folder', number: 1, parent: 0, name: Buffer.from([0xff, 0x61]) },
  { kind: 'put', entry: { ...common, type: 'folder', name: Buffer.from('letters') } },
  {
    kind: 'put',
    entry: { ...common, type: 'symlink', name: Buffer.from('link'), link: Buffer.from('../x') },
  },
  {
    kind: 'put',
    entry: {
      ...{ ...common, type: 'file', name: Buffer.from('a'), size: 30, chunks: 2, ids: Buffer.alloc(64, 3) },
      ...{ hash: Buffer.alloc(32, 4), sparse: true, inode: 7, inconsistent: false },
    },
  },
  { kind: 'more', ids: Buffer.alloc(32, 5) },
  { kind: 'gone', name: Buffer.from('old') },
  { kind: 'end', counts },
];
const texts = lines.map(encodeLine);
const whole = Buffer.from(`${texts.join('\n')}\n`);

export function manifestReader(): Reader {
  return {
    attempt(random) {
      const bytes =
        random() < 0.5 ? mutated(random, whole) : Buffer.from(`${otherLines(random).join('\n')}\n`);
      const cut = below(random, bytes.length + 1);
      return [...readManifest([bytes.subarray(0, cut), bytes.subarray(cut)])].length > 0;
    },
  };
}

function otherLines(random: () => number): string[] {
  const chosen = texts.filter(() => random() < 0.95);
  const at = below(random, chosen.length);
  chosen[at] = JSON.stringify(mutatedJson(random, JSON.parse(chosen[at] ?? 'null')));
  return chosen;
}

/** A line that is read says the same when it is written and read again. */
export function manifestLineReader(): Reader {
  return {
    attempt(random) {
      const text = pick(random, texts);
      const other =
        random() < 0.5
          ? mutated(random, Buffer.from(text)).toString()
          : JSON.stringify(mutatedJson(random, JSON.parse(text)));
      const line = decodeLine(other);
      const again = encodeLine(line);
      if (encodeLine(decodeLine(again)) !== again)
        throw new WronglyTaken('a line that says something else when written');
      return true;
    },
  };
}

export function keySlotsReader(): Reader {
  const cost = { memoryKiB: 65_536, passes: 1, lanes: 1 };
  const sealed = { salt: Buffer.alloc(16, 1), nonce: Buffer.alloc(12, 2), sealed: Buffer.alloc(48, 3) };
  const slot: KeySlot = { id: hex(16), kind: 'passphrase', epoch: 1, kdf: 'argon2id', ...cost, ...sealed };
  const code: KeySlot = {
    id: hex(16),
    kind: 'code',
    epoch: 1,
    kdf: 'hkdf',
    ...sealed,
    code: Buffer.alloc(60, 4),
  };
  const sound = encodeKeySlots({ generation: 1, slots: [slot, code] });
  return {
    attempt(random) {
      const bytes =
        random() < 0.5
          ? mutated(random, sound)
          : Buffer.from(JSON.stringify(mutatedJson(random, JSON.parse(sound.toString()))));
      for (const slot of parseKeySlots(bytes).slots) {
        if (slot.kind !== 'passphrase') continue;
        const { memoryKiB, passes, lanes } = slot;
        if (!(memoryKiB <= 1_048_576 && passes <= 10 && lanes <= 4))
          throw new WronglyTaken('a slot that asks for too much');
      }
      return true;
    },
  };
}

/** A head that we did not seal is none: it neither stops a backup nor hides a real one from us when it is whole. */
export function headReader(): Reader {
  const folder = mkdtempSync(join(tmpdir(), 'permafrost-fuzz-'));
  const keys = deriveKeys({ epoch: 1, key: Buffer.alloc(32, 7) });
  const target = { uid: 'target', name: 'attic', epoch: 5, head: Buffer.alloc(32, 9) } as TargetRow;
  const older = { ...target, epoch: 4 };
  raiseHead(folder, target, keys);
  const path = join(folder, 'target.json');
  const sound = readFileSync(path);
  const said = JSON.stringify(JSON.parse(sound.toString()));
  return {
    attempt(random) {
      const bytes = mutated(random, sound);
      writeFileSync(path, bytes);
      try {
        assertCaughtUp(folder, older, [keys]);
        return false;
      } catch (error) {
        if (!(error instanceof EngineError) || error.kind !== 'conflict') throw error;
        if (!saysTheSame(bytes, said)) throw new WronglyTaken('a head that was not sealed like this');
        return true;
      }
    },
    end: () => rmSync(folder, { recursive: true }),
  };
}

function saysTheSame(bytes: Buffer, said: string): boolean {
  const { epoch, manifest, keyEpoch, seal } = JSON.parse(bytes.toString()) as Record<string, unknown>;
  return JSON.stringify({ epoch, manifest, keyEpoch, seal: String(seal) }) === said;
}
