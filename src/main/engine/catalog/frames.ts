/**
 * The frames of a pack with the chunks in them, as a manifest repeats them.
 *
 * Chunks have no index by frame. A pack's chunks lie in a range of numbers (`packs.first_chunk` …) that other packs
 * filled at the same time share; the range is read once and dealt out to frames in memory, 50 bytes a chunk.
 */
import { BATCH_ROWS } from './bulk.ts';
import { int } from './columns.ts';
import type { Reader } from './db.ts';
import type { PackKey } from './ids.ts';

export interface FrameContents {
  readonly stored: number;
  readonly raw: number;
  readonly codec: number;
  /** Of its chunks in order, 32 bytes each. */
  readonly ids: Buffer;
  readonly lengths: readonly number[];
}

const ID_BYTES = 32;
/** Chunk numbers looked at by one statement. */
const NUMBERS_AT_ONCE = 8192;

interface Ranges {
  readonly firstFrame: number;
  readonly frames: number;
  readonly firstChunk: number;
  readonly lastChunk: number;
  readonly chunks: number;
}

/** The chunks of one pack in columns; `frame` counts within the pack. */
interface Columns {
  readonly frame: Uint32Array;
  readonly start: Uint32Array;
  readonly length: Uint32Array;
  readonly ids: Buffer;
}

/** The frames of a pack in order, some thousand at a time; none for a pack without an index here. */
export async function* framesOf(db: Reader, pack: PackKey): AsyncGenerator<readonly FrameContents[]> {
  const ranges = await rangesOf(db, pack);
  const chunks = await readChunks(db, ranges);
  const deal = dealOut(chunks.frame, ranges.frames);
  for (let first = 0; first < ranges.frames; first += BATCH_ROWS) {
    const frames = (await db.json(
      `select json_group_array(json_array(stored, raw, codec) order by id) from frames where id >= ? and id < ?`,
      [ranges.firstFrame + first, ranges.firstFrame + Math.min(first + BATCH_ROWS, ranges.frames)],
    )) as [number, number, number][];
    yield frames.map(([stored, raw, codec], i) => {
      const order = chunksIn(first + i, deal, chunks.start);
      return {
        stored,
        raw,
        codec,
        ids: Buffer.concat(order.map((at) => chunks.ids.subarray(at * ID_BYTES, (at + 1) * ID_BYTES))),
        lengths: order.map((at) => chunks.length[at] ?? 0),
      };
    });
  }
}

async function rangesOf(db: Reader, pack: PackKey): Promise<Ranges> {
  const row = await db.row('select * from packs where id = ?', [pack]);
  if (row === undefined) throw new RangeError(`there is no pack ${pack}`);
  return {
    firstFrame: int(row, 'first_frame'),
    frames: int(row, 'frame_count'),
    firstChunk: int(row, 'first_chunk'),
    lastChunk: int(row, 'last_chunk'),
    chunks: int(row, 'chunk_count'),
  };
}

async function readChunks(db: Reader, ranges: Ranges): Promise<Columns> {
  const { firstFrame, frames, firstChunk, lastChunk, chunks } = ranges;
  const columns = {
    frame: new Uint32Array(chunks),
    start: new Uint32Array(chunks),
    length: new Uint32Array(chunks),
    ids: Buffer.alloc(chunks * ID_BYTES),
  };
  let at = 0;
  for (let from = firstChunk; chunks > 0 && from <= lastChunk; from += NUMBERS_AT_ONCE) {
    const row = await db.row(
      `select json_group_array(json_array(frame - ?5, start, length)) places, unhex(group_concat(hex(hash), '')) ids
       from (select * from chunks where id >= ?1 and id < ?2 and id <= ?3 and frame >= ?5 and frame < ?4 order by id)`,
      [from, from + NUMBERS_AT_ONCE, lastChunk, firstFrame + frames, firstFrame],
    );
    const places = JSON.parse(String(row?.places ?? '[]')) as [number, number, number][];
    if (Buffer.isBuffer(row?.ids)) row.ids.copy(columns.ids, at * ID_BYTES);
    for (const [frame, start, length] of places) {
      columns.frame[at] = frame;
      columns.start[at] = start;
      columns.length[at++] = length;
    }
  }
  if (at !== chunks) throw new RangeError(`catalog: a pack of ${chunks} chunks has ${at}`);
  return columns;
}

/** Chunks (positions in the columns) sorted by frame: those of frame n are `order[begin[n]]` up to `order[begin[n+1]]`. */
interface Deal {
  readonly begin: Uint32Array;
  readonly order: Uint32Array;
}

function dealOut(frameOf: Uint32Array, frames: number): Deal {
  const begin = new Uint32Array(frames + 1);
  for (const frame of frameOf) begin[frame + 1] = (begin[frame + 1] ?? 0) + 1;
  for (let i = 0; i < frames; i++) begin[i + 1] = (begin[i + 1] ?? 0) + (begin[i] ?? 0);
  const next = begin.slice();
  const order = new Uint32Array(frameOf.length);
  for (const [at, frame] of frameOf.entries()) {
    const place = next[frame] ?? 0;
    order[place] = at;
    next[frame] = place + 1;
  }
  return { begin, order };
}

/** The chunks of one frame by where they begin in it. */
function chunksIn(frame: number, deal: Deal, start: Uint32Array): number[] {
  const own = [...deal.order.subarray(deal.begin[frame], deal.begin[frame + 1])];
  return own.sort((a, b) => (start[a] ?? 0) - (start[b] ?? 0));
}
