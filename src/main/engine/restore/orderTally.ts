import type { OrderResult } from '../catalog/orders.ts';
import type { Failure } from '../../../shared/failure.ts';

/** Problems kept with an order; beyond that they are only counted. */
const MOST_PROBLEMS = 1000;

/** What has come of an order so far: it counts, and cannot count what did not happen. */
export class OrderTally {
  #restoredFiles = 0;
  #restoredBytes = 0;
  #metadataProblems = 0;
  #failedFiles = 0;
  #problems: { readonly path: string; readonly message: string }[] = [];
  readonly #notes: { readonly path: string; readonly message: string }[] = [];
  readonly #asked: Pick<OrderResult, 'files' | 'bytes' | 'roots'>;

  constructor(asked: Pick<OrderResult, 'files' | 'bytes' | 'roots'>) {
    this.#asked = asked;
  }

  get hasProblems(): boolean {
    return this.#failedFiles + this.#metadataProblems + this.#problems.length > 0;
  }

  /** Notes and counts of an earlier attempt; its files are counted again one by one. */
  recall(notes: OrderResult['problems'], metadataProblems: number): void {
    this.#problems.push(...notes);
    this.#notes.push(...notes);
    this.#metadataProblems += metadataProblems;
  }

  /** What was restored, but not quite as asked. */
  get notes(): OrderResult['problems'] {
    return this.#notes;
  }

  get metadataProblemCount(): number {
    return this.#metadataProblems;
  }

  /** Whether each name that was asked for is either there or counted as failed. */
  get isComplete(): boolean {
    return this.#restoredFiles + this.#failedFiles >= this.#asked.files;
  }

  /** A file or a further name of one is there, its content verified. */
  restored(bytes: number): void {
    this.#restoredFiles++;
    this.#restoredBytes += bytes;
  }

  metadataProblems(path: string, problems: readonly string[]): void {
    this.#metadataProblems++;
    this.#noted(path, problems.join(' '));
  }

  failed(path: string, message: string): void {
    this.#failedFiles++;
    this.#note(path, message);
  }

  renamed(path: string, name: Buffer): void {
    this.#noted(path, `It was saved as ${name.toString()}, because its own name could not be used.`);
  }

  result(failure: Failure | null): OrderResult {
    return {
      ...this.#asked,
      restoredFiles: this.#restoredFiles,
      restoredBytes: this.#restoredBytes,
      verifiedFiles: this.#restoredFiles,
      metadataProblems: this.#metadataProblems,
      failedFiles: this.#failedFiles,
      problems: this.#problems,
      failure,
    };
  }

  #noted(path: string, message: string): void {
    this.#note(path, message);
    if (this.#notes.length < MOST_PROBLEMS) this.#notes.push({ path, message });
  }

  #note(path: string, message: string): void {
    if (this.#problems.length < MOST_PROBLEMS) this.#problems.push({ path, message });
  }
}
