/**
 * Placements: which chunk goes where in which file, for all files of an order, grouped by the pack that holds it.
 * Four numbers per placement in typed arrays (20 bytes), because an order may have millions.
 */

export interface Placement {
  /** Chunk number in the catalog. */
  readonly chunk: number;
  /** Number of the file in the order. */
  readonly file: number;
  /** Where the chunk begins in the file, in bytes. */
  readonly offset: number;
}

export class PackPlacements {
  #chunks = new Uint32Array(64);
  #files = new Uint32Array(64);
  #offsets = new Float64Array(64);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  add(chunk: number, file: number, offset: number): void {
    if (this.#count === this.#chunks.length) this.#grow();
    this.#chunks[this.#count] = chunk;
    this.#files[this.#count] = file;
    this.#offsets[this.#count] = offset;
    this.#count++;
  }

  /**
   * All placements in order of chunk number, `most` chunks at a time and never parting one chunk's: a worker numbers
   * chunks as it packs them, so this is nearly the order in which they lie in the pack.
   */
  *batches(most: number): Generator<readonly Placement[]> {
    const order = Uint32Array.from({ length: this.#count }, (_, i) => i).sort(
      (a, b) => (this.#chunks[a] ?? 0) - (this.#chunks[b] ?? 0),
    );
    let batch: Placement[] = [];
    for (const at of order) {
      const placement = this.#at(at);
      if (batch.length >= most && batch.at(-1)?.chunk !== placement.chunk) {
        yield batch;
        batch = [];
      }
      batch.push(placement);
    }
    if (batch.length > 0) yield batch;
  }

  /** Calls `visit` with the file of each placement. */
  eachFile(visit: (file: number) => void): void {
    for (let i = 0; i < this.#count; i++) visit(this.#files[i] ?? 0);
  }

  #at(index: number): Placement {
    return {
      chunk: this.#chunks[index] ?? 0,
      file: this.#files[index] ?? 0,
      offset: this.#offsets[index] ?? 0,
    };
  }

  #grow(): void {
    const length = this.#chunks.length * 2;
    this.#chunks = copyInto(new Uint32Array(length), this.#chunks);
    this.#files = copyInto(new Uint32Array(length), this.#files);
    this.#offsets = copyInto(new Float64Array(length), this.#offsets);
  }
}

function copyInto<T extends Uint32Array | Float64Array>(larger: T, from: T): T {
  larger.set(from);
  return larger;
}

/** Which segments of one pack are needed. */
export class SegmentSet {
  readonly #bits: Uint8Array;

  constructor(segments: number) {
    this.#bits = new Uint8Array(segments);
  }

  add(first: number, end: number): void {
    this.#bits.fill(1, first, end);
  }

  ranges(): { readonly first: number; readonly end: number }[] {
    const ranges = [];
    for (let at = 0; at < this.#bits.length; at++) {
      if (this.#bits[at] === 0) continue;
      const first = at;
      while (at < this.#bits.length && this.#bits[at] === 1) at++;
      ranges.push({ first, end: at });
    }
    return ranges;
  }
}
