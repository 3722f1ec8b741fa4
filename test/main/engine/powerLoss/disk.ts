/**
 * A file system as a power cut sees it: what is durable, and what was done since, which may be there or not.
 *
 * This is the weakest reading of POSIX that a journalling file system may have. Content, mode and time of a file become
 * durable when the file is synced (fdatasync: content alone); its names when the folder they are in is synced, and by
 * nothing else; a link, which cannot be opened, goes with its name. Acts on the names of one folder survive in order: the first few, all or none. A file that moves to
 * another folder is never in neither. Writes since the last sync survive each by itself, whole, torn, or not at all.
 */
import { lstatSync, readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { Act, Inode, Mtime, Sync } from './recording.ts';
import type { Tree, TreeFolder } from './tree.ts';

export type Change =
  | { readonly kind: 'written'; readonly offset: number; readonly bytes: Buffer }
  | { readonly kind: 'sized'; readonly size: number }
  | { readonly kind: 'mode-set'; readonly mode: number }
  | { readonly kind: 'time-set'; readonly mtime: Mtime };

/** What became of everything that was not durable. */
export interface Fate {
  /** How many of the acts on a folder's names survived. */
  readonly names: (count: number) => number;
  /** Which changes of one file survived, and as what. */
  readonly changes: (changes: readonly Change[]) => readonly Change[];
}

interface Content {
  readonly bytes: Buffer;
  readonly mode: number;
  readonly mtime: Mtime | null;
}

interface Thing {
  readonly kind: 'file' | 'folder' | 'link';
  durable: Content;
  changes: Change[];
  /** Of a folder: its durable names, those it has now, and what was done to them since they were durable. */
  readonly names: Map<string, Thing>;
  readonly live: Map<string, Thing>;
  nameActs: NameAct[];
}

interface NameAct {
  readonly add?: { readonly name: string; readonly thing: Thing };
  readonly drop?: string;
  /** The name in another folder that has to survive if this drop does. */
  readonly arrival?: { readonly folder: Thing; readonly act: NameAct };
}

const NOTHING = Buffer.alloc(0);

export class Disk {
  readonly #root: Thing;
  readonly #things = new Map<Inode, Thing>();

  readonly #isKept: (name: string) => boolean;

  /**
   * Begins with what lies there now, all of it durable.
   * @param isKept names of files that survive a restart at all
   */
  constructor(path: string, isKept: (name: string) => boolean = () => true) {
    this.#isKept = isKept;
    this.#root = this.#scan(path);
  }

  /** Does what was done; acts on files and folders outside are none of its business. */
  apply(act: Act): void {
    switch (act.kind) {
      case 'created':
        this.#add(act, newThing('file', NOTHING, act.mode));
        break;
      case 'folder-made':
        this.#add(act, newThing('folder', NOTHING, act.mode));
        break;
      case 'link-made':
        this.#add(act, newThing('link', act.to, 0o777));
        break;
      case 'named': {
        const thing = this.#things.get(act.inode);
        if (thing !== undefined) this.#add(act, thing);
        break;
      }
      case 'unnamed':
        this.#change(this.#things.get(act.folder), { drop: act.name });
        break;
      case 'renamed':
        this.#rename(act.from, act.to);
        break;
      case 'synced':
        this.#sync(act);
        break;
      default:
        this.#things.get(act.inode)?.changes.push(act);
    }
  }

  /** Where a file or folder lies now, below the root; undefined for one that is none of ours. */
  pathOf(inode: Inode): string | undefined {
    const wanted = this.#things.get(inode);
    return wanted === undefined ? undefined : pathTo(this.#root, wanted);
  }

  /** What a power cut now would leave of it. */
  after(fate: Fate): TreeFolder {
    const kept = keptActs([...this.#things.values()], fate);
    const trees = new Map<Thing, Tree>();
    const treeOf = (thing: Thing): Tree => {
      const known = trees.get(thing);
      if (known !== undefined) return known;
      const { bytes, mode, mtime } = changed(thing.durable, fate.changes(thing.changes));
      const tree: Tree =
        thing.kind === 'folder'
          ? { kind: 'folder', names: namesOf(thing), mode, mtime }
          : thing.kind === 'file'
            ? { kind: 'file', bytes, mode, mtime }
            : { kind: 'link', to: bytes, mtime };
      trees.set(thing, tree);
      return tree;
    };
    const namesOf = (folder: Thing): ReadonlyMap<string, Tree> => {
      const names = new Map(folder.names);
      for (const act of kept.get(folder) ?? []) applyTo(names, act);
      const lasting = [...names].filter(([name]) => this.#isKept(name));
      return new Map(lasting.map(([name, thing]) => [name, treeOf(thing)]));
    };
    const tree = treeOf(this.#root);
    if (tree.kind !== 'folder') throw new RangeError('the root is no folder');
    return tree;
  }

  #scan(path: string): Thing {
    const stat = lstatSync(path, { bigint: true });
    const kind = stat.isDirectory() ? 'folder' : stat.isSymbolicLink() ? 'link' : 'file';
    const known = this.#things.get(stat.ino);
    if (known !== undefined) return known;
    const bytes =
      kind === 'file'
        ? readFileSync(path)
        : kind === 'link'
          ? readlinkSync(path, { encoding: 'buffer' })
          : NOTHING;
    const thing = newThing(kind, bytes, Number(stat.mode & 0o7777n));
    const s = Number(stat.mtimeNs / 1_000_000_000n);
    thing.durable = { ...thing.durable, mtime: { s, ns: Number(stat.mtimeNs % 1_000_000_000n) } };
    this.#things.set(stat.ino, thing);
    for (const name of kind === 'folder' ? readdirSync(path) : []) {
      const inside = this.#scan(join(path, name));
      thing.names.set(Buffer.from(name).toString('latin1'), inside);
      thing.live.set(Buffer.from(name).toString('latin1'), inside);
    }
    return thing;
  }

  #add(
    { folder, inode, name }: { readonly folder: Inode; readonly inode: Inode; readonly name: string },
    thing: Thing,
  ): void {
    const into = this.#things.get(folder);
    // A number that was ours may come again outside, when the file that had it is gone.
    if (into === undefined) this.#things.delete(inode);
    else this.#things.set(inode, thing);
    this.#change(into, { add: { name, thing } });
  }

  #change(folder: Thing | undefined, act: NameAct): void {
    if (folder === undefined) return;
    folder.nameActs.push(act);
    applyTo(folder.live, act);
    // Names are what a folder is: whatever time it was given before is no longer its own.
    const { durable } = folder;
    folder.durable = { ...durable, mtime: null };
    folder.changes = folder.changes.filter(({ kind }) => kind !== 'time-set');
  }

  #rename(
    from: { readonly folder: Inode; readonly name: string },
    to: { readonly folder: Inode; readonly name: string },
  ): void {
    const source = this.#things.get(from.folder);
    const target = this.#things.get(to.folder);
    const thing = source?.live.get(from.name);
    if (source === undefined && target === undefined) return;
    if (source === undefined || target === undefined || thing === undefined) {
      throw new RangeError('a file was moved in or out of what is looked at');
    }
    const add = { name: to.name, thing };
    if (source === target) {
      this.#change(target, { drop: from.name, add });
      return;
    }
    const act = { add };
    this.#change(target, act);
    this.#change(source, { drop: from.name, arrival: { folder: target, act } });
  }

  #sync({ inode, data }: Sync): void {
    const named = inode === null ? undefined : this.#things.get(inode);
    const links = [...(named?.live.values() ?? [])].filter(({ kind }) => kind === 'link');
    const synced = inode === null ? this.#things.values() : named === undefined ? [] : [named, ...links];
    for (const thing of synced) {
      const isKept = ({ kind }: Change): boolean => data && (kind === 'mode-set' || kind === 'time-set');
      thing.durable = changed(
        thing.durable,
        thing.changes.filter((each) => !isKept(each)),
      );
      thing.changes = thing.changes.filter(isKept);
      settleNames(thing, thing.nameActs.length);
    }
  }
}

function newThing(kind: Thing['kind'], bytes: Buffer, mode: number): Thing {
  const durable = { bytes, mode, mtime: null };
  return { kind, durable, changes: [], names: new Map(), live: new Map(), nameActs: [] };
}

/** Makes the first acts on a folder's names durable, and what they rest on. */
function settleNames(folder: Thing, count: number): void {
  for (const act of folder.nameActs.splice(0, count)) {
    if (act.arrival !== undefined) {
      const { folder: target, act: arrival } = act.arrival;
      settleNames(target, target.nameActs.indexOf(arrival) + 1);
    }
    applyTo(folder.names, act);
  }
}

function applyTo(names: Map<string, Thing>, { add, drop }: NameAct): void {
  if (drop !== undefined) names.delete(drop);
  if (add !== undefined) names.set(add.name, add.thing);
}

/** The acts on names that survive, for each folder; cut short where one rests on another that does not survive. */
function keptActs(things: readonly Thing[], fate: Fate): ReadonlyMap<Thing, readonly NameAct[]> {
  const kept = new Map<Thing, readonly NameAct[]>();
  for (const thing of things) {
    const { nameActs } = thing;
    if (nameActs.length > 0) kept.set(thing, nameActs.slice(0, fate.names(nameActs.length)));
  }
  for (const [thing, acts] of kept) {
    const lost = acts.findIndex(
      ({ arrival }) =>
        arrival?.folder.nameActs.includes(arrival.act) === true &&
        kept.get(arrival.folder)?.includes(arrival.act) !== true,
    );
    if (lost >= 0) kept.set(thing, acts.slice(0, lost));
  }
  return kept;
}

function changed(content: Content, changes: readonly Change[]): Content {
  if (changes.length === 0) return content;
  let { bytes, mode, mtime } = content;
  let isOwn = false;
  for (const change of changes) {
    switch (change.kind) {
      case 'written': {
        const end = change.offset + change.bytes.length;
        if (!isOwn || end > bytes.length) bytes = resized(bytes, Math.max(end, bytes.length));
        isOwn = true;
        change.bytes.copy(bytes, change.offset);
        mtime = null;
        break;
      }
      case 'sized':
        bytes = resized(bytes, change.size);
        isOwn = true;
        mtime = null;
        break;
      case 'mode-set':
        mode = change.mode;
        break;
      case 'time-set':
        mtime = change.mtime;
    }
  }
  return { bytes, mode, mtime };
}

/** A copy of that length; what is new is zeros. */
function resized(bytes: Buffer, size: number): Buffer {
  const copy = Buffer.alloc(size);
  bytes.copy(copy, 0, 0, Math.min(size, bytes.length));
  return copy;
}

function pathTo(folder: Thing, wanted: Thing): string | undefined {
  if (folder === wanted) return '.';
  for (const [name, inside] of folder.live) {
    const below = pathTo(inside, wanted);
    if (below !== undefined) return below === '.' ? name : `${name}/${below}`;
  }
  return undefined;
}
