/**
 * The engine: everything Permafrost does, built from one profile folder, behind the contract.
 * It knows no host; a host opens it, asks through `request` and listens through `on`.
 */
import { existsSync, renameSync } from 'node:fs';
import type {
  Door,
  EventName,
  Events,
  Outputs,
  RequestInput,
  RequestName,
  Routes,
} from '../../shared/contract.ts';
import type { Reply } from '../../shared/failure.ts';
import { recoverRuns } from './backup/recover.ts';
import { openCatalog, type Catalog } from './catalog/catalog.ts';
import { lockProfile, type ProfileLock } from './catalog/lock.ts';
import { writeSetting } from './catalog/settings.ts';
import { EngineEvents } from './events.ts';
import { EngineError, toFailure } from './failure.ts';
import { collectEvery } from './garbage.ts';
import { recallAwsKeys } from './keys/awsKeys.ts';
import { KeyRing } from './keys/keyRing.ts';
import { selfTest } from './keys/selfTest.ts';
import type { KdfCost } from './keys/slotFile.ts';
import { PracticeVaults } from './practiceVaults.ts';
import { settleInstallation } from './installation.ts';
import { formerWriter, openProfile, renewWriter, type ProfileFolders, writerId } from './profile.ts';
import { BackupRuns, backupRoutes } from './requests/backup.ts';
import { browseRoutes } from './requests/browse.ts';
import { checkRoutes } from './requests/check.ts';
import { CheckRuns } from './requests/checkRuns.ts';
import type { EngineContext } from './requests/context.ts';
import { clearingRoutes } from './requests/clearings.ts';
import { dispatch } from './requests/dispatch.ts';
import { ErrandRuns } from './requests/errandRuns.ts';
import { errandRoutes } from './requests/errands.ts';
import { assertOwnKeys } from './requests/keyCheck.ts';
import { KeptSegments } from './restore/keptSegments.ts';
import { PruneRuns } from './requests/pruneRuns.ts';
import { retentionRoutes } from './requests/retention.ts';
import { costRoutes, Purse } from './requests/costs.ts';
import { Leave } from './requests/leave.ts';
import { historyRoutes } from './requests/history.ts';
import { scheduleRoutes } from './requests/schedule.ts';
import { limitAt, type Surroundings } from './schedule/conditions.ts';
import { localTimezone, Scheduler } from './schedule/scheduler.ts';
import { readSurroundings } from './schedule/surroundings.ts';
import { readUnattended } from './schedule/unattended.ts';
import { UploadRate } from './target/uploadRate.ts';
import { PlanWatches } from './watch/planWatches.ts';
import { PutBacks } from './requests/putBacks.ts';
import { OrderRuns } from './requests/orderRuns.ts';
import { planRoutes } from './requests/plans.ts';
import { practiceRoutes } from './requests/practice.ts';
import { keyRoutes } from './requests/keys.ts';
import { kitRoutes } from './requests/kit.ts';
import { profileRoutes } from './requests/profile.ts';
import { recoverRoutes } from './requests/recover.ts';
import { FORMER_WRITER, RecoveryRuns } from './requests/recoveryRuns.ts';
import { restoreRoutes } from './requests/restore.ts';
import { targetRoutes } from './requests/targets.ts';
import { vaultArchiveRoutes } from './requests/vaultArchives.ts';
import { vaultJobRoutes } from './requests/vaultJobs.ts';
import { vaultRoutes } from './requests/vaults.ts';
import { vaultSettingsRoutes } from './requests/vaultSettings.ts';
import { vaultTransferRoutes } from './requests/vaultTransfers.ts';
import { TargetOpener, type LineOptions } from './target/openTarget.ts';

/** Dead buffers in the engine's own thread between two collections: parts sent, pieces fetched, frames decoded. */
const GARBAGE_BYTES = 32 * 1024 * 1024;

/** How often a resident engine tries orders again that were stopped. */
const CARRY_ON_EVERY_MS = 5 * 60_000;

export interface EngineOptions {
  /** The profile folder, a full path; made (0700) if it does not exist. */
  readonly profile: string;
  /** Who opens it, for the message a second start gets: "cli backup", "serve". */
  readonly host: string;
  /** It stays open for hours: orders under way are carried on by themselves as soon as the keys are there. */
  readonly resident?: boolean;
  /** A catalog that is lost or damaged may be made anew from a target: it is empty then. */
  readonly rebuild?: boolean;
  /** Cost of each guess at a passphrase that is set from now on; lowered by tests alone. */
  readonly kdfCost?: KdfCost;
  /** Where the computer is, as far as the host can tell; by default what Linux tells by itself. */
  readonly surroundings?: () => Promise<Surroundings>;
  /** Time and limits of requests to a service; changed by tests alone. */
  readonly line?: LineOptions;
}

export interface Engine extends Door {
  /** A request whose name and input come from outside: parsed before anything happens. */
  dispatch(name: string, input: unknown): Promise<Reply<unknown>>;
  /** Pauses what is under way at a safe point and frees the profile. */
  close(): Promise<void>;
}

/** @throws EngineError `busy` when another engine uses the profile, and what keeps it from being opened */
export async function openEngine(options: EngineOptions): Promise<Engine> {
  const lock = await lockProfile(options.profile, options.host, Date.now());
  try {
    await selfTest();
    collectEvery(GARBAGE_BYTES);
    const profile = openProfile(options.profile);
    const catalog = await (options.rebuild === true ? rebuiltCatalog(profile) : ownCatalog(profile));
    try {
      await recoverRuns(catalog, profile.staging);
      return await build(options, profile, catalog, lock);
    } catch (error) {
      await catalog.close();
      throw error;
    }
  } catch (error) {
    await lock.release();
    throw error;
  }
}

async function build(
  options: EngineOptions,
  profile: ProfileFolders,
  catalog: Catalog,
  lock: ProfileLock,
): Promise<Engine> {
  const practice = new PracticeVaults(profile.practice);
  const writer = writerId(profile);
  await settleInstallation(catalog, profile.heads, writer.toString('hex'));
  const limits = { now: (await readUnattended(catalog)).limits };
  const context: EngineContext = {
    profile,
    writer,
    catalog,
    keys: new KeyRing(profile.keys, writer.toString('hex'), options.kdfCost),
    targets: new TargetOpener(
      (uid, speed) => practice.service(uid, speed),
      recallAwsKeys,
      options.line,
      new UploadRate(() => limitAt(limits.now, Date.now(), localTimezone())),
    ),
    kept: new KeptSegments(profile.kept, catalog),
    events: new EngineEvents(),
  };
  const takeLimits = async (): Promise<void> => {
    limits.now = (await readUnattended(catalog)).limits;
  };
  context.events.on('lists:changed', () => void takeLimits().catch(() => undefined));
  const purse = new Purse(context);
  const leave = new Leave(context, purse, options.surroundings ?? (() => readSurroundings()));
  const runs = new BackupRuns(context, leave);
  const putBacks = new PutBacks(context);
  const orders = new OrderRuns(context, putBacks);
  await orders.tidy();
  await context.kept.tidy();
  const errands = new ErrandRuns(context, runs);
  const checks = new CheckRuns(context, runs, errands);
  const prunes = new PruneRuns(context, runs, errands);
  const recoveries = new RecoveryRuns(context, errands);
  await recoveries.tidy();
  const watches =
    options.resident === true
      ? new PlanWatches({
          catalog,
          onHint: () => scheduler?.lookSoon(),
          onNotice: (failure) => context.events.emit('engine:notice', failure),
        })
      : null;
  const scheduler: Scheduler | null =
    options.resident === true
      ? new Scheduler({
          catalog,
          isOpen: () => context.keys.state === 'open',
          isBusy: () => runs.isBusy,
          start: (plan) => runs.start(plan, false, 'unattended'),
          mayBegin: () => leave.mayBegin(),
          changeDueAt: (plan) => watches?.dueAt(plan) ?? null,
          onNotice: (failure) => context.events.emit('engine:notice', failure),
        })
      : null;
  const routes: Routes = {
    ...profileRoutes(context),
    ...keyRoutes(context),
    ...kitRoutes(context),
    ...recoverRoutes(context, recoveries),
    ...targetRoutes(context),
    ...planRoutes(context, (name) => runs.isWaiting(name)),
    ...scheduleRoutes(context, leave, () => scheduler?.look()),
    ...backupRoutes(context, runs),
    ...browseRoutes(context),
    ...restoreRoutes(context, orders, putBacks),
    ...putBacks.routes(),
    ...vaultRoutes(context),
    ...vaultSettingsRoutes(context),
    ...vaultArchiveRoutes(context, errands),
    ...vaultTransferRoutes(context, errands),
    ...vaultJobRoutes(context),
    ...clearingRoutes(context, errands),
    ...errandRoutes(context, errands),
    ...checkRoutes(context, checks, errands),
    ...retentionRoutes(context, runs, prunes),
    ...costRoutes(context, purse),
    ...historyRoutes(context),
    ...practiceRoutes(context, (uid, speed, ms) => practice.advance(uid, speed, ms)),
  };
  // A keychain with other keys than this profile's is as good as none: the passphrase is asked for.
  if (await context.keys.unlockFromKeychain())
    await assertOwnKeys(catalog, context.keys).catch(() => undefined);
  const stopCarrying =
    options.resident === true ? carryOn(context, { orders, errands, checks, recoveries }) : () => undefined;
  if (options.resident === true) prunes.begin();
  const stopScheduling =
    scheduler === null || watches === null
      ? () => Promise.resolve()
      : runByItself(context, scheduler, watches);

  return {
    dispatch: (name, input) => dispatch(routes, name, input),
    // The contract's table pairs each name with its output; `dispatch` cannot express that across its boundary.
    request: async <R extends RequestName>(name: R, input: RequestInput<R>) =>
      (await dispatch(routes, name, input)) as Reply<Outputs[R]>,
    on: <E extends EventName>(event: E, listener: (payload: Events[E]) => void) =>
      context.events.on(event, listener),
    async close() {
      stopCarrying();
      await stopScheduling();
      await prunes.close();
      await runs.close();
      await orders.close();
      await putBacks.close();
      await recoveries.close();
      await checks.close();
      await errands.close();
      await practice.close();
      await catalog.close();
      await lock.release();
    },
  };
}

/** A profile that was used has a catalog; a fresh one in its place would take everything for not yet stored. */
async function ownCatalog(profile: ProfileFolders): Promise<Catalog> {
  if (isCatalogLost(profile)) {
    throw new EngineError(
      'not-found',
      `The catalog of this profile is missing (${profile.catalog}).`,
      'Make it anew from a target: permafrost recover, with where the archives are.',
      { safe: 'The archives at the targets are not affected.' },
    );
  }
  return openCatalog(profile.catalog, existsSync(profile.keys));
}

function isCatalogLost(profile: ProfileFolders): boolean {
  return existsSync(profile.keys) && !existsSync(profile.catalog);
}

/**
 * The catalog, or an empty one in the place of one that is lost or damaged (which is kept under another name). With that goes
 * a new id: nobody knows any more what was told under the old one.
 */
async function rebuiltCatalog(profile: ProfileFolders): Promise<Catalog> {
  if (!isCatalogLost(profile)) {
    try {
      return await openCatalog(profile.catalog, existsSync(profile.keys));
    } catch (error) {
      if (!(error instanceof EngineError) || error.kind !== 'corrupt') throw error;
      quarantine(profile.catalog);
    }
  }
  const former = formerWriter(profile);
  renewWriter(profile);
  const catalog = await openCatalog(profile.catalog);
  await catalog.transaction((tx) => writeSetting(tx, FORMER_WRITER, former ?? undefined));
  return catalog;
}

function quarantine(catalog: string): void {
  const suffix = `.damaged-${new Date().toISOString().replace(/[:.]/g, '-')}`;
  for (const part of ['', '-wal', '-shm'])
    if (existsSync(catalog + part)) renameSync(catalog + part, `${catalog}${suffix}${part}`);
}

interface Resumed {
  readonly orders: OrderRuns;
  readonly errands: ErrandRuns;
  readonly checks: CheckRuns;
  readonly recoveries: RecoveryRuns;
}

/**
 * Errands, a recovery and, once the profile is unlocked, orders and checks go on now and after what stopped them for a while (a network, a disk).
 */
function carryOn(
  { keys, events }: EngineContext,
  { orders, errands, checks, recoveries }: Resumed,
): () => void {
  const tell = (error: unknown): void => events.emit('engine:notice', toFailure(error));
  const resume = (): void => {
    errands.resume(true).catch(tell);
    recoveries.resume().catch(tell);
    if (keys.state !== 'open') return;
    orders.resume(true).catch(tell);
    checks.resume().catch(tell);
  };
  const off = events.on('profile:changed', resume);
  const timer = setInterval(resume, CARRY_ON_EVERY_MS);
  timer.unref();
  resume();
  return () => {
    clearInterval(timer);
    off();
  };
}

/** Lets plans run when they are due; what has ended, changed or been unlocked may make room for one. */
function runByItself(
  { events }: EngineContext,
  scheduler: Scheduler,
  watches: PlanWatches,
): () => Promise<void> {
  const look = (): void => scheduler.look();
  const tell = (error: unknown): void => events.emit('engine:notice', toFailure(error));
  const ends = [
    events.on('run:started', ({ plan }) => watches.begun(plan)),
    events.on('run:ended', ({ plan }) => {
      watches.ended(plan);
      look();
    }),
    events.on('lists:changed', () => {
      watches.sync().catch(tell);
      look();
    }),
    events.on('profile:changed', look),
  ];
  watches.sync().catch(tell);
  scheduler.begin(() => watches.scanAll());
  return async () => {
    for (const end of ends) end();
    await scheduler.close();
    await watches.close();
  };
}

/** What hosts need of failures: to make their own, and to translate what they catch. */
export { EngineError, toFailure } from './failure.ts';
/** What a backup would cost at a vault, for the demo's account. */
export { estimate } from './cost/estimate.ts';
export { vaultPrices } from './cost/prices.ts';

/** Where every host looks for the profile when nobody says otherwise. */
export { defaultProfile, thisSystem } from './defaultProfile.ts';
