/** A manifest as docs/format.md §5 tells it: lines of JSON, and the tree that comes of them. */
import { demand } from './strangerKeys.ts';

export interface Head {
  readonly manifest: number;
  readonly snapshot: string;
  readonly base: boolean;
  readonly parent: string | null;
  readonly plan: { readonly id: string; readonly name: string };
  readonly writer: string;
  readonly epoch: number;
  readonly previous: string | null;
  readonly host: string;
  readonly platform: string;
  readonly startedAt: number;
  readonly endedAt: number;
}

/** A data pack as a manifest tells it. */
export interface ToldPack {
  readonly pack: string;
  readonly size: number;
  readonly treeHash: string;
  readonly archive: string;
  readonly header: string;
  readonly frames: FrameLine[];
}

/** Stored and raw length, codec, ids in base64, lengths of the chunks. */
export type FrameLine = readonly [number, number, number, string, readonly number[]];

export interface Entry {
  readonly name?: string;
  readonly name64?: string;
  readonly type: 'file' | 'folder' | 'symlink';
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: readonly [number, number];
  readonly size?: number;
  readonly chunks?: number;
  readonly ids?: string;
  readonly hash?: string;
  readonly sparse?: boolean;
  readonly inode?: number;
  readonly link?: string;
  readonly link64?: string;
}

interface Line {
  readonly source?: object;
  readonly exclude?: string;
  readonly pack?: string;
  readonly frames?: readonly FrameLine[];
  readonly folder?: number;
  readonly in?: number;
  readonly name?: string;
  readonly name64?: string;
  readonly put?: Entry;
  readonly more?: string;
  readonly gone?: { readonly name?: string; readonly name64?: string };
  readonly end?: Counts;
}

interface Counts {
  readonly packs: number;
  readonly frames: number;
  readonly folders: number;
  readonly puts: number;
  readonly gone: number;
}

/** What a manifest does to the tree, in its order. */
export type Step =
  | { readonly do: 'folder'; readonly number: number; readonly within: number; readonly name: string }
  | { readonly do: 'put'; readonly name: string; readonly entry: Entry; readonly ids: Buffer }
  | { readonly do: 'gone'; readonly name: string };

export interface Manifest {
  readonly head: Head;
  readonly packs: readonly ToldPack[];
  readonly steps: readonly Step[];
}

/** An entry with what lies below it. Names are byte strings, held one byte per character (`latin1`). */
export interface Node {
  readonly entry: Entry;
  readonly ids: Buffer;
  readonly children: Tree;
}

/** Nodes by name; of the root, by the full path of the source. */
export type Tree = Map<string, Node>;

export function readManifest(content: Buffer): Manifest {
  const lines = content.toString().split('\n');
  demand(lines.pop() === '', 'the last line of the manifest is cut off');
  const head = JSON.parse(lines[0] ?? 'null') as Head;
  demand(head.manifest === 1, 'another version of the manifest');
  const packs: ToldPack[] = [];
  const steps: Step[] = [];
  const counts = { packs: 0, frames: 0, folders: 0, puts: 0, gone: 0 };
  for (const [i, text] of lines.entries()) {
    if (i === 0) continue;
    const line = JSON.parse(text) as Line;
    if (line.end !== undefined) {
      demand(i === lines.length - 1, 'the manifest goes on after its end');
      demandEqualCounts(line.end, counts);
      return { head, packs, steps };
    }
    takeLine(line, packs, steps, counts);
  }
  demand(false, 'the manifest has no end');
}

function takeLine(
  line: Line,
  packs: ToldPack[],
  steps: Step[],
  counts: { -readonly [K in keyof Counts]: number },
): void {
  if (line.source !== undefined || line.exclude !== undefined) return;
  if (line.pack !== undefined) {
    counts.packs++;
    packs.push({ ...(line as Omit<ToldPack, 'frames'>), frames: [] });
  } else if (line.frames !== undefined) {
    counts.frames += line.frames.length;
    const pack = packs.at(-1);
    demand(pack !== undefined, 'frames of no pack');
    pack.frames.push(...line.frames);
  } else if (line.folder !== undefined) {
    counts.folders++;
    const name = line.folder === 0 ? '' : bytesOf(line.name, line.name64);
    steps.push({ do: 'folder', number: line.folder, within: line.in ?? 0, name });
  } else if (line.put !== undefined) {
    counts.puts++;
    const ids = Buffer.from(line.put.ids ?? '', 'base64');
    steps.push({ do: 'put', name: bytesOf(line.put.name, line.put.name64), entry: line.put, ids });
  } else if (line.more !== undefined) {
    const put = steps.pop();
    demand(put?.do === 'put', 'more of nothing');
    steps.push({ ...put, ids: Buffer.concat([put.ids, Buffer.from(line.more, 'base64')]) });
  } else {
    demand(line.gone !== undefined, 'a line of a kind not known');
    counts.gone++;
    steps.push({ do: 'gone', name: bytesOf(line.gone.name, line.gone.name64) });
  }
}

function demandEqualCounts(told: Counts, counted: Counts): void {
  for (const what of ['packs', 'frames', 'folders', 'puts', 'gone'] as const)
    demand(told[what] === counted[what], `the manifest has ${counted[what]} ${what}, not ${told[what]}`);
}

/** The bytes of a name or link, one per character. */
export function bytesOf(text: string | undefined, base64: string | undefined): string {
  demand((text === undefined) !== (base64 === undefined), 'a name is told once, as text or in base64');
  return text === undefined
    ? Buffer.from(base64 ?? '', 'base64').toString('latin1')
    : Buffer.from(text).toString('latin1');
}

/** The tree of a snapshot: its base, then each difference on the way to it. */
export function resolveTree(manifests: ReadonlyMap<string, Manifest>, snapshot: string): Tree {
  const way: Manifest[] = [];
  for (let next: string | null = snapshot; next !== null;) {
    const manifest: Manifest | undefined = manifests.get(next);
    demand(manifest !== undefined, `the manifest of ${next} is missing`);
    demand(!way.includes(manifest), 'the parents go round in a circle');
    way.unshift(manifest);
    next = manifest.head.base ? null : manifest.head.parent;
  }
  demand(way[0]?.head.base === true, 'the parents end before a base');
  const root: Tree = new Map();
  for (const manifest of way) apply(root, manifest);
  return root;
}

function apply(root: Tree, { steps }: Manifest): void {
  const folders = new Map([[0, root]]);
  let open: Tree | undefined;
  for (const step of steps) {
    if (step.do === 'folder') {
      if (step.number !== 0) folders.set(step.number, folderIn(folders.get(step.within), step.name));
      open = folders.get(step.number);
      continue;
    }
    demand(open !== undefined, 'an entry of no folder');
    const before = open.get(step.name);
    if (step.do === 'gone') {
      demand(before !== undefined, 'something is gone that was not there');
      open.delete(step.name);
    } else {
      const { entry, ids } = step;
      const stays = before?.entry.type === 'folder' && entry.type === 'folder';
      open.set(step.name, { entry, ids, children: stays ? before.children : new Map<string, Node>() });
    }
  }
}

function folderIn(parent: Tree | undefined, name: string): Tree {
  const node = parent?.get(name);
  demand(node?.entry.type === 'folder', 'a folder is opened that is not there');
  return node.children;
}
