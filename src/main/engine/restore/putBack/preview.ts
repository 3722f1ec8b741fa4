import { setImmediate as nextTurn } from 'node:timers/promises';
import { EngineError } from '../../failure.ts';
import type { PutBackPreview } from '../../../../shared/types.ts';
import { selected } from '../select.ts';
import type { Names } from '../writing/openFolders.ts';
import { pathOf } from '../writing/writeFailure.ts';
import type { Standing } from './standing.ts';
import { openTrees, type PutBackJob, type Trees } from './trees.ts';

/** Names looked at between two turns of the event loop. */
const TURN_NAMES = 100;
const MOST_SHOWN = 1000;

/** Says what putting an order back would meet. Files of equal size are read and compared; nothing is changed. */
export async function previewPutBack(job: PutBackJob): Promise<PutBackPreview> {
  const trees = openTrees(job);
  try {
    const look = new Look(job, trees);
    await look.all();
    return look.told();
  } finally {
    trees.close();
  }
}

/** `inside`: within a folder in whose place something else stands. */
type State = 'there' | 'fresh' | 'inside' | 'failed';

class Look {
  readonly #job: PutBackJob;
  readonly #trees: Trees;
  readonly #states: State[] = ['there'];
  readonly #conflicts: { path: string; is: PutBackPreview['conflictsShown'][number]['is'] }[] = [];
  #fresh = 0;
  #freshBytes = 0;
  #same = 0;
  #conflictCount = 0;
  #missing = 0;
  #newFolders = 0;
  readonly #failed: { path: string; message: string }[] = [];
  #failedCount = 0;
  #looked = 0;

  constructor(job: PutBackJob, trees: Trees) {
    this.#job = job;
    this.#trees = trees;
  }

  async all(): Promise<void> {
    const { plan, catalog } = this.#job;
    const { placeOf, survey, isRestored } = this.#trees;
    for (let folder = 1; folder <= plan.folders.count; folder++) {
      await this.#breathe();
      this.#states[folder] = this.#folder(folder);
    }
    const name = async (file: number, folder: number, names: Names): Promise<void> => {
      if (!isRestored(folder) || !survey.isRestored(file, names)) {
        await this.#without(folder, names, () => survey.file(file, names));
      } else await this.#name(folder, names, plan.files.sizeOf(file), () => survey.file(file, names));
    };
    for (let file = 0; file < plan.files.count; file++) {
      const { folder, name: last } = plan.files.at(file);
      await name(file, folder, [...placeOf(folder), last]);
    }
    for (const { file, folder, name: last } of plan.hardLinks)
      await name(file, folder, [...placeOf(folder), last]);
    if (plan.symlinks === 0) return;
    for await (const { names, entries } of selected(catalog, plan.selection)) {
      for (const entry of entries) {
        if (entry.kind !== 'symlink') continue;
        const folder = plan.folders.numberOf(names);
        const all = [...placeOf(folder), entry.name];
        await this.#name(folder, all, 0, () => survey.link(all, entry));
      }
    }
  }

  told(): PutBackPreview {
    return {
      fresh: this.#fresh,
      freshBytes: this.#freshBytes,
      newFolders: this.#newFolders,
      same: this.#same,
      conflicts: this.#conflictCount,
      conflictsShown: this.#conflicts,
      missing: this.#missing,
      failed: this.#failedCount,
      problems: this.#failed,
    };
  }

  #folder(folder: number): State {
    const { plan } = this.#job;
    const above = this.#states[plan.folders.parentOf(folder)] ?? 'there';
    if (above !== 'there') {
      if (above === 'fresh') this.#newFolders++;
      return above;
    }
    const names = this.#trees.placeOf(folder);
    try {
      const ground = this.#trees.survey.ground(folder);
      if (ground.is === 'there') return 'there';
      if (ground.is === 'missing') {
        this.#newFolders++;
        return 'fresh';
      }
      this.#show(names, ground.kind);
      return 'inside';
    } catch (error) {
      this.#fail(names, error);
      return 'failed';
    }
  }

  async #name(folder: number, names: Names, bytes: number, look: () => Promise<Standing>): Promise<void> {
    await this.#breathe();
    const state = this.#states[folder];
    if (state === 'failed') this.#failedCount++;
    else if (state === 'inside') this.#conflictCount++;
    else if (state === 'fresh') this.#countFresh(bytes);
    else {
      try {
        const standing = await look();
        if (standing.is === 'nothing') this.#countFresh(bytes);
        else if (standing.is === 'same') this.#same++;
        else {
          this.#conflictCount++;
          this.#show(names, standing.kind);
        }
      } catch (error) {
        this.#failedCount++;
        this.#fail(names, error);
      }
    }
  }

  /** It was not restored, or is no longer there: perhaps because it is in its place already. */
  async #without(folder: number, names: Names, look: () => Promise<Standing>): Promise<void> {
    await this.#breathe();
    try {
      if (this.#states[folder] === 'there' && (await look()).is === 'same') this.#same++;
      else this.#missing++;
    } catch (error) {
      this.#failedCount++;
      this.#fail(names, error);
    }
  }

  #countFresh(bytes: number): void {
    this.#fresh++;
    this.#freshBytes += bytes;
  }

  #show(names: Names, is: PutBackPreview['conflictsShown'][number]['is']): void {
    if (this.#conflicts.length < MOST_SHOWN) this.#conflicts.push({ path: this.#pathOf(names), is });
  }

  #fail(names: Names, error: unknown): void {
    if (!(error instanceof EngineError)) throw error;
    if (this.#failed.length < MOST_SHOWN)
      this.#failed.push({ path: this.#pathOf(names), message: error.message });
  }

  #pathOf(names: Names): string {
    return pathOf([this.#trees.sources.pathOf(names), ...names.slice(1)]).toString();
  }

  async #breathe(): Promise<void> {
    if (++this.#looked % TURN_NAMES !== 0) return;
    this.#job.signal.throwIfAborted();
    await nextTurn();
  }
}
