import { mkdirSync, mkdtempSync, lstatSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Disk } from './disk.ts';
import { everything, fateNames, fateOf } from './fates.ts';
import type { Act, Inode } from './recording.ts';
import { layTree, listTree, type TreeFolder } from './tree.ts';

let dir: string;
let disk: Disk;
let root: Inode;
let other: Inode;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'permafrost-disk-'));
  mkdirSync(join(dir, 'root', 'other'), { recursive: true });
  writeFileSync(join(dir, 'root', 'old'), 'as it was');
  disk = new Disk(join(dir, 'root'));
  root = lstatSync(join(dir, 'root'), { bigint: true }).ino;
  other = lstatSync(join(dir, 'root', 'other'), { bigint: true }).ino;
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** No real inode has it. */
const FILE = 1n << 60n;

function made(name: string, text: string): Act[] {
  return [
    { kind: 'created', folder: root, name, inode: FILE, mode: 0o600 },
    { kind: 'written', inode: FILE, offset: 0, bytes: Buffer.from(text) },
  ];
}

function synced(inode: Inode): Act {
  return { kind: 'synced', inode, data: false };
}

function after(acts: readonly Act[], fate: (typeof fateNames)[number]): TreeFolder {
  for (const act of acts) disk.apply(act);
  return disk.after(fateOf(fate, 1));
}

function textOf(tree: TreeFolder, name: string): string | undefined {
  const found = tree.names.get(name);
  return found?.kind === 'file' ? found.bytes.toString() : undefined;
}

describe('what a power cut takes', () => {
  it('is the name of a file that was synced, while its folder was not', () => {
    const acts = [...made('new', 'words'), synced(FILE)];
    expect(textOf(after(acts, 'nothing'), 'new')).toBeUndefined();
    expect(textOf(disk.after(fateOf('names', 1)), 'new')).toBe('words');
  });

  it('is the content of a file whose folder was synced, while it was not', () => {
    const tree = after([...made('new', 'words'), synced(root)], 'nothing');
    expect(textOf(tree, 'new')).toBe('');
  });

  it('is nothing when both were synced', () => {
    const tree = after([...made('new', 'words'), synced(FILE), synced(root)], 'nothing');
    expect(textOf(tree, 'new')).toBe('words');
  });

  it('is a replacement as a whole: the old file is back', () => {
    const from = { folder: root, name: 'new' };
    const acts: Act[] = [...made('new', 'words'), synced(FILE), synced(root)];
    acts.push({ kind: 'renamed', from, to: { folder: root, name: 'old' } });
    const tree = after(acts, 'nothing');
    expect([textOf(tree, 'old'), textOf(tree, 'new')]).toEqual(['as it was', 'words']);
  });

  it('is never both names of a file that moved to another folder', () => {
    const from = { folder: root, name: 'new' };
    const acts: Act[] = [...made('new', 'words'), synced(FILE), synced(root)];
    acts.push({ kind: 'renamed', from, to: { folder: other, name: 'moved' } }, synced(root));
    const tree = after(acts, 'nothing').names.get('other');
    expect(tree?.kind === 'folder' && textOf(tree, 'moved')).toBe('words');
  });

  it('is the mode, not the content, after a sync of data alone', () => {
    const acts: Act[] = [...made('new', 'words'), synced(root)];
    acts.push({ kind: 'mode-set', inode: FILE, mode: 0o444 }, { kind: 'synced', inode: FILE, data: true });
    expect(after(acts, 'nothing').names.get('new')).toMatchObject({
      bytes: Buffer.from('words'),
      mode: 0o600,
    });
  });
});

it('whatever the fate, what was synced is as it was and bytes are those written, those before, or zeros', () => {
  const write = fc.record({ offset: fc.nat(6000), length: fc.integer({ min: 1, max: 3000 }) });
  fc.assert(
    fc.property(
      fc.array(write, { maxLength: 8 }),
      fc.nat(),
      fc.constantFrom(...fateNames),
      (writes, seed, fate) => {
        const fresh = new Disk(join(dir, 'root'));
        for (const act of [...made('new', 'a'.repeat(2000)), synced(FILE), synced(root)]) fresh.apply(act);
        for (const { offset, length } of writes) {
          fresh.apply({ kind: 'written', inode: FILE, offset, bytes: Buffer.alloc(length, 'b') });
        }
        const found = fresh.after(fateOf(fate, seed)).names.get('new');
        const bytes = found?.kind === 'file' ? found.bytes : Buffer.alloc(0);
        const touched = (at: number): boolean =>
          writes.some((w) => at >= w.offset && at < w.offset + w.length);
        const wrong = bytes.findIndex((byte, at) => {
          const before = at < 2000 ? 0x61 : 0;
          return byte !== before && !(touched(at) && byte === 0x62);
        });
        expect(wrong).toBe(-1);
        expect(bytes.length).toBeGreaterThanOrEqual(2000);
      },
    ),
    { numRuns: 50 },
  );
});

it('a tree laid on disk is found there again', () => {
  const tree = after(
    [...made('new', 'words'), { kind: 'named', folder: other, name: 'too', inode: FILE }],
    'everything',
  );
  layTree(tree, join(dir, 'laid'));
  expect(listTree(new Disk(join(dir, 'laid')).after(everything))).toEqual(listTree(tree));
});
