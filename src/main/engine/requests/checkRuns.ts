/** Checks under way: starts them, carries them on, tells how far they are, and stops them. */
import type { CheckOutcome, CheckSummary } from '../../../shared/checkTypes.ts';
import type { FailureKind } from '../../../shared/failure.ts';
import { checkCatalog } from '../catalog/catalog.ts';
import { getCheck, openChecks, updateCheck, type CheckRow } from '../catalog/checks.ts';
import { findErrands } from '../catalog/errands.ts';
import type { CheckKey } from '../catalog/ids.ts';
import { newestInventory, type InventoryPlace, type InventoryRow } from '../catalog/inventories.ts';
import { addRequests } from '../catalog/requests.ts';
import { getTarget, type TargetRow } from '../catalog/targets.ts';
import { getVaultJob } from '../catalog/vaultJobs.ts';
import type { CheckJob, Holdings } from '../check/checkJob.ts';
import { runCheck } from '../check/runCheck.ts';
import { crashpoint } from '../crashpoint.ts';
import { EngineError, toFailure } from '../failure.ts';
import type { VaultService } from '../target/service.ts';
import type { InventoryProgress } from '../vaults/inventoryErrand.ts';
import { VaultJobs } from '../vaults/vaultJobs.ts';
import type { BackupRuns } from './backup.ts';
import { checkSummary } from './checkSummary.ts';
import type { EngineContext } from './context.ts';
import type { ErrandRuns } from './errandRuns.ts';
import { RequestCounts } from './requestCounts.ts';
import { placeIn, vaultArchiveRoutes } from './vaultArchives.ts';
import { openService } from './vaultPlace.ts';

/** Nobody waits for each request: long enough for a router's restart. */
const PATIENCE_MS = 15 * 60_000;

/** After these it is over. Everything else is tried again when it is carried on. */
const finalKinds: readonly FailureKind[] = ['unsupported', 'closed', 'bug'];

interface InventoryWish extends Pick<CheckJob, 'signal' | 'onWaiting'> {
  /** Its name. */
  readonly target: string;
  readonly place: InventoryPlace;
  readonly service: VaultService;
}

interface UnderWay {
  readonly stop: AbortController;
  readonly ended: Promise<void>;
}

export class CheckRuns {
  readonly #context: EngineContext;
  readonly #backups: BackupRuns;
  readonly #errands: ErrandRuns;
  readonly #jobs: VaultJobs;
  readonly #running = new Map<CheckKey, UnderWay>();
  /** Those of which everything was asked for. */
  readonly #waiting = new Set<CheckKey>();
  #isClosing = false;

  constructor(context: EngineContext, backups: BackupRuns, errands: ErrandRuns) {
    this.#context = context;
    this.#backups = backups;
    this.#errands = errands;
    this.#jobs = new VaultJobs(context.catalog);
  }

  /** Goes on by itself; `check:changed` tells how. A second call for the same check does nothing. */
  start(row: CheckRow): void {
    if (this.#running.has(row.id) || this.#isClosing) return;
    const stop = new AbortController();
    const ended = this.#run(row.id, stop.signal).finally(() => {
      this.#running.delete(row.id);
      this.#waiting.delete(row.id);
    });
    this.#running.set(row.id, { stop, ended });
  }

  summary(row: CheckRow): Promise<CheckSummary> {
    return checkSummary(this.#context.catalog, row, row.endedAt === null && this.#waiting.has(row.id));
  }

  /** Carries on those that have not ended and are not under way. */
  async resume(): Promise<void> {
    for (const row of await openChecks(this.#context.catalog)) this.start(row);
  }

  /** What was found and proven stays; what was asked for is paid. */
  async cancel(row: CheckRow): Promise<void> {
    const running = this.#running.get(row.id);
    running?.stop.abort();
    await running?.ended;
    const now = await getCheck(this.#context.catalog, row.id);
    if (now?.endedAt === null) await this.#end(now.id, 'cancelled');
  }

  /** Pauses everything at a safe point; it goes on with the next start. */
  async close(): Promise<void> {
    this.#isClosing = true;
    const running = [...this.#running.values()];
    for (const { stop } of running) stop.abort();
    await Promise.all(running.map(({ ended }) => ended));
  }

  async #run(id: CheckKey, signal: AbortSignal): Promise<void> {
    const { catalog, events } = this.#context;
    try {
      await catalog.transaction((tx) => updateCheck(tx, id, { failure: null }));
      const check = await getCheck(catalog, id);
      const targetRow = check && (await getTarget(catalog, check.target));
      if (targetRow === undefined || check === undefined || check.endedAt !== null) return;
      await this.#end(id, await this.#work(check, targetRow, signal));
    } catch (error) {
      if (signal.aborted) return;
      await this.#stopped(id, error).catch((second: unknown) =>
        events.emit('engine:notice', toFailure(second)),
      );
    }
  }

  async #work(check: CheckRow, targetRow: TargetRow, signal: AbortSignal): Promise<CheckOutcome> {
    const { catalog, keys, profile, targets } = this.#context;
    // What is held against the target has to be sound itself.
    await checkCatalog(catalog, profile.catalog);
    const ledger = new RequestCounts();
    const onWaiting = async (isWaiting: boolean): Promise<void> => {
      if (isWaiting) this.#waiting.add(check.id);
      else if (!this.#waiting.delete(check.id)) return;
      await this.#tell(check.id);
    };
    const { holdings, close } = await this.#holdings(targetRow, signal, onWaiting);
    const target = await targets.open(targetRow, {
      onRequest: (operation, bytes) => ledger.add(operation, bytes),
    });
    const job: CheckJob = {
      check,
      targetRow,
      target,
      holdings,
      catalog,
      keys,
      signal,
      betweenBackups: (act) => this.#backups.between(act, signal),
      onWaiting,
      onChange: () => this.#tell(check.id),
    };
    try {
      return await runCheck(job);
    } finally {
      target.close();
      close();
      const at = Date.now();
      const rows = ledger.take().map((row) => ({ ...row, at, target: targetRow.id, run: null, order: null }));
      await catalog.transaction((tx) => addRequests(tx, rows));
    }
  }

  async #holdings(
    { name, settings }: TargetRow,
    signal: AbortSignal,
    onWaiting: CheckJob['onWaiting'],
  ): Promise<{ readonly holdings: Holdings; readonly close: () => void }> {
    if (settings.kind === 'folder')
      return { holdings: { kind: 'folder', dir: settings.path }, close: () => undefined };
    const at = { target: name } as const;
    const place = await placeIn(this.#context, { at });
    const service = await openService(this.#context, at, { patienceMs: PATIENCE_MS });
    const inventory = (): Promise<InventoryRow | null> =>
      this.#inventory({ target: name, place, service, signal, onWaiting });
    const holdings: Holdings = { kind: 'vault', service, place, jobs: this.#jobs, inventory };
    return { holdings, close: () => service.close() };
  }

  /** The kept inventory if the service has no newer one; else that is asked for, once, and waited for. */
  async #inventory(wish: InventoryWish): Promise<InventoryRow | null> {
    const { catalog } = this.#context;
    const { place, service, signal } = wish;
    const { inventoryAt } = await service.describeVault(place.vault, signal);
    const kept = await newestInventory(catalog, place);
    if (inventoryAt === null) return null;
    // The service writes whole seconds into an inventory.
    if (kept !== undefined && kept.takenAt >= Math.floor(inventoryAt / 1000) * 1000) return kept;
    await this.#errandFor(wish);
    await wish.onWaiting(false);
    const read = await newestInventory(catalog, place);
    if (read === undefined) throw new RangeError('an inventory that was just read is gone');
    return read;
  }

  /** Resolves when the inventory has been read; rejects with what keeps it from being. */
  async #errandFor(wish: InventoryWish): Promise<void> {
    const { events } = this.#context;
    const { target, signal } = wish;
    const request = vaultArchiveRoutes(this.#context, this.#errands)['inventories:request'];
    const done = new Set<string>();
    const failed = new Map<string, EngineError>();
    let look = (): void => undefined;
    const off = events.on('errand:changed', ({ id, kind, outcome, failure, step }) => {
      if (kind !== 'inventory') return;
      if (step === 'waiting' && failure === null) void this.#tellIfWaiting(id, wish).catch(() => undefined);
      if (outcome === 'done') done.add(id);
      else if (failure !== null)
        failed.set(id, new EngineError(failure.kind, failure.message, failure.advice));
      else if (outcome === 'cancelled') failed.set(id, cancelled());
      look();
    });
    try {
      const { id, outcome } = await request({ at: { target }, format: 'json' });
      if (outcome === 'done') return;
      await new Promise<void>((resolve, reject) => {
        look = () => {
          if (done.has(id)) resolve();
          else if (failed.has(id)) reject(failed.get(id) ?? cancelled());
          else if (signal.aborted) reject(signal.reason as Error);
        };
        signal.addEventListener('abort', look, { once: true });
        look();
      });
    } finally {
      off();
    }
  }

  /** The errand has asked for its job; whether that is ready already is seen by a look of our own. */
  async #tellIfWaiting(errand: string, { service, place, signal, onWaiting }: InventoryWish): Promise<void> {
    const { catalog } = this.#context;
    const [row] = await findErrands(catalog, errand);
    const key = row === undefined ? null : (row.progress as InventoryProgress).job;
    const job = key === null ? undefined : await getVaultJob(catalog, key);
    if (job === undefined || job.jobId === null) return;
    const { state } = await service.describeJob(place.vault, job.jobId, signal);
    if (state === 'waiting') await onWaiting(true);
  }

  async #stopped(id: CheckKey, error: unknown): Promise<void> {
    const failure = toFailure(error);
    const isFinal = finalKinds.includes(failure.kind);
    const change = isFinal ? ({ step: 'over', outcome: 'failed', endedAt: Date.now() } as const) : {};
    await this.#context.catalog.transaction((tx) => updateCheck(tx, id, { failure, ...change }));
    await this.#tell(id);
  }

  async #end(id: CheckKey, outcome: CheckOutcome): Promise<void> {
    const change = { step: 'over', outcome, endedAt: Date.now() } as const;
    await this.#context.catalog.transaction((tx) => updateCheck(tx, id, change));
    crashpoint('check-ended');
    await this.#tell(id);
  }

  async #tell(id: CheckKey): Promise<void> {
    const row = await getCheck(this.#context.catalog, id);
    if (row !== undefined) this.#context.events.emit('check:changed', await this.summary(row));
  }
}

function cancelled(): EngineError {
  return new EngineError(
    'cancelled',
    'The inventory that the check waits for was given up.',
    'Carry the check on: it asks for it again.',
  );
}
