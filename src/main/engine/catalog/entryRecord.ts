/**
 * How an entry lies in its row.
 *
 * `kind` 1 file, 2 folder, 3 symlink. `size` of a file; 0 else.
 * `meta`, varints: mode, uid, gid, mtime seconds (zigzag), mtime ns, and for a file: ctime seconds minus mtime seconds
 *   (zigzag), ctime ns, ino, flags, and with flag 8 inode. Flags: 1 sparse, 2 inconsistent, 4 settled, 8 has an inode.
 * `content` of a file: hash (32 bytes), then its runs as varints: first chunk minus the end of the run before (zigzag),
 *   how many. Of a symlink: what it points to. Of a folder: null.
 *
 * A varint has 7 bits a byte, lowest first, the high bit set on all but the last. Values go up to 2^53 - 1.
 *
 * Millions of entries pass here on the engine's thread, so bytes go to and from the hex in which they travel through
 * one buffer that is used again and again; nothing here waits in between.
 */
import type { Entry, FileContent, FileEntry } from '../entry.ts';

const FILE = 1;
const FOLDER = 2;
const SYMLINK = 3;

/** The columns of an entry that are not its place; bytes in hex, as they travel. */
export interface EntryColumns {
  readonly kind: number;
  readonly size: number;
  readonly meta: string;
  readonly content: string | null;
}

const SPARSE = 1;
const INCONSISTENT = 2;
const SETTLED = 4;
const HAS_INODE = 8;
const HASH_BYTES = 32;

/** Enough for `meta` and for nearly every `content`. */
const scratch = Buffer.allocUnsafeSlow(16 * 1024);
/** Longest varint of a chunk number or count: 33 bits. */
const RUN_NUMBER_BYTES = 5;

export function encodeEntry(entry: Entry): EntryColumns {
  let at = putVarint(scratch, 0, entry.mode);
  at = putVarint(scratch, at, entry.uid);
  at = putVarint(scratch, at, entry.gid);
  at = putVarint(scratch, at, zigzag(entry.mtime.s));
  at = putVarint(scratch, at, entry.mtime.ns);
  if (entry.kind === 'folder')
    return { kind: FOLDER, size: 0, meta: scratch.toString('hex', 0, at), content: null };
  if (entry.kind === 'symlink') {
    return {
      kind: SYMLINK,
      size: 0,
      meta: scratch.toString('hex', 0, at),
      content: entry.to.toString('hex'),
    };
  }
  at = putVarint(scratch, at, zigzag(entry.ctime.s - entry.mtime.s));
  at = putVarint(scratch, at, entry.ctime.ns);
  at = putVarint(scratch, at, entry.ino);
  at = putVarint(scratch, at, flagsOf(entry));
  if (entry.inode !== null) at = putVarint(scratch, at, entry.inode);
  const meta = scratch.toString('hex', 0, at);
  return { kind: FILE, size: entry.size, meta, content: encodeContent(entry.content) };
}

function flagsOf(entry: FileEntry): number {
  return (
    (entry.sparse ? SPARSE : 0) |
    (entry.inconsistent ? INCONSISTENT : 0) |
    (entry.settled ? SETTLED : 0) |
    (entry.inode === null ? 0 : HAS_INODE)
  );
}

/**
 * @param decode `decodeContent`, or `contentLater` where most contents are never looked at
 * @throws RangeError on columns that `encodeEntry` does not make
 */
export function decodeEntry(
  name: Buffer,
  columns: EntryColumns,
  decode: (content: string) => FileContent,
): Entry {
  const { kind, size, meta, content } = columns;
  const read = varints(scratch, bytesOf(meta, scratch));
  const mode = read();
  const uid = read();
  const gid = read();
  const mtime = { s: unzigzag(read()), ns: read() };
  if (kind === FOLDER) return { kind: 'folder', name, mode, uid, gid, mtime };
  if (content === null) throw new RangeError('catalog: an entry without content');
  if (kind === SYMLINK)
    return { kind: 'symlink', name, mode, uid, gid, mtime, to: Buffer.from(content, 'hex') };
  if (kind !== FILE) throw new RangeError(`catalog: an entry of kind ${kind}`);
  const ctime = { s: mtime.s + unzigzag(read()), ns: read() };
  const ino = read();
  const flags = read();
  return {
    kind: 'file',
    name,
    mode,
    uid,
    gid,
    mtime,
    size,
    ctime,
    ino,
    inode: (flags & HAS_INODE) === 0 ? null : read(),
    sparse: (flags & SPARSE) !== 0,
    inconsistent: (flags & INCONSISTENT) !== 0,
    settled: (flags & SETTLED) !== 0,
    content: decode(content),
  };
}

export function encodeContent({ hash, runs }: FileContent): string {
  const room = hash.length + runs.length * RUN_NUMBER_BYTES;
  const bytes = room <= scratch.length ? scratch : Buffer.allocUnsafe(room);
  let at = hash.copy(bytes);
  let end = 0;
  for (let i = 0; i < runs.length; i += 2) {
    const first = runs[i] ?? 0;
    const count = runs[i + 1] ?? 0;
    at = putVarint(bytes, at, zigzag(first - end));
    at = putVarint(bytes, at, count);
    end = first + count;
  }
  return bytes.toString('hex', 0, at);
}

export function decodeContent(content: string): FileContent {
  if (content.length < 2 * HASH_BYTES) throw new RangeError('catalog: content without a hash');
  const hash = Buffer.from(content.slice(0, 2 * HASH_BYTES), 'hex');
  return { runs: decodeRuns(content.slice(2 * HASH_BYTES)), hash };
}

/** Decodes what follows the hash in a content. */
export function decodeRuns(digits: string): Uint32Array {
  const bytes = digits.length <= 2 * scratch.length ? scratch : Buffer.allocUnsafe(digits.length / 2);
  const end = bytesOf(digits, bytes);
  const runs = new Uint32Array(countVarints(bytes, end));
  const read = varints(bytes, end);
  let after = 0;
  for (let i = 0; i < runs.length; i += 2) {
    const first = after + unzigzag(read());
    const count = read();
    runs[i] = first;
    runs[i + 1] = count;
    after = first + count;
  }
  return runs;
}

/** A content that is decoded when it is first looked at. Not plain data: it cannot be sent to a worker. */
export function contentLater(content: string): FileContent {
  return new LaterContent(content);
}

class LaterContent implements FileContent {
  readonly #packed: string;
  #content: FileContent | undefined;

  constructor(packed: string) {
    this.#packed = packed;
  }

  get runs(): Uint32Array {
    return (this.#content ??= decodeContent(this.#packed)).runs;
  }

  get hash(): Buffer {
    return (this.#content ??= decodeContent(this.#packed)).hash;
  }
}

/** Writes hex into `bytes` and gives the number of bytes. */
function bytesOf(digits: string, bytes: Buffer): number {
  if (digits.length > 2 * bytes.length) throw new RangeError('catalog: packed numbers without end');
  return bytes.write(digits, 0, 'hex');
}

/** Writes `value` at `at` and gives where the next one goes. */
function putVarint(bytes: Buffer, at: number, value: number): number {
  if (!Number.isSafeInteger(value) || value < 0)
    throw new RangeError(`catalog: cannot keep the number ${value}`);
  let rest = value;
  // Beyond 2^31 the bit operators would cut the number.
  while (rest >= 0x80000000) {
    bytes[at++] = (rest % 128) | 128;
    rest = Math.floor(rest / 128);
  }
  while (rest >= 128) {
    bytes[at++] = (rest & 127) | 128;
    rest >>>= 7;
  }
  bytes[at++] = rest;
  return at;
}

/** Reads one varint after the other from `bytes`, up to `end`. */
function varints(bytes: Buffer, end: number): () => number {
  let next = 0;
  return () => {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = next < end ? bytes[next++] : undefined;
      if (byte === undefined) throw new RangeError('catalog: a packed number is cut off');
      value += (byte & 127) * scale;
      if (byte < 128) return value;
      scale *= 128;
    }
  };
}

function countVarints(bytes: Buffer, end: number): number {
  let count = 0;
  for (let at = 0; at < end; at++) if ((bytes[at] ?? 0) < 128) count++;
  return count;
}

/** Signed numbers of at most 2^52 as unsigned ones, small ones small. */
function zigzag(value: number): number {
  return value < 0 ? -2 * value - 1 : 2 * value;
}

function unzigzag(value: number): number {
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}
