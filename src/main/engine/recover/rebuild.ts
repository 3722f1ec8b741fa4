/**
 * Fills the catalog from manifests: first which packs there are and what is in them, then snapshot after snapshot.
 *
 * Everything may be repeated: a pack or a snapshot that is known is passed over, and each of them is one transaction, while
 * which the manifest's file is read; nobody else has much to ask of a catalog that is being made.
 * Held in memory: an index of all chunk ids (some 27 bytes each), the frames of one pack, one batch of entries.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { readManifest } from '../backup/manifest.ts';
import type { ManifestFrame, ManifestHead, ManifestLine, ManifestPack } from '../backup/manifestLine.ts';
import type { Catalog, Tx } from '../catalog/catalog.ts';
import { lastChunkNumber, loadChunkIds } from '../catalog/chunks.ts';
import { ensureTop } from '../catalog/folders.ts';
import { fileRunsAt } from '../catalog/needed.ts';
import type { PackKey, PlanId, TargetId } from '../catalog/ids.ts';
import { addFoundPack, findPack, markDead, markTold, moveArchive, type PackIndex } from '../catalog/packs.ts';
import { addPlan, freePlanName, planOfUid, redefinePlan } from '../catalog/plans.ts';
import { addFoundSnapshot, countSnapshot, MentionedEntries } from '../catalog/rebuilding.ts';
import { latestSnapshot, retagSnapshots } from '../catalog/snapshots.ts';
import { addTombstones, tombstonesOf } from '../catalog/tombstones.ts';
import { createChunkIndex, type ChunkIndex } from '../chunk/chunkIndex.ts';
import { chunkNumbers, RunBuilder } from '../entry.ts';
import { damaged } from '../pack/damaged.ts';
import { parseHeader } from '../pack/header.ts';
import { chunkAt, frameAt } from '../pack/index.ts';
import type { PackFile } from '../pack/packFile.ts';
import type { ArchiveId } from '../target/target.ts';
import type { KnownPack } from './chooseRecords.ts';
import type { ManifestFacts } from './orderManifests.ts';
import { BATCH_PUTS, ID_BYTES, TreeWriting } from './treeWriting.ts';

/** A manifest whose bytes are here. */
export interface FoundManifest extends ManifestFacts {
  readonly known: KnownPack;
  readonly head: ManifestHead;
  /** Opens its file; the caller closes it. */
  readonly open: () => PackFile;
}

export interface RebuildOptions {
  readonly catalog: Catalog;
  readonly target: TargetId;
  /** What the target lists as data packs, by pack id. */
  readonly listed: ReadonlyMap<string, KnownPack>;
  readonly signal: AbortSignal;
}

export class Rebuild {
  readonly #options: RebuildOptions;
  readonly #index: ChunkIndex;
  /** Numbers of chunks that no pack known has. */
  readonly #dangling = new Set<number>();
  /** Data packs by the manifest of the snapshot whose run made them. */
  readonly #made = new Map<PackKey, PackKey[]>();
  /** Snapshots (uids) that a record tells to be forgotten. */
  readonly #forgotten: Set<string>;

  private constructor(options: RebuildOptions, index: ChunkIndex, forgotten: Set<string>) {
    this.#options = options;
    this.#index = index;
    this.#forgotten = forgotten;
  }

  static async begin(options: RebuildOptions): Promise<Rebuild> {
    const { catalog, target } = options;
    const nextNumber = (await lastChunkNumber(catalog)) + 1;
    const index = createChunkIndex({ expected: nextNumber, nextNumber });
    await loadChunkIds(catalog, target, ({ numbers, ids }) => {
      for (const [i, number] of numbers.entries())
        index.add(ids.subarray(i * ID_BYTES, (i + 1) * ID_BYTES), number);
    });
    return new Rebuild(options, index, new Set(await tombstonesOf(catalog, target)));
  }

  /** A record tells that the snapshot is no more; it may still be needed for what comes after it. */
  isForgotten(snapshot: string): boolean {
    return this.#forgotten.has(snapshot);
  }

  /** Versions of files with content in none of the packs known. To be asked when everything is put together. */
  async countIncomplete(): Promise<number> {
    const { catalog, target } = this.#options;
    if (this.#dangling.size === 0) return 0;
    let incomplete = 0;
    for await (const page of fileRunsAt(catalog, target)) {
      for (const runs of page)
        if (chunkNumbers(runs).some((number) => this.#dangling.has(number))) incomplete++;
    }
    return incomplete;
  }

  /** Records the manifest's own pack and the data packs that it tells of. */
  async addPacks(manifest: FoundManifest, superseded: boolean): Promise<void> {
    const { catalog, target, listed, signal } = this.#options;
    const own = await this.#addManifestPack(manifest, superseded);
    this.#made.set(own, []);
    const unlisted: ToldPack[] = [];
    for await (const told of toldIn(manifest, signal)) {
      if ('forgotten' in told) {
        for (const snapshot of told.forgotten) this.#forgotten.add(snapshot);
        const stones = told.forgotten.map((snapshot) => ({ snapshot, manifest: null }));
        await catalog.transaction((tx) => addTombstones(tx, target, stones, Date.now(), own));
        // Of a chunk that lies in several packs, one that is there is taken.
      } else if (listed.has(told.pack.uid)) await this.#addDataPack(told, manifest, own, superseded);
      else unlisted.push(told);
    }
    for (const told of unlisted) await this.#addDataPack(told, manifest, own, superseded);
  }

  async #addManifestPack({ known, open, treeHash }: FoundManifest, superseded: boolean): Promise<PackKey> {
    const { catalog, target } = this.#options;
    const { described, archive } = known;
    const before = await findPack(catalog, described.packId);
    if (before !== undefined) return before.id;
    const file = open();
    const { headerBytes: header, tail } = file;
    file.close();
    return catalog.transaction(async (tx) => {
      const id = await addFoundPack(tx, {
        uid: described.packId,
        target,
        kind: 'manifest',
        snapshot: null,
        size: archive.size,
        header,
        treeHash: Buffer.from(treeHash, 'hex'),
        keyEpoch: described.keyEpoch,
        rawBytes: tail.trailer.rawBytes,
        createdAt: described.createdAt,
        archiveId: archive.archiveId,
        storedAt: archive.createdAt,
        toldBy: null,
        index: null,
      });
      if (superseded) await markDead(tx, id);
      return id;
    });
  }

  async #addDataPack(
    { pack, frames }: ToldPack,
    { head }: FoundManifest,
    toldBy: PackKey,
    superseded: boolean,
  ): Promise<void> {
    const { catalog, listed } = this.#options;
    const found = listed.get(pack.uid);
    const before = await findPack(catalog, pack.uid);
    // Opaque, and only ever handed back to the target that gave it to the writer of the manifest.
    const archiveId = found?.archive.archiveId ?? (pack.archiveId as ArchiveId);
    if (before !== undefined) {
      if (before.archiveId !== archiveId && found !== undefined)
        await catalog.transaction((tx) => moveArchive(tx, before.id, found.archive.archiveId));
      // Told once more, because what told it first does not count any more.
      if (!superseded) await catalog.transaction((tx) => markTold(tx, [before.id], toldBy));
      if (pack.again !== true) this.#made.get(toldBy)?.push(before.id);
      return;
    }
    const { again, ...facts } = pack;
    const id = await this.#add({
      ...facts,
      archiveId,
      keyEpoch: parseHeader(pack.header).keyEpoch,
      createdAt: found?.described.createdAt ?? head.endedAt,
      storedAt: found?.archive.createdAt ?? head.endedAt,
      toldBy,
      index: this.#numbered(framesIndex(frames)),
    });
    if (again !== true) this.#made.get(toldBy)?.push(id);
  }

  /** Records a pack that no manifest tells of, from its own header and index. */
  async addSelfTold(known: KnownPack, file: PackFile, treeHash: Buffer): Promise<void> {
    const { described, archive } = known;
    if ((await findPack(this.#options.catalog, described.packId)) !== undefined) return;
    const { index } = file.tail;
    await this.#add({
      uid: described.packId,
      size: archive.size,
      header: file.headerBytes,
      treeHash,
      archiveId: archive.archiveId,
      keyEpoch: file.header.keyEpoch,
      createdAt: described.createdAt,
      storedAt: archive.createdAt,
      toldBy: null,
      index: this.#numbered({
        frames: Array.from({ length: index.frames }, (_, i) => {
          const { storedBytes: stored, rawBytes: raw, codec } = frameAt(index, i);
          return { stored, raw, codec };
        }),
        chunks: Array.from({ length: index.chunks }, (_, i) => chunkAt(index, i)),
      }),
    });
  }

  async #add(pack: Omit<ManifestPack, 'kind' | 'archiveId' | 'again'> & AddedPack): Promise<PackKey> {
    const { catalog, target } = this.#options;
    const rawBytes = pack.index.frames.reduce((sum, { raw }) => sum + raw, 0);
    return catalog.transaction((tx) =>
      addFoundPack(tx, { ...pack, target, kind: 'data', snapshot: null, rawBytes }),
    );
  }

  /** Every chunk row has a number of its own; an id that lies in several packs keeps the first. */
  #numbered(index: Omit<PackIndex, 'numbers'>): PackIndex {
    const numbers = index.chunks.map(({ id }) => {
      const claimed = this.#index.claim(Buffer.from(id));
      return claimed.isNew ? claimed.number : this.#index.claim(noId()).number;
    });
    return { ...index, numbers };
  }

  /** Chunks that the manifest's files need and no pack known has. */
  async countMissing(manifest: FoundManifest): Promise<number> {
    let missing = 0;
    for await (const line of linesOf(manifest, this.#options.signal)) {
      const ids =
        line.kind === 'more'
          ? line.ids
          : line.kind === 'put' && line.entry.type === 'file'
            ? line.entry.ids
            : null;
      for (let at = 0; ids !== null && at < ids.length; at += ID_BYTES) {
        if (this.#index.find(ids.subarray(at, at + ID_BYTES)) === undefined) missing++;
      }
    }
    return missing;
  }

  /** Puts the snapshot together: all of it or nothing. Its parent and its packs are there. */
  async addSnapshot(manifest: FoundManifest): Promise<void> {
    const { catalog } = this.#options;
    const { head, known } = manifest;
    await catalog.transaction(async (tx) => {
      const pack = await findPack(tx, known.described.packId);
      if (pack === undefined) throw new RangeError('a manifest whose pack is not recorded');
      const { tagged, ...definition } = await definitionOf(manifest, this.#options.signal);
      const plan = await this.#plan(tx, head, definition);
      const parent = await latestSnapshot(tx, plan);
      const snapshot = await addFoundSnapshot(tx, {
        uid: head.snapshot,
        plan,
        parent: parent?.id ?? null,
        base: head.base,
        startedAt: head.startedAt,
        endedAt: head.endedAt,
        epoch: head.epoch,
        manifest: pack.id,
      });
      const mentioned = head.base && parent !== undefined ? await MentionedEntries.begin(tx) : null;
      const tree = new TreeWriting(tx, plan, snapshot, await ensureTop(tx, plan), mentioned, (ids) =>
        this.#content(ids),
      );
      for await (const line of linesOf(manifest, this.#options.signal)) await tree.take(line);
      await tree.end();
      await retagSnapshots(tx, plan, tagged);
      await countSnapshot(tx, snapshot, plan, this.#made.get(pack.id) ?? []);
    });
  }

  async #plan(tx: Tx, { plan, writer, host }: ManifestHead, definition: Definition): Promise<PlanId> {
    const { target } = this.#options;
    const before = await planOfUid(tx, plan.id);
    if (before !== undefined) {
      await redefinePlan(tx, before.id, definition);
      return before.id;
    }
    const wanted = asName(plan.name, 'plan');
    const free = await freePlanName(tx, wanted);
    const name =
      free === wanted
        ? free
        : await freePlanName(tx, asName(`${wanted} of ${asName(host, 'another computer')}`, 'plan'));
    const found = { name, uid: plan.id, target, createdAt: plan.createdAt, ...definition };
    return addPlan(tx, found, { writer, host });
  }

  /** A chunk that no pack has gets a number that nothing stands behind: who restores the file is told so. */
  #content(ids: readonly Buffer[]): Uint32Array {
    const runs = new RunBuilder();
    for (const piece of ids) {
      for (let at = 0; at < piece.length; at += ID_BYTES) {
        const { number, isNew } = this.#index.claim(piece.subarray(at, at + ID_BYTES));
        if (isNew) this.#dangling.add(number);
        runs.add(number);
      }
    }
    return runs.runs();
  }
}

/** A name as they are asked for; records were written elsewhere, and hosts may be called anything. */
function asName(text: string, otherwise: string): string {
  const plain = text
    .replace(/[^\p{L}\p{N} ._-]/gu, '-')
    .replace(/^[^\p{L}\p{N}]+/u, '')
    .slice(0, 90);
  return plain === '' ? otherwise : plain;
}

type AddedPack = Pick<
  Parameters<typeof addFoundPack>[1],
  'archiveId' | 'keyEpoch' | 'createdAt' | 'storedAt' | 'toldBy'
> & { readonly index: PackIndex };

interface ToldPack {
  readonly pack: ManifestPack;
  readonly frames: readonly ManifestFrame[];
}

interface Definition {
  readonly sources: readonly Buffer[];
  readonly excludes: readonly string[];
}

let unused = 0;
/** An id that no chunk has: takes a number out of the index for a second copy of a chunk. */
function noId(): Buffer {
  const id = Buffer.alloc(ID_BYTES);
  id.write('no chunk', 0);
  id.writeUIntBE(++unused, 8, 6);
  return id;
}

async function* linesOf(manifest: FoundManifest, signal: AbortSignal): AsyncGenerator<ManifestLine> {
  const file = manifest.open();
  try {
    let lines = 0;
    for (const line of readManifest(file.chunks())) {
      yield line;
      if (++lines % BATCH_PUTS !== 0) continue;
      signal.throwIfAborted();
      await nextTurn();
    }
  } finally {
    file.close();
  }
}

/** What a manifest tells beside its tree: snapshots that are forgotten, then data packs with their frames. */
async function* toldIn(
  manifest: FoundManifest,
  signal: AbortSignal,
): AsyncGenerator<ToldPack | { readonly forgotten: readonly string[] }> {
  let pack: ManifestPack | null = null;
  let frames: ManifestFrame[] = [];
  for await (const line of linesOf(manifest, signal)) {
    if (isPreamble(line)) continue;
    if (line.kind === 'forgotten') {
      yield { forgotten: line.snapshots };
      continue;
    }
    if (line.kind === 'frames') {
      if (pack === null) throw damaged('A manifest tells frames of no pack');
      frames.push(...line.frames);
      continue;
    }
    if (pack !== null) yield { pack, frames };
    if (line.kind !== 'pack') return;
    pack = line;
    frames = [];
  }
}

async function definitionOf(
  manifest: FoundManifest,
  signal: AbortSignal,
): Promise<Definition & { readonly tagged: ReadonlyMap<string, readonly string[]> }> {
  const sources: Buffer[] = [];
  const excludes: string[] = [];
  const tagged = new Map<string, readonly string[]>();
  for await (const line of linesOf(manifest, signal)) {
    if (line.kind === 'source') sources.push(line.path);
    else if (line.kind === 'exclude') excludes.push(line.pattern);
    else if (line.kind === 'tagged') tagged.set(line.snapshot, line.tags);
    else if (line.kind !== 'head' && line.kind !== 'forgotten') break;
  }
  return { sources, excludes, tagged };
}

/** What tells of the plan, before packs and tree. */
function isPreamble({ kind }: ManifestLine): boolean {
  return kind === 'head' || kind === 'source' || kind === 'exclude' || kind === 'tagged';
}

function framesIndex(frames: readonly ManifestFrame[]): Omit<PackIndex, 'numbers'> {
  const chunks = frames.flatMap(({ ids, lengths }, frame) => {
    let offset = 0;
    return lengths.map((length, i) => {
      offset += length;
      const id = ids.subarray(i * ID_BYTES, (i + 1) * ID_BYTES);
      return { id, frame, offset: offset - length, length };
    });
  });
  return { frames, chunks };
}
