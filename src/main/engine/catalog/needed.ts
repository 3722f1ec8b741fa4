/**
 * Which chunks the snapshots of a target need, and so which packs nothing needs any more. Looks at every version of every
 * file once, some seconds per million, a page at a time; one byte a chunk is held.
 */
import { BATCH_ROWS } from './bulk.ts';
import { int, intOrNull } from './columns.ts';
import { decodeRuns } from './entryRecord.ts';
import type { Catalog, Reader, Tx } from './catalog.ts';
import { chainOf, needlessLinks } from './chain.ts';
import type { FolderId, PackKey, PlanId, TargetId } from './ids.ts';

/** Catalog copies that are kept: the newest, and the one before it in case that cannot be read. */
const COPIES_KEPT = 2;

type PackedRuns = [FolderId, string, number, string];

/** Runs of chunks (first number and count, alternating) of all versions of all files at the target, or of one plan. */
export async function* fileRunsAt(
  db: Reader,
  target: TargetId,
  plan: PlanId | null = null,
): AsyncGenerator<readonly Uint32Array[]> {
  for (let after: readonly [number, string, number] = [0, '', 0]; ;) {
    const page = (await db.json(
      `select json_group_array(json_array(folder, hex(name), since, hex(substr(content, 33)))) from (
         select e.folder, e.name, e.since, e.content from entries e
         where (e.folder, e.name, e.since) > (?1, unhex(?2), ?3) and e.kind = 1
           and (select plan from folders where id = e.folder) in (
             select id from plans where target = ?4 and (?5 is null or id = ?5))
         order by e.folder, e.name, e.since limit ${BATCH_ROWS})`,
      [...after, target, plan],
    )) as PackedRuns[];
    if (page.length > 0) yield page.map(([, , , runs]) => decodeRuns(runs));
    const last = page.at(-1);
    if (last === undefined || page.length < BATCH_ROWS) return;
    after = [last[0], last[1], last[2]];
  }
}

/** One byte a chunk number: 1 where a version of a file needs it. */
export async function neededChunks(
  db: Reader,
  target: TargetId,
  plan: PlanId | null = null,
): Promise<Uint8Array> {
  const row = await db.row('select coalesce(max(last_chunk), 0) last from packs where target = ?', [target]);
  const needed = new Uint8Array(int(row ?? {}, 'last') + 1);
  for await (const page of fileRunsAt(db, target, plan)) {
    for (const runs of page) {
      for (let i = 0; i < runs.length; i += 2) {
        const first = runs[i] ?? 0;
        needed.fill(1, first, first + (runs[i + 1] ?? 0));
      }
    }
  }
  return needed;
}

/** Chunks under one statement. */
const CHUNKS_AT_ONCE = 20_000;

/**
 * Raw bytes that are needed of each pack that has any. Asks each chunk for its frame and so for its pack: one that was lost
 * and stored again lies in another pack than its number says.
 */
async function neededBytes(db: Reader, needed: Uint8Array): Promise<ReadonlyMap<PackKey, number>> {
  const bytes = new Map<PackKey, number>();
  for (let after = 0; ;) {
    const page = (await db.json(
      `select json_group_array(json_array(c.id, f.pack, c.length)) from (
         select * from chunks where id > ? order by id limit ${CHUNKS_AT_ONCE}) c join frames f on f.id = c.frame`,
      [after],
    )) as [number, PackKey, number][];
    for (const [id, pack, length] of page) {
      if (needed[id] === 1) bytes.set(pack, (bytes.get(pack) ?? 0) + length);
    }
    const next = await db.row(
      `select max(id) last from (select id from chunks where id > ? order by id limit ${CHUNKS_AT_ONCE})`,
      [after],
    );
    const last = intOrNull(next ?? {}, 'last');
    if (last === null) return bytes;
    after = last;
  }
}

interface PackUse {
  readonly pack: PackKey;
  /** Of its stored bytes, by the share of its raw ones that is needed. */
  readonly liveBytes: number;
}

async function packUses(
  db: Reader,
  target: TargetId,
  needed: Uint8Array,
  states: string,
): Promise<readonly PackUse[]> {
  const raw = await neededBytes(db, needed);
  const packs = await db.rows(
    `select id, size, raw_bytes from packs where target = ? and kind = 'data' and state in ${states}`,
    [target],
  );
  return packs.map((row) => {
    const pack = int(row, 'id') as PackKey;
    const share = Math.min(1, (raw.get(pack) ?? 0) / Math.max(1, int(row, 'raw_bytes')));
    return { pack, liveBytes: Math.ceil(int(row, 'size') * share) };
  });
}

/** Packs of a plan that is about to be forgotten here while its snapshots stay at the target. */
export async function pinPacksOf(tx: Tx, target: TargetId, plan: PlanId): Promise<void> {
  const needed = await neededChunks(tx, target, plan);
  const uses = await packUses(tx, target, needed, "('stored', 'suspect', 'dead')");
  await tx.run('update packs set pinned = 1 where id in (select value from json_each(?))', [
    JSON.stringify(uses.filter(({ liveBytes }) => liveBytes > 0).map(({ pack }) => pack)),
  ]);
}

export interface Buried {
  readonly packs: number;
  readonly bytes: number;
}

/**
 * Marks as dead what nothing needs at the target: data packs without a chunk that a version of a file needs, manifests in
 * the chain of no snapshot that is kept, and older catalog copies; notes how much of the other data packs is needed. Resolves
 * to what died now. Not while a run of the target is under way, whose chunks no entry may name yet.
 */
export async function buryUnneeded(catalog: Catalog, target: TargetId, at: number): Promise<Buried> {
  for (;;) {
    // Looking takes seconds, which nobody has to wait for: whether it still holds is asked before anything is written.
    const state = await historyState(catalog, target);
    const uses = await packUses(
      catalog,
      target,
      await neededChunks(catalog, target),
      "('stored', 'suspect')",
    );
    const buried = await catalog.transaction(async (tx) =>
      (await historyState(tx, target)) === state ? bury(tx, target, uses, at) : null,
    );
    if (buried !== null) return buried;
  }
}

/** Differs when a snapshot of the target has come, gone, or is being written. */
async function historyState(db: Reader, target: TargetId): Promise<string> {
  const row = await db.row(
    `select json_group_array(json_array(id, state, started_at) order by id) state
     from snapshots where plan in (select id from plans where target = ?)`,
    [target],
  );
  return String(row?.state);
}

async function bury(tx: Tx, target: TargetId, uses: readonly PackUse[], at: number): Promise<Buried> {
  await tx.run(
    `update packs set live_bytes = w.live from (select value ->> 0 id, value ->> 1 live from json_each(?)) w
     where packs.id = w.id`,
    [JSON.stringify(uses.map(({ pack, liveBytes }) => [pack, liveBytes]))],
  );
  const needless = uses.filter(({ liveBytes }) => liveBytes === 0).map(({ pack }) => pack as number);
  needless.push(...(await needlessRecords(tx, target)));
  // What no manifest has told yet may belong to a run that is to be gone on with.
  const dying = `target = ?1 and state in ('stored', 'suspect') and pinned = 0
    and (kind <> 'data' or told_by is not null) and id in (select value from json_each(?2))`;
  const which = [target, JSON.stringify(needless)] as const;
  const row = await tx.row(
    `select count(*) n, coalesce(sum(size), 0) bytes from packs where ${dying}`,
    which,
  );
  await tx.run(`update packs set state = 'dead', dead_at = ?3 where ${dying}`, [...which, at]);
  await tx.run("update packs set dead_at = ? where target = ? and state = 'dead' and dead_at is null", [
    at,
    target,
  ]);
  return { packs: int(row ?? {}, 'n'), bytes: int(row ?? {}, 'bytes') };
}

async function needlessRecords(db: Reader, target: TargetId): Promise<readonly number[]> {
  const needless: number[] = [];
  for (const plan of await db.rows('select id from plans where target = ?', [target])) {
    const chain = await chainOf(db, int(plan, 'id') as PlanId);
    for (const { manifest } of needlessLinks(chain)) if (manifest !== null) needless.push(manifest);
  }
  const copies = await db.rows(
    `select id from packs where target = ? and kind = 'catalog' and state = 'stored' and run is not null
     order by id desc limit -1 offset ${COPIES_KEPT}`,
    [target],
  );
  return [...needless, ...copies.map((copy) => int(copy, 'id'))];
}

/** Data packs with at least a chunk that a version of a file needs. */
export async function neededPacks(db: Reader, target: TargetId): Promise<ReadonlySet<PackKey>> {
  return new Set((await neededBytes(db, await neededChunks(db, target))).keys());
}
