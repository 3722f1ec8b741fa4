/**
 * Writes one pack, front to back, as a staged file (docs/format.md §4; step 5 of the durability protocol).
 *
 * Everything is synchronous: packs are written in worker threads and at the end of a run. The file has its final name
 * only when it is complete and on disk; whatever ends in `.tmp` is the rest of a crash and its key died with it.
 * Held in memory: one segment and the index.
 */
import { closeSync, fsyncSync, openSync, renameSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { crashpoint } from '../crashpoint.ts';
import { sha256 } from '../crypto.ts';
import { diskFailure, EngineError, errorCode } from '../failure.ts';
import type { KeySet } from '../keys/masterKey.ts';
import { syncFolder } from '../lastingNames.ts';
import { treeHashOfLeaves } from '../upload/treeHash.ts';
import { compress } from './codec.ts';
import type { Frame } from './frameBuilder.ts';
import { createHeader, type NewHeader } from './header.ts';
import { IndexBuilder } from './index.ts';
import { padmeSegments } from './padme.ts';
import {
  bodyLength,
  bodyOfSegment,
  MAX_SEGMENTS,
  SEGMENT_BYTES,
  sealSegment,
  segmentsFor,
} from './segment.ts';
import { encodeTrailer, indexBytes, MAX_CHUNKS, type PackKind, TRAILER_BYTES } from './trailer.ts';

export interface PackWriterOptions {
  readonly kind: PackKind;
  readonly keys: KeySet;
  /** The installation, 16 bytes. */
  readonly writer: Buffer;
  /** Where the file is made; exists, and is on one file system. */
  readonly stagingDir: string;
  /** Size of a full pack: a whole number of MiB, from 2. */
  readonly packBytes: number;
  /** Where id and salt come from; only tests with fixed answers hand one in. */
  readonly entropy?: (count: number) => Buffer;
}

/** A pack as a staged file, complete and on disk, not yet read back. */
export interface SealedPack {
  /** 32 hex digits. */
  readonly packId: string;
  readonly kind: PackKind;
  readonly path: string;
  readonly size: number;
  /** 128 bytes. */
  readonly header: Buffer;
  /** SHA-256 of each MiB as it was written, back to back. */
  readonly leaves: Buffer;
  /** Tree hash of the whole file, 32 bytes. */
  readonly treeHash: Buffer;
  /** The index as in docs/format.md §4.4, decompressed. */
  readonly index: Buffer;
  readonly frames: number;
  readonly chunks: number;
  readonly keyEpoch: number;
  /** Bytes of its chunks. */
  readonly rawBytes: number;
}

/** `full`: the size of a full pack. `padme`: as much as its content needs, rounded up. */
export type PackShape = 'full' | 'padme';

export class PackWriter {
  readonly #options: PackWriterOptions;
  readonly #header: NewHeader;
  readonly #tmpPath: string;
  readonly #fd: number;
  readonly #index = new IndexBuilder();
  readonly #leaves: Buffer[] = [];
  /** The part of the body that belongs in the segment after those in `#leaves`. */
  readonly #segment = Buffer.allocUnsafe(SEGMENT_BYTES);
  #filled = 0;
  #open = true;

  /** @throws EngineError `no-space` or `unwritable` */
  constructor(options: PackWriterOptions) {
    const segments = options.packBytes / SEGMENT_BYTES;
    if (!Number.isInteger(segments) || segments < 2 || segments > MAX_SEGMENTS) {
      throw new RangeError(`${options.packBytes} is no pack size`);
    }
    this.#options = options;
    this.#header = createHeader(options.keys, options.writer, options.entropy);
    this.#tmpPath = join(options.stagingDir, `${this.#header.packId}.tmp`);
    this.#fd = staging(options.stagingDir, () => openSync(this.#tmpPath, 'wx', 0o600));
  }

  get packId(): string {
    return this.#header.packId;
  }

  get isEmpty(): boolean {
    return this.#index.frames === 0;
  }

  /**
   * Appends a frame. False, and nothing done, when it does not fit any more together with the index it needs.
   * @throws EngineError `no-space` or `unwritable`; the pack is then good for nothing but `abandon`
   */
  addFrame(frame: Frame): boolean {
    const frames = this.#index.frames + 1;
    const chunks = this.#index.chunks + frame.chunks.length;
    const needed =
      this.#index.framesEnd + frame.stored.length + indexBytes({ frames, chunks }) + TRAILER_BYTES;
    if (chunks > MAX_CHUNKS || needed > bodyLength(this.#fullSegments())) {
      if (this.isEmpty) throw new RangeError('a frame that fits in no pack of this size');
      return false;
    }
    this.#index.add({ codec: frame.codec, storedBytes: frame.stored.length, chunks: frame.chunks });
    this.#append(frame.stored);
    return true;
  }

  /**
   * Adds index and trailer, brings everything to disk and gives the file its name. The writer is done then.
   * @throws EngineError `no-space` or `unwritable`; call `abandon` then
   */
  seal(shape: PackShape): SealedPack {
    if (this.isEmpty) throw new RangeError('an empty pack');
    const { kind, keys } = this.#options;
    const { frames, chunks, framesEnd, rawBytes } = this.#index;
    const index = this.#index.finish();
    const packed = compress(index.bytes);
    const needed = segmentsFor(framesEnd + packed.stored.length + TRAILER_BYTES);
    const segments =
      shape === 'full' ? this.#fullSegments() : Math.min(padmeSegments(needed), this.#fullSegments());
    const indexOffset = bodyLength(segments) - TRAILER_BYTES - packed.stored.length;
    const place = { indexCodec: packed.codec, indexStoredBytes: packed.stored.length, indexOffset };
    this.#appendZeros(indexOffset - framesEnd);
    this.#append(packed.stored);
    this.#append(encodeTrailer({ kind, frames, chunks, framesEnd, rawBytes, ...place }));
    this.#sealSegment(true);
    const path = this.#finishFile();
    const leaves = Buffer.concat(this.#leaves);
    return {
      packId: this.packId,
      kind,
      path,
      size: segments * SEGMENT_BYTES,
      header: this.#header.bytes,
      leaves,
      treeHash: treeHashOfLeaves(leaves),
      index: index.bytes,
      frames,
      chunks,
      keyEpoch: keys.epoch,
      rawBytes,
    };
  }

  /** Drops what was written. No effect on a sealed pack; safe to call again. */
  abandon(): void {
    if (!this.#open) return;
    this.#open = false;
    closeSync(this.#fd);
    try {
      unlinkSync(this.#tmpPath);
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw stagingFailure(error, this.#options.stagingDir);
    }
  }

  #append(bytes: Buffer): void {
    for (let at = 0; at < bytes.length;) {
      const room = this.#roomInSegment();
      const piece = bytes.subarray(at, at + room);
      piece.copy(this.#segment, this.#filled);
      this.#filled += piece.length;
      at += piece.length;
    }
  }

  #appendZeros(count: number): void {
    for (let left = count; left > 0;) {
      const piece = Math.min(left, this.#roomInSegment());
      this.#segment.fill(0, this.#filled, this.#filled + piece);
      this.#filled += piece;
      left -= piece;
    }
  }

  /** A full segment is sealed only when more comes: before that nobody knows whether it is the last one. */
  #roomInSegment(): number {
    const { first, end } = bodyOfSegment(this.#leaves.length);
    if (this.#filled < end - first) return end - first - this.#filled;
    this.#sealSegment(false);
    return this.#roomInSegment();
  }

  #sealSegment(last: boolean): void {
    const n = this.#leaves.length;
    const { ciphertext, tag } = sealSegment(
      this.#header.seal,
      n,
      last,
      this.#segment.subarray(0, this.#filled),
    );
    const pieces = n === 0 ? [this.#header.bytes, ciphertext, tag] : [ciphertext, tag];
    staging(this.#options.stagingDir, () => {
      for (const piece of pieces) writeAll(this.#fd, piece);
    });
    this.#leaves.push(sha256(...pieces));
    this.#filled = 0;
  }

  #finishFile(): string {
    const { stagingDir } = this.#options;
    const path = join(stagingDir, `${this.packId}.pack`);
    staging(stagingDir, () => {
      crashpoint('pack-written');
      fsyncSync(this.#fd);
      crashpoint('pack-synced');
      closeSync(this.#fd);
      this.#open = false;
      renameSync(this.#tmpPath, path);
      syncFolder(stagingDir);
    });
    crashpoint('pack-named');
    return path;
  }

  #fullSegments(): number {
    return this.#options.packBytes / SEGMENT_BYTES;
  }
}

function writeAll(fd: number, bytes: Buffer): void {
  for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at);
}

function staging<T>(dir: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw stagingFailure(error, dir);
  }
}

/** A failure of the place where packs wait ends the run, unlike one of a source file. */
function stagingFailure(error: unknown, dir: string): unknown {
  const code = errorCode(error);
  if (code === undefined) return error;
  const where = `the staging folder ${dir}`;
  const failure = diskFailure(error, where);
  if (failure !== undefined) return failure;
  return new EngineError(
    'unwritable',
    `A pack cannot be written in ${where} (${code}).`,
    'Check that the folder exists and may be written, then run it again.',
    { safe: 'What was already stored stays stored; nothing half-done counts as done.', cause: error },
  );
}
