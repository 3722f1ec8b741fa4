/**
 * Runs plans when they are due, as long as the engine stays: looks now and then at what the catalog says, starts the plan
 * that has waited longest, and looks again when a run has ended. The looks are frequent and cheap, because a computer sleeps
 * and its clock is set: no timer is trusted over hours.
 */
import type { Failure } from '../../../shared/failure.ts';
import { readSchedule } from '../../../shared/schedule.ts';
import type { Catalog } from '../catalog/catalog.ts';
import type { Reader } from '../catalog/db.ts';
import { listPlans, type PlanRow } from '../catalog/plans.ts';
import { lastRun, type RunRow } from '../catalog/runs.ts';
import { toFailure } from '../failure.ts';
import { dueAt, whoseTurn } from './nextRun.ts';
import { readUnattended } from './unattended.ts';

const LOOK_EVERY_MS = 20_000;
const SOON_MS = 1000;
/** Looks that are so far apart were parted by sleep. */
const ASLEEP_MS = 5 * 60_000;
/** A plan whose run could not even begin (its target is being closed, a source is not connected) waits so long. */
const NOT_BEGUN_MS = 30 * 60_000;

export interface SchedulerOptions {
  readonly catalog: Catalog;
  /** Keys are open, so that a run can be begun at all. */
  readonly isOpen: () => boolean;
  /** A run is under way. */
  readonly isBusy: () => boolean;
  /** Resolves when the run has begun. */
  readonly start: (plan: string) => Promise<unknown>;
  readonly onNotice: (failure: Failure) => void;
  /** When a plan is due because something has changed, epoch ms; by default nothing tells. */
  readonly changeDueAt?: (plan: string) => number | null;
  /** Asked when a plan is due: whether anything may begin by itself just now. By default it may. */
  readonly mayBegin?: () => Promise<boolean>;
  /** Epoch ms; by default this computer's clock. */
  readonly now?: () => number;
  /** By default this computer's. */
  readonly timezone?: string;
}

export class Scheduler {
  readonly #options: SchedulerOptions;
  readonly #now: () => number;
  readonly #timezone: string;
  /** Plans whose run could not begin, and when to try them again. */
  readonly #notBegun = new Map<string, number>();
  #looking: Promise<void> | null = null;
  #timer: NodeJS.Timeout | null = null;
  #soon: NodeJS.Timeout | null = null;

  constructor(options: SchedulerOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#timezone = options.timezone ?? localTimezone();
  }

  /** Looks from now on by itself. @param onWake called when it did not get to look for long: the computer slept */
  begin(onWake: () => void = () => undefined): void {
    let lookedAt = this.#now();
    this.#timer = setInterval(() => {
      const now = this.#now();
      if (now - lookedAt > ASLEEP_MS) onWake();
      lookedAt = now;
      this.look();
    }, LOOK_EVERY_MS);
    this.#timer.unref();
    this.look();
  }

  /** Something hints at a plan that may be due before long: the next look sees it. */
  lookSoon(): void {
    this.#soon ??= setTimeout(() => {
      this.#soon = null;
      this.look();
    }, SOON_MS);
    this.#soon.unref();
  }

  /** Looks at once, if it is not doing so: something has ended or changed. */
  look(): void {
    this.#looking ??= this.lookOnce()
      .catch((error: unknown) => this.#options.onNotice(toFailure(error)))
      .finally(() => (this.#looking = null));
  }

  /** Resolves when no look is under way and none will be. */
  async close(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    if (this.#soon !== null) clearTimeout(this.#soon);
    await this.#looking;
  }

  /** Begins the run of one plan, if one is due and may begin. */
  async lookOnce(): Promise<void> {
    const { catalog, isOpen, isBusy, start, onNotice } = this.#options;
    if (!isOpen() || isBusy()) return;
    const now = this.#now();
    const plans: { name: string; dueAt: number | null }[] = [];
    for (const plan of await listPlans(catalog)) {
      const scheduled = await nextRunOf(catalog, plan, this.#timezone);
      const changed = this.#options.changeDueAt?.(plan.name) ?? null;
      const due =
        scheduled === null || changed === null ? (scheduled ?? changed) : Math.min(scheduled, changed);
      const waitUntil = this.#notBegun.get(plan.name) ?? 0;
      plans.push({ name: plan.name, dueAt: due === null ? null : Math.max(due, waitUntil) });
    }
    const next = whoseTurn(plans, await readUnattended(catalog), now, this.#timezone);
    if (next === undefined || (await this.#options.mayBegin?.()) === false) return;
    try {
      await start(next.name);
      this.#notBegun.delete(next.name);
    } catch (error) {
      if (isBusy()) return; // somebody was quicker; the end of that run is heard of
      this.#notBegun.set(next.name, now + NOT_BEGUN_MS);
      onNotice(toFailure(error));
    }
  }
}

/** When the plan runs by itself next, epoch ms; past: as soon as it may. Null for never. */
export async function nextRunOf(
  db: Reader,
  plan: PlanRow,
  timezone = localTimezone(),
): Promise<number | null> {
  // Of another installation: only its owner runs it.
  const schedule = plan.writer === null ? readSchedule(plan.schedule) : null;
  if (schedule === null || schedule.kind === 'manual') return null;
  const run = await lastRun(db, plan.id);
  return dueAt(schedule, plan.scheduledAt, run === undefined ? null : endOf(run), timezone);
}

function endOf({ startedAt, endedAt, state, failure }: RunRow) {
  const mayPass = failure?.kind === 'offline' || failure?.kind === 'throttled';
  return { startedAt, endedAt, hasFailedForNow: state === 'failed' && mayPass };
}

/** This computer's, by its name. */
export function localTimezone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}
