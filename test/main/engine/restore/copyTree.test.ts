/** What `walk` finds, `TreeWriter` makes again: held together by a comparison that shares code with neither. */
import { chmodSync, closeSync, ftruncateSync, linkSync, lutimesSync, mkdirSync, openSync } from 'node:fs';
import { readdirSync, readFileSync, symlinkSync, utimesSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareTrees } from '../../../../src/main/cli/demo/compareTrees.ts';
import type { FolderEntry, SymlinkEntry } from '../../../../src/main/engine/entry.ts';
import { openDestination, type Placed } from '../../../../src/main/engine/restore/treeWriter.ts';
import { findRoot } from '../../../../src/main/engine/scan/root.ts';
import { walk } from '../../../../src/main/engine/scan/walk.ts';
import { bytes, tempTree } from '../scan/tempTree.ts';

interface Recipe {
  readonly name: string;
  readonly kind: 'file' | 'folder' | 'symlink' | 'hole' | 'link';
  readonly mode: number;
  readonly time: number;
  readonly content: string;
  readonly inside: readonly Recipe[];
}

const recipes = fc.letrec<{ folder: Recipe[]; entry: Recipe }>((tie) => ({
  folder: fc.uniqueArray(tie('entry'), {
    selector: (entry) => entry.name,
    maxLength: 4,
    depthIdentifier: 'tree',
  }),
  entry: fc.record({
    name: fc
      .array(fc.constantFrom(...'aB.é \\\n%~\xff\x80'.split('')), { minLength: 1, maxLength: 4 })
      .map((characters) => characters.join(''))
      .filter((name) => name !== '.' && name !== '..'),
    kind: fc.constantFrom('file', 'folder', 'symlink', 'hole', 'link'),
    mode: fc.integer({ min: 0, max: 0o777 }).map((mode) => mode | 0o500),
    time: fc.integer({ min: -2_000_000_000, max: 4_000_000_000 }).map((time) => time + 0.25),
    content: fc.string({ minLength: 1, maxLength: 30 }),
    inside: fc.oneof({ depthIdentifier: 'tree', maxDepth: 4 }, fc.constant([]), tie('folder')),
  }),
})).folder;

const under = (folder: Buffer, name: string): Buffer => Buffer.concat([folder, bytes('/'), bytes(name)]);

function make(folder: Buffer, entries: readonly Recipe[], earlier: Buffer[]): void {
  for (const entry of entries) {
    const path = under(folder, entry.name);
    if (entry.kind === 'symlink') {
      symlinkSync(bytes(entry.content.replaceAll('\0', '0')), path);
      lutimesSync(path, String(entry.time), String(entry.time));
      continue;
    }
    if (entry.kind === 'folder') {
      mkdirSync(path);
      make(path, entry.inside, earlier);
    } else if (entry.kind === 'link' && earlier.length > 0) {
      linkSync(earlier[entry.mode % earlier.length]!, path);
      continue;
    } else if (entry.kind === 'hole') {
      const file = openSync(path, 'w');
      writeSync(file, entry.content, entry.mode * 100);
      ftruncateSync(file, 300_000);
      closeSync(file);
    } else writeFileSync(path, entry.content.repeat(entry.mode));
    if (entry.kind !== 'folder') earlier.push(path);
    chmodSync(path, entry.mode);
    utimesSync(path, String(entry.time), String(entry.time));
  }
}

async function copy(source: string, to: string): Promise<void> {
  const writer = openDestination(Buffer.from(to), { order: 'copy' });
  const folders: [Buffer[], FolderEntry][] = [];
  const links: [Buffer[], SymlinkEntry][] = [];
  const shared = new Map<number, Placed>();
  const at = (names: readonly Buffer[], name?: Buffer) => [bytes('top'), ...names, ...(name ? [name] : [])];
  const root = findRoot(Buffer.from(source));
  folders.push([at([]), root.entry]);
  for await (const { path, names, entries, problems } of walk(root)) {
    expect(problems).toEqual([]);
    writer.makeFolder(at(names));
    for (const entry of entries) {
      const place = at(names, entry.name);
      if (entry.kind === 'folder') folders.push([place, entry]);
      else if (entry.kind === 'symlink') links.push([place, entry]);
      else {
        const before = entry.inode === null ? undefined : shared.get(entry.inode);
        if (before !== undefined) {
          expect(writer.linkFile(place, before).state).toBe('verified');
          continue;
        }
        const file = writer.beginFile(place, entry.size, entry.sparse);
        file.write(readFileSync(Buffer.concat([path, bytes('/'), entry.name])), 0);
        const [result] = await writer.finish([{ file, metadata: entry }]);
        if (result?.state !== 'verified') throw new Error(JSON.stringify(result));
        if (entry.inode !== null) shared.set(entry.inode, result.placed);
      }
    }
  }
  for (const [place, entry] of links)
    expect(writer.makeSymlink(place, entry.to, entry).state).toBe('verified');
  await writer.sync();
  for (const [place, entry] of folders.reverse()) expect(writer.finishFolder(place, entry)).toEqual([]);
  await writer.end();
}

test.runIf(process.platform === 'linux')('any tree comes out as it went in', async () => {
  await fc.assert(
    fc.asyncProperty(recipes, async (tree) => {
      const top = tempTree();
      const source = join(top, 'source');
      mkdirSync(source);
      make(Buffer.from(source), tree, []);
      await copy(source, join(top, 'copy'));
      const { differences } = await compareTrees(source, join(top, 'copy/top'));
      expect(differences).toEqual([]);
      expect(readdirSync(join(top, 'copy'))).toEqual(['top']);
    }),
    { numRuns: 60 },
  );
});
