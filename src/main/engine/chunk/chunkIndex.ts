/**
 * Which chunks are known: a hash table in shared memory that all threads read and write without a lock.
 *
 * A slot is five 32-bit words: state, and the first 16 bytes of the chunk's id. State 0 is free, -1 is being written,
 * anything else is the chunk's number plus one. Whoever turns a 0 into -1 owns the slot, writes the id, then the
 * number; others who meet the -1 wait those few instructions. No slot is ever freed or moved.
 *
 * The table grows by segments, each as large as all before it together, at the end of one growable buffer, so every
 * thread sees them at once and nobody hands anything out. In a segment an id may lie in one window of `WINDOW` slots
 * only, and it goes to the next segment when all of them are taken. As slots stay taken, everyone who looks for an
 * id walks the same slots in the same order, and two who bring the same new id meet at the same free slot: one of them
 * takes it, the other finds it.
 *
 * Ids are outputs of HMAC-SHA256: evenly spread, and out of reach of whoever writes the source files, so the table
 * needs no hash of its own and 128 bits tell them apart.
 */

const HEADER_WORDS = 16;
const SLOT_WORDS = 5;
const SLOT_BYTES = 4 * SLOT_WORDS;
/**
 * Slots that are looked at before the next segment. They lie side by side, so even all of them are read in a fraction
 * of a microsecond, and so many that a segment is some nine tenths full before an id finds no place.
 */
const WINDOW = 256;
const MAX_SEGMENTS = 24;
const MIN_FIRST_SLOTS = 1 << 16;
/** Address space that is reserved, not memory: about 200 million slots, 50 TB of chunks. */
const MAX_BYTES = 2 ** 32;

const FREE = 0;
const WRITING = -1;
/** Two states are taken, so numbers end two short of 2^32. */
const MAX_NUMBER = 0xffff_fffd;
/** A writer needs some nanoseconds. One that takes this many looks has died with its thread. */
const PATIENCE = 1 << 28;

const NEXT_NUMBER = 0;
const FIRST_SLOTS = 1;

export interface Claim {
  readonly number: number;
  /** Whether this call made it known: then the caller, and nobody else, has to store the chunk. */
  readonly isNew: boolean;
}

export class ChunkIndex {
  /** All of its state: post this to a worker and make another `ChunkIndex` of it there. */
  readonly memory: SharedArrayBuffer;
  readonly #header: Int32Array;
  readonly #firstSlots: number;
  readonly #segments: Int32Array[] = [];

  constructor(memory: SharedArrayBuffer) {
    this.memory = memory;
    this.#header = new Int32Array(memory, 0, HEADER_WORDS);
    this.#firstSlots = Atomics.load(this.#header, FIRST_SLOTS);
  }

  /** The number that the next new chunk will get. */
  get nextNumber(): number {
    return Atomics.load(this.#header, NEXT_NUMBER) >>> 0;
  }

  /** The chunk's number; a new one from the shared counter if nobody claimed this id before. Any thread. */
  claim(id: Buffer): Claim {
    const slot = this.#findOrTake(id);
    if (slot.taken === null) return { number: slot.number, isNew: false };
    const number = Atomics.add(this.#header, NEXT_NUMBER, 1) >>> 0;
    if (number > MAX_NUMBER) throw new RangeError('there are no chunk numbers left');
    publish(slot.taken, slot.at, id, number);
    return { number, isNew: true };
  }

  /** Makes a stored chunk known; of an id that comes twice the first number stays. Any thread. */
  add(id: Buffer, number: number): void {
    if (number > MAX_NUMBER) throw new RangeError('the chunk number is out of range');
    const slot = this.#findOrTake(id);
    if (slot.taken !== null) publish(slot.taken, slot.at, id, number);
  }

  /** The chunk's number, or undefined when it is not known. */
  find(id: Buffer): number | undefined {
    for (let k = 0; ; k++) {
      const segment = this.#segment(k, false);
      if (segment === null) return undefined;
      const place = search(segment, id, k);
      if (place >= 0) return numberAt(segment, place);
      if (place !== NO_ROOM) return undefined;
    }
  }

  #findOrTake(id: Buffer): Found | Taken {
    for (let k = 0; ; k++) {
      const segment = this.#segment(k, true);
      for (;;) {
        const place = search(segment, id, k);
        if (place >= 0) return { taken: null, number: numberAt(segment, place) };
        if (place === NO_ROOM) break;
        const at = ~place;
        if (Atomics.compareExchange(segment, at, FREE, WRITING) === FREE) return { taken: segment, at };
      }
    }
  }

  #segment(k: number, grow: true): Int32Array;
  #segment(k: number, grow: boolean): Int32Array | null;
  #segment(k: number, grow: boolean): Int32Array | null {
    const known = this.#segments[k];
    if (known !== undefined) return known;
    if (k === MAX_SEGMENTS) throw new RangeError('the chunk index is full');
    const firstSlot = k === 0 ? 0 : this.#firstSlots * 2 ** (k - 1);
    const endSlot = this.#firstSlots * 2 ** k;
    const endByte = 4 * HEADER_WORDS + endSlot * SLOT_BYTES;
    if (this.memory.byteLength < endByte) {
      if (!grow) return null;
      growTo(this.memory, endByte);
    }
    const words = (endSlot - firstSlot) * SLOT_WORDS;
    const segment = new Int32Array(this.memory, 4 * HEADER_WORDS + firstSlot * SLOT_BYTES, words);
    this.#segments[k] = segment;
    return segment;
  }
}

interface Found {
  readonly taken: null;
  readonly number: number;
}

interface Taken {
  readonly taken: Int32Array;
  readonly at: number;
}

/**
 * An empty index. `expected` chunks fit before it grows, at about 27 bytes each.
 * @param nextNumber the number of the first new chunk
 */
export function createChunkIndex(options: { expected: number; nextNumber: number }): ChunkIndex {
  const firstSlots = Math.max(MIN_FIRST_SLOTS, Math.ceil((options.expected * 4) / 3));
  const bytes = 4 * HEADER_WORDS + firstSlots * SLOT_BYTES;
  const memory = new SharedArrayBuffer(bytes, { maxByteLength: Math.max(bytes, MAX_BYTES) });
  const header = new Int32Array(memory, 0, HEADER_WORDS);
  header[NEXT_NUMBER] = options.nextNumber;
  header[FIRST_SLOTS] = firstSlots;
  return new ChunkIndex(memory);
}

/** No free slot in the id's window, and the id not in it. */
const NO_ROOM = -(2 ** 31);

/**
 * Looks through the id's window of segment `k`. Gives the word where its slot starts, or `~word` of the first free
 * slot (as it was then), or `NO_ROOM`.
 */
function search(segment: Int32Array, id: Buffer, k: number): number {
  const slots = segment.length / SLOT_WORDS;
  // Each segment is entered by another word of the id, none of those that are stored: what did not fit in a crowded
  // stretch of one segment is spread over all of the next.
  const hash = id.readUInt32LE(16 + 4 * (k & 3));
  const first = Math.floor((hash / 2 ** 32) * slots);
  const a = id.readInt32LE(0);
  const b = id.readInt32LE(4);
  const c = id.readInt32LE(8);
  const d = id.readInt32LE(12);
  for (let i = 0; i < WINDOW; i++) {
    const slot = first + i < slots ? first + i : first + i - slots;
    const at = slot * SLOT_WORDS;
    const state = settledState(segment, at);
    if (state === FREE) return ~at;
    const same =
      segment[at + 1] === a && segment[at + 2] === b && segment[at + 3] === c && segment[at + 4] === d;
    if (same) return at;
  }
  return NO_ROOM;
}

function settledState(segment: Int32Array, at: number): number {
  let state = Atomics.load(segment, at);
  for (let looks = 0; state === WRITING; looks++) {
    if (looks === PATIENCE) throw new RangeError('a chunk index entry was never finished');
    state = Atomics.load(segment, at);
  }
  return state;
}

function numberAt(segment: Int32Array, at: number): number {
  return (Atomics.load(segment, at) >>> 0) - 1;
}

function publish(segment: Int32Array, at: number, id: Buffer, number: number): void {
  for (let word = 0; word < 4; word++) segment[at + 1 + word] = id.readInt32LE(4 * word);
  Atomics.store(segment, at, number + 1);
}

/** Grows the shared buffer, or finds that another thread has. */
function growTo(memory: SharedArrayBuffer, bytes: number): void {
  if (bytes > memory.maxByteLength) throw new RangeError('the chunk index is full');
  try {
    memory.grow(bytes);
  } catch (error) {
    if (memory.byteLength < bytes) throw error;
  }
}
