/**
 * Packs: what was sealed, how far it has come, and under which name it lies at its target.
 *
 * `sealed` (staged file verified from disk) -> `uploading` -> `stored` (the target returned our own hash) -> `dead`
 * (no use any more, to be deleted there); beside it `unknown` (the end of the upload got lost) and `suspect` (missing
 * or damaged at the target).
 */
import type { ArchiveId } from '../target/target.ts';
import { bulkTexts, hex } from './bulk.ts';
import { blob, int, intOrNull, text, textOrNull } from './columns.ts';
import type { Reader, Row, SqlValue, Tx } from './db.ts';
import type { FrameKey, PackKey, RunId, SnapshotId, TargetId } from './ids.ts';

export type PackKind = 'data' | 'manifest' | 'catalog';
export type PackState = 'sealed' | 'uploading' | 'stored' | 'dead' | 'unknown' | 'suspect';

interface PackFacts {
  /** The pack's own id, 32 hex digits. */
  readonly uid: string;
  readonly target: TargetId;
  readonly kind: PackKind;
  /** Null for packs that were not made by a run here. */
  readonly run: RunId | null;
  readonly snapshot: SnapshotId | null;
  readonly size: number;
  /** Its clear header, 128 bytes. */
  readonly header: Buffer;
  /** Of the whole archive, 32 bytes. */
  readonly treeHash: Buffer;
  readonly keyEpoch: number;
  /** Bytes of its chunks before compression. */
  readonly rawBytes: number;
  readonly createdAt: number;
}

export interface PackRow extends PackFacts {
  readonly id: PackKey;
  readonly state: PackState;
  readonly archiveId: ArchiveId | null;
  /** Whether its file is still kept in the staging folder. */
  readonly staged: boolean;
  readonly storedAt: number | null;
  readonly frames: number;
  readonly chunks: number;
}

/** Frames and chunks of a data pack as its index lists them (docs/format.md §4.4), with the numbers the chunks got. */
export interface PackIndex {
  readonly frames: readonly { readonly stored: number; readonly raw: number; readonly codec: number }[];
  readonly chunks: readonly {
    /** 32 bytes. */
    readonly id: Uint8Array;
    /** Number of its frame within the pack. */
    readonly frame: number;
    /** Where it begins in the frame's raw bytes. */
    readonly offset: number;
    readonly length: number;
  }[];
  /** Beside each chunk, the number by which entries name it; not used before. */
  readonly numbers: ArrayLike<number>;
}

export interface SealedPackFacts extends PackFacts {
  /** Null for packs whose chunks no entry names: manifests and catalog copies. */
  readonly index: PackIndex | null;
  /** SHA-256 of each MiB, 32 bytes each: the parts' hashes when it is sent, possibly by another process. */
  readonly leaves: Buffer;
  /** The archive's sealed description, the same whenever it is sent. */
  readonly description: string;
}

/**
 * Records a staged pack that was verified from disk, with everything in it, as `sealed`. Its chunks may be used from
 * then on, and its upload is owed (`uploads`). Some 5 µs a chunk.
 */
export async function addSealedPack(tx: Tx, pack: SealedPackFacts): Promise<PackKey> {
  const id = await insertPack(tx, pack, { state: 'sealed', staged: 1, archiveId: null, storedAt: null });
  await tx.run('insert into uploads (pack, leaves, description) values (?, ?, ?)', [
    id,
    pack.leaves,
    pack.description,
  ]);
  return id;
}

/** What a target tells of a pack that lies there. */
export interface FoundPackFacts extends Omit<PackFacts, 'run'> {
  readonly archiveId: ArchiveId;
  readonly storedAt: number;
  /** The manifest that tells of it; null for manifests and copies, and for what only its own index tells. */
  readonly toldBy: PackKey | null;
  readonly index: PackIndex | null;
}

/** Records a pack that was found at a target, as `stored`. */
export async function addFoundPack(tx: Tx, pack: FoundPackFacts): Promise<PackKey> {
  const { archiveId, storedAt, toldBy } = pack;
  const id = await insertPack(
    tx,
    { ...pack, run: null },
    { state: 'stored', staged: 0, archiveId, storedAt },
  );
  if (toldBy !== null) await markTold(tx, [id], toldBy);
  return id;
}

/** Where a pack that is known is found as well, when it is not where it was thought to be. */
export async function moveArchive(tx: Tx, pack: PackKey, archiveId: ArchiveId): Promise<void> {
  await tx.run('update packs set archive_id = ? where id = ?', [archiveId, pack]);
}

async function insertPack(
  tx: Tx,
  pack: PackFacts & { readonly index: PackIndex | null },
  at: {
    readonly state: PackState;
    readonly staged: number;
    readonly archiveId: ArchiveId | null;
    readonly storedAt: number | null;
  },
): Promise<PackKey> {
  const firstFrame = int((await tx.row('select coalesce(max(id), 0) + 1 next from frames')) ?? {}, 'next');
  const numbers = pack.index?.numbers ?? [];
  const { lowest, highest } = span(numbers);
  const { lastId } = await tx.run(
    `insert into packs (uid, target, kind, state, run, snapshot, size, header, tree_hash, key_epoch, staged, raw_bytes,
       first_frame, frame_count, first_chunk, last_chunk, chunk_count, created_at, archive_id, stored_at)
     values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    [
      Buffer.from(pack.uid, 'hex'),
      pack.target,
      pack.kind,
      at.state,
      pack.run,
      pack.snapshot,
      pack.size,
      pack.header,
      pack.treeHash,
      pack.keyEpoch,
      at.staged,
      pack.rawBytes,
      firstFrame,
      pack.index?.frames.length ?? 0,
      lowest,
      highest,
      numbers.length,
      pack.createdAt,
      at.archiveId,
      at.storedAt,
    ],
  );
  if (pack.index !== null) await addIndex(tx, lastId as PackKey, firstFrame as FrameKey, pack.index);
  return lastId as PackKey;
}

async function addIndex(tx: Tx, pack: PackKey, firstFrame: FrameKey, index: PackIndex): Promise<void> {
  if (index.numbers.length !== index.chunks.length)
    throw new RangeError('as many numbers as chunks are needed');
  let start = 0;
  let frame = firstFrame - 1;
  // Frames lie back to back from the start of the body.
  const frames = bulkTexts(index.frames, ({ stored, raw, codec }) => {
    frame++;
    start += stored;
    return [frame, start - stored, stored, raw, codec];
  });
  for (const batch of frames) {
    await tx.run(
      `insert into frames (id, pack, start, stored, raw, codec)
       select value ->> 0, ?, value ->> 1, value ->> 2, value ->> 3, value ->> 4 from jsonb_each(?)`,
      [pack, batch],
    );
  }
  let at = 0;
  const chunks = bulkTexts(index.chunks, ({ id, frame: within, offset, length }) => [
    index.numbers[at++] ?? null,
    hex(id),
    firstFrame + within,
    offset,
    length,
  ]);
  for (const batch of chunks) {
    await tx.run(
      `insert into chunks (id, hash, frame, start, length)
       select value ->> 0, unhex(value ->> 1), value ->> 2, value ->> 3, value ->> 4 from jsonb_each(?)`,
      [batch],
    );
  }
}

function span(numbers: ArrayLike<number>): { lowest: number; highest: number } {
  let lowest = Infinity;
  let highest = 0;
  for (let i = 0; i < numbers.length; i++) {
    lowest = Math.min(lowest, numbers[i] ?? lowest);
    highest = Math.max(highest, numbers[i] ?? highest);
  }
  return { lowest: highest === 0 ? 0 : lowest, highest };
}

/** The intent that stands before the first request of its upload. */
export async function markUploading(tx: Tx, pack: PackKey): Promise<void> {
  await move(tx, pack, ['sealed', 'uploading', 'unknown'], { state: 'uploading' });
}

/** The end of its upload got lost: it may lie at the target, under a name we do not know. The staged file stays. */
export async function markUnknown(tx: Tx, pack: PackKey): Promise<void> {
  await move(tx, pack, ['uploading', 'unknown'], { state: 'unknown' });
}

/** The target returned our own hash of the whole archive; nothing else may lead here. The upload is over. */
export async function markStored(
  tx: Tx,
  pack: PackKey,
  archiveId: ArchiveId,
  storedAt: number,
): Promise<void> {
  await move(tx, pack, ['sealed', 'uploading', 'unknown', 'suspect'], {
    state: 'stored',
    archive_id: archiveId,
    stored_at: storedAt,
  });
  await tx.run('delete from uploads where pack = ?', [pack]);
}

/** Its bytes at the target are missing or damaged: it counts for nothing new. */
export async function markSuspect(tx: Tx, pack: PackKey): Promise<void> {
  await move(tx, pack, ['stored', 'suspect'], { state: 'suspect' });
}

/** No snapshot needs it; what lies at the target may be deleted there when that is due. */
export async function markDead(tx: Tx, pack: PackKey): Promise<void> {
  await move(tx, pack, ['stored', 'suspect', 'unknown', 'dead'], { state: 'dead' });
}

/** Stands before its staged file is deleted. */
export async function markUnstaged(tx: Tx, pack: PackKey): Promise<void> {
  await move(tx, pack, ['stored', 'dead'], { staged: 0 });
}

async function move(
  tx: Tx,
  pack: PackKey,
  from: readonly PackState[],
  columns: Readonly<Record<string, SqlValue>>,
): Promise<void> {
  const set = Object.keys(columns).map((name) => `${name} = ?`);
  const { changes } = await tx.run(
    `update packs set ${set.join(', ')} where id = ? and state in (select value from json_each(?))`,
    [...Object.values(columns), pack, JSON.stringify(from)],
  );
  if (changes !== 1) throw new RangeError(`pack ${pack} is not ${from.join(' or ')}`);
}

/**
 * Forgets a pack that never reached its target, with its chunks: its staged file is gone. Entries that name these
 * chunks are dropped by `pruneUnstored`.
 */
export async function forgetPack(tx: Tx, pack: PackKey): Promise<void> {
  const row = await tx.row(
    "select * from packs where id = ? and state in ('sealed', 'uploading', 'unknown')",
    [pack],
  );
  if (row === undefined) throw new RangeError(`pack ${pack} is not on its way`);
  const frames = [int(row, 'first_frame'), int(row, 'first_frame') + int(row, 'frame_count') - 1];
  await tx.run('delete from chunks where id between ? and ? and frame between ? and ?', [
    int(row, 'first_chunk'),
    int(row, 'last_chunk'),
    ...frames,
  ]);
  await tx.run('delete from frames where id between ? and ?', frames);
  await tx.run('delete from packs where id = ?', [pack]);
}

export interface PackFilter {
  readonly target?: TargetId;
  readonly run?: RunId;
  readonly snapshot?: SnapshotId;
  readonly kind?: PackKind;
  readonly states?: readonly PackState[];
  readonly staged?: boolean;
}

/** Those that fit every word of the filter, in the order they were sealed. A whole target has thousands. */
export async function listPacks(db: Reader, filter: PackFilter): Promise<readonly PackRow[]> {
  const rows = await db.rows(
    `select * from packs
     where (?1 is null or target = ?1) and (?2 is null or run = ?2) and (?3 is null or snapshot = ?3)
       and (?4 is null or kind = ?4) and (?5 is null or state in (select value from json_each(?5)))
       and (?6 is null or staged = ?6)
     order by id`,
    [
      filter.target ?? null,
      filter.run ?? null,
      filter.snapshot ?? null,
      filter.kind ?? null,
      filter.states === undefined ? null : JSON.stringify(filter.states),
      filter.staged === undefined ? null : Number(filter.staged),
    ],
  );
  return rows.map(packRow);
}

export async function getPacks(db: Reader, ids: Iterable<PackKey>): Promise<ReadonlyMap<PackKey, PackRow>> {
  const rows = await db.rows('select * from packs where id in (select value from json_each(?))', [
    JSON.stringify([...ids]),
  ]);
  return new Map(rows.map(packRow).map((pack) => [pack.id, pack]));
}

/**
 * Data packs stored at the target that no manifest there tells of, in the order they were sealed: those of this run,
 * and those of runs that were given up. The next manifest has to tell of them, or a rebuilt catalog would not know them.
 */
export async function untoldPacks(db: Reader, target: TargetId): Promise<readonly PackRow[]> {
  const rows = await db.rows(
    `select * from packs p
     where target = ? and kind = 'data' and state = 'stored'
       and not exists (select 1 from packs m where m.id = p.told_by and m.state = 'stored')
     order by id`,
    [target],
  );
  return rows.map(packRow);
}

/** Notes which packs a manifest tells of; it counts once the manifest is stored, and no longer when that is dead. */
export async function markTold(tx: Tx, packs: readonly PackKey[], manifest: PackKey): Promise<void> {
  await tx.run('update packs set told_by = ? where id in (select value from json_each(?))', [
    manifest,
    JSON.stringify(packs),
  ]);
}

/** Bytes of these archives together, each as often as it is named; of one that is no pack, none. */
export async function sizesOfArchives(
  db: Reader,
  target: TargetId,
  archives: readonly ArchiveId[],
): Promise<number> {
  const row = await db.row(
    `select coalesce(sum(p.size), 0) bytes from json_each(?2) w join packs p on p.archive_id = w.value and p.target = ?1`,
    [target, JSON.stringify(archives)],
  );
  return int(row ?? {}, 'bytes');
}

/** @param uid 32 hex digits */
export async function findPack(db: Reader, uid: string): Promise<PackRow | undefined> {
  const row = await db.row('select * from packs where uid = unhex(?)', [uid]);
  return row && packRow(row);
}

function packRow(row: Row): PackRow {
  return {
    id: int(row, 'id') as PackKey,
    uid: blob(row, 'uid').toString('hex'),
    target: int(row, 'target') as TargetId,
    kind: text(row, 'kind') as PackKind,
    state: text(row, 'state') as PackState,
    run: intOrNull(row, 'run') as RunId | null,
    snapshot: intOrNull(row, 'snapshot') as SnapshotId | null,
    size: int(row, 'size'),
    header: blob(row, 'header'),
    treeHash: blob(row, 'tree_hash'),
    archiveId: textOrNull(row, 'archive_id') as ArchiveId | null,
    keyEpoch: int(row, 'key_epoch'),
    staged: int(row, 'staged') !== 0,
    rawBytes: int(row, 'raw_bytes'),
    createdAt: int(row, 'created_at'),
    storedAt: intOrNull(row, 'stored_at'),
    frames: int(row, 'frame_count'),
    chunks: int(row, 'chunk_count'),
  };
}
