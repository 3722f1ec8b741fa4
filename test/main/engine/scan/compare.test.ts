import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Entry, FoundEntry } from '../../../../src/main/engine/entry.ts';
import { compareFolder, type FolderChanges } from '../../../../src/main/engine/scan/compare.ts';
import { findRoot } from '../../../../src/main/engine/scan/root.ts';
import { walk } from '../../../../src/main/engine/scan/walk.ts';
import { tempTree } from './tempTree.ts';

const CONTENT = { runs: Uint32Array.of(), hash: Buffer.alloc(32) };
const asKnown = (entry: FoundEntry, settled = true): Entry =>
  entry.kind === 'file' ? { ...entry, content: CONTENT, inconsistent: false, settled } : entry;

const names = fc.uint8Array({ minLength: 1, maxLength: 2, max: 3 }).map((raw) => Buffer.from(raw));
const small = fc.integer({ min: 0, max: 1 });
const times = fc.record({ s: small, ns: small });
const common = { name: names, mode: small, uid: small, gid: small, mtime: times };
const foundEntries: fc.Arbitrary<FoundEntry> = fc.oneof(
  fc.record({ kind: fc.constant('folder' as const), ...common }),
  fc.record({ kind: fc.constant('symlink' as const), ...common, to: names }),
  fc.record({
    kind: fc.constant('file' as const),
    ...common,
    size: small,
    ctime: times,
    ino: fc.integer({ min: 0, max: 2 }),
    inode: fc.constant(null),
    sparse: fc.boolean(),
  }),
);
const folders = fc
  .uniqueArray(foundEntries, { selector: (entry) => entry.name.toString('hex'), maxLength: 12 })
  .map((entries) => entries.toSorted((a, b) => Buffer.compare(a.name, b.name)));
const knownFolders = folders.chain((entries) =>
  fc
    .array(fc.boolean(), { minLength: entries.length, maxLength: entries.length })
    .map((settled) => entries.map((entry, i) => asKnown(entry, settled[i]))),
);

/** The definition, looked up name by name. */
function naive(found: FoundEntry[], known: Entry[], complete: boolean): FolderChanges {
  const text = (value: unknown) => JSON.stringify(value);
  const unchanged = (entry: FoundEntry) =>
    known.some((k) => {
      if (!k.name.equals(entry.name)) return false;
      if (k.kind !== 'file' || entry.kind !== 'file') return text(k) === text(entry);
      const inoAgrees = k.ino * entry.ino === 0 || k.ino === entry.ino;
      const facts = (file: typeof entry) => text([file.size, file.mtime, file.ctime]);
      return k.settled && inoAgrees && facts(k) === facts(entry);
    });
  const changed = found.filter((entry) => !unchanged(entry));
  const isGone = (k: Entry) => {
    const now = found.find((entry) => entry.name.equals(k.name));
    return now === undefined ? complete : k.kind === 'folder' && now.kind !== 'folder';
  };
  return {
    put: changed.filter((entry) => entry.kind !== 'file'),
    read: changed.filter((entry) => entry.kind === 'file'),
    same: found.length - changed.length,
    gone: known.filter(isGone).map((k) => k.name),
  };
}

describe('comparing a folder with the catalog', () => {
  test('agrees with looking up every name', () => {
    fc.assert(
      fc.property(folders, knownFolders, fc.boolean(), (found, known, complete) => {
        expect(compareFolder(found, known, complete)).toEqual(naive(found, known, complete));
      }),
      { numRuns: 2_000 },
    );
  });

  test('finds nothing to do in what was just stored', () => {
    fc.assert(
      fc.property(folders, (found) => {
        const known = found.map((entry) => asKnown(entry));
        expect(compareFolder(found, known, true)).toEqual({
          put: [],
          read: [],
          same: found.length,
          gone: [],
        });
      }),
    );
  });

  test('calls nothing gone that an incomplete folder does not show', () => {
    fc.assert(
      fc.property(knownFolders, (known) => {
        expect(compareFolder([], known, false)).toEqual({ put: [], read: [], same: 0, gone: [] });
      }),
    );
  });
});

test('every kind of change on disk is seen', async () => {
  const top = tempTree();
  const at = (name: string) => join(top, name);
  const look = async (): Promise<FoundEntry[]> => {
    for await (const folder of walk(findRoot(Buffer.from(top)))) return [...folder.entries];
    return [];
  };
  for (const name of ['kept', 'grown', 'rewritten', 'shut', 'removed', 'replaced'])
    writeFileSync(at(name), 'content');
  for (const name of ['folder', 'folder-to-file']) mkdirSync(at(name));
  symlinkSync('a', at('link'));
  const known = (await look()).map((entry) => asKnown(entry));
  await new Promise((later) => setTimeout(later, 20)); // coarser than a file system's clock

  appendFileSync(at('grown'), '!');
  utimesSync(at('rewritten'), 1, 1);
  const before = known.find((entry) => entry.name.toString() === 'rewritten')!.mtime;
  writeFileSync(at('rewritten'), 'CONTENT');
  utimesSync(at('rewritten'), before.s, before.s); // same size; time set back as far as it goes
  chmodSync(at('shut'), 0o600);
  rmSync(at('removed'));
  rmSync(at('replaced'));
  writeFileSync(at('replaced'), 'content');
  writeFileSync(at('new'), '');
  rmSync(at('folder-to-file'), { recursive: true });
  writeFileSync(at('folder-to-file'), '');
  chmodSync(at('folder'), 0o700);
  rmSync(at('link'));
  symlinkSync('b', at('link'));

  const changes = compareFolder(await look(), known, true);
  const text = (list: readonly (Buffer | { name: Buffer })[]) =>
    list.map((item) => (Buffer.isBuffer(item) ? item : item.name).toString());
  expect(text(changes.read)).toEqual(['folder-to-file', 'grown', 'new', 'replaced', 'rewritten', 'shut']);
  expect(text(changes.put)).toEqual(['folder', 'link']);
  expect(text(changes.gone)).toEqual(['folder-to-file', 'removed']);
  expect(changes.same).toBe(1);
});
