import type { EngineError } from '../../failure.ts';
import type { PutBackCounts } from '../../../../shared/types.ts';

/** Problems kept; beyond that they are only counted. */
const MOST_PROBLEMS = 1000;

/** What has come of putting an order back so far. Each name counts once, but for `keptBoth` and `replaced`: those count as moved too. */
export class PutBackTally {
  #moved = 0;
  #movedBytes = 0;
  #same = 0;
  #keptBoth = 0;
  #replaced = 0;
  #skipped = 0;
  #missing = 0;
  #failed = 0;
  readonly #problems: { readonly path: string; readonly message: string }[] = [];

  moved(bytes: number): void {
    this.#moved++;
    this.#movedBytes += bytes;
  }

  /** It stood there already. */
  same(): void {
    this.#same++;
  }

  keptBoth(path: string, name: Buffer): void {
    this.#keptBoth++;
    this.#note(path, `Something else stands there; what was restored is beside it as ${name.toString()}.`);
  }

  replaced(): void {
    this.#replaced++;
  }

  skipped(path: string): void {
    this.#skipped++;
    this.#note(path, 'Something else stands there; what was restored stays in the restore folder.');
  }

  missing(path: string): void {
    this.#missing++;
    this.#note(path, 'It is not in the restore folder, or is no longer what was restored.');
  }

  failed(path: string, { message }: Pick<EngineError, 'message'>): void {
    this.#failed++;
    this.#note(path, message);
  }

  metadata(path: string, problems: readonly string[]): void {
    if (problems.length > 0) this.#note(path, problems.join(' '));
  }

  get hasProblems(): boolean {
    return this.#missing + this.#failed > 0;
  }

  get hasReplaced(): boolean {
    return this.#replaced > 0;
  }

  counts(): PutBackCounts {
    return {
      moved: this.#moved,
      movedBytes: this.#movedBytes,
      same: this.#same,
      keptBoth: this.#keptBoth,
      replaced: this.#replaced,
      skipped: this.#skipped,
      missing: this.#missing,
      failed: this.#failed,
      problems: [...this.#problems],
    };
  }

  #note(path: string, message: string): void {
    if (this.#problems.length < MOST_PROBLEMS) this.#problems.push({ path, message });
  }
}
