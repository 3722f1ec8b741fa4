/**
 * Files of an order while their pieces come in: written under temporary names, read back when the last piece is there,
 * and finished many at a time. What is finished is remembered as one bit a file.
 */
import { fsync, fsyncSync } from 'node:fs';
import { promisify } from 'node:util';
import type { Catalog } from '../catalog/catalog.ts';
import type { OrderProgress, Setbacks } from '../catalog/orderProgress.ts';
import type { PreparedKey } from '../crypto.ts';
import { EngineError } from '../failure.ts';
import type { PieceSink } from './extract.ts';
import type { OrderPlan } from './orderPlan.ts';
import type { OrderTally } from './orderTally.ts';
import type { Checked, Placed, Result, TreeWriter } from './treeWriter.ts';
import { isWholeFile } from './wholeFile.ts';
import type { FileWriter } from './writing/fileWriter.ts';

/** Files finished together: one sync of the disk for all of them. */
const FINISH_FILES = 500;
/** Files that wait for further pieces and are kept open. */
const OPEN_FILES = 128;
const syncFile = promisify(fsync);

const noSetbacks: Setbacks = { failed: [], notes: [], metadataProblems: 0 };

export interface FileSinkOptions {
  readonly catalog: Catalog;
  readonly plan: OrderPlan;
  readonly writer: TreeWriter;
  /** Where a folder of the order lies below the destination, by its number. */
  readonly placeOf: (folder: number) => readonly Buffer[];
  readonly idKey: PreparedKey;
  readonly tally: OrderTally;
  /** From an earlier attempt. */
  readonly progress: OrderProgress | undefined;
}

export class FileSink implements PieceSink {
  readonly #options: FileSinkOptions;
  /** Pieces that each file still waits for. */
  readonly #left: Uint32Array;
  readonly #done: Buffer;
  readonly #failed = new Map<number, string>();
  /** After a restart: files that were looked for under their final name. */
  readonly #lookedFor = new Set<number>();
  /** Least recently written first. */
  readonly #open = new Map<number, FileWriter>();
  /** Files were closed that wait for further pieces, and their names are not on disk yet. */
  #isSetAside = false;
  readonly #linked: ReadonlySet<number>;
  readonly #placed = new Map<number, Placed>();
  #checked: { readonly file: number; readonly checked: Checked }[] = [];

  constructor(options: FileSinkOptions) {
    this.#options = options;
    const { files, hardLinks } = options.plan;
    this.#left = Uint32Array.from({ length: files.count }, (_, i) => files.chunksOf(i));
    this.#done = Buffer.alloc(Math.ceil(files.count / 8));
    options.progress?.files.copy(this.#done);
    this.#linked = new Set(hardLinks.map(({ file }) => file));
    for (let file = 0; file < files.count; file++) {
      if (this.isDone(file)) options.tally.restored(files.sizeOf(file));
    }
    const { failed, notes, metadataProblems } = options.progress?.setbacks ?? noSetbacks;
    for (const { file, message } of failed) this.#failBecause(file, message);
    options.tally.recall(notes, metadataProblems);
  }

  /** One bit a file: those that are finished. */
  get done(): Buffer {
    return this.#done;
  }

  /** To be kept with `done`: neither tells the whole story alone. */
  get setbacks(): Setbacks {
    const { tally } = this.#options;
    const failed = Array.from(this.#failed, ([file, message]) => ({ file, message }));
    return { failed, notes: tally.notes, metadataProblems: tally.metadataProblemCount };
  }

  /** Counts as failed what is neither there nor failed yet, so that nothing is missing without a word. */
  failTheRest(): void {
    for (let file = 0; file < this.#options.plan.files.count; file++) {
      if (!this.isDone(file)) this.fail(file, piecesLost());
    }
  }

  isDone(file: number): boolean {
    return ((this.#done[file >> 3] ?? 0) & (1 << (file & 7))) !== 0;
  }

  /** A piece that an earlier attempt wrote. */
  skip(file: number): void {
    this.#left[file] = Math.max(0, (this.#left[file] ?? 0) - 1);
  }

  async put(file: number, offset: number, bytes: Buffer): Promise<void> {
    if (this.isDone(file) || this.#failed.has(file)) return;
    if (await this.#isFinishedBefore(file)) return;
    const writer = this.#writerOf(file);
    if (writer === null) return;
    writer.write(bytes, offset);
    const left = (this.#left[file] ?? 0) - 1;
    this.#left[file] = left;
    if (left === 0) await this.#check(file, writer);
  }

  /** Makes the files that have no pieces. */
  async putEmpty(file: number): Promise<void> {
    if (this.isDone(file) || (await this.#foundFinished(file))) return;
    const writer = this.#writerOf(file);
    if (writer !== null) await this.#check(file, writer);
  }

  fail(file: number, reason: EngineError): void {
    if (this.isDone(file) || this.#failed.has(file)) return;
    this.#open.get(file)?.discard();
    this.#open.delete(file);
    this.#failBecause(file, reason.message);
  }

  #failBecause(file: number, message: string): void {
    this.#failed.set(file, message);
    this.#options.tally.failed(this.#pathOf(file), message);
  }

  /** Finishes what is complete; what waits for further pieces is brought to disk and let go of. */
  async flush(): Promise<void> {
    await this.#finish();
    for (const [file, writer] of this.#open) {
      await syncFile(writer.descriptor);
      writer.close();
      this.#open.delete(file);
      this.#isSetAside = true;
    }
    if (this.#isSetAside) this.#options.writer.syncBegun();
    this.#isSetAside = false;
  }

  /** Where a file was placed, for its further names; looked up again after a restart. Null when it failed. */
  async placedFile(file: number): Promise<Placed | null> {
    const known = this.#placed.get(file);
    if (known !== undefined || this.#failed.has(file)) return known ?? null;
    await this.#foundFinished(file);
    return this.#placed.get(file) ?? null;
  }

  close(): void {
    for (const writer of this.#open.values()) writer.close();
    this.#open.clear();
    for (const { checked } of this.#checked.splice(0)) checked.file.close();
  }

  /** A kill may have come after a file was finished and before that was written down. */
  async #isFinishedBefore(file: number): Promise<boolean> {
    if (!this.#options.writer.resumed || this.#lookedFor.has(file)) return false;
    this.#lookedFor.add(file);
    return this.#foundFinished(file);
  }

  #writerOf(file: number): FileWriter | null {
    const known = this.#open.get(file);
    if (known !== undefined) {
      this.#open.delete(file);
      this.#open.set(file, known);
      return known;
    }
    const { size, sparse } = this.#options.plan.files.at(file);
    try {
      const writer = this.#options.writer.beginFile(this.#namesOf(file), size, sparse);
      this.#open.set(file, writer);
      if (!writer.resumed && this.#left[file] !== this.#options.plan.files.chunksOf(file)) {
        this.fail(file, piecesLost());
        return null;
      }
      this.#closeOldest();
      return writer;
    } catch (error) {
      if (!(error instanceof EngineError) || error.kind === 'no-space') throw error;
      this.fail(file, error);
      return null;
    }
  }

  #closeOldest(): void {
    for (const [file, writer] of this.#open) {
      if (this.#open.size <= OPEN_FILES) return;
      fsyncSync(writer.descriptor);
      writer.close();
      this.#open.delete(file);
      this.#isSetAside = true;
    }
  }

  /** All pieces are there: reads them back from the disk before the file may have its name. */
  async #check(file: number, writer: FileWriter): Promise<void> {
    const { plan, catalog, idKey } = this.#options;
    const listed = plan.files.at(file);
    const read = (into: Uint8Array, offset: number): number => writer.read(into, offset);
    if (!(await isWholeFile(read, listed, plan.runs.get(file), catalog, idKey))) {
      this.fail(
        file,
        new EngineError(
          'corrupt',
          'What was written to disk is not what was read from the archive.',
          'Check the disk you restore to, then restore this file again.',
        ),
      );
      return;
    }
    this.#open.delete(file);
    this.#checked.push({ file, checked: { file: writer, metadata: listed } });
    if (this.#checked.length >= FINISH_FILES) await this.#finish();
  }

  async #finish(): Promise<void> {
    const batch = this.#checked.splice(0);
    if (batch.length === 0) return;
    const results = await this.#options.writer.finish(batch.map(({ checked }) => checked));
    for (const [i, { file }] of batch.entries()) {
      const result = results[i];
      if (result !== undefined) this.#record(file, result);
    }
  }

  /** A file that was finished just before a kill. */
  async #foundFinished(file: number): Promise<boolean> {
    const { writer, plan, catalog, idKey } = this.#options;
    if (!writer.resumed) return false;
    const listed = plan.files.at(file);
    const result = await writer.findFinished(this.#namesOf(file), listed.size, listed, (read) =>
      isWholeFile(read, listed, plan.runs.get(file), catalog, idKey),
    );
    if (result === undefined) return false;
    if (this.isDone(file)) this.#keepPlace(file, result);
    else this.#record(file, result);
    return true;
  }

  #record(file: number, result: Result): void {
    const { tally, plan } = this.#options;
    if (result.state === 'failed') {
      this.#failBecause(file, result.failure.message);
    } else {
      tally.restored(plan.files.sizeOf(file));
      if (result.state === 'metadata-problems') tally.metadataProblems(this.#pathOf(file), result.problems);
      if (result.placed.renamed) tally.renamed(this.#pathOf(file), result.placed.name);
      this.#keepPlace(file, result);
      this.#markDone(file);
    }
  }

  #keepPlace(file: number, result: Result): void {
    if (result.state !== 'failed' && this.#linked.has(file)) this.#placed.set(file, result.placed);
  }

  #markDone(file: number): void {
    this.#done[file >> 3] = (this.#done[file >> 3] ?? 0) | (1 << (file & 7));
  }

  #namesOf(file: number): readonly Buffer[] {
    const { folder, name } = this.#options.plan.files.at(file);
    return [...this.#options.placeOf(folder), name];
  }

  #pathOf(file: number): string {
    return this.#namesOf(file).map(String).join('/');
  }
}

function piecesLost(): EngineError {
  return new EngineError(
    'changed',
    'What had been written of this file before the interruption is gone.',
    'Leave the restore folder alone until the restore is done, and restore this file again.',
  );
}
