/**
 * The threads that pack, and who does what: small files in batches, big ones in stripes that several threads read at
 * the same time. A second thread starts when there is enough for two, so that a small backup makes one pack.
 *
 * The pool keeps little: a few batches wait in it, then `add` holds the caller back; a thread that has sealed a pack
 * waits until `onSealed` has settled. A file may be reported before the packs with its last chunks are; when `flush`
 * resolves, all of them were.
 */
import { Worker } from 'node:worker_threads';
import { STRIPE_BYTES, stripesOf } from '../chunk/stripes.ts';
import { EngineError, toFailure } from '../failure.ts';
import type { SealedPack } from '../pack/packWriter.ts';
import type { FileTask, PackedFile } from './packing.ts';
import type { PackingOptions } from './packingChain.ts';
import { joinStripes, type PackedStripe } from './packingFile.ts';
import { decodePacked, encodeFiles, Gate, type Order, type Report, revivePack } from './packingMessages.ts';

export interface PackingPoolOptions extends PackingOptions {
  /** Threads at most; as many as there are cores is best. */
  readonly workers: number;
  /**
   * A pack was sealed, and proved from disk. The thread that made it goes on when the promise resolves.
   * A rejection ends the pool.
   */
  readonly onSealed: (pack: SealedPack) => Promise<void>;
  /** Bytes of source that were read, as it goes: a big file is told piece by piece. */
  readonly onRead?: (bytes: number) => void;
  /** Files as they come back, in no order, one call after the other. A rejection ends the pool. */
  readonly onPacked: (files: readonly PackedFile[]) => Promise<void> | void;
}

export interface PackingPool {
  /**
   * Takes files to be read; resolves when there is room for more. Not while a `flush` is under way.
   * @throws what ended the pool: an EngineError, an `AbortError` after `close`, or what a callback rejected with
   */
  add(batch: readonly FileTask[]): Promise<void>;
  /** Resolves when every file was reported, every pack sealed (the last ones padded), and every callback settled. */
  flush(): Promise<void>;
  /** Ends the threads and drops what is not sealed. `add` and `flush` that wait reject. Safe to call again. */
  close(): Promise<void>;
}

export function startPackingPool(options: PackingPoolOptions): PackingPool {
  return new Pool(options);
}

/** A batch is closed at this size, or at so many files. */
const BATCH_BYTES = 2 * 1024 * 1024;
const BATCH_FILES = 128;
/** Orders that a thread has before it: the one it works on, and one so that it need not wait for the next. */
const ORDERS_AHEAD = 2;
/** About what one thread packs in a tenth of a second, a file counting as much as the bytes it costs to open it. */
const ENOUGH_FOR_TWO = 16 * 1024 * 1024;
const FILE_COST_BYTES = 16 * 1024;
/** A thread that is in the middle of a system call cannot look at its gate; one that stays there is given up. */
const END_WITHIN_MS = 5_000;

type Task =
  | { readonly kind: 'files'; readonly files: readonly FileTask[] }
  | { readonly kind: 'stripe'; readonly file: StripedFile; readonly n: number };

class Pool implements PackingPool {
  readonly #options: PackingPoolOptions;
  readonly #threads: Thread[] = [];
  readonly #queue: Task[] = [];
  #batch: FileTask[] = [];
  #batchBytes = 0;
  /** Added since the last flush. */
  #cost = 0;
  /** Reports that `onPacked` has not settled for. */
  #undelivered = 0;
  #delivery: Promise<void> = Promise.resolve();
  #ended: { readonly error: unknown } | null = null;
  #closed: Promise<void> | null = null;
  #waiting: (() => void)[] = [];

  constructor(options: PackingPoolOptions) {
    if (options.workers < 1) throw new RangeError('a pool without workers');
    this.#options = options;
  }

  async add(batch: readonly FileTask[]): Promise<void> {
    this.#throwIfEnded();
    for (const file of batch) this.#take(file);
    this.#handOut();
    const { workers } = this.#options;
    await this.#until(() => this.#queue.length <= workers && this.#undelivered <= 2 * workers);
  }

  async flush(): Promise<void> {
    this.#throwIfEnded();
    this.#closeBatch();
    this.#handOut();
    await this.#until(
      () => this.#queue.length === 0 && this.#threads.every(({ tasks }) => tasks.length === 0),
    );
    for (const thread of this.#threads) thread.finish();
    await this.#until(
      () => this.#undelivered === 0 && this.#threads.every(({ isFinishing }) => !isFinishing),
    );
    this.#cost = 0;
  }

  close(): Promise<void> {
    this.#closed ??= (async () => {
      this.#end(new DOMException('packing was stopped', 'AbortError'));
      await Promise.all(this.#threads.map((thread) => thread.ended(END_WITHIN_MS)));
    })();
    return this.#closed;
  }

  #take(file: FileTask): void {
    const { size } = file.found;
    this.#cost += size + FILE_COST_BYTES;
    if (size > STRIPE_BYTES) {
      const striped = new StripedFile(file);
      for (let n = 0; n < striped.stripes.length; n++) this.#queue.push({ kind: 'stripe', file: striped, n });
      return;
    }
    if (this.#batchBytes + size > BATCH_BYTES) this.#closeBatch();
    this.#batch.push(file);
    this.#batchBytes += size;
    if (this.#batch.length === BATCH_FILES) this.#closeBatch();
  }

  #closeBatch(): void {
    if (this.#batch.length > 0) this.#queue.push({ kind: 'files', files: this.#batch });
    this.#batch = [];
    this.#batchBytes = 0;
  }

  /** Gives each thread its next order before any gets a second one. */
  #handOut(): void {
    const threads = this.#cost < ENOUGH_FOR_TWO ? 1 : this.#options.workers;
    for (let ahead = 0; ahead < ORDERS_AHEAD; ahead++) {
      for (let i = 0; i < threads; i++) {
        if (this.#ended !== null || (this.#threads[i]?.tasks.length ?? 0) > ahead) continue;
        // Rather a small batch than a thread with nothing to do.
        if (this.#queue.length === 0 && ahead === 0) this.#closeBatch();
        const task = this.#queue.shift();
        if (task === undefined) return;
        (this.#threads[i] ?? this.#startThread()).give(task);
      }
    }
  }

  #startThread(): Thread {
    const thread: Thread = new Thread(this.#options, {
      report: (report) => this.#receive(thread, report),
      died: (error) => this.#end(error),
    });
    this.#threads.push(thread);
    return thread;
  }

  #receive(thread: Thread, report: Report): void {
    if (this.#ended !== null) return;
    switch (report.kind) {
      case 'files':
        thread.tasks.shift();
        this.#deliverRead(decodePacked(report.files));
        break;
      case 'stripe': {
        const task = thread.tasks.shift();
        if (task?.kind !== 'stripe') throw new RangeError('a stripe that nobody ordered');
        const { first, end } = task.file.stripes[task.n] ?? { first: 0, end: 0 };
        this.#options.onRead?.(end - first);
        this.#takeStripe(task.file, task.n, report.stripe);
        break;
      }
      case 'finished':
        thread.isFinishing = false;
        break;
      case 'sealed':
        void this.#passOn(thread, revivePack(report.pack));
        break;
      case 'failed': {
        const { kind, message, advice, safe } = report.failure;
        this.#end(new EngineError(kind, message, advice, safe === undefined ? {} : { safe }));
        break;
      }
    }
    this.#handOut();
    this.#wake();
  }

  #takeStripe(file: StripedFile, n: number, stripe: PackedStripe): void {
    if (!file.take(n, stripe)) return;
    const packed = file.join();
    if (packed !== null) this.#deliver([packed]);
    // Its parts do not belong together: now one thread reads it, from end to end.
    else this.#queue.unshift({ kind: 'files', files: [file.task] });
  }

  #deliverRead(files: readonly PackedFile[]): void {
    this.#options.onRead?.(
      files.reduce((sum, file) => sum + (file.kind === 'packed' ? file.found.size : 0), 0),
    );
    this.#deliver(files);
  }

  #deliver(files: readonly PackedFile[]): void {
    this.#undelivered++;
    this.#delivery = this.#delivery
      .then(() => (this.#ended === null ? this.#options.onPacked(files) : undefined))
      .catch((error: unknown) => this.#end(error))
      .then(() => {
        this.#undelivered--;
        this.#wake();
      });
  }

  async #passOn(thread: Thread, pack: SealedPack): Promise<void> {
    try {
      await this.#options.onSealed(pack);
      thread.gate.go();
    } catch (error) {
      this.#end(error);
    }
  }

  /** Stops everything; the first reason counts. */
  #end(error: unknown): void {
    if (this.#ended !== null) return;
    this.#ended = { error };
    this.#queue.length = 0;
    for (const thread of this.#threads) thread.stop();
    this.#wake();
  }

  #throwIfEnded(): void {
    if (this.#ended !== null) throw this.#ended.error;
  }

  async #until(isSo: () => boolean): Promise<void> {
    this.#throwIfEnded();
    while (!isSo()) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
      this.#throwIfEnded();
    }
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

/** A big file of which stripes are under way. */
class StripedFile {
  readonly task: FileTask;
  readonly stripes;
  readonly #done: PackedStripe[] = [];
  #missing: number;

  constructor(task: FileTask) {
    this.task = task;
    this.stripes = stripesOf(task.found.size);
    this.#missing = this.stripes.length;
  }

  /** Whether that was the last one. */
  take(n: number, stripe: PackedStripe): boolean {
    this.#done[n] = stripe;
    this.#missing--;
    return this.#missing === 0;
  }

  join(): PackedFile | null {
    return joinStripes(this.task.key, this.task.found.size, this.#done);
  }
}

interface ThreadEvents {
  readonly report: (report: Report) => void;
  readonly died: (error: unknown) => void;
}

/** One worker, and what it has been given. */
class Thread {
  readonly gate = new Gate();
  /** In the order they were given, which is the order they come back. */
  readonly tasks: Task[] = [];
  isFinishing = false;
  readonly #worker: Worker;
  readonly #exit: Promise<void>;
  #isStopped = false;

  constructor(options: PackingPoolOptions, events: ThreadEvents) {
    const { keys, writer, stagingDir, packBytes, index } = options;
    const start = { keys, writer, stagingDir, packBytes, index: index.memory, gate: this.gate.memory };
    // Beside this file, from source and built alike.
    const name = import.meta.url.endsWith('.ts') ? './packingWorker.ts' : './packingWorker.js';
    this.#worker = new Worker(new URL(name, import.meta.url), { workerData: start });
    this.#worker.on('message', events.report);
    this.#worker.on('error', (error) => events.died(threadDied(error)));
    this.#exit = new Promise((resolve) => {
      this.#worker.on('exit', (code) => {
        if (!this.#isStopped) events.died(threadDied(new Error(`exit code ${code}`)));
        resolve();
      });
    });
  }

  give(task: Task): void {
    this.tasks.push(task);
    if (task.kind === 'files') {
      const files = encodeFiles(task.files);
      this.#post({ kind: 'files', files }, [files.rows.buffer, files.paths.buffer]);
      return;
    }
    const { path, found, lifetime } = task.file.task;
    const stripe = task.file.stripes[task.n];
    if (stripe === undefined) throw new RangeError('a file has no such stripe');
    // A copy of the path alone: it may be a view into something large, which would go along whole.
    this.#post({ kind: 'stripe', stripe: { path: Uint8Array.from(path), ino: found.ino, lifetime, stripe } });
  }

  finish(): void {
    this.isFinishing = true;
    this.#post({ kind: 'finish' });
  }

  stop(): void {
    this.#isStopped = true;
    this.gate.stop();
    this.#post({ kind: 'end' });
  }

  /** Resolves when the thread is gone, by itself or, after a while, by force. */
  async ended(withinMs: number): Promise<void> {
    const timer = setTimeout(() => void this.#worker.terminate(), withinMs);
    await this.#exit;
    clearTimeout(timer);
  }

  #post(order: Order, handedOver: ArrayBuffer[] = []): void {
    this.#worker.postMessage(order, handedOver);
  }
}

function threadDied(cause: unknown): EngineError {
  const { message } = toFailure(cause);
  return new EngineError('bug', `A packing thread ended by itself. ${message}`, 'Run it again.', {
    safe: 'What was already stored stays stored; nothing half-done counts as done.',
    cause,
  });
}
