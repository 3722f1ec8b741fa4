/** A tree of files as plain data: what a power cut leaves, before it lies on a real disk. */
import { createHash } from 'node:crypto';
import { chmodSync, linkSync, lutimesSync, mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import type { Mtime } from './recording.ts';

/** Where two names lead to one file, they lead to the same object. */
export type Tree = TreeFile | TreeFolder | TreeLink;

export interface TreeFile {
  readonly kind: 'file';
  readonly bytes: Buffer;
  readonly mode: number;
  /** Null: whenever it was written. */
  readonly mtime: Mtime | null;
}

export interface TreeFolder {
  readonly kind: 'folder';
  /** One character a byte. */
  readonly names: ReadonlyMap<string, Tree>;
  readonly mode: number;
  readonly mtime: Mtime | null;
}

export interface TreeLink {
  readonly kind: 'link';
  readonly to: Buffer;
  readonly mtime: Mtime | null;
}

/** One line a name, by path: what is there, its content as a hash, and which names share it. Without times. */
export function listTree(tree: TreeFolder): Readonly<Record<string, string>> {
  const lines: Record<string, string> = {};
  const numbers = new Map<Tree, number>();
  const list = (each: Tree, path: string): void => {
    const number = numbers.get(each) ?? numbers.size;
    numbers.set(each, number);
    const mode = each.kind === 'link' ? '' : each.mode.toString(8);
    const content = each.kind === 'folder' ? '' : sha256(each.kind === 'link' ? each.to : each.bytes);
    lines[path] = `${number} ${each.kind} ${mode} ${content}`;
    if (each.kind !== 'folder') return;
    const names = [...each.names].sort(([a], [b]) => (a < b ? -1 : 1));
    for (const [name, inside] of names) list(inside, `${path}/${name}`);
  };
  list(tree, '.');
  return lines;
}

/** Equal for trees that nobody could tell apart. */
export function digestOf(tree: TreeFolder): string {
  const times: unknown[] = [];
  const collect = (each: Tree): void => {
    times.push(each.mtime);
    if (each.kind === 'folder') each.names.forEach(collect);
  };
  collect(tree);
  return sha256(Buffer.from(JSON.stringify([listTree(tree), times])));
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Makes the tree on disk, at a path that is free. */
export function layTree(tree: Tree, path: string): void {
  lay(tree, Buffer.from(path), new Map());
}

function lay(tree: Tree, path: Buffer, laid: Map<Tree, Buffer>): void {
  const before = laid.get(tree);
  if (before !== undefined) {
    linkSync(before, path);
    return;
  }
  laid.set(tree, path);
  if (tree.kind === 'link') {
    symlinkSync(tree.to, path);
    if (tree.mtime !== null) lutimesSync(path, ...timesOf(tree.mtime));
    return;
  }
  if (tree.kind === 'file') writeFileSync(path, tree.bytes);
  else {
    mkdirSync(path);
    for (const [name, inside] of tree.names) {
      lay(inside, Buffer.concat([path, Buffer.from('/'), Buffer.from(name, 'latin1')]), laid);
    }
  }
  chmodSync(path, tree.mode);
  if (tree.mtime !== null) utimesSync(path, ...timesOf(tree.mtime));
}

/** As text: Node takes a number below zero for "now". */
function timesOf({ s, ns }: Mtime): [string, string] {
  const time = `${s}.${String(ns).padStart(9, '0')}`;
  return [time, time];
}
