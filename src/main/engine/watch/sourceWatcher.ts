/**
 * Watches one source folder for hints that something in it has changed; what has changed is for the walk to find out.
 *
 * Each folder gets a watcher of its own that looks at nothing below it, and they start one after the other: one watcher over
 * a large tree would take hundreds of MiB while it starts, and hold the event loop up (100,000 files in 200 folders: 345 MiB
 * at once, 40 MiB one by one). Files are not watched at all: their folder tells of them.
 */
import { watch, type FSWatcher } from 'chokidar';
import { parseRules } from '../scan/rules.ts';
import { errorCode } from '../failure.ts';
import { foldersBelow } from './folders.ts';

export interface SourceWatcherOptions {
  /** Full path. */
  readonly root: string;
  /** Rules of the plan, as text. */
  readonly excludes: readonly string[];
  readonly onHint: () => void;
  /** It cannot be watched any more, and why, in a sentence: it has to be scanned from time to time. */
  readonly onBlind: (why: string) => void;
  /** Watches one folder; changed by tests alone. */
  readonly open?: typeof watch;
}

export class SourceWatcher {
  readonly #options: SourceWatcherOptions;
  readonly #watchers = new Map<string, FSWatcher>();
  #isClosed = false;
  #isBlind = false;
  #refreshing: Promise<void> = Promise.resolve();

  constructor(options: SourceWatcherOptions) {
    this.#options = options;
  }

  get isBlind(): boolean {
    return this.#isBlind;
  }

  get folders(): number {
    return this.#watchers.size;
  }

  /** Watches folders that have come, forgets those that have gone. To be called again after each scan. */
  refresh(): Promise<void> {
    this.#refreshing = this.#refreshing.then(() => this.#refresh());
    return this.#refreshing;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#refreshing;
    await this.#closeAll();
  }

  async #refresh(): Promise<void> {
    const { root, excludes } = this.#options;
    const seen = new Set<string>();
    for await (const folder of foldersBelow(root, parseRules(excludes))) {
      if (this.#isClosed || this.#isBlind) break;
      seen.add(folder);
      if (!this.#watchers.has(folder)) await this.#add(folder);
    }
    if (this.#isClosed) return;
    if (this.#isBlind) return this.#closeAll();
    for (const [folder, watcher] of this.#watchers) {
      if (seen.has(folder)) continue;
      this.#watchers.delete(folder);
      await watcher.close();
    }
  }

  async #add(folder: string): Promise<void> {
    const watcher = (this.#options.open ?? watch)(folder, {
      ignoreInitial: true,
      followSymlinks: false,
      depth: 0,
      ignored: (path) => path !== folder,
    });
    this.#watchers.set(folder, watcher);
    watcher.on('raw', () => this.#options.onHint());
    watcher.on('error', (error) => this.#failed(error));
    await new Promise<void>((resolve) => {
      watcher.once('ready', resolve);
      watcher.once('error', () => resolve());
    });
  }

  #failed(error: unknown): void {
    const code = errorCode(error);
    // A folder that went away is no trouble.
    if (this.#isBlind || code === 'ENOENT' || code === 'EPERM' || code === 'EACCES') return;
    this.#isBlind = true;
    const limit = code === 'ENOSPC' || code === 'EMFILE';
    this.#options.onBlind(
      limit
        ? `The system lets no more folders be watched than it does now, so ${this.#options.root} is scanned every hour instead. On Linux, raise fs.inotify.max_user_watches.`
        : `Watching ${this.#options.root} failed (${code ?? String(error)}), so it is scanned every hour instead.`,
    );
  }

  async #closeAll(): Promise<void> {
    const all = [...this.#watchers.values()];
    this.#watchers.clear();
    await Promise.all(all.map((watcher) => watcher.close()));
  }
}
