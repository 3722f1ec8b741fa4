/** Chunks: which exist at a target, and where each lies. Entries name them by number. */
import { countChunks, type FileContent } from '../entry.ts';
import { EngineError } from '../failure.ts';
import { BATCH_ROWS, unhex } from './bulk.ts';
import { type ChunkRun, USABLE } from './closure.ts';
import { int } from './columns.ts';
import type { Reader } from './db.ts';
import type { FrameKey, PackKey, TargetId } from './ids.ts';

const ID_BYTES = 32;
/** Chunk numbers under one statement that gives only ids. */
const IDS_AT_ONCE = 8192;

/** Chunks in no order that matters; `ids` has 32 bytes for each of `numbers`. */
export interface ChunkIds {
  readonly numbers: readonly number[];
  readonly ids: Buffer;
}

/**
 * Reads the id of every chunk that a run to this target may use: in packs stored there, and in packs sealed and still on
 * their way. These must be stored before the run commits. Holds one batch; `visit` is called some thousand chunks at a
 * time, the newest first: of a chunk that was lost and stored again, current entries name the later number. About 1 s
 * per million.
 */
export async function loadChunkIds(
  db: Reader,
  target: TargetId,
  visit: (batch: ChunkIds) => void,
): Promise<void> {
  const last = await lastChunkNumber(db);
  for (let upTo = last; upTo > 0; upTo -= IDS_AT_ONCE) {
    const row = await db.row(
      `select json_group_array(id) numbers, unhex(group_concat(hex(hash), '')) ids from (
         select c.id, c.hash
         from chunks c cross join frames f on f.id = c.frame cross join packs p on p.id = f.pack
         where c.id > ? and c.id <= ? and p.target = ? and p.state in ${USABLE} order by c.id desc
       )`,
      [Math.max(0, upTo - IDS_AT_ONCE), upTo, target],
    );
    const numbers = JSON.parse(String(row?.numbers ?? '[]')) as number[];
    if (numbers.length > 0 && Buffer.isBuffer(row?.ids)) visit({ numbers, ids: row.ids });
  }
}

/**
 * The highest number that a chunk ever had; numbers above it are free. Call `pruneUnstored` for every running snapshot
 * first: entries of a killed run may name numbers above it.
 */
export async function lastChunkNumber(db: Reader): Promise<number> {
  const row = await db.row("select coalesce(max(seq), 0) last from sqlite_sequence where name = 'chunks'");
  return int(row ?? {}, 'last');
}

/** Where a chunk lies: in which frame of which pack, and where in the frame's raw bytes. */
export interface ChunkPlace {
  readonly chunk: number;
  /** 32 bytes. */
  readonly id: Buffer;
  readonly offset: number;
  readonly length: number;
  readonly pack: PackKey;
  readonly frame: FramePlace;
}

export interface FramePlace {
  readonly key: FrameKey;
  /** Where it begins in the pack's body. */
  readonly start: number;
  readonly stored: number;
  readonly raw: number;
  readonly codec: number;
}

type PackedPlace = [number, string, number, number, PackKey, FrameKey, number, number, number, number];

/**
 * Where the chunks of `runs` (first number, count, alternating) lie, in that order, a batch at a time. A number that
 * the catalog does not know is left out: compare with what was asked.
 */
export async function* chunkPlaces(db: Reader, runs: Uint32Array): AsyncGenerator<readonly ChunkPlace[]> {
  for (const batch of portionsOf(runs, BATCH_ROWS)) {
    const packed = (await db.json(
      `select json_group_array(json_array(c.id, hex(c.hash), c.start, c.length, f.pack, f.id, f.start, f.stored, f.raw, f.codec)
                order by w.key, c.id)
       from (select key, value ->> 0 first, value ->> 1 count from jsonb_each(?)) w
       cross join chunks c on c.id >= w.first and c.id < w.first + w.count
       cross join frames f on f.id = c.frame`,
      [runsText(batch)],
    )) as PackedPlace[];
    yield packed.map(([chunk, id, offset, length, pack, key, start, stored, raw, codec]) => ({
      chunk,
      id: unhex(id),
      offset,
      length,
      pack,
      frame: { key, start, stored, raw, codec },
    }));
  }
}

/**
 * The ids of the chunks of many contents, 32 bytes each, one Buffer beside each content. All in memory.
 * @throws EngineError `corrupt` when a chunk is unknown
 */
export async function chunkIdsOf(db: Reader, contents: readonly FileContent[]): Promise<readonly Buffer[]> {
  const counts = contents.map(({ runs }) => countChunks(runs));
  const joined = new Uint32Array(contents.reduce((sum, { runs }) => sum + runs.length, 0));
  let filled = 0;
  for (const { runs } of contents) {
    joined.set(runs, filled);
    filled += runs.length;
  }
  const ids = await readIds(db, joined);
  let at = 0;
  return counts.map((count) => {
    const own = ids.subarray(at, at + count * ID_BYTES);
    at += own.length;
    if (own.length < count * ID_BYTES) throw unknownChunk();
    return own;
  });
}

async function readIds(db: Reader, runs: Uint32Array): Promise<Buffer> {
  const found: Buffer[] = [];
  for (const batch of portionsOf(runs, IDS_AT_ONCE)) {
    const row = await db.row(
      `select unhex(group_concat(hex(c.hash), '' order by w.key, c.id)) ids
       from (select key, value ->> 0 first, value ->> 1 count from jsonb_each(?)) w
       cross join chunks c on c.id >= w.first and c.id < w.first + w.count`,
      [runsText(batch)],
    );
    const wanted = batch.reduce((sum, { count }) => sum + count, 0);
    if (!Buffer.isBuffer(row?.ids) || row.ids.length !== wanted * ID_BYTES) throw unknownChunk();
    found.push(row.ids);
  }
  return Buffer.concat(found);
}

function unknownChunk(): EngineError {
  return new EngineError(
    'corrupt',
    'The catalog names a piece of a file that it does not know.',
    'Rebuild the catalog from the target.',
    { safe: 'The archives at the targets are not affected.' },
  );
}

/** Cuts runs into lists of at most `most` chunks, splitting a run where need be and joining those that follow on. */
function* portionsOf(runs: Uint32Array, most: number): Generator<readonly ChunkRun[]> {
  let portion: { first: number; count: number }[] = [];
  let room = most;
  for (let i = 0; i < runs.length; i += 2) {
    let first = runs[i] ?? 0;
    for (let left = runs[i + 1] ?? 0; left > 0;) {
      const count = Math.min(left, room);
      const last = portion.at(-1);
      if (last !== undefined && last.first + last.count === first) last.count += count;
      else portion.push({ first, count });
      first += count;
      left -= count;
      room -= count;
      if (room > 0) continue;
      yield portion;
      portion = [];
      room = most;
    }
  }
  if (portion.length > 0) yield portion;
}

function runsText(runs: readonly ChunkRun[]): string {
  return JSON.stringify(runs.map(({ first, count }) => [first, count]));
}
