/**
 * Taking back what a running snapshot has written: all of it, or the part whose content got lost with a kill.
 */
import { bulkTexts } from './bulk.ts';
import { type ChunkRun, type FileRuns, filesBegunWith, incomplete, joinRuns, USABLE } from './closure.ts';
import type { Tx } from './db.ts';
import type { SnapshotId } from './ids.ts';

/**
 * Makes the plan's entries as if the running snapshot had never been, and marks it abandoned.
 * @throws RangeError when it is committed or not the newest of its plan: others build on it
 */
export async function undoSnapshot(tx: Tx, snapshot: SnapshotId, endedAt: number): Promise<void> {
  const abandoned = await tx.run(
    `update snapshots set state = 'abandoned', ended_at = ?2
     where id = ?1 and state = 'running'
       and not exists (select 1 from snapshots n where n.plan = snapshots.plan and n.id > ?1)`,
    [snapshot, endedAt],
  );
  if (abandoned.changes !== 1)
    throw new RangeError('only the newest, running snapshot of a plan can be undone');
  const touched = 'folder in (select folder from touched where snapshot = ?1)';
  await tx.run(`delete from entries where since = ?1 and ${touched}`, [snapshot]);
  await tx.run(`update entries set until = null where until = ?1 and ${touched}`, [snapshot]);
  await tx.run('delete from touched where snapshot = ?', [snapshot]);
}

/**
 * After a kill: drops files of the running snapshot that name chunks which were never sealed into a pack (or whose pack
 * was dropped), and makes current again what they had replaced; the resumed run finds these files changed and reads
 * them again. Must come before chunk numbers are given out: lost ones may be given out anew.
 * Resolves to the number of files dropped.
 */
export async function pruneUnstored(tx: Tx, snapshot: SnapshotId): Promise<number> {
  let dropped = 0;
  for await (const files of filesBegunWith(tx, snapshot)) {
    if ((await incomplete(tx, snapshot, joinRuns(files), USABLE)).length === 0) continue;
    const lost = await lostFiles(tx, snapshot, files);
    await dropRows(tx, snapshot, lost);
    dropped += lost.length;
  }
  return dropped;
}

async function lostFiles(
  tx: Tx,
  snapshot: SnapshotId,
  files: readonly FileRuns[],
): Promise<readonly FileRuns[]> {
  const runs: ChunkRun[] = [];
  const owners: FileRuns[] = [];
  for (const file of files) {
    for (const run of joinRuns([file])) {
      runs.push(run);
      owners.push(file);
    }
  }
  const lost = new Set<FileRuns>();
  for (const index of await incomplete(tx, snapshot, runs, USABLE)) {
    const owner = owners[index];
    if (owner !== undefined) lost.add(owner);
  }
  return [...lost];
}

async function dropRows(tx: Tx, snapshot: SnapshotId, files: readonly FileRuns[]): Promise<void> {
  const named = '(folder, name) in (select value ->> 0, unhex(value ->> 1) from jsonb_each(?2))';
  for (const batch of bulkTexts(files, ({ folder, name }) => [folder, name])) {
    await tx.run(`delete from entries where since = ?1 and ${named}`, [snapshot, batch]);
    await tx.run(`update entries set until = null where until = ?1 and ${named}`, [snapshot, batch]);
  }
}
