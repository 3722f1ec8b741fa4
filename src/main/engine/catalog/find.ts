/** Search over all versions of all entries, by name. Reads the whole table, a page at a time: some 3 s per million. */
import type { Entry } from '../entry.ts';
import { BATCH_ROWS, bulkTexts, hex, unhex } from './bulk.ts';
import type { Reader } from './db.ts';
import { decodeContent, decodeEntry } from './entryRecord.ts';
import { folderPaths } from './folders.ts';
import type { FolderId, PlanId, SnapshotId } from './ids.ts';
import { listSnapshots } from './snapshots.ts';

export interface Search {
  /** Null: in all plans. */
  readonly plan: PlanId | null;
  /** Only what was there at this snapshot. Null: every version. */
  readonly snapshot: SnapshotId | null;
  /** Decides by the name, as text; a source's name is its full path. */
  readonly matches: (name: string) => boolean;
  readonly limit: number;
}

export interface FoundVersion {
  readonly plan: PlanId;
  /** Source's full path, name, name …, down to the entry's own. */
  readonly names: readonly Buffer[];
  readonly entry: Entry;
  /** First and last committed snapshot that hold this version. */
  readonly first: SnapshotId;
  readonly last: SnapshotId;
}

interface Candidate {
  readonly folder: FolderId;
  readonly name: Buffer;
  readonly since: SnapshotId;
  readonly plan: PlanId;
  readonly first: SnapshotId;
  readonly last: SnapshotId;
}

/**
 * Versions of entries whose names match and that a committed snapshot holds; `more` when the limit left some out.
 * In the order of the catalog: an older folder's entries first, versions of one name one after the other.
 */
export async function findEntries(
  db: Reader,
  search: Search,
): Promise<{ readonly found: readonly FoundVersion[]; readonly more: boolean }> {
  const hits: Candidate[] = [];
  for await (const candidate of candidates(db, search)) {
    hits.push(candidate);
    if (hits.length > search.limit) break;
  }
  const kept = hits.slice(0, search.limit);
  return { found: await describe(db, kept), more: hits.length > kept.length };
}

type Scanned = [FolderId, string, SnapshotId, SnapshotId | null, PlanId];

async function* candidates(db: Reader, search: Search): AsyncGenerator<Candidate> {
  const snapshots = await committedByPlan(db, search);
  let after: readonly [number, Buffer, number] = [0, Buffer.alloc(0), 0];
  for (;;) {
    const page = (await db.json(
      `select json_group_array(json_array(folder, hex(name), since, until, plan) order by folder, name, since) from (
         select e.folder, e.name, e.since, e.until, (select plan from folders where id = e.folder) plan
         from entries e where (e.folder, e.name, e.since) > (?, ?, ?)
         order by e.folder, e.name, e.since limit ${BATCH_ROWS}
       )`,
      after,
    )) as Scanned[];
    for (const [folder, digits, since, until, plan] of page) {
      const name = unhex(digits);
      after = [folder, name, since];
      if (!search.matches(name.toString())) continue;
      const span = heldBy(snapshots.get(plan) ?? [], since, until);
      if (span !== null) yield { folder, name, since, plan, ...span };
    }
    if (page.length < BATCH_ROWS) return;
  }
}

/** Committed snapshots the search looks at, ascending, by plan. */
async function committedByPlan(
  db: Reader,
  search: Search,
): Promise<ReadonlyMap<PlanId, readonly SnapshotId[]>> {
  const byPlan = new Map<PlanId, SnapshotId[]>();
  for (const { id, plan } of await listSnapshots(db, search.plan)) {
    if (search.snapshot !== null && search.snapshot !== id) continue;
    const list = byPlan.get(plan);
    if (list === undefined) byPlan.set(plan, [id]);
    else list.push(id);
  }
  return byPlan;
}

/** First and last of `snapshots` within the interval; null when none is. */
function heldBy(
  snapshots: readonly SnapshotId[],
  since: SnapshotId,
  until: SnapshotId | null,
): { readonly first: SnapshotId; readonly last: SnapshotId } | null {
  const first = snapshots.find((id) => id >= since);
  const last = snapshots.findLast((id) => until === null || id < until);
  return first === undefined || last === undefined || first > last ? null : { first, last };
}

async function describe(db: Reader, hits: readonly Candidate[]): Promise<readonly FoundVersion[]> {
  const paths = await folderPaths(
    db,
    hits.map(({ folder }) => folder),
  );
  const entries: Entry[] = [];
  for (const batch of bulkTexts(hits, ({ folder, name, since }) => [folder, hex(name), since])) {
    const rows = (await db.json(
      `select json_group_array(json_array(hex(e.name), e.kind, e.size, hex(e.meta), hex(e.content)) order by w.key)
       from (select key, value ->> 0 folder, unhex(value ->> 1) name, value ->> 2 since from jsonb_each(?)) w
       join entries e on e.folder = w.folder and e.name = w.name and e.since = w.since`,
      [batch],
    )) as [string, number, number, string, string][];
    for (const [name, kind, size, meta, content] of rows) {
      entries.push(decodeEntry(unhex(name), { kind, size, meta, content }, decodeContent));
    }
  }
  return hits.flatMap(({ plan, folder, first, last }, i) => {
    const entry = entries[i];
    return entry === undefined
      ? []
      : [{ plan, names: [...(paths.get(folder) ?? []), entry.name], entry, first, last }];
  });
}
