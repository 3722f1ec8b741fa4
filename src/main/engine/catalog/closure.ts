/**
 * Are all chunks there that entries name? Asked in runs of numbers: files written one after the other have chunks one
 * after the other, so that a thousand files are one look along the chunk table.
 */
import { BATCH_ROWS } from './bulk.ts';
import type { Reader } from './db.ts';
import { decodeRuns } from './entryRecord.ts';
import type { FolderId, SnapshotId } from './ids.ts';
import { rowPages, type Shape } from './pages.ts';
import { touchedPages } from './touched.ts';

/** Chunks under one statement: some 0.1 s. */
const CHUNKS_AT_ONCE = 100_000;
/** Chunks that `missingChunks` names at most. */
const MOST_NAMED = 1000;

/** States of a pack whose chunks a run may use: their bytes are stored, or staged and on their way. */
export const USABLE = "('sealed', 'uploading', 'unknown', 'stored')";

export interface ChunkRun {
  readonly first: number;
  readonly count: number;
}

/** A file's place and its chunks. */
export interface FileRuns {
  readonly folder: FolderId;
  /** In hex. */
  readonly name: string;
  /** First number and how many, alternating. */
  readonly runs: Uint32Array;
}

const fileRuns: Shape<[FolderId, string, string], FileRuns> = {
  // What follows the hash.
  sql: 'hex(substr(e.content, 33))',
  unpack: ([folder, name, runs]) => ({ folder, name, runs: decodeRuns(runs) }),
};

/**
 * The closure check before a commit: chunk numbers that files new or changed in the snapshot name and that are in no
 * stored pack of the plan's target; a thousand if there are more. Empty is the proof.
 */
export async function missingChunks(db: Reader, snapshot: SnapshotId): Promise<readonly number[]> {
  const missing = new Set<number>();
  for await (const files of filesBegunWith(db, snapshot)) {
    const runs = joinRuns(files);
    for (const index of await incomplete(db, snapshot, runs, "('stored')")) {
      const run = runs[index];
      for (const chunk of run === undefined ? [] : await absent(db, snapshot, run)) missing.add(chunk);
      if (missing.size >= MOST_NAMED) return [...missing].slice(0, MOST_NAMED);
    }
  }
  return [...missing];
}

/** Files that are new or changed in the snapshot, in pages. */
export async function* filesBegunWith(db: Reader, snapshot: SnapshotId): AsyncGenerator<readonly FileRuns[]> {
  const which = { sql: 'e.since = ?1 and e.kind = 1', snapshot };
  for await (const folders of touchedPages(db, snapshot)) yield* rowPages(db, folders, which, fileRuns);
}

/** All chunks of the files, ascending and each once, in as few runs as they make, none longer than a statement takes. */
export function joinRuns(files: readonly FileRuns[]): readonly ChunkRun[] {
  const runs: ChunkRun[] = [];
  for (const file of files) {
    for (let i = 0; i < file.runs.length; i += 2) {
      runs.push({ first: file.runs[i] ?? 0, count: file.runs[i + 1] ?? 0 });
    }
  }
  runs.sort((a, b) => a.first - b.first);
  const joined: ChunkRun[] = [];
  let from = 0;
  let end = 0;
  const close = (): void => {
    for (let first = from; first < end; first += CHUNKS_AT_ONCE) {
      joined.push({ first, count: Math.min(CHUNKS_AT_ONCE, end - first) });
    }
  };
  for (const { first, count } of runs) {
    if (first > end) {
      close();
      from = first;
    }
    end = Math.max(end, first + count);
  }
  close();
  return joined;
}

/** Which of `runs` (by index) have a chunk that is in no pack of the snapshot's target with one of these states. */
export async function incomplete(
  db: Reader,
  snapshot: SnapshotId,
  runs: readonly ChunkRun[],
  states: string,
): Promise<readonly number[]> {
  const found: number[] = [];
  for (const { from, to } of portions(runs)) {
    const indexes = (await db.json(
      `select json_group_array(w.key order by w.key)
       from (select key, value ->> 0 first, value ->> 1 count from jsonb_each(?2)) w
       where w.count <> (
         select count(*) from chunks c cross join frames f on f.id = c.frame cross join packs p on p.id = f.pack
         where c.id >= w.first and c.id < w.first + w.count and p.state in ${states}
           and p.target = (select target from plans where id = (select plan from snapshots where id = ?1))
       )`,
      [snapshot, JSON.stringify(runs.slice(from, to).map(({ first, count }) => [first, count]))],
    )) as number[];
    found.push(...indexes.map((index) => from + index));
  }
  return found;
}

/** Cuts a list of runs so that no portion is too many rows or chunks. */
function* portions(runs: readonly ChunkRun[]): Generator<{ from: number; to: number }> {
  let from = 0;
  let chunks = 0;
  for (const [at, run] of runs.entries()) {
    if (at > from && (at - from === BATCH_ROWS || chunks + run.count > CHUNKS_AT_ONCE)) {
      yield { from, to: at };
      from = at;
      chunks = 0;
    }
    chunks += run.count;
  }
  if (from < runs.length) yield { from, to: runs.length };
}

async function absent(db: Reader, snapshot: SnapshotId, run: ChunkRun): Promise<readonly number[]> {
  return (await db.json(
    `with recursive wanted (id) as (
       select ?2 union all select id + 1 from wanted where id + 1 < ?2 + ?3
     )
     select json_group_array(id) from (
       select id from wanted where not exists (
         select 1 from chunks c join frames f on f.id = c.frame join packs p on p.id = f.pack
         where c.id = wanted.id and p.state = 'stored'
           and p.target = (select target from plans where id = (select plan from snapshots where id = ?1))
       ) limit ${MOST_NAMED}
     )`,
    [snapshot, run.first, run.count],
  )) as number[];
}
