/**
 * Files of an order whose content is still on this computer: somewhere in the folders that are backed up lies a file of the
 * same whole-file hash that has not been touched since it was saved. They are copied from there and paid for nowhere.
 *
 * What is found here is only likely. Each copy is read back from where it was written and proven by its chunk ids, like what
 * comes out of an archive.
 */
import { lstatSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Catalog } from '../catalog/catalog.ts';
import { currentFilesOfSizes, type PlacedFile } from '../catalog/currentFiles.ts';
import type { FileEntry } from '../entry.ts';
import { foundFile } from '../scan/found.ts';
import type { OrderPlan } from './orderPlan.ts';

/** One bit a file, lowest first. */
export function isMarked(bits: Buffer | null, file: number): boolean {
  return bits !== null && ((bits[file >> 3] ?? 0) & (1 << (file & 7))) !== 0;
}

export function marksOf(files: Iterable<number>, count: number): Buffer {
  const bits = Buffer.alloc(Math.ceil(count / 8));
  for (const file of files) bits[file >> 3] = (bits[file >> 3] ?? 0) | (1 << (file & 7));
  return bits;
}

/** Where the content of files of the order lies, by their numbers. */
export type LocalFiles = ReadonlyMap<number, Buffer>;

/** Looks at every current entry of the catalog (see `currentFilesOfSizes`), and at the disk only for those that fit. */
export async function findLocalFiles(
  catalog: Catalog,
  { files }: OrderPlan,
  wanted: (file: number) => boolean = () => true,
): Promise<LocalFiles> {
  const byHash = new Map<string, number[]>();
  const sizes = new Set<number>();
  for (let file = 0; file < files.count; file++) {
    if (files.sizeOf(file) === 0 || !wanted(file)) continue;
    sizes.add(files.sizeOf(file));
    const key = files.at(file).hash.toString('latin1');
    const same = byHash.get(key);
    if (same === undefined) byHash.set(key, [file]);
    else same.push(file);
  }
  const found = new Map<number, Buffer>();
  for await (const page of currentFilesOfSizes(catalog, sizes)) {
    for (const placed of page) {
      const key = placed.entry.content.hash.toString('latin1');
      const same = byHash.get(key);
      if (same === undefined || !isUntouched(placed)) continue;
      for (const file of same) found.set(file, pathOf(placed));
      byHash.delete(key);
    }
    if (byHash.size === 0) break;
    await nextTurn();
  }
  return found;
}

/** As it was when it was saved, as far as the file system tells. */
function isUntouched(placed: PlacedFile): boolean {
  const stat = lstatSync(pathOf(placed), { bigint: true, throwIfNoEntry: false });
  if (stat?.isFile() !== true) return false;
  const { entry } = placed;
  const now = foundFile(entry.name, stat);
  return now.size === entry.size && isSameTime(now.mtime, entry.mtime) && isSameObject(now, entry);
}

/** Of a profile that was recovered nothing is known of that. */
function isSameObject(now: ReturnType<typeof foundFile>, { ino, ctime }: FileEntry): boolean {
  return ino === 0 || (now.ino === ino && isSameTime(now.ctime, ctime));
}

function isSameTime(a: FileEntry['mtime'], b: FileEntry['mtime']): boolean {
  return a.s === b.s && a.ns === b.ns;
}

function pathOf({ folder, entry }: PlacedFile): Buffer {
  const names = [...folder, entry.name];
  return Buffer.concat(names.flatMap((name, i) => (i === 0 ? [name] : [SLASH, name])));
}

const SLASH = Buffer.from('/');
