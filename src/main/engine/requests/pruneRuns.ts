/** Deletions of what nothing needs any more: starts them, looks now and then what is due, and tells how far they are. */
import type { Failure } from '../../../shared/failure.ts';
import type { DeletionDay, OtherWriter, PruneSummary } from '../../../shared/retentionTypes.ts';
import { assertCaughtUp } from '../backup/head.ts';
import { deadPacks, spaceAt, type DeadPack } from '../catalog/deadPacks.ts';
import type { TargetId } from '../catalog/ids.ts';
import { buryUnneeded } from '../catalog/needed.ts';
import { listPlans, type PlanRow } from '../catalog/plans.ts';
import { retiredWriters } from '../catalog/prunings.ts';
import { tombstonesOf } from '../catalog/tombstones.ts';
import { getTarget, listTargets, type TargetRow } from '../catalog/targets.ts';
import { earlyDeletionCharge } from '../cost/earlyDeletion.ts';
import { estimate } from '../cost/estimate.ts';
import { crashpoint } from '../crashpoint.ts';
import { EngineError, toFailure } from '../failure.ts';
import { writerTag } from '../pack/description.ts';
import { pricesOf } from '../restore/quote.ts';
import { letGo, planInStorm } from '../retain/applyRules.ts';
import { deleteDue } from '../retain/deleteDue.ts';
import { daysCharged, deletionDay } from '../retain/deletionDay.ts';
import { folderListing, inventoryListing, type Listing } from '../retain/listing.ts';
import { strangersAt } from '../retain/writers.ts';
import { placeIn } from './vaultArchives.ts';
import { newestInventory } from '../catalog/inventories.ts';
import { localTimezone } from '../schedule/scheduler.ts';
import { VaultJobs } from '../vaults/vaultJobs.ts';
import type { BackupRuns } from './backup.ts';
import type { EngineContext } from './context.ts';
import type { ErrandRuns } from './errandRuns.ts';
import { openHoldings } from './openHoldings.ts';
import { refuseWhileRecovering } from './recovering.ts';
import { refuseClosing } from './vaultUse.ts';

/** How often a resident engine looks whether something is due: days pass slowly. */
const LOOK_EVERY_MS = 3_600_000;
/** What other work has left to be found of no use (a plan that was removed) is looked for so often. */
const BURY_EVERY_MS = 24 * 3_600_000;
/** A deletion that something kept from going on is tried again after this. */
const TRY_AGAIN_MS = 12 * 3_600_000;

interface UnderWay {
  readonly stop: AbortController;
  readonly ended: Promise<void>;
  isWaiting: boolean;
}

export class PruneRuns {
  readonly #context: EngineContext;
  readonly #errands: ErrandRuns;
  readonly #backups: BackupRuns;
  readonly #running = new Map<TargetId, UnderWay>();
  readonly #failed = new Map<TargetId, { readonly failure: Failure; readonly at: number }>();
  readonly #buried = new Map<TargetId, number>();
  readonly #closing = new AbortController();
  #timer: NodeJS.Timeout | null = null;
  #looking: Promise<void> | null = null;

  constructor(context: EngineContext, backups: BackupRuns, errands: ErrandRuns) {
    this.#context = context;
    this.#backups = backups;
    this.#errands = errands;
  }

  /** Looks from now on by itself for what is due. */
  begin(): void {
    const look = (): void => {
      this.#looking ??= this.#look().finally(() => (this.#looking = null));
    };
    this.#timer = setInterval(look, LOOK_EVERY_MS);
    this.#timer.unref();
    look();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    if (this.#timer !== null) clearInterval(this.#timer);
    const running = [...this.#running.values()];
    for (const { stop } of running) stop.abort();
    await Promise.all([...running.map(({ ended }) => ended), this.#looking]);
  }

  /** Applies the rules of all own plans at the target, and buries what nothing needs then. Waits for a run's end. */
  async applyRules(target: TargetRow): Promise<void> {
    const { catalog, events } = this.#context;
    await refuseWhileRecovering(catalog, target.id);
    await this.#backups.between(async () => {
      for (const plan of await listPlans(catalog))
        if (plan.target === target.id) await letGo(catalog, plan, localTimezone(), Date.now());
      crashpoint('rules-applied');
      await buryUnneeded(catalog, target.id, Date.now());
    }, this.#closing.signal);
    events.emit('lists:changed', {});
  }

  /** Begins to delete what is due; it goes on by itself. One that is under way already goes on. */
  start(target: TargetRow): void {
    if (this.#running.has(target.id) || this.#closing.signal.aborted) return;
    const stop = new AbortController();
    const run: UnderWay = { stop, isWaiting: false, ended: Promise.resolve() };
    const ended = this.#run(target, run).finally(() => this.#running.delete(target.id));
    this.#running.set(target.id, { ...run, ended });
  }

  /** Resolves when no deletion at the target is under way. */
  async settled(target: TargetRow): Promise<void> {
    await this.#running.get(target.id)?.ended;
  }

  async summary(target: TargetRow): Promise<PruneSummary> {
    const { catalog } = this.#context;
    const prices = pricesOf(target);
    const space = await spaceAt(catalog, target.id);
    const dead = await deadPacks(catalog, target.id);
    const minimumDays = prices?.minimumDays ?? 0;
    const now = Date.now();
    const charged = dead.filter((pack) => daysCharged(pack, minimumDays, now) > 0);
    const overhead = prices?.overheadBytesPerArchive ?? 0;
    const byteDays = charged.reduce(
      (sum, pack) => sum + (pack.size + overhead) * daysCharged(pack, minimumDays, now),
      0,
    );
    const running = this.#running.get(target.id);
    const nothing = estimate({ kind: 'keep', archives: 0, bytes: 0 }, prices);
    return {
      target: target.name,
      bytes: space.bytes,
      liveBytes: space.liveBytes,
      deadSpace: estimate({ kind: 'keep', archives: 0, bytes: space.bytes - space.liveBytes }, prices),
      days: daysOf(dead, minimumDays),
      chargedNow:
        prices === null ? nothing : earlyDeletionCharge({ archives: charged.length, byteDays }, prices),
      isDeleting: running !== undefined,
      isWaiting: running?.isWaiting === true,
      failure: this.#failed.get(target.id)?.failure ?? null,
    };
  }

  /** Those whose plans are known here, that a listing at hand names, or that were said to be retired. */
  async otherWriters(target: TargetRow): Promise<readonly OtherWriter[]> {
    const { catalog } = this.#context;
    const listing = await this.#listingAtHand(target);
    const others =
      listing === null
        ? []
        : (await strangersAt(catalog, target.id, listing, writerTag(this.#context.writer))).others;
    const retired = await retiredWriters(catalog, target.id);
    const plans = (await listPlans(catalog)).filter(
      (plan) => plan.target === target.id && plan.writer !== null,
    );
    const byTag = Map.groupBy(plans, ({ writer }) => tagOf(Buffer.from(writer ?? '', 'hex')));
    for (const tag of [...retired.keys(), ...others.map(tagText)]) if (!byTag.has(tag)) byTag.set(tag, []);
    return [...byTag].map(([tag, own]) => ({
      tag,
      host: own[0]?.host ?? null,
      plans: own.map(({ name }: PlanRow) => name),
      retiredAt: retired.get(tag) ?? null,
    }));
  }

  async #listingAtHand(target: TargetRow): Promise<Listing | null> {
    const { catalog, keys } = this.#context;
    if (keys.state !== 'open') return null;
    if (target.settings.kind === 'folder')
      return folderListing(target.settings.path, keys.all()).catch(() => null);
    const inventory = await newestInventory(
      catalog,
      await placeIn(this.#context, { at: { target: target.name } }),
    );
    return inventory === undefined ? null : inventoryListing(catalog, inventory, keys.all());
  }

  async #look(): Promise<void> {
    const { catalog, keys, events } = this.#context;
    if (keys.state !== 'open') return;
    try {
      for (const target of await listTargets(catalog)) {
        if (Date.now() - (this.#buried.get(target.id) ?? 0) >= BURY_EVERY_MS) {
          if ((await tombstonesOf(catalog, target.id)).length > 0) await this.applyRules(target);
          this.#buried.set(target.id, Date.now());
        }
        const failed = this.#failed.get(target.id);
        if (failed !== undefined && Date.now() - failed.at < TRY_AGAIN_MS) continue;
        const minimumDays = pricesOf(target)?.minimumDays ?? 0;
        const isDue = (pack: DeadPack): boolean =>
          pack.isSettled && deletionDay(pack, minimumDays) <= Date.now();
        if ((await deadPacks(catalog, target.id)).some(isDue)) this.start(target);
      }
    } catch (error) {
      if (!this.#closing.signal.aborted) events.emit('engine:notice', toFailure(error));
    }
  }

  async #run(target: TargetRow, run: UnderWay): Promise<void> {
    const { catalog, events, keys, writer } = this.#context;
    const { signal } = run.stop;
    const tell = async (): Promise<void> => {
      const row = await getTarget(catalog, target.id);
      if (row !== undefined) events.emit('prune:changed', await this.summary(row));
    };
    const before = this.#failed.get(target.id)?.failure.message;
    try {
      await refuseWhileRecovering(catalog, target.id);
      await refuseClosing(catalog, target);
      // An old copy of the catalog knows less than was told.
      assertCaughtUp(this.#context.profile.heads, target, keys.all());
      await this.#refuseStorm(target);
      const { holdings, close } = await openHoldings(
        this.#context,
        this.#errands,
        new VaultJobs(catalog),
        target,
        {
          signal,
          onWaiting: async (isWaiting) => {
            const now = this.#running.get(target.id);
            if (now !== undefined) now.isWaiting = isWaiting;
            await tell();
          },
        },
      );
      try {
        await deleteDue({
          ...{ catalog, targetRow: target, holdings, signal, onChange: tell },
          keys: keys.all(),
          ownTag: writerTag(writer),
          minimumDays: pricesOf(target)?.minimumDays ?? 0,
        });
      } finally {
        close();
      }
      this.#failed.delete(target.id);
    } catch (error) {
      if (signal.aborted) return;
      const failure = toFailure(error);
      this.#failed.set(target.id, { failure, at: Date.now() });
      // Said once, not every half day.
      if (failure.message !== before) events.emit('engine:notice', failure);
    } finally {
      this.#running.delete(target.id);
      if (!signal.aborted) await tell();
    }
  }

  async #refuseStorm(target: TargetRow): Promise<void> {
    const { catalog } = this.#context;
    const plan = await planInStorm(catalog, target.id);
    if (plan === null) return;
    throw new EngineError(
      'conflict',
      `Most files of ${plan} changed at once; until somebody has looked at that, nothing is deleted at ${target.name}.`,
      `See what changed: permafrost diff. If it is as it should be: permafrost prune --accept-changes ${plan}.`,
      { safe: 'All snapshots before it are kept.' },
    );
  }
}

/** What may be deleted, by the day from which it costs nothing. */
function daysOf(dead: readonly DeadPack[], minimumDays: number): readonly DeletionDay[] {
  const days = new Map<number, { archives: number; bytes: number }>();
  for (const pack of dead) {
    const day = startOfDay(deletionDay(pack, minimumDays));
    const before = days.get(day) ?? { archives: 0, bytes: 0 };
    days.set(day, { archives: before.archives + 1, bytes: before.bytes + pack.size });
  }
  return [...days].sort(([a], [b]) => a - b).map(([day, sums]) => ({ day, ...sums }));
}

function startOfDay(at: number): number {
  const date = new Date(at);
  return new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
}

/** Four hex digits, as people are shown it. */
function tagOf(writer: Buffer): string {
  return tagText(writerTag(writer));
}

function tagText(tag: number): string {
  return tag.toString(16).padStart(4, '0');
}
