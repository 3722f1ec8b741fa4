/**
 * The stranger: reads a folder target with nothing but docs/format.md, the archives and the passphrase.
 *
 * Written from the page alone. It imports nothing of the engine, so whatever both get right is on the page.
 * Simple rather than lean: all archives of the target are held in memory.
 */
import {
  chmodSync,
  closeSync,
  ftruncateSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { demand, openSlots, subkey, unseal, type MasterKeys } from './strangerKeys.ts';
import {
  bytesOf,
  readManifest,
  resolveTree,
  type FrameLine,
  type Manifest,
  type Node,
  type ToldPack,
  type Tree,
} from './strangerManifest.ts';
import {
  checkWhole,
  cutChunk,
  decodeFrame,
  joinedChunks,
  openPack,
  sha256,
  treeHash,
  type Chunk,
  type Frame,
  type Pack,
} from './strangerPack.ts';

const BLOCK_BYTES = 4096;

export interface Target {
  /** By pack id, hex. */
  readonly packs: ReadonlyMap<string, Pack>;
  /** By snapshot id, hex, in the order of their epochs. */
  readonly manifests: ReadonlyMap<string, Manifest>;
  /** By chunk id, hex. */
  readonly chunks: ReadonlyMap<string, Place>;
  /** Frames decoded so far. */
  readonly decoded: Map<Frame, Buffer>;
}

interface Place {
  readonly pack: Pack;
  readonly frame: Frame;
  readonly chunk: Chunk;
}

interface Description {
  readonly packId: string;
  readonly kind: number;
  readonly keyEpoch: number;
  readonly epoch: number;
}

/** Opens the newest key slots that the passphrase opens. */
export async function openKeys(dir: string, passphrase: string): Promise<MasterKeys> {
  const generations = archivesOf(dir)
    .flatMap(({ file, description }) => {
      const generation = /^k1\.([0-9]+)$/.exec(description)?.[1];
      return generation === undefined ? [] : [{ file, generation: Number(generation) }];
    })
    .sort((a, b) => b.generation - a.generation);
  for (const { file } of generations) {
    const masters = await openSlots(readFileSync(file), passphrase);
    if (masters.size > 0) return masters;
  }
  demand(false, 'no key slot opens');
}

/** Opens all packs, reads all manifests, and holds each against the other. Refuses a target with any pack that does not open. */
export function openTarget(dir: string, masters: MasterKeys): Target {
  const packs = new Map<string, Pack>();
  const manifests: { pack: Pack; manifest: Manifest }[] = [];
  for (const { file, description } of archivesOf(dir)) {
    const told = packDescription(description, masters);
    if (told === null) continue;
    const pack = openPack(readFileSync(file), masters);
    demand(told.packId === pack.id && told.keyEpoch === pack.epoch, 'the description is of another pack');
    demand(
      ['', 'data', 'manifest', 'catalog'][told.kind] === pack.kind,
      'the description tells another kind',
    );
    packs.set(pack.id, pack);
    if (pack.kind !== 'manifest') continue;
    const manifest = readManifest(joinedChunks(pack));
    demand(told.epoch === manifest.head.epoch, 'the description tells another epoch');
    manifests.push({ pack, manifest });
  }
  // So that of several manifests of one snapshot the latest stays.
  manifests.sort(({ manifest: { head: a } }, { manifest: { head: b } }) =>
    a.epoch === b.epoch ? a.endedAt - b.endedAt : a.epoch - b.epoch,
  );
  for (const { manifest } of manifests)
    for (const told of manifest.packs) checkTold(told, packs.get(told.pack));
  checkChain(manifests);
  return {
    packs,
    manifests: new Map(manifests.map(({ manifest }) => [manifest.head.snapshot, manifest])),
    chunks: placesOf(packs),
    decoded: new Map(),
  };
}

/** Checks every byte: tree hashes as the manifests tell them, every segment, frame and chunk. */
export function checkTarget({ packs, manifests }: Target): void {
  for (const { packs: told } of manifests.values())
    for (const { pack, treeHash: root } of told)
      demand(treeHash(packs.get(pack)!.sealed.archive) === root, `the tree hash of ${pack} differs`);
  for (const pack of packs.values()) checkWhole(pack);
}

export function treeOf(target: Target, snapshot: string): Tree {
  return resolveTree(target.manifests, snapshot);
}

/** A file's content, checked chunk by chunk and as a whole. */
export function contentOf(target: Target, { entry, ids }: Node): Buffer {
  demand(entry.type === 'file' && ids.length === 32 * (entry.chunks ?? 0), 'the ids of a file are cut off');
  demand(sha256(ids).toString('base64') === entry.hash, 'the whole-file hash differs');
  const parts: Buffer[] = [];
  for (let at = 0; at < ids.length; at += 32) {
    const id = ids.toString('hex', at, at + 32);
    const place = target.chunks.get(id);
    demand(place !== undefined, `no pack has chunk ${id}`);
    const { pack, frame, chunk } = place;
    const raw = target.decoded.get(frame) ?? decodeFrame(pack, frame);
    target.decoded.set(frame, raw);
    parts.push(cutChunk(pack, raw, chunk));
  }
  const content = Buffer.concat(parts);
  demand(content.length === entry.size, 'the file has another size');
  return content;
}

/** Writes a tree below `to`, each source under its full path. Owners are left to who runs it. */
export function writeTree(target: Target, tree: Tree, to: string): void {
  mkdirSync(to, { recursive: true });
  const names = new Map<string, Buffer>();
  for (const [path, node] of tree) {
    const inside = path.replace(/^\/+/, '');
    const above = inside.split('/').slice(0, -1);
    mkdirSync(join(to, ...above), { recursive: true });
    writeNode(target, node, Buffer.concat([Buffer.from(`${to}/`), Buffer.from(inside, 'latin1')]), names);
  }
}

function writeNode(target: Target, node: Node, path: Buffer, names: Map<string, Buffer>): void {
  const { entry } = node;
  const seconds = entry.mtime[0] + entry.mtime[1] / 1e9;
  if (entry.type === 'symlink') {
    symlinkSync(Buffer.from(bytesOf(entry.link, entry.link64), 'latin1'), path);
    lutimesSync(path, seconds, seconds);
    return;
  }
  if (entry.type === 'folder') {
    mkdirSync(path, { recursive: true });
    for (const [name, child] of node.children) {
      demand(!['', '.', '..'].includes(name) && !/[/\0]/.test(name), 'a name leads elsewhere');
      writeNode(target, child, Buffer.concat([path, Buffer.from('/'), Buffer.from(name, 'latin1')]), names);
    }
  } else if (!linkedToOther(node, path, names)) {
    writeContent(path, contentOf(target, node), entry.sparse === true);
  }
  chmodSync(path, entry.mode);
  utimesSync(path, seconds, seconds);
}

/** Writes a new file; of a sparse one, blocks of zeros are left out. */
function writeContent(path: Buffer, content: Buffer, sparse: boolean): void {
  if (!sparse) {
    writeFileSync(path, content, { flag: 'wx' });
    return;
  }
  const file = openSync(path, 'wx');
  ftruncateSync(file, content.length);
  for (let at = 0; at < content.length; at += BLOCK_BYTES) {
    const block = content.subarray(at, at + BLOCK_BYTES);
    if (block.some((byte) => byte !== 0)) writeSync(file, block, 0, block.length, at);
  }
  closeSync(file);
}

/** Entries of equal inode, size and hash are names of one file. */
function linkedToOther({ entry }: Node, path: Buffer, names: Map<string, Buffer>): boolean {
  if (entry.inode === undefined) return false;
  const file = `${entry.inode} ${entry.size ?? 0} ${entry.hash ?? ''}`;
  const other = names.get(file);
  if (other === undefined) names.set(file, path);
  else linkSync(other, path);
  return other !== undefined;
}

function archivesOf(dir: string): { file: string; description: string }[] {
  const folder = join(dir, 'archives');
  return readdirSync(folder).flatMap((name) => {
    const description = /^(.*)~[0-9a-f]{8}$/.exec(name)?.[1];
    return description === undefined ? [] : [{ file: join(folder, name), description }];
  });
}

/** What a pack's description tells; null if the archive is not a pack of ours. */
function packDescription(description: string, masters: MasterKeys): Description | null {
  const parts = /^a1\.([0-9a-f]{32})\.([A-Za-z0-9_-]+)$/.exec(description);
  if (parts === null) return null;
  const [, packId, sealed] = parts as unknown as [string, string, string];
  const bytes = Buffer.from(sealed, 'base64url');
  const [fields] = [...masters.values()].flatMap((master) => {
    try {
      const key = subkey(master, 'desc');
      return [unseal(key, bytes.subarray(0, 12), bytes.subarray(12), Buffer.from(packId), 'a description')];
    } catch {
      return [];
    }
  });
  demand(fields !== undefined, 'no key opens a description');
  demand(fields.length === 24 && fields.readUInt8(0) === 1, 'another version of the description');
  const epoch = Number(fields.readBigUInt64LE(8));
  return { packId, kind: fields.readUInt8(1), keyEpoch: fields.readUInt32LE(4), epoch };
}

/** A manifest tells of a data pack what the pack tells of itself. */
function checkTold(told: ToldPack, pack: Pack | undefined): void {
  demand(pack !== undefined, `pack ${told.pack} is missing`);
  demand(told.size === pack.sealed.archive.length, 'the manifest tells another size');
  demand(told.header === pack.header.toString('base64'), 'the manifest tells another header');
  const own = pack.frames.map(({ stored, raw, codec, chunks }): FrameLine => {
    const ids = Buffer.from(chunks.map(({ id }) => id).join(''), 'hex').toString('base64');
    return [stored, raw, codec, ids, chunks.map(({ length }) => length)];
  });
  demand(JSON.stringify(own) === JSON.stringify(told.frames), 'the manifest tells other frames');
}

/** Each manifest names the one before it of its writer by tree hash, if that is still there. */
function checkChain(manifests: readonly { pack: Pack; manifest: Manifest }[]): void {
  const hashes = new Map<string, string[]>();
  for (const { pack, manifest } of manifests) {
    const { writer, epoch, previous } = manifest.head;
    demand(writer === pack.writer, 'the manifest is of another writer than its pack');
    demand(epoch > 1 || previous === null, 'there is a manifest before the first');
    const before = hashes.get(`${writer} ${epoch - 1}`);
    demand(before?.includes(previous ?? '') !== false, 'the manifest before this is another');
    const of = `${writer} ${epoch}`;
    hashes.set(of, [...(hashes.get(of) ?? []), treeHash(pack.sealed.archive)]);
  }
}

function placesOf(packs: ReadonlyMap<string, Pack>): Map<string, Place> {
  const places = new Map<string, Place>();
  for (const pack of packs.values()) {
    if (pack.kind !== 'data') continue;
    for (const frame of pack.frames)
      for (const chunk of frame.chunks) places.set(chunk.id, { pack, frame, chunk });
  }
  return places;
}
