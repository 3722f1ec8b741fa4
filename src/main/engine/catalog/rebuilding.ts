/** Snapshots as they are found at a target: how a catalog is filled again from manifests. */
import { IN_CHAIN } from './chain.ts';
import { int } from './columns.ts';
import type { Reader, Tx } from './db.ts';
import { removeEntries, type EntryPlace } from './entries.ts';
import { hex, unhex } from './bulk.ts';
import type { FolderId, PackKey, PlanId, SnapshotId, TargetId } from './ids.ts';
import { countTree } from './tree.ts';

export interface FoundSnapshot {
  /** 32 hex digits. */
  readonly uid: string;
  readonly plan: PlanId;
  /** Null for the first that was found of its plan. */
  readonly parent: SnapshotId | null;
  readonly base: boolean;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly epoch: number;
  readonly manifest: PackKey;
}

/** Adds it as committed; its entries follow in the same transaction, then `countSnapshot`. */
export async function addFoundSnapshot(tx: Tx, found: FoundSnapshot): Promise<SnapshotId> {
  const { uid, plan, parent, base, startedAt, endedAt, epoch, manifest } = found;
  const { lastId } = await tx.run(
    `insert into snapshots (uid, plan, parent, base, state, started_at, ended_at, epoch, manifest)
     values (?, ?, ?, ?, 'committed', ?, ?, ?, ?)`,
    [uid, plan, parent, Number(base), startedAt, endedAt, epoch, manifest],
  );
  return lastId as SnapshotId;
}

/** Fills in the totals of a snapshot whose entries and packs are all there; `made` are the data packs that its run made. */
export async function countSnapshot(
  tx: Tx,
  id: SnapshotId,
  plan: PlanId,
  made: readonly PackKey[],
): Promise<void> {
  await tx.run(
    `update packs set snapshot = ?1 where snapshot is null
       and (id = (select manifest from snapshots where id = ?1) or id in (select value from json_each(?2)))`,
    [id, JSON.stringify(made)],
  );
  const { files, folders, bytes } = await countTree(tx, plan, id);
  await tx.run(
    `update snapshots set files = ?2, folders = ?3, bytes = ?4,
       new_bytes = (select coalesce(sum(raw_bytes), 0) from packs where snapshot = ?1 and kind = 'data'),
       stored_bytes = (select coalesce(sum(size), 0) from packs where snapshot = ?1)
     where id = ?1`,
    [id, files, folders, bytes],
  );
}

/** Takes names down that a manifest of a whole tree mentions; `removeUnmentioned` ends everything else. */
export class MentionedEntries {
  readonly #tx: Tx;
  #batch: [FolderId, string][] = [];

  private constructor(tx: Tx) {
    this.#tx = tx;
  }

  static async begin(tx: Tx): Promise<MentionedEntries> {
    await tx.run(
      'create temp table if not exists mentioned (folder integer, name blob, primary key (folder, name)) without rowid',
    );
    await tx.run('delete from mentioned');
    return new MentionedEntries(tx);
  }

  async add(entries: readonly EntryPlace[]): Promise<void> {
    for (const { folder, name } of entries) this.#batch.push([folder, hex(name)]);
    await this.#tx.run(
      'insert or ignore into mentioned select value ->> 0, unhex(value ->> 1) from jsonb_each(?)',
      [JSON.stringify(this.#batch)],
    );
    this.#batch = [];
  }

  async removeUnmentioned(plan: PlanId, snapshot: SnapshotId): Promise<void> {
    const rows = (await this.#tx.json(
      `select json_group_array(json_array(e.folder, hex(e.name)))
       from folders f cross join entries e on e.folder = f.id
       where f.plan = ? and e.until is null
         and not exists (select 1 from mentioned m where m.folder = e.folder and m.name = e.name)`,
      [plan],
    )) as [FolderId, string][];
    await removeEntries(
      this.#tx,
      snapshot,
      rows.map(([folder, name]) => ({ folder, name: unhex(name) })),
    );
    await this.#tx.run('delete from mentioned');
  }
}

/** Which of these snapshots (uids) are here: committed, or forgotten since. */
export async function knownSnapshots(
  db: Reader,
  uids: Iterable<string>,
): Promise<ReadonlyMap<string, SnapshotId>> {
  const rows = (await db.json(
    `select json_group_array(json_array(uid, id)) from snapshots
     where state in ${IN_CHAIN} and uid in (select value from json_each(?))`,
    [JSON.stringify([...uids])],
  )) as [string, SnapshotId][];
  return new Map(rows);
}

export interface FoundTotals {
  readonly plans: number;
  readonly snapshots: number;
  readonly files: number;
  readonly bytes: number;
  readonly packs: number;
}

/** What is known of a target: its newest snapshots' files, and data packs. */
export async function foundTotals(db: Reader, target: TargetId): Promise<FoundTotals> {
  const row =
    (await db.row(
      `with own as (select s.* from snapshots s join plans p on p.id = s.plan
         where p.target = ?1 and s.state = 'committed'),
       newest as (select max(id) id from own group by plan)
       select (select count(*) from plans where target = ?1) plans, (select count(*) from own) snapshots,
         (select coalesce(sum(files), 0) from own where id in (select id from newest)) files,
         (select coalesce(sum(bytes), 0) from own where id in (select id from newest)) bytes,
         (select count(*) from packs where target = ?1 and kind = 'data' and state = 'stored') packs`,
      [target],
    )) ?? {};
  return {
    plans: int(row, 'plans'),
    snapshots: int(row, 'snapshots'),
    files: int(row, 'files'),
    bytes: int(row, 'bytes'),
    packs: int(row, 'packs'),
  };
}
