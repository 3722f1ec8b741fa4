/**
 * The threads that write what is restored. Each has a task it works on and one that waits, so that it need not; who
 * brings more is held back. A second thread starts when the first is busy, so that a small restore has one.
 */
import { Worker } from 'node:worker_threads';
import { EngineError, toFailure } from '../../failure.ts';
import type { Report, Written, WritingStart, WritingTask } from './writingTask.ts';

const TASKS_AHEAD = 2;

export interface WritingPoolOptions {
  readonly start: WritingStart;
  /** Threads at most. */
  readonly threads: number;
  /** What came of a task, in no order. Called also while the pool is closed: descriptors in it are the caller's. */
  readonly onWritten: (written: Written) => void;
}

interface Thread {
  readonly worker: Worker;
  tasks: number;
}

export class WritingPool {
  readonly #options: WritingPoolOptions;
  readonly #threads: Thread[] = [];
  #failed: { readonly error: EngineError } | null = null;
  #waiting: (() => void)[] = [];

  constructor(options: WritingPoolOptions) {
    if (options.threads < 1) throw new RangeError('a pool without threads');
    this.#options = options;
  }

  /** Takes a task; resolves when there is room for another. Rejects with what ended the pool. */
  async write(task: WritingTask): Promise<void> {
    this.#throwIfFailed();
    const thread = this.#choose();
    thread.tasks++;
    thread.worker.postMessage(task, [task.stored.buffer, task.ids.buffer, task.hashes.buffer]);
    await this.#until(
      () =>
        this.#threads.length < this.#options.threads ||
        this.#threads.some(({ tasks }) => tasks < TASKS_AHEAD),
    );
    this.#throwIfFailed();
  }

  /** Resolves when every task has been reported. Rejects with what ended the pool. */
  async idle(): Promise<void> {
    await this.#until(() => this.#threads.every(({ tasks }) => tasks === 0));
    this.#throwIfFailed();
  }

  /** Lets the threads do what they have and ends them; resolves when nothing is written any more. Never rejects. */
  async close(): Promise<void> {
    await this.#until(() => this.#threads.every(({ tasks }) => tasks === 0));
    await Promise.all(this.#threads.splice(0).map(({ worker }) => worker.terminate()));
  }

  /** The one with the fewest tasks, or a new one where none is free. */
  #choose(): Thread {
    const [least] = [...this.#threads].sort((a, b) => a.tasks - b.tasks);
    const mayStart = this.#threads.length < this.#options.threads;
    return least !== undefined && (least.tasks === 0 || !mayStart) ? least : this.#startThread();
  }

  #startThread(): Thread {
    // Beside this file, from source and built alike.
    const name = import.meta.url.endsWith('.ts') ? './writingWorker.ts' : './writingWorker.js';
    const worker = new Worker(new URL(name, import.meta.url), {
      workerData: this.#options.start,
      // The descriptors it opens are handed over; closed with the thread, they could be another file's by then.
      trackUnmanagedFds: false,
    });
    const thread: Thread = { worker, tasks: 0 };
    worker.on('message', (report: Report) => this.#receive(thread, report));
    worker.on('error', (error) => this.#die(thread, error));
    worker.on('exit', (code) => {
      if (thread.tasks > 0) this.#die(thread, new Error(`exit code ${code}`));
    });
    this.#threads.push(thread);
    return thread;
  }

  #receive(thread: Thread, report: Report): void {
    thread.tasks--;
    if (report.kind === 'written') this.#options.onWritten(report.written);
    else {
      const { kind, message, advice, safe } = report.failure;
      this.#fail(new EngineError(kind, message, advice, safe === undefined ? {} : { safe }));
    }
    this.#wake();
  }

  #die(thread: Thread, cause: unknown): void {
    thread.tasks = 0;
    const { message } = toFailure(cause);
    const safe = 'What is restored stays restored; the backup is unaffected.';
    const what = `A writing thread ended by itself. ${message}`;
    this.#fail(new EngineError('bug', what, 'Carry the restore on.', { safe, cause }));
    this.#wake();
  }

  /** The first reason counts. */
  #fail(error: EngineError): void {
    this.#failed ??= { error };
  }

  #throwIfFailed(): void {
    if (this.#failed !== null) throw this.#failed.error;
  }

  async #until(isSo: () => boolean): Promise<void> {
    while (!isSo()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
