/**
 * From a chunk to a sealed pack: name it, ask whether it is known, group, compress, seal, write, prove.
 *
 * Each thread has a chain of its own, and in it a pack for what is expected to last and one for what is not. A pack leaves it only after it was read back from disk and every
 * chunk in it proved to be the one that was named (invariant I3).
 */
import { rmSync } from 'node:fs';
import type { ChunkIndex, Claim } from '../chunk/chunkIndex.ts';
import { findCut, gearTable, MAX_CHUNK_BYTES } from '../chunk/gear.ts';
import { hmac, prepareKey, type PreparedKey } from '../crypto.ts';
import { EngineError } from '../failure.ts';
import type { KeySet } from '../keys/masterKey.ts';
import { FrameBuilder, type Frame } from '../pack/frameBuilder.ts';
import { type PackShape, PackWriter, type SealedPack } from '../pack/packWriter.ts';
import { verifyPack } from '../pack/verify.ts';
import type { Lifetime } from './packing.ts';

export interface PackingOptions {
  readonly keys: KeySet;
  /** The installation, 16 bytes. */
  readonly writer: Buffer;
  readonly stagingDir: string;
  /** Bytes of a full pack. */
  readonly packBytes: number;
  readonly index: ChunkIndex;
}

export interface TakenChunk extends Claim {
  /** 32 bytes. */
  readonly id: Buffer;
}

export class PackingChain {
  /** The cuts of this target. */
  readonly gear: Int32Array;
  readonly #options: PackingOptions;
  readonly #onSealed: (pack: SealedPack) => void;
  readonly #idKey: PreparedKey;
  readonly #zeros: ZeroChunk;
  readonly #streams: Readonly<Record<Lifetime, Stream>>;

  /** @param onSealed gets each pack when it is proved; the next one is begun when it returns */
  constructor(options: PackingOptions, onSealed: (pack: SealedPack) => void) {
    this.#options = options;
    this.#onSealed = onSealed;
    this.#idKey = prepareKey(options.keys.id);
    this.gear = gearTable(options.keys.cdc);
    this.#zeros = new ZeroChunk(this.gear, this.#idKey);
    this.#streams = { long: this.#newStream(), short: this.#newStream() };
  }

  /** Where a chunk ends that is nothing but zeros as far as one can be: looked up, not worked out. Else null. */
  readonly zeroCut = (buffer: Buffer, start: number, end: number): number | null =>
    this.#zeros.isAt(buffer, start, end) ? start + this.#zeros.length : null;

  /**
   * Stores a chunk unless it is known. Its bytes are the caller's again afterwards.
   * @throws EngineError of the staging folder (`no-space`, `unwritable`) or `corrupt` when a pack did not prove itself
   */
  take(buffer: Buffer, start: number, end: number, lifetime: Lifetime): TakenChunk {
    const bytes = buffer.subarray(start, end);
    const isZero = end - start === this.#zeros.length && this.#zeros.isAt(buffer, start, end);
    const id = isZero ? this.#zeros.id : hmac(this.#idKey, bytes);
    const claim = this.#options.index.claim(id);
    if (claim.isNew) this.#streams[lifetime].frames.add(id, bytes);
    return { id, number: claim.number, isNew: claim.isNew };
  }

  /** Seals what is begun, padded. The chain can be used again afterwards. */
  finish(): void {
    for (const stream of Object.values(this.#streams)) {
      stream.frames.flush();
      if (stream.pack !== null) this.#seal(stream, stream.pack, 'padme');
    }
  }

  /** Drops what is begun. */
  abandon(): void {
    for (const stream of Object.values(this.#streams)) {
      stream.pack?.abandon();
      stream.pack = null;
    }
  }

  #newStream(): Stream {
    const stream: Stream = { frames: new FrameBuilder((frame) => this.#write(stream, frame)), pack: null };
    return stream;
  }

  #write(stream: Stream, frame: Frame): void {
    stream.pack ??= new PackWriter({ ...this.#options, kind: 'data' });
    if (stream.pack.addFrame(frame)) return;
    this.#seal(stream, stream.pack, 'full');
    stream.pack = new PackWriter({ ...this.#options, kind: 'data' });
    stream.pack.addFrame(frame);
  }

  #seal(stream: Stream, pack: PackWriter, shape: PackShape): void {
    const sealed = pack.seal(shape);
    stream.pack = null;
    try {
      provePack(sealed, this.#options.keys);
    } catch (error) {
      // No row names it: the run ends here, and the next one reads its files again.
      rmSync(sealed.path, { force: true });
      throw error;
    }
    this.#onSealed(sealed);
  }
}

/** Chunks of one expected lifetime on their way into packs of their own. */
interface Stream {
  readonly frames: FrameBuilder;
  pack: PackWriter | null;
}

/** Reads the staged file and holds it against what was meant to be in it. */
function provePack(sealed: SealedPack, keys: KeySet): void {
  const found = verifyPack(sealed.path, keys);
  const isSame =
    found.header.equals(sealed.header) &&
    found.leaves.equals(sealed.leaves) &&
    found.index.bytes.equals(sealed.index);
  if (isSame) return;
  throw new EngineError(
    'corrupt',
    `The staged pack ${sealed.path} is not what was written.`,
    'Run it again; if it happens once more, check the disk and the memory of this computer.',
    { safe: 'Nothing of this pack was sent; what was already stored stays stored.' },
  );
}

/**
 * The longest chunk of zeros, as holes of sparse files are full of. Where it ends depends on its own bytes alone, so
 * cut and id are worked out once; comparing bytes is many times as fast as cutting and hashing them.
 */
class ZeroChunk {
  readonly length: number;
  readonly id: Buffer;
  readonly #bytes = Buffer.alloc(MAX_CHUNK_BYTES);

  constructor(gear: Int32Array, idKey: PreparedKey) {
    this.length = findCut(gear, this.#bytes, 0, MAX_CHUNK_BYTES);
    this.id = hmac(idKey, this.#bytes.subarray(0, this.length));
  }

  isAt(buffer: Buffer, start: number, end: number): boolean {
    if (end - start < this.length || buffer[start] !== 0 || buffer[start + this.length - 1] !== 0)
      return false;
    return buffer.compare(this.#bytes, 0, this.length, start, start + this.length) === 0;
  }
}
