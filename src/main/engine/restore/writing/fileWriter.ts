/** A file while it is being restored: under a temporary name, readable by nobody else, written in any order. */
import {
  closeSync,
  constants,
  fsync,
  ftruncateSync,
  openSync,
  readSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { lstatSync } from 'node:fs';
import { promisify } from 'node:util';
import { sha256 } from '../../crypto.ts';
import { EngineError, errorCode } from '../../failure.ts';
import { type FolderHandle, openOwn } from './folderHandle.ts';
import { type Applied, applyMetadata, type Metadata, type MetadataWishes } from './metadata.ts';
import type { Names } from './openFolders.ts';
import { pathOf, writeFailure } from './writeFailure.ts';

const BLOCK_BYTES = 4096;
const ZEROS = Buffer.alloc(BLOCK_BYTES);
const CREATE = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
const REOPEN = constants.O_RDWR | constants.O_NOFOLLOW | constants.O_NONBLOCK;

export class FileWriter {
  /** Where it belongs, as in the snapshot. */
  readonly names: Names;
  /** It was begun before a restart: what was written then is in it. */
  readonly resumed: boolean;
  readonly #size: number;
  readonly #sparse: boolean;
  readonly #temporary: FolderHandle;
  readonly #name: Buffer;
  #descriptor: number | undefined;

  /**
   * Begins a file, or goes on with the one that an earlier run of the same order began. The temporary name follows
   * from the path, so that it is found again.
   *
   * @param sparse runs of zeros are left out, in whole blocks of 4 KiB counted from the file's start
   */
  constructor(temporary: FolderHandle, names: Names, size: number, sparse: boolean) {
    this.names = names;
    this.#size = size;
    this.#sparse = sparse;
    this.#temporary = temporary;
    this.#name = temporaryName(names);
    const begun = begin(temporary.at(this.#name));
    this.#descriptor = begun.descriptor;
    this.resumed = begun.resumed;
    temporary.confirm(this.#name, begun.descriptor);
    // What is left out must read as zeros; and nothing may stand behind the end.
    if (sparse || this.resumed) ftruncateSync(this.#descriptor, size);
  }

  /**
   * Writes all of `bytes`; the same place only ever with the same bytes.
   * @throws EngineError `no-space` and the like: the disk's failures, never this file's alone
   */
  write(bytes: Uint8Array, offset: number): void {
    if (offset < 0 || offset + bytes.length > this.#size) throw new RangeError('written outside of the file');
    try {
      if (this.#sparse) this.#writeAround(bytes, offset);
      else this.#writeAll(bytes, offset);
    } catch (error) {
      throw writeFailure(error, pathOf(this.names));
    }
  }

  /** Reads back up to `into.length` bytes; returns how many there were. */
  read(into: Uint8Array, offset: number): number {
    return readAll(this.#open(), into, offset);
  }

  /** Resolves when what was written so far survives a power cut. */
  async sync(): Promise<void> {
    try {
      await promisify(fsync)(this.#open());
    } catch (error) {
      throw writeFailure(error, pathOf(this.names));
    }
  }

  /** Makes it what it will be under its final name; to be called when its content is known to be right. */
  settle(metadata: Metadata, wishes: MetadataWishes): Applied {
    const applied = applyMetadata(this.#open(), metadata, wishes);
    if (Number(applied.stat.size) === this.#size) return applied;
    throw new EngineError(
      'changed',
      `${pathOf(this.names).toString()} does not have the length it was written with.`,
      'Leave the restore folder alone until the restore is done, then run it again.',
    );
  }

  /** Open until it is closed or discarded. */
  get descriptor(): number {
    return this.#open();
  }

  get temporaryPath(): Buffer {
    return this.#temporary.at(this.#name);
  }

  /** Lets go of it; under its temporary name it stays for a later run. A second call does nothing. */
  close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }

  /** Throws away what was written: it turned out wrong, or is not wanted. */
  discard(): void {
    this.close();
    unlinkSync(this.temporaryPath);
  }

  #open(): number {
    if (this.#descriptor === undefined) throw new RangeError('the file is closed');
    return this.#descriptor;
  }

  #writeAll(bytes: Uint8Array, offset: number): void {
    for (let at = 0; at < bytes.length;) {
      at += writeSync(this.#open(), bytes, at, bytes.length - at, offset + at);
    }
  }

  /** Writes what lies between blocks of zeros, in as few calls as there are such runs. */
  #writeAround(bytes: Uint8Array, offset: number): void {
    let from = 0;
    for (let at = 0; at < bytes.length;) {
      const end = Math.min(bytes.length, at + BLOCK_BYTES - ((offset + at) % BLOCK_BYTES));
      if (ZEROS.compare(bytes, at, end, 0, end - at) === 0) {
        this.#writeAll(bytes.subarray(from, at), offset + from);
        from = end;
      }
      at = end;
    }
    this.#writeAll(bytes.subarray(from), offset + from);
  }
}

/** Reads until `into` is full or the file ends. */
export function readAll(descriptor: number, into: Uint8Array, offset: number): number {
  let filled = 0;
  while (filled < into.length) {
    const got = readSync(descriptor, into, filled, into.length - filled, offset + filled);
    if (got === 0) break;
    filled += got;
  }
  return filled;
}

function temporaryName(names: Names): Buffer {
  const separator = Buffer.of(0); // in no name
  return Buffer.from(
    sha256(...names.flatMap((name) => [separator, name]))
      .toString('hex')
      .slice(0, 32),
  );
}

/** A new file under this name, or the one an earlier run left there. */
function begin(path: Buffer): { descriptor: number; resumed: boolean } {
  try {
    return { descriptor: openSync(path, CREATE, 0o600), resumed: false };
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
  }
  const before = reopen(path);
  if (before !== undefined) return { descriptor: before, resumed: true };
  return { descriptor: openSync(path, CREATE, 0o600), resumed: false };
}

/**
 * Opens what an earlier run left under this name, if it is a file of ours with this one name; else removes it. Two
 * names mean that the run was stopped just after it gave the final one: that file is finished, this its old name.
 */
function reopen(path: Buffer): number | undefined {
  const stat = lstatSync(path);
  if (stat.isFile() && stat.nlink === 1 && stat.uid === (process.geteuid?.() ?? stat.uid)) {
    try {
      return openOwn(path, REOPEN, 0o600);
    } catch (error) {
      if (errorCode(error) !== 'EACCES' && errorCode(error) !== 'EPERM') throw error;
    }
  }
  unlinkSync(path);
  return undefined;
}
