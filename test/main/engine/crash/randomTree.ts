/** Small trees of files by a seed, as plain data: so that the tree of any moment can be laid down again to compare with. */
import {
  chmodSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { pseudoRandom } from '../chunk/sample.ts';

/** Of the next draw: from 0, below 1. */
export type Random = () => number;

interface TreeFile {
  /** Equal content numbers and sizes are equal bytes. */
  readonly content: number;
  readonly size: number;
  readonly mode: number;
  /** Seconds. */
  readonly mtime: number;
}

/** By path below the root. */
export interface Tree {
  readonly files: ReadonlyMap<string, TreeFile>;
  /** Second names of files: to which. */
  readonly twins: ReadonlyMap<string, string>;
  /** Symbolic links: where to. */
  readonly links: ReadonlyMap<string, string>;
}

const folders = ['', 'letters/', 'letters/from Zoë/', 'photos/'];
const LONG_AGO = 1_000_000_000;

/** The same numbers for the same seed. */
export function randomOf(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32;
  };
}

/** A whole number from 0, below `end`. */
export function below(random: Random, end: number): number {
  return Math.floor(random() * end);
}

export function newTree(random: Random): Tree {
  const files = new Map<string, TreeFile>();
  for (let i = 5 + below(random, 25); i > 0; i--) files.set(newPath(random), newFile(random));
  return { files, ...sideNames(random, files) };
}

/** Changes, takes away, renames and adds files; at least one is new. */
export function edited(random: Random, tree: Tree): Tree {
  const files = new Map<string, TreeFile>();
  for (const [path, file] of tree.files) {
    const dice = random();
    if (dice < 0.2) files.set(path, { ...newFile(random), mode: file.mode });
    else if (dice < 0.3) files.set(newPath(random), file);
    else if (dice < 0.35) files.set(path, { ...file, mode: file.mode ^ 0o040 });
    else if (dice < 0.9) files.set(path, file);
  }
  for (let i = 1 + below(random, 5); i > 0; i--) files.set(newPath(random), newFile(random));
  return { files, ...sideNames(random, files) };
}

function newPath(random: Random): string {
  return `${folders[below(random, folders.length)]}file ${below(random, 2 ** 32).toString(36)}`;
}

function newFile(random: Random): TreeFile {
  const kind = random();
  const most = kind < 0.75 ? 20_000 : kind < 0.95 ? 300_000 : 2_500_000;
  return {
    content: below(random, 2 ** 24),
    size: below(random, most),
    mode: random() < 0.5 ? 0o644 : 0o600,
    mtime: LONG_AGO + below(random, 500_000_000),
  };
}

function sideNames(random: Random, files: ReadonlyMap<string, TreeFile>): Pick<Tree, 'twins' | 'links'> {
  const paths = [...files.keys()];
  const twins = new Map<string, string>();
  const links = new Map<string, string>();
  for (let i = below(random, 3); i > 0; i--) {
    twins.set(`photos/twin ${i}`, paths[below(random, paths.length)] ?? '');
    links.set(`link ${i}`, `nowhere ${below(random, 9)}`);
  }
  return { twins, links };
}

/** Makes the folder `root` hold the tree, touching only what differs from `before`, which it holds now. */
export function layTree(root: string, tree: Tree, before?: Tree): void {
  for (const folder of folders) mkdirSync(join(root, folder), { recursive: true });
  for (const path of [...(before?.twins.keys() ?? []), ...(before?.links.keys() ?? [])])
    rmSync(join(root, path));
  for (const [path, file] of before?.files ?? []) if (!tree.files.has(path)) leave(root, path, file, tree);
  // A file that differs in anything is another object.
  const known = new Set(before?.files.values());
  for (const [path, file] of tree.files) {
    if (known.has(file)) continue;
    const at = join(root, path);
    writeFileSync(at, contentOf(file));
    chmodSync(at, file.mode);
    utimesSync(at, file.mtime, file.mtime);
  }
  for (const [path, of] of tree.twins) linkSync(join(root, of), join(root, path));
  for (const [path, to] of tree.links) {
    symlinkSync(to, join(root, path));
    lutimesSync(join(root, path), LONG_AGO, LONG_AGO);
  }
  for (const folder of folders) utimesSync(join(root, folder), LONG_AGO, LONG_AGO);
}

function leave(root: string, path: string, file: TreeFile, tree: Tree): void {
  const renamed = [...tree.files].find(([, its]) => its === file);
  if (renamed === undefined) rmSync(join(root, path));
  else renameSync(join(root, path), join(root, renamed[0]));
}

/** One in three compresses. */
function contentOf({ content, size }: TreeFile): Buffer {
  const seed = 2 * content + 1;
  return content % 3 === 0 ? Buffer.alloc(size, pseudoRandom(997, seed)) : pseudoRandom(size, seed);
}
