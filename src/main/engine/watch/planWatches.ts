/** Plans that run when something has changed: their sources are watched, and it is said when each is due. */
import type { Failure } from '../../../shared/failure.ts';
import { readSchedule } from '../../../shared/schedule.ts';
import type { Catalog } from '../catalog/catalog.ts';
import { listPlans, type PlanRow } from '../catalog/plans.ts';
import { dueAfter, hinted, type Hints, noHints, taken } from './settle.ts';
import { SourceWatcher } from './sourceWatcher.ts';

/** Where nothing hints at changes, a scan finds them so often. */
const SCAN_EVERY_MS = 3_600_000;

interface Watched {
  /** Of sources and rules: another one is watched anew. */
  readonly key: string;
  readonly sources: readonly SourceWatcher[];
  readonly settledMs: number;
  hints: Hints;
  lastRunAt: number;
}

export interface PlanWatchesOptions {
  readonly catalog: Catalog;
  /** A plan may be due: there was a hint. */
  readonly onHint: () => void;
  readonly onNotice: (failure: Failure) => void;
  readonly now?: () => number;
}

export class PlanWatches {
  readonly #options: PlanWatchesOptions;
  readonly #now: () => number;
  readonly #plans = new Map<string, Watched>();
  #syncing: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(options: PlanWatchesOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  /** Watches what plans want watched now. What begins to be watched is scanned once: it may have changed before. */
  sync(): Promise<void> {
    this.#syncing = this.#syncing.then(() => this.#sync());
    return this.#syncing;
  }

  /** When the plan is due because of what has changed, epoch ms; null for one that is not watched, or did not change. */
  dueAt(plan: string): number | null {
    const watched = this.#plans.get(plan);
    if (watched === undefined) return null;
    const due = dueAfter(watched.hints, watched.settledMs);
    if (!watched.sources.some(({ isBlind }) => isBlind)) return due;
    return Math.min(due ?? Infinity, watched.lastRunAt + SCAN_EVERY_MS);
  }

  /** A run of the plan has begun: it takes what was hinted at until now. */
  begun(plan: string): void {
    const watched = this.#plans.get(plan);
    if (watched === undefined) return;
    watched.lastRunAt = this.#now();
    watched.hints = taken(watched.hints, watched.lastRunAt);
  }

  /** A run of the plan has ended: folders that it found are watched from now on. */
  ended(plan: string): void {
    for (const source of this.#plans.get(plan)?.sources ?? []) void source.refresh();
  }

  /** The computer slept, or the system lost events: everything may have changed. */
  scanAll(): void {
    for (const watched of this.#plans.values()) atOnce(watched, this.#now());
    this.#options.onHint();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#syncing;
    for (const { sources } of this.#plans.values()) for (const source of sources) await source.close();
    this.#plans.clear();
  }

  async #sync(): Promise<void> {
    if (this.#isClosed) return;
    const wanted = (await listPlans(this.#options.catalog)).filter(isWatched);
    for (const [name, watched] of this.#plans) {
      const plan = wanted.find((one) => one.name === name);
      if (plan !== undefined && keyOf(plan) === watched.key) continue;
      this.#plans.delete(name);
      for (const source of watched.sources) await source.close();
    }
    for (const plan of wanted) if (!this.#plans.has(plan.name)) this.#watch(plan);
  }

  #watch(plan: PlanRow): void {
    const schedule = readSchedule(plan.schedule);
    const now = this.#now();
    const watched: Watched = {
      key: keyOf(plan),
      settledMs: (schedule?.kind === 'changed' ? schedule.settledMinutes : 2) * 60_000,
      hints: noHints,
      lastRunAt: now,
      sources: plan.sources.map(
        (source) =>
          new SourceWatcher({
            root: source.toString(),
            excludes: plan.excludes,
            onHint: () => {
              watched.hints = hinted(watched.hints, this.#now());
              this.#options.onHint();
            },
            onBlind: (message) =>
              this.#options.onNotice({
                kind: 'unsupported',
                message,
                advice: 'Nothing is missed by that; changes are only found later.',
              }),
          }),
      ),
    };
    atOnce(watched, now);
    this.#plans.set(plan.name, watched);
    this.#options.onHint();
    for (const source of watched.sources) void source.refresh();
  }
}

/** A scan is due now: nobody knows what has changed. */
function atOnce(watched: Watched, now: number): void {
  watched.hints = hinted(watched.hints, now - watched.settledMs);
}

function isWatched({ writer, schedule }: PlanRow): boolean {
  return writer === null && readSchedule(schedule)?.kind === 'changed';
}

function keyOf({ sources, excludes, schedule }: PlanRow): string {
  return JSON.stringify([sources.map((source) => source.toString('hex')), excludes, schedule]);
}
