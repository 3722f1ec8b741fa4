/** Writes the tree of one manifest into the catalog: its lines are taken one by one and written in batches. */
import type { ManifestEntry, ManifestLine } from '../backup/manifestLine.ts';
import type { Tx } from '../catalog/catalog.ts';
import { putEntries, removeEntries, type EntryPlace, type EntryPut } from '../catalog/entries.ts';
import { ensureFolders } from '../catalog/folders.ts';
import type { FolderId, PlanId, SnapshotId } from '../catalog/ids.ts';
import type { MentionedEntries } from '../catalog/rebuilding.ts';
import type { Entry } from '../entry.ts';
import { damaged } from '../pack/damaged.ts';

/** Bytes of a chunk id. */
export const ID_BYTES = 32;
/** Puts that are written together; as many lines pass between two turns of the event loop. */
export const BATCH_PUTS = 2000;
/** Entries keep times in 52 bits with a sign; beyond that nothing is a time. */
const MAX_SECONDS = 2 ** 51;

interface Section {
  readonly number: number;
  readonly parent: number;
  readonly name: Buffer;
  readonly gone: Buffer[];
  readonly puts: Entry[];
}

export class TreeWriting {
  readonly #tx: Tx;
  readonly #plan: PlanId;
  readonly #snapshot: SnapshotId;
  readonly #mentioned: MentionedEntries | null;
  readonly #contentOf: (ids: readonly Buffer[]) => Uint32Array;
  /** Folders of the catalog by their numbers in the manifest. */
  readonly #folders: Map<number, FolderId>;
  #batch: Section[] = [];
  #puts = 0;
  /** The last put, whose chunk ids may go on in further lines. */
  #open: { readonly entry: ManifestEntry; readonly ids: Buffer[] } | null = null;

  constructor(
    tx: Tx,
    plan: PlanId,
    snapshot: SnapshotId,
    top: FolderId,
    mentioned: MentionedEntries | null,
    contentOf: (ids: readonly Buffer[]) => Uint32Array,
  ) {
    this.#tx = tx;
    this.#plan = plan;
    this.#snapshot = snapshot;
    this.#mentioned = mentioned;
    this.#contentOf = contentOf;
    this.#folders = new Map([[0, top]]);
  }

  async take(line: ManifestLine): Promise<void> {
    if (line.kind === 'more') {
      if (this.#open === null) throw damaged('A manifest goes on with a file that it has not begun');
      this.#open.ids.push(line.ids);
      return;
    }
    this.#closePut();
    if (line.kind === 'folder') {
      if (this.#puts >= BATCH_PUTS) await this.#write();
      const { number, parent, name } = line;
      this.#batch.push({ number, parent, name, gone: [], puts: [] });
    } else if (line.kind === 'gone') {
      this.#section().gone.push(line.name);
      this.#puts++;
    } else if (line.kind === 'put') {
      this.#section();
      this.#open = { entry: line.entry, ids: line.entry.type === 'file' ? [line.entry.ids] : [] };
    }
  }

  async end(): Promise<void> {
    this.#closePut();
    await this.#write();
    await this.#mentioned?.removeUnmentioned(this.#plan, this.#snapshot);
  }

  #section(): Section {
    const section = this.#batch.at(-1);
    if (section === undefined) throw damaged('A manifest tells entries of no folder');
    return section;
  }

  #closePut(): void {
    if (this.#open === null) return;
    const { entry, ids } = this.#open;
    this.#open = null;
    this.#section().puts.push(this.#entry(entry, ids));
    this.#puts++;
  }

  #entry(found: ManifestEntry, ids: readonly Buffer[]): Entry {
    const { name, mode, uid, gid } = found;
    const s = Math.max(-MAX_SECONDS, Math.min(MAX_SECONDS, found.mtime.s));
    const mtime = { s, ns: found.mtime.ns };
    const common = { name, mode, uid, gid, mtime };
    switch (found.type) {
      case 'folder':
        return { ...common, kind: 'folder' };
      case 'symlink':
        return { ...common, kind: 'symlink', to: found.link };
      case 'file': {
        const { size, hash, sparse, inode, inconsistent } = found;
        const chunks = ids.reduce((sum, piece) => sum + piece.length / ID_BYTES, 0);
        if (chunks !== found.chunks)
          throw damaged('A manifest has more or fewer chunks of a file than it says');
        const content = { runs: this.#contentOf(ids), hash };
        // What only this computer knew of the file is not known any more: the next backup reads it again.
        const forgotten = { ctime: mtime, ino: 0, settled: false };
        return { ...common, ...forgotten, kind: 'file', size, sparse, inode, inconsistent, content };
      }
    }
  }

  async #write(): Promise<void> {
    await this.#makeFolders();
    const gone: EntryPlace[] = [];
    const puts: EntryPut[] = [];
    for (const section of this.#batch) {
      const folder = this.#folderOf(section.number);
      for (const name of section.gone) gone.push({ folder, name });
      for (const entry of section.puts) puts.push({ folder, entry });
    }
    // Of nothing that is gone with this snapshot a manifest has puts below it.
    await removeEntries(this.#tx, this.#snapshot, gone);
    await putEntries(this.#tx, this.#snapshot, puts);
    await this.#mentioned?.add(puts.map(({ folder, entry }) => ({ folder, name: entry.name })));
    this.#batch = this.#batch.slice(-1).map((section) => ({ ...section, gone: [], puts: [] }));
    this.#puts = 0;
  }

  /** Level by level: parents come before their children in a manifest. */
  async #makeFolders(): Promise<void> {
    let wanted = this.#batch.filter(({ number }) => !this.#folders.has(number));
    while (wanted.length > 0) {
      const ready = wanted.filter(({ parent }) => this.#folders.has(parent));
      if (ready.length === 0) throw damaged('A manifest has a folder before the one that it is in');
      const places = ready.map(({ parent, name }) => ({ parent: this.#folderOf(parent), name }));
      const ids = await ensureFolders(this.#tx, this.#plan, places);
      for (const [i, { number }] of ready.entries()) {
        const id = ids[i];
        if (id !== undefined) this.#folders.set(number, id);
      }
      wanted = wanted.filter(({ number }) => !this.#folders.has(number));
    }
  }

  #folderOf(number: number): FolderId {
    const folder = this.#folders.get(number);
    if (folder === undefined) throw damaged('A manifest names a folder that it has not opened');
    return folder;
  }
}
