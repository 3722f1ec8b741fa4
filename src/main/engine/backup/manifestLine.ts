/**
 * One line of a manifest (docs/format.md §5): a JSON object, encoded and decoded one to one.
 *
 * Decoding trusts nothing: a manifest may come from an old target, a damaged disk or somebody who holds our key.
 */
import { z } from 'zod';
import { EngineError } from '../failure.ts';

/** Longest line a reader accepts, in characters. */
export const MAX_LINE = 1024 * 1024;
/** Chunk ids in one `put` or `more` line. */
export const IDS_PER_LINE = 8192;
/** Uids in one `forgotten` line. */
export const FORGOTTEN_PER_LINE = 8192;
const ID_BYTES = 32;

export interface ManifestHead {
  readonly kind: 'head';
  readonly snapshot: string;
  /** The whole tree is listed; else only what differs from `parent`. */
  readonly base: boolean;
  readonly parent: string | null;
  readonly plan: { readonly id: string; readonly name: string; readonly createdAt: number };
  readonly writer: string;
  readonly epoch: number;
  readonly previous: string | null;
  readonly host: string;
  readonly platform: string;
  readonly startedAt: number;
  readonly endedAt: number;
}

export interface ManifestPack {
  readonly kind: 'pack';
  readonly uid: string;
  readonly size: number;
  readonly treeHash: Buffer;
  readonly archiveId: string;
  readonly header: Buffer;
  /** Another snapshot's run made it: what told it before is gone, or never came to be. */
  readonly again?: boolean;
}

export interface ManifestFrame {
  readonly stored: number;
  readonly raw: number;
  readonly codec: number;
  /** Ids of its chunks in order, 32 bytes each. */
  readonly ids: Buffer;
  readonly lengths: readonly number[];
}

interface PutCommon {
  readonly name: Buffer;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: { readonly s: number; readonly ns: number };
}

export type ManifestEntry =
  | (PutCommon & { readonly type: 'folder' })
  | (PutCommon & { readonly type: 'symlink'; readonly link: Buffer })
  | (PutCommon & {
      readonly type: 'file';
      readonly size: number;
      /** How many chunks in all; `ids` holds the first of them, `more` lines the rest. */
      readonly chunks: number;
      readonly ids: Buffer;
      readonly hash: Buffer;
      readonly sparse: boolean;
      readonly inode: number | null;
      readonly inconsistent: boolean;
    });

export type ManifestLine =
  | ManifestHead
  /** A source folder of the plan as it was then, by its full path. */
  | { readonly kind: 'source'; readonly path: Buffer }
  /** A pattern of what the plan left out, in gitignore syntax. */
  | { readonly kind: 'exclude'; readonly pattern: string }
  /** Snapshots (uids) that are no more, though their own manifests may still be read. */
  | { readonly kind: 'forgotten'; readonly snapshots: readonly string[] }
  /** What somebody called a snapshot of the plan, as of now; those that no such line names have no tags. */
  | { readonly kind: 'tagged'; readonly snapshot: string; readonly tags: readonly string[] }
  | ManifestPack
  | { readonly kind: 'frames'; readonly frames: readonly ManifestFrame[] }
  | { readonly kind: 'folder'; readonly number: number; readonly parent: number; readonly name: Buffer }
  | { readonly kind: 'put'; readonly entry: ManifestEntry }
  | { readonly kind: 'more'; readonly ids: Buffer }
  | { readonly kind: 'gone'; readonly name: Buffer }
  | { readonly kind: 'end'; readonly counts: ManifestCounts };

export interface ManifestCounts {
  readonly packs: number;
  readonly frames: number;
  readonly folders: number;
  readonly puts: number;
  readonly gone: number;
}

export function encodeLine(line: ManifestLine): string {
  switch (line.kind) {
    case 'head': {
      const { kind: _, ...rest } = line;
      return JSON.stringify({ manifest: 1, ...rest });
    }
    case 'source':
      return JSON.stringify({ source: bytesMember('name', line.path) });
    case 'exclude':
      return JSON.stringify({ exclude: line.pattern });
    case 'forgotten':
      return JSON.stringify({ forgotten: line.snapshots });
    case 'tagged':
      return JSON.stringify({ tagged: line.snapshot, tags: line.tags });
    case 'pack':
      return JSON.stringify({
        pack: line.uid,
        size: line.size,
        treeHash: line.treeHash.toString('hex'),
        archive: line.archiveId,
        header: line.header.toString('base64'),
        ...(line.again === true && { again: true }),
      });
    case 'frames':
      return JSON.stringify({
        frames: line.frames.map((f) => [f.stored, f.raw, f.codec, f.ids.toString('base64'), f.lengths]),
      });
    case 'folder':
      if (line.number === 0) return JSON.stringify({ folder: 0 });
      return JSON.stringify({ folder: line.number, in: line.parent, ...bytesMember('name', line.name) });
    case 'put':
      return JSON.stringify({ put: encodeEntry(line.entry) });
    case 'more':
      return JSON.stringify({ more: line.ids.toString('base64') });
    case 'gone':
      return JSON.stringify({ gone: bytesMember('name', line.name) });
    case 'end':
      return JSON.stringify({ end: line.counts });
  }
}

function encodeEntry(entry: ManifestEntry): object {
  const common = {
    ...bytesMember('name', entry.name),
    type: entry.type,
    mode: entry.mode,
    uid: entry.uid,
    gid: entry.gid,
    mtime: [entry.mtime.s, entry.mtime.ns],
  };
  if (entry.type === 'folder') return common;
  if (entry.type === 'symlink') return { ...common, ...bytesMember('link', entry.link) };
  return {
    ...common,
    size: entry.size,
    chunks: entry.chunks,
    ids: entry.ids.toString('base64'),
    hash: entry.hash.toString('base64'),
    ...(entry.sparse && { sparse: true }),
    ...(entry.inode !== null && { inode: entry.inode }),
    ...(entry.inconsistent && { inconsistent: true }),
  };
}

/** `{name: text}` where the bytes are valid UTF-8, else `{name64: base64}`. */
function bytesMember(member: string, bytes: Buffer): Record<string, string> {
  const text = bytes.toString('utf8');
  return Buffer.from(text, 'utf8').equals(bytes)
    ? { [member]: text }
    : { [`${member}64`]: bytes.toString('base64') };
}

const count = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const u32 = z.number().int().min(0).max(0xffff_ffff);
const hex = (bytes: number) => z.string().regex(new RegExp(`^[0-9a-f]{${bytes * 2}}$`));
const fixedBytes = (bytes: number) =>
  z
    .base64()
    .transform((text) => Buffer.from(text, 'base64'))
    .refine((b) => b.length === bytes);
const idBytes = z
  .base64()
  .transform((text) => Buffer.from(text, 'base64'))
  .refine((b) => b.length % ID_BYTES === 0);

const named = { name: z.string().optional(), name64: z.base64().optional() };
const headShape = z.object({
  manifest: z.literal(1),
  snapshot: hex(16),
  base: z.boolean(),
  parent: hex(16).nullable(),
  plan: z.object({ id: hex(16), name: z.string(), createdAt: count }),
  writer: hex(16),
  epoch: count,
  previous: hex(32).nullable(),
  host: z.string(),
  platform: z.string(),
  startedAt: count,
  endedAt: count,
});
const taggedShape = z.object({ tagged: hex(16), tags: z.array(z.string().max(100)).max(100) });
const forgottenShape = z.array(hex(16)).max(FORGOTTEN_PER_LINE);
const packShape = z.object({
  pack: hex(16),
  size: count,
  treeHash: hex(32),
  archive: z.string(),
  header: fixedBytes(128),
  again: z.boolean().optional(),
});
const framesShape = z.object({ frames: z.array(z.tuple([u32, u32, u32.max(255), idBytes, z.array(u32)])) });
const folderShape = z.object({ folder: u32, in: u32.default(0), ...named });
const entryCommon = {
  ...named,
  mode: u32.max(0o7777),
  uid: u32,
  gid: u32,
  mtime: z.tuple([
    z
      .number()
      .int()
      .min(-(2 ** 53))
      .max(2 ** 53),
    z.number().int().min(0).max(999_999_999),
  ]),
};
const entryShape = z.discriminatedUnion('type', [
  z.object({ type: z.literal('folder'), ...entryCommon }),
  z.object({
    type: z.literal('symlink'),
    ...entryCommon,
    link: z.string().optional(),
    link64: z.base64().optional(),
  }),
  z.object({
    type: z.literal('file'),
    ...entryCommon,
    size: count,
    chunks: count,
    ids: idBytes,
    hash: fixedBytes(32),
    sparse: z.boolean().default(false),
    inode: count.optional(),
    inconsistent: z.boolean().default(false),
  }),
]);
const endShape = z.object({
  end: z.object({ packs: count, frames: count, folders: count, puts: count, gone: count }),
});

/**
 * @throws EngineError `corrupt` on anything the format does not allow
 */
export function decodeLine(text: string): ManifestLine {
  if (text.length > MAX_LINE) throw corrupt('a line is longer than 1 MiB');
  try {
    return decode(JSON.parse(text));
  } catch (cause) {
    if (cause instanceof EngineError) throw cause;
    throw corrupt(cause instanceof z.ZodError ? z.prettifyError(cause) : 'a line is not JSON');
  }
}

function decode(raw: unknown): ManifestLine {
  if (typeof raw !== 'object' || raw === null) throw corrupt('a line is not an object');
  if ('manifest' in raw) {
    const { manifest: _, ...head } = headShape.parse(raw);
    return { kind: 'head', ...head };
  }
  if ('source' in raw) {
    const { name, name64 } = z.object(named).parse(raw.source);
    return { kind: 'source', path: bytesOf(name, name64) };
  }
  if ('exclude' in raw) return { kind: 'exclude', pattern: z.string().parse(raw.exclude) };
  if ('tagged' in raw) {
    const { tagged, tags } = taggedShape.parse(raw);
    return { kind: 'tagged', snapshot: tagged, tags };
  }
  if ('forgotten' in raw) return { kind: 'forgotten', snapshots: forgottenShape.parse(raw.forgotten) };
  if ('pack' in raw) {
    const p = packShape.parse(raw);
    const treeHash = Buffer.from(p.treeHash, 'hex');
    const { pack: uid, size, archive: archiveId, header, again } = p;
    return { kind: 'pack', uid, size, treeHash, archiveId, header, ...(again === true && { again }) };
  }
  if ('frames' in raw) return { kind: 'frames', frames: framesShape.parse(raw).frames.map(decodeFrame) };
  if ('folder' in raw) {
    const f = folderShape.parse(raw);
    const name = f.folder === 0 ? Buffer.alloc(0) : bytesOf(f.name, f.name64);
    return { kind: 'folder', number: f.folder, parent: f.in, name };
  }
  if ('put' in raw) return { kind: 'put', entry: decodeEntry(raw.put) };
  if ('more' in raw) return { kind: 'more', ids: idBytes.parse(raw.more) };
  if ('gone' in raw) {
    const g = z.object(named).parse(raw.gone);
    return { kind: 'gone', name: bytesOf(g.name, g.name64) };
  }
  if ('end' in raw) return { kind: 'end', counts: endShape.parse(raw).end };
  throw corrupt('a line of an unknown kind');
}

function decodeFrame(tuple: [number, number, number, Buffer, number[]]): ManifestFrame {
  const [stored, raw, codec, ids, lengths] = tuple;
  if (ids.length !== lengths.length * ID_BYTES) throw corrupt('a frame has more lengths than ids, or fewer');
  if (lengths.reduce((sum, length) => sum + length, 0) !== raw)
    throw corrupt('a frame is not filled by its chunks');
  return { stored, raw, codec, ids, lengths };
}

function decodeEntry(raw: unknown): ManifestEntry {
  const entry = entryShape.parse(raw);
  const common = {
    name: bytesOf(entry.name, entry.name64),
    mode: entry.mode,
    uid: entry.uid,
    gid: entry.gid,
    mtime: { s: entry.mtime[0], ns: entry.mtime[1] },
  };
  switch (entry.type) {
    case 'folder':
      return { ...common, type: 'folder' };
    case 'symlink':
      return { ...common, type: 'symlink', link: bytesOf(entry.link, entry.link64) };
    case 'file': {
      const { size, chunks, ids, hash, sparse, inconsistent } = entry;
      if (ids.length / ID_BYTES !== Math.min(chunks, IDS_PER_LINE))
        throw corrupt('a file has the wrong count of ids');
      return {
        ...common,
        type: 'file',
        size,
        chunks,
        ids,
        hash,
        sparse,
        inode: entry.inode ?? null,
        inconsistent,
      };
    }
  }
}

function bytesOf(text: string | undefined, base64: string | undefined): Buffer {
  if (base64 !== undefined) return Buffer.from(base64, 'base64');
  if (text === undefined || text.length === 0) throw corrupt('a name is missing');
  return Buffer.from(text, 'utf8');
}

function corrupt(why: string): EngineError {
  return new EngineError(
    'corrupt',
    `A snapshot's record cannot be read: ${why}.`,
    'Run the restore from another snapshot; the data of this one may still be recovered from its packs.',
  );
}
