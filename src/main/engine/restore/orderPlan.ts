/**
 * From a selection to what has to come back: files by number, where each of their chunks goes, and the segments of
 * each pack that hold them. Pure reading of the catalog; the same selection gives the same plan whenever it is made.
 */
import type { Catalog } from '../catalog/catalog.ts';
import { chunkPlaces, type ChunkPlace } from '../catalog/chunks.ts';
import type { PackKey } from '../catalog/ids.ts';
import { getPacks, type PackRow } from '../catalog/packs.ts';
import { chunkNumbers, countChunks, type FileEntry, type FolderEntry } from '../entry.ts';
import { MAX_SEGMENTS, SEGMENT_BYTES, segmentsOfBody } from '../pack/segment.ts';
import { FileList } from './fileList.ts';
import { FolderTable } from './folderTable.ts';
import { PackPlacements, SegmentSet } from './placements.ts';
import type { SegmentRange } from './ranges.ts';
import { selected, type Selection } from './select.ts';

export interface PackNeed {
  readonly pack: PackRow;
  readonly segments: number;
  readonly placements: PackPlacements;
  /** Segments that hold what is needed: disjoint, ascending. */
  readonly needed: readonly SegmentRange[];
}

export interface OrderPlan {
  readonly selection: Selection;
  readonly folders: FolderTable;
  readonly files: FileList;
  /** In the order the packs were sealed. */
  readonly packs: readonly PackNeed[];
  /** Further names of files: they are links to `file`, not files of their own. */
  readonly hardLinks: readonly { readonly file: number; readonly folder: number; readonly name: Buffer }[];
  /** Chunk runs of files that have more than one chunk, to read them back in order. */
  readonly runs: ReadonlyMap<number, Uint32Array>;
  /** Files of which a piece is in no pack the catalog knows. */
  readonly lost: ReadonlySet<number>;
  readonly symlinks: number;
  /** Sizes of all names together, further names of a file included. */
  readonly bytes: number;
}

/** Chunks looked up together. */
const BATCH_CHUNKS = 4000;

/** @param isLocal files, by number, that no pack is needed for */
export async function planOrder(
  catalog: Catalog,
  selection: Selection,
  isLocal: (file: number) => boolean = () => false,
): Promise<OrderPlan> {
  const planning = new Planning(catalog, isLocal);
  for await (const { names, entries } of selected(catalog, selection)) {
    for (const entry of entries) {
      if (entry.kind === 'folder') planning.addFolder(names, entry);
      else if (entry.kind === 'symlink') planning.symlinks++;
      else await planning.addFile(names, entry);
    }
  }
  return planning.finish(selection);
}

class Planning {
  readonly #catalog: Catalog;
  readonly #isLocal: (file: number) => boolean;
  readonly #folders = new FolderTable();
  readonly #files = new FileList();
  readonly #byPack = new Map<PackKey, { placements: PackPlacements; needed: SegmentSet }>();
  readonly #linked = new Map<string, number>();
  readonly #hardLinks: { file: number; folder: number; name: Buffer }[] = [];
  readonly #runs = new Map<number, Uint32Array>();
  readonly #lost = new Set<number>();
  #batch: { file: number; runs: Uint32Array }[] = [];
  #batchChunks = 0;
  #bytes = 0;
  symlinks = 0;

  constructor(catalog: Catalog, isLocal: (file: number) => boolean) {
    this.#catalog = catalog;
    this.#isLocal = isLocal;
  }

  addFolder(names: readonly Buffer[], entry: FolderEntry): void {
    this.#folders.describe(this.#folders.numberOf([...names, entry.name]), entry);
  }

  async addFile(names: readonly Buffer[], entry: FileEntry): Promise<void> {
    const folder = this.#folders.numberOf(names);
    this.#bytes += entry.size;
    const group = linkGroup(entry);
    const first = group === null ? undefined : this.#linked.get(group);
    if (first !== undefined) {
      this.#hardLinks.push({ file: first, folder, name: entry.name });
      return;
    }
    const { runs } = entry.content;
    const chunks = countChunks(runs);
    const file = this.#files.add(folder, entry, chunks);
    if (group !== null) this.#linked.set(group, file);
    if (chunks > 1) this.#runs.set(file, runs);
    if (chunks === 0 || this.#isLocal(file)) return;
    this.#batch.push({ file, runs });
    this.#batchChunks += chunks;
    if (this.#batchChunks >= BATCH_CHUNKS) await this.#place();
  }

  async finish(selection: Selection): Promise<OrderPlan> {
    await this.#place();
    const rows = await getPacks(this.#catalog, this.#byPack.keys());
    const packs: PackNeed[] = [];
    for (const [key, { placements, needed }] of [...this.#byPack].sort(([a], [b]) => a - b)) {
      const pack = rows.get(key);
      if (pack === undefined) throw new RangeError('a frame of a pack that does not exist');
      packs.push({ pack, segments: pack.size / SEGMENT_BYTES, placements, needed: needed.ranges() });
    }
    return {
      selection,
      folders: this.#folders,
      files: this.#files,
      packs,
      hardLinks: this.#hardLinks,
      runs: this.#runs,
      lost: this.#lost,
      symlinks: this.symlinks,
      bytes: this.#bytes,
    };
  }

  /** Looks the batch's chunks up, in the order of the files, and puts each where it goes. */
  async #place(): Promise<void> {
    const batch = this.#batch;
    this.#batch = [];
    this.#batchChunks = 0;
    if (batch.length === 0) return;
    const places = flattened(chunkPlaces(this.#catalog, joined(batch.map(({ runs }) => runs))));
    let place = await places.next();
    for (const { file, runs } of batch) {
      let offset = 0;
      for (const chunk of chunkNumbers(runs)) {
        if (place.done === true || place.value.chunk !== chunk) {
          this.#lost.add(file);
          continue;
        }
        this.#put(place.value, file, offset);
        offset += place.value.length;
        place = await places.next();
      }
    }
  }

  #put({ chunk, pack, frame }: ChunkPlace, file: number, offset: number): void {
    let need = this.#byPack.get(pack);
    if (need === undefined) {
      need = { placements: new PackPlacements(), needed: new SegmentSet(MAX_SEGMENTS) };
      this.#byPack.set(pack, need);
    }
    need.placements.add(chunk, file, offset);
    const { first, end } = segmentsOfBody(frame.start, frame.start + frame.stored);
    need.needed.add(first, end);
  }
}

/** Names that were one file: same inode, and the same content to be sure. Null for a file with one name. */
function linkGroup({ inode, size, content }: FileEntry): string | null {
  return inode === null ? null : `${inode}:${size}:${content.hash.toString('latin1')}`;
}

function joined(runs: readonly Uint32Array[]): Uint32Array {
  const all = new Uint32Array(runs.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const run of runs) {
    all.set(run, at);
    at += run.length;
  }
  return all;
}

async function* flattened(
  batches: AsyncIterable<readonly ChunkPlace[]>,
): AsyncGenerator<ChunkPlace, undefined> {
  for await (const batch of batches) yield* batch;
  return undefined;
}
