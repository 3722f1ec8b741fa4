/**
 * Files of an order while their pieces come in: written under temporary names by other threads, each piece proven when
 * it is there, and finished many at a time. What is finished is remembered as one bit a file.
 *
 * A file that lies in one stretch of a pack is a writing thread's own, from its beginning until it is proven. One of
 * many pieces is held open here; threads get its descriptor, so it is closed only when no piece of it is under way.
 */
import { fsync, fsyncSync } from 'node:fs';
import { promisify } from 'node:util';
import type { Catalog } from '../catalog/catalog.ts';
import type { OrderProgress, Setbacks } from '../catalog/orderProgress.ts';
import type { PreparedKey } from '../crypto.ts';
import { EngineError } from '../failure.ts';
import type { WantedFrame } from './stretches.ts';
import type { Failure } from '../../../shared/failure.ts';
import { isCodec } from '../pack/codec.ts';
import type { OrderPlan } from './orderPlan.ts';
import type { OrderTally } from './orderTally.ts';
import type { Checked, Placed, Result, TreeWriter } from './treeWriter.ts';
import { isWholeFile, isWholeList } from './wholeFile.ts';
import { copyInto } from './writing/copyInto.ts';
import type { FileWriter } from './writing/fileWriter.ts';
import { wrongOnDisk } from './writing/writeTask.ts';
import type { TemporaryFileFacts } from './writing/temporaryFile.ts';
import {
  type FileResult,
  type FrameTask,
  ID_BYTES,
  type OwnFile,
  type Use,
  type Written,
  type WritingTask,
} from './writing/writingTask.ts';
import type { Placement } from './placements.ts';

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
  readonly idKeys: readonly PreparedKey[];
  readonly tally: OrderTally;
  /** From an earlier attempt. */
  readonly progress: OrderProgress | undefined;
}

/** What of a stretch is still wanted: a task for a writing thread, but for its bytes. */
export type WantedPieces = Pick<WritingTask, 'frames' | 'ids' | 'files' | 'hashes'>;

export class FileSink {
  readonly #options: FileSinkOptions;
  /** Pieces that each file still waits for. */
  readonly #left: Uint32Array;
  readonly #done: Buffer;
  readonly #failed = new Map<number, string>();
  /** After a restart: files that were looked for under their final name. */
  readonly #lookedFor = new Set<number>();
  /** Least recently written first. */
  readonly #open = new Map<number, FileWriter>();
  /** Files that threads write by themselves. */
  readonly #own = new Map<
    number,
    { readonly names: readonly Buffer[]; readonly facts: TemporaryFileFacts }
  >();
  /** Files of several pieces that were begun in this attempt: every piece of them was proven by it. */
  readonly #begunHere = new Set<number>();
  /** Pieces of open files that threads are writing. */
  readonly #underWay = new Map<number, number>();
  /** Open files of which every piece has been written. */
  #complete: number[] = [];
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

  /** How many files have failed so far. */
  get failed(): number {
    return this.#failed.size;
  }

  isDone(file: number): boolean {
    return ((this.#done[file >> 3] ?? 0) & (1 << (file & 7))) !== 0;
  }

  /** A piece that an earlier attempt wrote. */
  skip(file: number): void {
    this.#left[file] = Math.max(0, (this.#left[file] ?? 0) - 1);
  }

  /**
   * Says what of the frames is still wanted, and opens the files for it; null when nothing is. From then on the pieces
   * are under way, until `take` or `refuse` tells what came of them.
   */
  async prepare(frames: readonly WantedFrame[]): Promise<WantedPieces | null> {
    const pieces = countPieces(frames);
    const own = new Map<number, OwnFile & { readonly index: number; readonly hash: Buffer }>();
    const tasks: FrameTask[] = [];
    const ids: Buffer[] = [];
    for (const { place, chunks } of frames) {
      const { start, stored, raw, codec } = place.frame;
      if (!isCodec(codec)) throw new RangeError(`codec ${codec} in the catalog`);
      const wanted: FrameTask['chunks'][number][] = [];
      for (const chunk of chunks) {
        const uses: Use[] = [];
        for (const placement of chunk.uses) {
          const use = await this.#use(placement, pieces, own);
          if (use !== null) uses.push(use);
        }
        if (uses.length === 0) continue;
        wanted.push({ offset: chunk.place.offset, length: chunk.place.length, uses });
        ids.push(chunk.place.id);
      }
      if (wanted.length > 0) tasks.push({ start, stored, raw, codec, chunks: wanted });
    }
    if (tasks.length === 0) return null;
    const files = [...own.values()];
    return {
      frames: tasks,
      ids: joined(ids),
      files: files.map(({ file, name, path, size, sparse, metadata }) => ({
        ...{ file, name, path, size, sparse, metadata },
      })),
      hashes: joined(files.map(({ hash }) => hash)),
    };
  }

  /** What came of a task. Files that are whole are finished by the next `settle` or `flush`. */
  take({ files, pieces }: Written): void {
    for (const result of files) this.#takeFile(result);
    for (const { file, failure } of pieces) this.#takePiece(file, failure);
  }

  /** The bytes for these pieces cannot be had. */
  refuse({ frames, files }: WantedPieces, reason: EngineError): void {
    for (const { file } of files) {
      this.#own.delete(file);
      this.fail(file, reason);
    }
    for (const { chunks } of frames) {
      for (const { uses } of chunks) {
        for (const use of uses) if (!('own' in use)) this.#takePiece(use.file, reason);
      }
    }
  }

  /** Finishes files, when there are many that can be. */
  async settle(): Promise<void> {
    for (const file of this.#complete.splice(0)) await this.#check(file);
    while (this.#checked.length >= FINISH_FILES) await this.#finish();
  }

  async #use(
    { file, offset: at }: Placement,
    pieces: ReadonlyMap<number, number>,
    own: Map<number, OwnFile & { readonly index: number; readonly hash: Buffer }>,
  ): Promise<Use | null> {
    if (this.isDone(file) || this.#failed.has(file)) return null;
    const known = own.get(file);
    if (known !== undefined) return { own: known.index, at };
    if (await this.#isFinishedBefore(file)) return null;
    const all = this.#options.plan.files.chunksOf(file);
    if (pieces.get(file) === all && this.#left[file] === all && !this.#open.has(file)) {
      const facts = this.#factsOf(file);
      if (facts === null) return null;
      own.set(file, { ...facts, index: own.size });
      return { own: own.size - 1, at };
    }
    const writer = this.#writerOf(file);
    if (writer === null) return null;
    this.#underWay.set(file, (this.#underWay.get(file) ?? 0) + 1);
    const { sparse } = this.#options.plan.files.at(file);
    return { file, at, descriptor: writer.descriptor, sparse, path: this.#pathOf(file) };
  }

  /** Null when the file system cannot hold it, which is told. */
  #factsOf(file: number): (OwnFile & { readonly hash: Buffer }) | null {
    const listed = this.#options.plan.files.at(file);
    const { size, sparse, hash, mode, uid, gid, mtime } = listed;
    try {
      const names = this.#namesOf(file);
      const facts = this.#options.writer.factsOf(names, size, sparse);
      this.#own.set(file, { names, facts });
      const name = facts.name.toString();
      return { file, name, path: facts.path, size, sparse, metadata: { mode, uid, gid, mtime }, hash };
    } catch (error) {
      if (!(error instanceof EngineError) || error.kind === 'no-space') throw error;
      this.fail(file, error);
      return null;
    }
  }

  #takeFile(result: FileResult): void {
    const { file } = result;
    const own = this.#own.get(file);
    this.#own.delete(file);
    if (own === undefined) throw new RangeError('a file that no thread was given');
    if (result.failure !== undefined) {
      this.fail(file, result.failure);
      return;
    }
    const { descriptor, problems, size, dev, ino } = result;
    const writer = this.#options.writer.takeFile(own.names, own.facts, descriptor);
    this.#left[file] = 0;
    this.#checked.push({ file, checked: { file: writer, applied: { problems, size, dev, ino } } });
  }

  #takePiece(file: number, failure: Pick<Failure, 'message'> | null): void {
    const underWay = (this.#underWay.get(file) ?? 0) - 1;
    if (underWay > 0) this.#underWay.set(file, underWay);
    else this.#underWay.delete(file);
    if (failure !== null) this.fail(file, failure);
    if (this.#failed.has(file)) {
      if (underWay === 0) this.#discard(file);
      return;
    }
    const left = (this.#left[file] ?? 0) - 1;
    this.#left[file] = left;
    if (left === 0) this.#complete.push(file);
  }

  /** Makes the files that have no pieces. */
  async putEmpty(file: number): Promise<void> {
    if (this.isDone(file) || (await this.#foundFinished(file))) return;
    if (this.#writerOf(file) !== null) await this.#check(file);
    if (this.#checked.length >= FINISH_FILES) await this.#finish();
  }

  /**
   * Copies a file from elsewhere on this computer, and proves what was written before it gets its name.
   * @param from its path
   */
  async putLocal(file: number, from: Buffer): Promise<void> {
    if (this.isDone(file) || this.#failed.has(file) || (await this.#foundFinished(file))) return;
    const writer = this.#writerOf(file);
    if (writer === null) return;
    const { size } = this.#options.plan.files.at(file);
    const isCopied = await copyInto(writer, from, size);
    const { plan, catalog, idKeys } = this.#options;
    const read = (into: Uint8Array, offset: number): number => writer.read(into, offset);
    const listed = plan.files.at(file);
    if (!isCopied || !(await isWholeFile(read, listed, plan.runs.get(file), catalog, idKeys))) {
      this.fail(file, changedHere());
      return;
    }
    this.#left[file] = 0;
    this.#open.delete(file);
    this.#begunHere.delete(file);
    this.#checked.push({ file, checked: { file: writer, metadata: listed } });
    if (this.#checked.length >= FINISH_FILES) await this.#finish();
  }

  /** A piece of the file cannot be had. */
  fail(file: number, reason: Pick<Failure, 'message'>): void {
    if (this.isDone(file) || this.#failed.has(file)) return;
    if (!this.#underWay.has(file)) this.#discard(file);
    this.#failBecause(file, reason.message);
  }

  #discard(file: number): void {
    this.#open.get(file)?.discard();
    this.#open.delete(file);
  }

  #failBecause(file: number, message: string): void {
    this.#failed.set(file, message);
    this.#options.tally.failed(this.#pathOf(file), message);
  }

  /** Finishes what is complete; what waits for further pieces is brought to disk and let go of. None may be under way. */
  async flush(): Promise<void> {
    await this.settle();
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

  /** No piece may be under way. */
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
      if (!writer.resumed) this.#begunHere.add(file);
      if (!writer.resumed && this.#left[file] !== this.#options.plan.files.chunksOf(file)) {
        this.fail(file, piecesLost());
        return null;
      }
      this.#closeOldest(file);
      return writer;
    } catch (error) {
      if (!(error instanceof EngineError) || error.kind === 'no-space') throw error;
      this.fail(file, error);
      return null;
    }
  }

  /** Never those of which a piece is under way or is about to be, nor those that are complete. */
  #closeOldest(wanted: number): void {
    for (const [file, writer] of this.#open) {
      if (this.#open.size <= OPEN_FILES) return;
      if (file === wanted || this.#underWay.has(file) || this.#left[file] === 0) continue;
      fsyncSync(writer.descriptor);
      writer.close();
      this.#open.delete(file);
      this.#isSetAside = true;
    }
  }

  /**
   * All pieces are there, each proven where it was written. What an earlier run wrote is read back once more before the
   * file may have its name.
   */
  async #check(file: number): Promise<void> {
    const { plan, catalog, idKeys } = this.#options;
    const writer = this.#open.get(file);
    if (writer === undefined) throw new RangeError('a file that is complete and not open');
    const listed = plan.files.at(file);
    const runs = plan.runs.get(file);
    const read = (into: Uint8Array, offset: number): number => writer.read(into, offset);
    const isOfEarlierRun = writer.resumed && !this.#begunHere.has(file);
    const isWhole =
      isOfEarlierRun || (runs === undefined && listed.chunks > 0)
        ? await isWholeFile(read, listed, runs, catalog, idKeys)
        : await isWholeList(listed, runs, catalog);
    if (!isWhole) {
      this.fail(file, wrongOnDisk());
      return;
    }
    this.#open.delete(file);
    this.#begunHere.delete(file);
    this.#checked.push({ file, checked: { file: writer, metadata: listed } });
  }

  async #finish(): Promise<void> {
    const batch = this.#checked.splice(0, FINISH_FILES);
    if (batch.length === 0) return;
    const results = await this.#options.writer.finish(batch.map(({ checked }) => checked));
    for (const [i, { file }] of batch.entries()) {
      const result = results[i];
      if (result !== undefined) this.#record(file, result);
    }
  }

  /** A file that was finished just before a kill. */
  async #foundFinished(file: number): Promise<boolean> {
    const { writer, plan, catalog, idKeys } = this.#options;
    if (!writer.resumed) return false;
    const listed = plan.files.at(file);
    const result = await writer.findFinished(this.#namesOf(file), listed.size, listed, (read) =>
      isWholeFile(read, listed, plan.runs.get(file), catalog, idKeys),
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

/** How many pieces of each file are in the frames. */
function countPieces(frames: readonly WantedFrame[]): ReadonlyMap<number, number> {
  const pieces = new Map<number, number>();
  for (const { chunks } of frames) {
    for (const { uses } of chunks) {
      for (const { file } of uses) pieces.set(file, (pieces.get(file) ?? 0) + 1);
    }
  }
  return pieces;
}

/** In a buffer of its own, to be handed over to another thread. */
function joined(digests: readonly Buffer[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(digests.length * ID_BYTES);
  digests.forEach((digest, i) => all.set(digest, i * ID_BYTES));
  return all;
}

/** What was taken for the content of a file on this computer is not. */
export function changedHere(): EngineError {
  return new EngineError(
    'changed',
    'What this computer has of this file is not what the snapshot holds, though it looked untouched.',
    'Restore this file again from the archive alone (--archive-only).',
  );
}

function piecesLost(): EngineError {
  return new EngineError(
    'changed',
    'What had been written of this file before the interruption is gone.',
    'Leave the restore folder alone until the restore is done, and restore this file again.',
  );
}
