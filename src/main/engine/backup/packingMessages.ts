/**
 * What the pool and its workers say to each other. Files go in batches, as a few flat arrays that are handed over and
 * not copied: objects for each file would cost more than reading a small one.
 */
import type { Failure } from '../../../shared/failure.ts';
import type { FileTime } from '../entry.ts';
import type { KeySet } from '../keys/masterKey.ts';
import type { SealedPack } from '../pack/packWriter.ts';
import type { FileTask, PackedFile, SourceFailure } from './packing.ts';
import type { FileToPack, PackedStripe, StripeToPack } from './packingFile.ts';

/** What a worker is started with. */
export interface WorkerStart {
  readonly keys: KeySet;
  readonly writer: Uint8Array;
  readonly stagingDir: string;
  readonly packBytes: number;
  /** See `ChunkIndex`. */
  readonly index: SharedArrayBuffer;
  /** See `Gate`. */
  readonly gate: SharedArrayBuffer;
}

export type Order =
  | { readonly kind: 'files'; readonly files: FileTable }
  | { readonly kind: 'stripe'; readonly stripe: StripeToPack }
  /** Seal what is begun, and say so. */
  | { readonly kind: 'finish' }
  /** Drop what is begun, and end. */
  | { readonly kind: 'end' };

export type Report =
  | { readonly kind: 'files'; readonly files: PackedTable }
  | { readonly kind: 'stripe'; readonly stripe: PackedStripe }
  | { readonly kind: 'finished' }
  /** The worker waits at its gate until it is told that the pack is taken care of. */
  | { readonly kind: 'sealed'; readonly pack: SealedPack }
  /** The worker has ended; no file is to blame. */
  | { readonly kind: 'failed'; readonly failure: Failure };

const TASK_COLUMNS = 4;
const PACKED_COLUMNS = 10;
const HASH_BYTES = 32;
const INCONSISTENT = 1;
const SETTLED = 2;
/** What a gate says when nobody is to wait any more. */
const STOP = -1;

export interface FileTable {
  /** Of each file: key, inode, whether it is short-lived, where its path ends. */
  readonly rows: Float64Array<ArrayBuffer>;
  readonly paths: Uint8Array<ArrayBuffer>;
}

export function encodeFiles(files: readonly FileTask[]): FileTable {
  const rows = new Float64Array(files.length * TASK_COLUMNS);
  const paths = new Uint8Array(files.reduce((sum, { path }) => sum + path.length, 0));
  let end = 0;
  files.forEach(({ key, path, found, lifetime }, i) => {
    paths.set(path, end);
    end += path.length;
    rows.set([key, found.ino, lifetime === 'short' ? 1 : 0, end], i * TASK_COLUMNS);
  });
  return { rows, paths };
}

export function decodeFiles({ rows, paths }: FileTable): FileToPack[] {
  const files: FileToPack[] = [];
  let start = 0;
  for (let at = 0; at < rows.length; at += TASK_COLUMNS) {
    const [key = 0, ino = 0, short = 0, end = 0] = rows.subarray(at, at + TASK_COLUMNS);
    const lifetime = short === 1 ? 'short' : 'long';
    files.push({ key, ino, lifetime, path: paths.subarray(start, end) });
    start = end;
  }
  return files;
}

export interface PackedTable {
  /** Of each packed file: key, size, mtime (s, ns), ctime (s, ns), inode, flags, new bytes, where its runs end. */
  readonly rows: Float64Array<ArrayBuffer>;
  readonly runs: Uint32Array<ArrayBuffer>;
  readonly hashes: Uint8Array<ArrayBuffer>;
  readonly failures: readonly ({ readonly key: number } & SourceFailure)[];
}

export function encodePacked(files: readonly PackedFile[]): PackedTable {
  const packed = files.filter((file) => file.kind === 'packed');
  const rows = new Float64Array(packed.length * PACKED_COLUMNS);
  const runs = new Uint32Array(packed.reduce((sum, { content }) => sum + content.runs.length, 0));
  const hashes = new Uint8Array(packed.length * HASH_BYTES);
  let end = 0;
  packed.forEach((file, i) => {
    const { size, mtime, ctime, ino } = file.found;
    runs.set(file.content.runs, end);
    end += file.content.runs.length;
    hashes.set(file.content.hash, i * HASH_BYTES);
    const flags = (file.inconsistent ? INCONSISTENT : 0) | (file.settled ? SETTLED : 0);
    const times = [mtime.s, mtime.ns, ctime.s, ctime.ns];
    rows.set([file.key, size, ...times, ino, flags, file.newBytes, end], i * PACKED_COLUMNS);
  });
  const failures = files.flatMap((file) => {
    if (file.kind !== 'failed') return [];
    const { key, problem, message } = file;
    return [{ key, problem, message }];
  });
  return { rows, runs, hashes, failures };
}

export function decodePacked({ rows, runs, hashes, failures }: PackedTable): PackedFile[] {
  const files: PackedFile[] = failures.map((failure) => ({ kind: 'failed', ...failure }));
  let start = 0;
  for (let i = 0; i * PACKED_COLUMNS < rows.length; i++) {
    const row = rows.subarray(i * PACKED_COLUMNS, (i + 1) * PACKED_COLUMNS);
    const [key = 0, size = 0, ms = 0, mns = 0, cs = 0, cns = 0, ino = 0, flags = 0, newBytes = 0, end = 0] =
      row;
    const hash = Buffer.from(hashes.buffer, i * HASH_BYTES, HASH_BYTES);
    files.push({
      kind: 'packed',
      key,
      found: { size, mtime: time(ms, mns), ctime: time(cs, cns), ino },
      content: { runs: runs.subarray(start, end), hash },
      inconsistent: (flags & INCONSISTENT) !== 0,
      settled: (flags & SETTLED) !== 0,
      newBytes,
    });
    start = end;
  }
  return files;
}

function time(s: number, ns: number): FileTime {
  return { s, ns };
}

/** Makes a sealed pack whole again that came through `postMessage`, which turns Buffers into bare arrays. */
export function revivePack(posted: SealedPack): SealedPack {
  return {
    ...posted,
    header: Buffer.from(posted.header),
    leaves: Buffer.from(posted.leaves),
    treeHash: Buffer.from(posted.treeHash),
    index: Buffer.from(posted.index.buffer, posted.index.byteOffset, posted.index.byteLength),
  };
}

/**
 * Where a worker waits, thread and all, until the pool lets it go on. One word of shared memory, which only the pool
 * writes: how often it has said go, or -1 for stop.
 */
export class Gate {
  readonly memory: SharedArrayBuffer;
  readonly #word: Int32Array;
  #passed = 0;

  constructor(memory = new SharedArrayBuffer(4)) {
    this.memory = memory;
    this.#word = new Int32Array(memory);
  }

  /** Pool: lets one wait pass, now or when it comes. No effect after `stop`. */
  go(): void {
    const said = Atomics.load(this.#word, 0);
    if (said === STOP) return;
    Atomics.store(this.#word, 0, said + 1);
    Atomics.notify(this.#word, 0);
  }

  /** Pool: ends every wait, for good. */
  stop(): void {
    Atomics.store(this.#word, 0, STOP);
    Atomics.notify(this.#word, 0);
  }

  get isStopped(): boolean {
    return Atomics.load(this.#word, 0) === STOP;
  }

  /** Worker: waits for the next go; returns at once when stopped. */
  wait(): void {
    this.#passed++;
    for (;;) {
      const said = Atomics.load(this.#word, 0);
      if (said === STOP || said >= this.#passed) return;
      Atomics.wait(this.#word, 0, said);
    }
  }
}
