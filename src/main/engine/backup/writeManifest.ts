/** Step 9 of a run: what the snapshot added and changed, as a manifest pack in the staging folder. */
import { hostname } from 'node:os';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Reader } from '../catalog/db.ts';
import { changesOf, type FolderChanges } from '../catalog/changes.ts';
import { chunkIdsOf } from '../catalog/chunks.ts';
import { framesOf } from '../catalog/frames.ts';
import type { FolderId, PackKey, SnapshotId } from '../catalog/ids.ts';
import { untoldPacks } from '../catalog/packs.ts';
import { untoldTombstones } from '../catalog/tombstones.ts';
import { pieces } from '../catalog/bulk.ts';
import { getSnapshot, listSnapshots, type SnapshotRow } from '../catalog/snapshots.ts';
import { walkSnapshot } from '../catalog/walk.ts';
import { prepareKey } from '../crypto.ts';
import { countChunks, type Entry } from '../entry.ts';
import { PackWriter, type SealedPack } from '../pack/packWriter.ts';
import type { BackupJob } from './backupJob.ts';
import { ManifestWriter } from './manifest.ts';
import { FORGOTTEN_PER_LINE, IDS_PER_LINE, type ManifestEntry, type ManifestFrame } from './manifestLine.ts';

/** The largest pack there is: a manifest is one pack, padded to what it needs. */
const MANIFEST_PACK_BYTES = 4096 * 1024 * 1024;
const ID_BYTES = 32;
/** Keeps a line of frames below half a MiB. */
const CHUNKS_PER_LINE = 8192;

export interface ManifestFacts {
  readonly epoch: number;
  /** Tree hash of the manifest of the epoch before, null for the first. */
  readonly previous: Buffer | null;
  readonly endedAt: number;
}

/** A sealed manifest, the data packs it tells of, and the snapshots (uids) it tells to be forgotten. */
export interface WrittenManifest {
  readonly pack: SealedPack;
  readonly told: readonly PackKey[];
  readonly forgotten: readonly string[];
}

/** Writes and seals it. */
export async function writeManifest(job: BackupJob, facts: ManifestFacts): Promise<WrittenManifest> {
  const { keys, writer, profile } = job;
  const pack = new PackWriter({
    kind: 'manifest',
    keys,
    writer,
    stagingDir: profile.staging,
    packBytes: MANIFEST_PACK_BYTES,
  });
  try {
    const manifest = new ManifestWriter(pack, prepareKey(keys.id));
    const snapshot = await getSnapshot(job.catalog, job.snapshot);
    if (snapshot === undefined) throw new RangeError('a run without its snapshot');
    await addHead(job, snapshot, facts, manifest);
    const forgotten = await untoldTombstones(job.catalog, job.targetRow.id);
    for (const uids of pieces(forgotten, FORGOTTEN_PER_LINE))
      manifest.add({ kind: 'forgotten', snapshots: uids });
    for (const { uid, tags } of await listSnapshots(job.catalog, job.plan.id))
      if (tags.length > 0) manifest.add({ kind: 'tagged', snapshot: uid, tags });
    const told = await addPacks(job, manifest);
    await addTree(job, snapshot, manifest);
    return { pack: manifest.finish(), told, forgotten };
  } catch (error) {
    pack.abandon();
    throw error;
  }
}

async function addHead(
  job: BackupJob,
  snapshot: SnapshotRow,
  facts: ManifestFacts,
  manifest: ManifestWriter,
): Promise<void> {
  const parent = snapshot.parent === null || snapshot.base ? null : await uidOf(job.catalog, snapshot.parent);
  manifest.add({
    kind: 'head',
    snapshot: snapshot.uid,
    base: snapshot.base,
    parent,
    plan: { id: job.plan.uid, name: job.plan.name, createdAt: job.plan.createdAt },
    writer: job.writer.toString('hex'),
    epoch: facts.epoch,
    previous: facts.previous?.toString('hex') ?? null,
    host: hostname(),
    platform: process.platform,
    startedAt: snapshot.startedAt,
    endedAt: facts.endedAt,
  });
  for (const path of job.plan.sources) manifest.add({ kind: 'source', path });
  for (const pattern of job.plan.excludes) manifest.add({ kind: 'exclude', pattern });
}

async function uidOf(db: Reader, snapshot: SnapshotId): Promise<string> {
  const row = await getSnapshot(db, snapshot);
  if (row === undefined) throw new RangeError('a snapshot without its parent');
  return row.uid;
}

/** Data packs that no manifest has told of yet, each followed by what is in it. */
async function addPacks(job: BackupJob, manifest: ManifestWriter): Promise<readonly PackKey[]> {
  const packs = await untoldPacks(job.catalog, job.targetRow.id);
  for (const { id, uid, size, treeHash, archiveId, header, snapshot } of packs) {
    if (archiveId === null) throw new RangeError('a stored pack without an archive');
    const again = snapshot !== job.snapshot && { again: true };
    manifest.add({ kind: 'pack', uid, size, treeHash, archiveId, header, ...again });
    for await (const frames of framesOf(job.catalog, id)) {
      for (const line of framesPerLine(frames)) manifest.add({ kind: 'frames', frames: line });
    }
  }
  return packs.map(({ id }) => id);
}

function* framesPerLine(frames: readonly ManifestFrame[]): Generator<readonly ManifestFrame[]> {
  let line: ManifestFrame[] = [];
  let chunks = 0;
  for (const frame of frames) {
    if (line.length > 0 && chunks + frame.lengths.length > CHUNKS_PER_LINE) {
      yield line;
      line = [];
      chunks = 0;
    }
    line.push(frame);
    chunks += frame.lengths.length;
  }
  if (line.length > 0) yield line;
}

/** What is told of one folder; one with many entries takes several in a row. */
type Section = Pick<FolderChanges, 'folder' | 'parent' | 'name' | 'gone' | 'puts'>;

/** The whole tree, or what differs from the parent. */
async function* sectionsOf({ catalog, plan }: BackupJob, snapshot: SnapshotRow): AsyncGenerator<Section> {
  if (!snapshot.base) {
    yield* changesOf(catalog, snapshot.id);
    return;
  }
  for await (const { folder, parent, names, entries } of walkSnapshot(catalog, plan.id, snapshot.id)) {
    yield { folder, parent, name: names.at(-1) ?? Buffer.alloc(0), gone: [], puts: entries };
  }
}

/** Entries whose chunk ids are looked up together: a statement for each folder would cost more than all its lines. */
const PUTS_AT_ONCE = 1000;

async function addTree(job: BackupJob, snapshot: SnapshotRow, manifest: ManifestWriter): Promise<void> {
  const tree = new TreeLines(manifest);
  let batch: Section[] = [];
  let puts = 0;
  for await (const section of sectionsOf(job, snapshot)) {
    batch.push(section);
    puts += section.puts.length;
    if (puts < PUTS_AT_ONCE) continue;
    await tree.add(job.catalog, batch);
    batch = [];
    puts = 0;
  }
  await tree.add(job.catalog, batch);
}

/** Writes folders as lines. Their numbers are those of the catalog, but 0 for the top. */
class TreeLines {
  readonly #manifest: ManifestWriter;
  readonly #tops = new Set<FolderId>();
  #opened: FolderId | null = null;

  constructor(manifest: ManifestWriter) {
    this.#manifest = manifest;
  }

  /** Resolves in a later turn of the event loop. */
  async add(db: Reader, sections: readonly Section[]): Promise<void> {
    const files = sections.flatMap(({ puts }) => puts.filter((entry) => entry.kind === 'file'));
    const ids = await chunkIdsOf(
      db,
      files.map(({ content }) => content),
    );
    const idsOf = new Map<Entry, Buffer>(files.map((file, i) => [file, ids[i] ?? Buffer.alloc(0)]));
    for (const section of sections) {
      this.#open(section);
      for (const name of section.gone) this.#manifest.add({ kind: 'gone', name });
      for (const entry of section.puts) this.#put(entry, idsOf.get(entry) ?? Buffer.alloc(0));
    }
    await nextTurn();
  }

  #open({ folder, parent, name }: Section): void {
    if (this.#opened === folder) return;
    this.#opened = folder;
    const isTop = parent === 0;
    if (isTop) this.#tops.add(folder);
    const above = this.#tops.has(parent) ? 0 : parent;
    this.#manifest.add({ kind: 'folder', number: isTop ? 0 : folder, parent: above, name });
  }

  #put(entry: Entry, ids: Buffer): void {
    const most = IDS_PER_LINE * ID_BYTES;
    this.#manifest.add({ kind: 'put', entry: manifestEntry(entry, ids.subarray(0, most)) });
    for (let at = most; at < ids.length; at += most) {
      this.#manifest.add({ kind: 'more', ids: ids.subarray(at, at + most) });
    }
  }
}

function manifestEntry(entry: Entry, ids: Buffer): ManifestEntry {
  const { name, mode, uid, gid, mtime } = entry;
  const common = { name, mode, uid, gid, mtime };
  switch (entry.kind) {
    case 'folder':
      return { ...common, type: 'folder' };
    case 'symlink':
      return { ...common, type: 'symlink', link: entry.to };
    case 'file': {
      const { size, sparse, inode, inconsistent, content } = entry;
      const chunks = countChunks(content.runs);
      return { ...common, type: 'file', size, chunks, ids, hash: content.hash, sparse, inode, inconsistent };
    }
  }
}
