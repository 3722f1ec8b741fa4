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
import { EngineError, errorCode } from '../../failure.ts';
import { type FolderHandle, openOwn } from './folderHandle.ts';
import { type Applied, applyMetadata, type Metadata, type MetadataWishes } from './metadata.ts';
import { writeFailure } from './writeFailure.ts';

const BLOCK_BYTES = 4096;
const ZEROS = Buffer.alloc(BLOCK_BYTES);
const CREATE = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
const REOPEN = constants.O_RDWR | constants.O_NOFOLLOW | constants.O_NONBLOCK;

export interface TemporaryFileFacts {
  /** Its name in the folder of temporary files. */
  readonly name: Buffer;
  /** Where it belongs, as text for people. */
  readonly path: string;
  readonly size: number;
  /** Runs of zeros are left out, in whole blocks of 4 KiB counted from the file's start. */
  readonly sparse: boolean;
}

export class TemporaryFile {
  /** Its content came from an earlier run of the same order, in part or whole. */
  readonly resumed: boolean;
  readonly #facts: TemporaryFileFacts;
  readonly #temporary: FolderHandle;
  #descriptor: number | undefined;

  /**
   * Begins a file, or goes on with the one that an earlier run of the same order began under this name.
   * @param begun a descriptor of it, if it is open already: it is this object's from now on
   */
  constructor(temporary: FolderHandle, facts: TemporaryFileFacts, begun?: number) {
    this.#facts = facts;
    this.#temporary = temporary;
    if (begun !== undefined) {
      this.#descriptor = begun;
      this.resumed = false;
      return;
    }
    const opened = begin(temporary.at(facts.name));
    this.#descriptor = opened.descriptor;
    this.resumed = opened.resumed;
    temporary.confirm(facts.name, opened.descriptor);
    // What is left out must read as zeros; and nothing may stand behind the end.
    if (facts.sparse || this.resumed) ftruncateSync(this.#descriptor, facts.size);
  }

  /**
   * Writes all of `bytes`; the same place only ever with the same bytes.
   * @throws EngineError `no-space` and the like: the disk's failures, never this file's alone
   */
  write(bytes: Uint8Array, offset: number): void {
    if (offset < 0 || offset + bytes.length > this.#facts.size)
      throw new RangeError('written outside of the file');
    try {
      writeAll(this.#open(), bytes, offset, this.#facts.sparse);
    } catch (error) {
      throw this.#failure(error);
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
      throw this.#failure(error);
    }
  }

  /** Makes it what it will be under its final name; to be called when its content is known to be right. */
  settle(metadata: Metadata, wishes: MetadataWishes): Applied {
    const applied = applyMetadata(this.#open(), metadata, wishes);
    if (applied.size === this.#facts.size) return applied;
    throw new EngineError(
      'changed',
      `${this.#facts.path} does not have the length it was written with.`,
      'Leave the restore folder alone until the restore is done, then run it again.',
    );
  }

  /** Open until it is closed, discarded or handed over. */
  get descriptor(): number {
    return this.#open();
  }

  get temporaryPath(): Buffer {
    return this.#temporary.at(this.#facts.name);
  }

  /** Lets go of it; under its temporary name it stays for a later run. A second call does nothing. */
  close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }

  /** Gives its descriptor to whoever goes on with it, in another thread perhaps. */
  handOver(): number {
    const descriptor = this.#open();
    this.#descriptor = undefined;
    return descriptor;
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

  #failure(error: unknown): EngineError {
    return writeFailure(error, Buffer.from(this.#facts.path));
  }
}

/**
 * Writes all of `bytes` at `offset`.
 * @param sparse leaves out blocks of zeros, of 4 KiB from the file's start: what is there must read as zeros already
 */
export function writeAll(descriptor: number, bytes: Uint8Array, offset: number, sparse: boolean): void {
  let from = 0;
  for (let at = 0; sparse && at < bytes.length;) {
    const end = Math.min(bytes.length, at + BLOCK_BYTES - ((offset + at) % BLOCK_BYTES));
    if (ZEROS.compare(bytes, at, end, 0, end - at) === 0) {
      writeRun(descriptor, bytes.subarray(from, at), offset + from);
      from = end;
    }
    at = end;
  }
  writeRun(descriptor, bytes.subarray(from), offset + from);
}

function writeRun(descriptor: number, bytes: Uint8Array, offset: number): void {
  for (let at = 0; at < bytes.length;) {
    at += writeSync(descriptor, bytes, at, bytes.length - at, offset + at);
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
