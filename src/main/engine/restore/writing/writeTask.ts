/**
 * Makes files of a stretch of a pack: opens segments, decodes each frame once, writes each chunk to where it belongs,
 * reads it back from there, and only then believes that it is the one with that id. A damaged MiB costs only the files
 * that have a chunk in a frame touching it.
 */
import { equalBytes, hmac, type PreparedKey, prepareKey, sha256 } from '../../crypto.ts';
import { EngineError, toFailure } from '../../failure.ts';
import { reviveKeys } from '../../keys/masterKey.ts';
import { MAX_FRAME_BYTES } from '../../pack/codec.ts';
import { decodeFrame, isChunk, type OpenPack, openPack } from '../../pack/packReader.ts';
import { bodyOfSegment, SEGMENT_BYTES, segmentsOfBody } from '../../pack/segment.ts';
import type { FolderHandle } from './folderHandle.ts';
import type { MetadataWishes } from './metadata.ts';
import { readAll, TemporaryFile, writeAll } from './temporaryFile.ts';
import { isAboutOneName, writeFailure } from './writeFailure.ts';
import {
  type FileResult,
  type FrameTask,
  ID_BYTES,
  type OwnFile,
  type PieceResult,
  type Use,
  type Written,
  type WritingTask,
} from './writingTask.ts';

export class TaskWriter {
  readonly #temporary: FolderHandle;
  readonly #wishes: MetadataWishes;
  readonly #scratch = Buffer.allocUnsafeSlow(MAX_FRAME_BYTES);

  constructor(temporary: FolderHandle, wishes: MetadataWishes) {
    this.#temporary = temporary;
    this.#wishes = wishes;
  }

  /** @throws EngineError what ends the whole restore (a full disk); all files of the task are closed then */
  write(task: WritingTask): Written {
    const keys = reviveKeys(task.pack.keys);
    const body = new Body(task, openPack(Buffer.from(task.pack.header), keys));
    const idKey = prepareKey(keys.id);
    const ids = Buffer.from(task.ids.buffer);
    const own = task.files.map((file, i) => new OwnWriting(file, this.#temporary, hashAt(task.hashes, i)));
    const pieces: PieceResult[] = [];
    let chunk = 0;
    try {
      for (const frame of task.frames) {
        const raw = decoded(frame, body);
        for (const { offset, length, uses } of frame.chunks) {
          const id = ids.subarray(chunk * ID_BYTES, (chunk + 1) * ID_BYTES);
          chunk++;
          const bytes = raw instanceof EngineError ? raw : chunkOf(raw, offset, length);
          for (const use of uses) this.#use(use, id, bytes, idKey, own, pieces);
        }
      }
      return { files: own.map((file) => file.finish(this.#wishes)), pieces };
    } catch (error) {
      for (const file of own) file.close();
      throw error;
    }
  }

  #use(
    use: Use,
    id: Buffer,
    bytes: Buffer | EngineError,
    idKey: PreparedKey,
    own: readonly OwnWriting[],
    pieces: PieceResult[],
  ): void {
    if ('own' in use) {
      const file = own[use.own];
      if (file === undefined) throw new RangeError('a chunk of a file that the task does not have');
      if (bytes instanceof EngineError) file.fail(bytes);
      else file.write(bytes, use.at, id, (read) => this.#doubt(bytes, read, id, idKey));
      return;
    }
    const failure = bytes instanceof EngineError ? bytes : this.#writePiece(use, bytes, id, idKey);
    pieces.push({ file: use.file, failure: failure && toFailure(failure) });
  }

  #writePiece(
    { at, descriptor, sparse, path }: Exclude<Use, { own: number }>,
    bytes: Buffer,
    id: Buffer,
    idKey: PreparedKey,
  ): EngineError | null {
    try {
      writeAll(descriptor, bytes, at, sparse);
      return this.#doubt(bytes, (into) => readAll(descriptor, into, at), id, idKey);
    } catch (error) {
      throw writeFailure(error, Buffer.from(path));
    }
  }

  /** Null if what is read back is the chunk of that id; else what is wrong. `bytes` is what was written. */
  #doubt(bytes: Buffer, read: Read, id: Buffer, idKey: PreparedKey): EngineError | null {
    const found = this.#scratch.subarray(0, bytes.length);
    if (read(found) === found.length && equalBytes(hmac(idKey, found), id)) return null;
    return isChunk(idKey, id, bytes) ? wrongOnDisk() : damaged();
  }
}

type Read = (into: Buffer) => number;

/** One file that this thread writes from beginning to end. */
class OwnWriting {
  readonly #task: OwnFile;
  readonly #temporary: FolderHandle;
  readonly #hash: Uint8Array;
  /** Pieces that were proven, with their ids. */
  readonly #proven: { readonly at: number; readonly length: number; readonly id: Buffer }[] = [];
  #file: TemporaryFile | null = null;
  #failure: EngineError | null = null;

  constructor(task: OwnFile, temporary: FolderHandle, hash: Uint8Array) {
    this.#task = task;
    this.#temporary = temporary;
    this.#hash = hash;
  }

  write(bytes: Buffer, at: number, id: Buffer, doubt: (read: Read) => EngineError | null): void {
    const file = this.#opened();
    if (file === null) return;
    file.write(bytes, at);
    const wrong = this.#orFailure(() => doubt((into) => file.read(into, at)));
    if (wrong === null) this.#proven.push({ at, length: bytes.length, id });
    else this.fail(wrong);
  }

  fail(reason: EngineError): void {
    if (this.#failure !== null) return;
    this.#failure = reason;
    this.#file?.discard();
    this.#file = null;
  }

  /** Gives it its metadata and lets go of it, or says why there is no such file. */
  finish(wishes: MetadataWishes): FileResult {
    const { file, metadata } = this.#task;
    if (this.#failure === null && !this.#isWhole()) this.fail(damaged());
    if (this.#file === null) return { file, failure: toFailure(this.#failure ?? damaged()) };
    try {
      const { problems, size, dev, ino } = this.#file.settle(metadata, wishes);
      return { file, descriptor: this.#file.handOver(), problems, size, dev, ino };
    } catch (error) {
      const failure = writeFailure(error, Buffer.from(this.#task.path));
      if (!isAboutOneName(failure)) throw failure;
      this.fail(failure);
      return { file, failure: toFailure(failure) };
    }
  }

  close(): void {
    this.#file?.close();
    this.#file = null;
  }

  #orFailure<T>(act: () => T): T {
    try {
      return act();
    } catch (error) {
      throw writeFailure(error, Buffer.from(this.#task.path));
    }
  }

  #opened(): TemporaryFile | null {
    if (this.#file !== null || this.#failure !== null) return this.#file;
    const { name, path, size, sparse } = this.#task;
    try {
      this.#file = new TemporaryFile(this.#temporary, { name: Buffer.from(name), path, size, sparse });
    } catch (error) {
      const failure = writeFailure(error, Buffer.from(path));
      if (failure.kind === 'no-space') throw failure;
      this.fail(failure);
    }
    return this.#file;
  }

  /** Every byte was proven, and all ids in order give the whole-file hash. */
  #isWhole(): boolean {
    const pieces = this.#proven.sort((a, b) => a.at - b.at);
    let end = 0;
    for (const { at, length } of pieces) {
      if (at !== end) return false;
      end += length;
    }
    return end === this.#task.size && equalBytes(sha256(...pieces.map(({ id }) => id)), this.#hash);
  }
}

/** The body of the pack as far as the task brings it; each segment is opened once. */
class Body {
  readonly #task: WritingTask;
  readonly #pack: OpenPack;
  readonly #stored: Buffer;
  readonly #opened = new Map<number, Buffer | EngineError>();

  constructor(task: WritingTask, pack: OpenPack) {
    this.#task = task;
    this.#pack = pack;
    this.#stored = Buffer.from(task.stored.buffer);
  }

  /** The body's bytes `first` to `end`. @throws EngineError `corrupt` when a segment they lie in is damaged */
  read(first: number, end: number): Buffer {
    const span = segmentsOfBody(first, end);
    const pieces: Buffer[] = [];
    for (let n = span.first; n < span.end; n++) {
      const body = bodyOfSegment(n);
      const plaintext = this.#open(n);
      pieces.push(plaintext.subarray(Math.max(0, first - body.first), Math.min(body.end, end) - body.first));
    }
    const [only] = pieces;
    return only !== undefined && pieces.length === 1 ? only : Buffer.concat(pieces);
  }

  #open(n: number): Buffer {
    let opened = this.#opened.get(n);
    if (opened === undefined) {
      opened = this.#tryOpen(n);
      this.#opened.set(n, opened);
    }
    if (opened instanceof EngineError) throw opened;
    return opened;
  }

  #tryOpen(n: number): Buffer | EngineError {
    const { first, pack } = this.#task;
    const at = (n - first) * SEGMENT_BYTES;
    try {
      return this.#pack.openSegment(
        n,
        n === pack.segments - 1,
        this.#stored.subarray(at, at + SEGMENT_BYTES),
      );
    } catch (error) {
      if (error instanceof EngineError) return error;
      throw error;
    }
  }
}

/** The frame's raw bytes, or why they cannot be had: a matter of its files, not of the order. */
function decoded({ start, stored, raw, codec }: FrameTask, body: Body): Buffer | EngineError {
  try {
    const bytes = body.read(start, start + stored);
    return decodeFrame({ storedBytes: stored, rawBytes: raw, codec }, bytes, 'A piece of an archive');
  } catch (error) {
    if (error instanceof EngineError && error.kind === 'corrupt') return error;
    throw error;
  }
}

function chunkOf(raw: Buffer, offset: number, length: number): Buffer | EngineError {
  const bytes = raw.subarray(offset, offset + length);
  return bytes.length === length ? bytes : damaged();
}

function hashAt(hashes: Uint8Array, n: number): Uint8Array {
  return hashes.subarray(n * ID_BYTES, (n + 1) * ID_BYTES);
}

function damaged(): EngineError {
  return new EngineError(
    'corrupt',
    'A piece of this file is damaged in its archive.',
    'Restore it from another snapshot.',
  );
}

export function wrongOnDisk(): EngineError {
  return new EngineError(
    'corrupt',
    'What was written to disk is not what was read from the archive.',
    'Check the disk you restore to, then restore this file again.',
  );
}
