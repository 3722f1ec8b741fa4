/**
 * The files of an order by number, in typed arrays and one pool of names: some 100 bytes each, because an order may have
 * a million. Numbers are given in the order of `add`.
 */
import type { FileEntry, FileTime } from '../entry.ts';

/** What it takes to write a file and to prove it, but for its content. */
export interface ListedFile {
  /** Number of the folder it goes to. */
  readonly folder: number;
  readonly name: Buffer;
  readonly size: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: FileTime;
  readonly sparse: boolean;
  /** Whole-file hash. */
  readonly hash: Buffer;
  readonly chunks: number;
}

const SPARSE = 1;
const HASH_BYTES = 32;

export class FileList {
  #count = 0;
  #folders = new Uint32Array(256);
  #sizes = new Float64Array(256);
  #modes = new Uint16Array(256);
  #uids = new Uint32Array(256);
  #gids = new Uint32Array(256);
  #seconds = new Float64Array(256);
  #nanoseconds = new Uint32Array(256);
  #flags = new Uint8Array(256);
  #chunks = new Uint32Array(256);
  #nameEnds = new Float64Array(256);
  #names = Buffer.alloc(8192);
  #hashes = Buffer.alloc(256 * HASH_BYTES);

  get count(): number {
    return this.#count;
  }

  /** @returns the file's number, from 0 */
  add(folder: number, entry: FileEntry, chunks: number): number {
    const number = this.#count;
    if (number === this.#folders.length) this.#grow();
    this.#folders[number] = folder;
    this.#sizes[number] = entry.size;
    this.#modes[number] = entry.mode;
    this.#uids[number] = entry.uid;
    this.#gids[number] = entry.gid;
    this.#seconds[number] = entry.mtime.s;
    this.#nanoseconds[number] = entry.mtime.ns;
    this.#flags[number] = entry.sparse ? SPARSE : 0;
    this.#chunks[number] = chunks;
    entry.content.hash.copy(this.#hashes, number * HASH_BYTES);
    const start = this.#nameStart(number);
    while (this.#names.length < start + entry.name.length) this.#names = doubled(this.#names);
    entry.name.copy(this.#names, start);
    this.#nameEnds[number] = start + entry.name.length;
    this.#count++;
    return number;
  }

  at(number: number): ListedFile {
    if (number < 0 || number >= this.#count) throw new RangeError(`the order has no file ${number}`);
    return {
      folder: this.#folders[number] ?? 0,
      name: Buffer.from(this.#names.subarray(this.#nameStart(number), this.#nameEnds[number])),
      size: this.sizeOf(number),
      mode: this.#modes[number] ?? 0,
      uid: this.#uids[number] ?? 0,
      gid: this.#gids[number] ?? 0,
      mtime: { s: this.#seconds[number] ?? 0, ns: this.#nanoseconds[number] ?? 0 },
      sparse: this.#flags[number] === SPARSE,
      hash: Buffer.from(this.#hashes.subarray(number * HASH_BYTES, (number + 1) * HASH_BYTES)),
      chunks: this.#chunks[number] ?? 0,
    };
  }

  sizeOf(number: number): number {
    return this.#sizes[number] ?? 0;
  }

  chunksOf(number: number): number {
    return this.#chunks[number] ?? 0;
  }

  #nameStart(number: number): number {
    return number === 0 ? 0 : (this.#nameEnds[number - 1] ?? 0);
  }

  #grow(): void {
    this.#folders = grown(this.#folders, Uint32Array);
    this.#sizes = grown(this.#sizes, Float64Array);
    this.#modes = grown(this.#modes, Uint16Array);
    this.#uids = grown(this.#uids, Uint32Array);
    this.#gids = grown(this.#gids, Uint32Array);
    this.#seconds = grown(this.#seconds, Float64Array);
    this.#nanoseconds = grown(this.#nanoseconds, Uint32Array);
    this.#flags = grown(this.#flags, Uint8Array);
    this.#chunks = grown(this.#chunks, Uint32Array);
    this.#nameEnds = grown(this.#nameEnds, Float64Array);
    this.#hashes = doubled(this.#hashes);
  }
}

function grown<T extends Uint8Array | Uint16Array | Uint32Array | Float64Array>(
  array: T,
  make: new (length: number) => T,
): T {
  const larger = new make(array.length * 2);
  larger.set(array);
  return larger;
}

function doubled(bytes: Buffer): Buffer<ArrayBuffer> {
  const larger = Buffer.alloc(bytes.length * 2);
  bytes.copy(larger);
  return larger;
}
