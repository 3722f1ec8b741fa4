import { EngineError } from '../failure.ts';
import { noteGarbage } from '../garbage.ts';
import type { OpenPack } from '../pack/packReader.ts';
import { bodyOfSegment, SEGMENT_BYTES, segmentsOfBody } from '../pack/segment.ts';
import type { SegmentRange } from './ranges.ts';

/** Where stored segments of one pack can be read: kept here from a retrieval, or at a target that answers at once. */
export interface SegmentSource {
  /** Bytes of the segments `first` to `end`, exclusive; rejects `corrupt` when fewer are there. */
  read(first: number, end: number): Promise<Buffer>;
}

/** Segments read at once, as far as they are needed. */
const STRETCH = 8;

/** Opens segments of a pack as frames need them, nearly in order, each about once. Holds one stretch. */
export class BodyReader {
  readonly #source: SegmentSource;
  readonly #pack: OpenPack;
  readonly #segments: number;
  readonly #needed: readonly SegmentRange[];
  #stretch: { readonly first: number; readonly end: number; readonly bytes: Buffer } | null = null;
  #opened = new Map<number, Buffer | EngineError>();

  /** @param needed segments that will be asked for: disjoint, ascending */
  constructor(source: SegmentSource, pack: OpenPack, segments: number, needed: readonly SegmentRange[]) {
    this.#source = source;
    this.#pack = pack;
    this.#segments = segments;
    this.#needed = needed;
  }

  /** The body's bytes `first` to `end`. @throws EngineError `corrupt` when a segment they lie in is damaged */
  async read(first: number, end: number): Promise<Buffer> {
    const span = segmentsOfBody(first, end);
    const pieces: Buffer[] = [];
    for (let n = span.first; n < span.end; n++) {
      const body = bodyOfSegment(n);
      const plaintext = await this.#open(n);
      pieces.push(plaintext.subarray(Math.max(0, first - body.first), Math.min(body.end, end) - body.first));
    }
    const [only] = pieces;
    return only !== undefined && pieces.length === 1 ? only : Buffer.concat(pieces);
  }

  async #open(n: number): Promise<Buffer> {
    const known = this.#opened.get(n);
    if (known instanceof EngineError) throw known;
    if (known !== undefined) return known;
    const stored = await this.#stored(n);
    try {
      const plaintext = this.#pack.openSegment(n, n === this.#segments - 1, stored);
      this.#remember(n, plaintext);
      return plaintext;
    } catch (error) {
      if (error instanceof EngineError) this.#remember(n, error);
      throw error;
    }
  }

  #remember(n: number, opened: Buffer | EngineError): void {
    this.#opened.set(n, opened);
    for (const old of this.#opened.keys()) {
      if (this.#opened.size <= STRETCH) break;
      this.#opened.delete(old);
    }
  }

  async #stored(n: number): Promise<Buffer> {
    if (this.#stretch === null || n < this.#stretch.first || n >= this.#stretch.end) {
      const needed = this.#needed.find((range) => range.first <= n && n < range.end);
      const end = Math.min(n + STRETCH, needed?.end ?? n + 1);
      this.#stretch = { first: n, end, bytes: await this.#source.read(n, end) };
      noteGarbage((end - n) * SEGMENT_BYTES);
    }
    const at = (n - this.#stretch.first) * SEGMENT_BYTES;
    return this.#stretch.bytes.subarray(at, at + SEGMENT_BYTES);
  }
}
