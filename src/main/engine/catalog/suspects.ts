/**
 * Packs that are missing or damaged at their target, and how what they held comes back: runs do not rely on their chunks
 * any more, files that have such chunks are read again by the next run, which stores them anew, and what older snapshots
 * name is then found in the new packs.
 */
import type { FileEntry } from '../entry.ts';
import type { ArchiveId } from '../target/target.ts';
import { BATCH_ROWS } from './bulk.ts';
import type { Catalog, Reader, Tx } from './catalog.ts';
import { int } from './columns.ts';
import { entriesWithContentLater } from './entryPages.ts';
import type { EntryPut } from './entries.ts';
import type { FolderId, PackKey, PlanId, SnapshotId, TargetId } from './ids.ts';
import { markSuspect } from './packs.ts';
import { current, rowPages } from './pages.ts';
import type { Suspicion } from './proofs.ts';
import { IN_CHAIN } from './chain.ts';
import { refreshEntries } from './refresh.ts';

/** Chunks `c` of a pack `p`: they lie in a range of numbers that other packs may share. */
const CHUNKS_OF = `packs p cross join chunks c on c.id between p.first_chunk and p.last_chunk
  and c.frame >= p.first_frame and c.frame < p.first_frame + p.frame_count`;

/** Its bytes at the target are missing or damaged, and why that is thought. */
export async function suspectPack(tx: Tx, pack: PackKey, why: Suspicion): Promise<void> {
  await markSuspect(tx, pack);
  await tx.run(
    `insert into proofs (pack, suspected) values (?1, ?2)
     on conflict (pack) do update set suspected = case suspected when 'replaced' then suspected else ?2 end`,
    [pack, why],
  );
}

/** The target lists an archive of exactly its bytes: that is the pack's from now on, and the next manifest tells so. */
export async function takeCopy(tx: Tx, pack: PackKey, archiveId: ArchiveId): Promise<void> {
  await markSuspect(tx, pack);
  await tx.run("update packs set state = 'stored', archive_id = ?2, told_by = null where id = ?1", [
    pack,
    archiveId,
  ]);
  await tx.run('update proofs set suspected = null, proven_at = null, proven = null where pack = ?', [pack]);
}

/** It is there after all. */
export async function clearSuspect(tx: Tx, pack: PackKey): Promise<void> {
  await tx.run(
    `update packs set state = 'stored' where id = ?1 and state = 'suspect'
       and exists (select 1 from proofs where pack = ?1 and suspected in ('missing', 'differs'))`,
    [pack],
  );
  await tx.run("update proofs set suspected = null where pack = ? and suspected in ('missing', 'differs')", [
    pack,
  ]);
}

/**
 * Has the next run read again every file of the target's plans that has chunks in these packs; resolves to how many
 * there are. To be done before the packs are marked: a kill in between costs reading, not knowing. Reads all current
 * entries of these plans, some seconds per million, and nobody waits for it.
 */
export async function forgetFilesIn(
  catalog: Catalog,
  target: TargetId,
  packs: readonly PackKey[],
): Promise<number> {
  const lost = await chunksOf(catalog, packs);
  if (lost.length === 0) return 0;
  let files = 0;
  for await (const folders of foldersOf(catalog, target)) {
    for await (const page of rowPages(catalog, folders, current, entriesWithContentLater)) {
      const hit: EntryPut[] = page.flatMap(({ folder, entry }) =>
        entry.kind === 'file' && hasAny(entry, lost) ? [{ folder, entry: { ...entry, settled: false } }] : [],
      );
      files += hit.length;
      if (hit.length > 0) await catalog.transaction((tx) => refreshEntries(tx, hit));
    }
  }
  return files;
}

/** One byte per chunk number up to the highest: 1 for those in the packs. Empty when there are none. */
async function chunksOf(db: Reader, packs: readonly PackKey[]): Promise<Uint8Array> {
  const row = await db.row(
    'select coalesce(max(last_chunk), 0) last from packs where id in (select value from json_each(?))',
    [JSON.stringify(packs)],
  );
  const last = int(row ?? {}, 'last');
  if (last === 0) return new Uint8Array(0);
  const chunks = new Uint8Array(last + 1);
  for (const pack of packs) {
    const numbers = (await db.json(`select json_group_array(c.id) from ${CHUNKS_OF} where p.id = ?`, [
      pack,
    ])) as number[];
    for (const n of numbers) chunks[n] = 1;
  }
  return chunks;
}

function hasAny({ content: { runs } }: FileEntry, chunks: Uint8Array): boolean {
  for (let i = 0; i < runs.length; i += 2) {
    const first = runs[i] ?? 0;
    if (chunks.subarray(first, first + (runs[i + 1] ?? 0)).includes(1)) return true;
  }
  return false;
}

async function* foldersOf(db: Reader, target: TargetId): AsyncGenerator<readonly FolderId[]> {
  for (let after = 0; ;) {
    const page = (await db.json(
      `select json_group_array(id order by id) from (
         select id from folders where id > ?2 and plan in (select id from plans where target = ?1)
         order by id limit ${BATCH_ROWS})`,
      [target, after],
    )) as FolderId[];
    const last = page.at(-1);
    if (last === undefined) return;
    yield page;
    after = last;
  }
}

/**
 * With the commit of a snapshot: what was lost at the target and is there again in the snapshot's own packs. Its chunks are
 * found there from now on, by whatever snapshot names them, and a suspect pack with nothing left in it is dead. So is the
 * lost manifest of an earlier snapshot once a full one follows: what only that told is known to this profile alone.
 */
export async function mendLost(tx: Tx, snapshot: SnapshotId): Promise<void> {
  await tx.run(
    `update packs set state = 'dead' where state = 'suspect' and kind = 'manifest' and snapshot in (
       select o.id from snapshots o join snapshots n on n.plan = o.plan where n.id = ?1 and n.base and o.id < ?1)`,
    [snapshot],
  );
  await mendChunks(tx, snapshot);
}

/** With a new catalog copy, lost ones are of no more use. */
export async function dropLostCopies(tx: Tx, target: TargetId): Promise<void> {
  await tx.run(
    "update packs set state = 'dead' where target = ? and state = 'suspect' and kind = 'catalog'",
    [target],
  );
}

async function mendChunks(tx: Tx, snapshot: SnapshotId): Promise<void> {
  const suspect = `p.state = 'suspect' and p.kind = 'data'
    and p.target = (select target from plans where id = (select plan from snapshots where id = ?1))`;
  if ((await tx.row(`select 1 from packs p where ${suspect} limit 1`, [snapshot])) === undefined) return;
  const { changes } = await tx.run(
    `with lost as materialized (select c.id, c.hash from ${CHUNKS_OF} where ${suspect}),
       found as materialized (
         select c.hash, c.frame, c.start from ${CHUNKS_OF}
         where p.snapshot = ?1 and p.state = 'stored' and p.kind = 'data')
     update chunks set frame = m.frame, start = m.start
     from (select l.id, f.frame, f.start from found f join lost l on l.hash = f.hash) m where chunks.id = m.id`,
    [snapshot],
  );
  if (changes === 0) return;
  await tx.run(
    `insert into proofs (pack, suspected) select p.id, 'replaced' from packs p
     where ${suspect} and p.chunk_count > (
       select count(*) from chunks c where c.id between p.first_chunk and p.last_chunk
         and c.frame >= p.first_frame and c.frame < p.first_frame + p.frame_count)
     on conflict (pack) do update set suspected = 'replaced'`,
    [snapshot],
  );
  await tx.run(
    `update packs as p set state = 'dead' where ${suspect} and not exists (
       select 1 from chunks c where c.id between p.first_chunk and p.last_chunk
         and c.frame >= p.first_frame and c.frame < p.first_frame + p.frame_count)`,
    [snapshot],
  );
}

/**
 * Whether the target alone tells the plan's newest snapshot: every manifest from the newest full one on is stored, and
 * this installation has written them. True before the first snapshot.
 */
export async function isRecordWhole(db: Reader, plan: PlanId): Promise<boolean> {
  const row = await db.row(
    `select (select relist from plans where id = ?1) + count(*) n from snapshots s join packs p on p.id = s.manifest
     where s.plan = ?1 and s.state in ${IN_CHAIN} and p.state <> 'stored'
       and s.id >= (select max(id) from snapshots where plan = ?1 and state in ${IN_CHAIN} and base)`,
    [plan],
  );
  return int(row ?? {}, 'n') === 0;
}
