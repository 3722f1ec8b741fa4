/** Errands under way: starts them, carries them on, tells how far they are, and stops them. */
import type { ErrandEnd } from '../vaults/errand.ts';
import type { ErrandKind, ErrandSummary } from '../../../shared/archiveTypes.ts';
import type { Failure, FailureKind } from '../../../shared/failure.ts';
import { forgetDeletions, settlePacks } from '../catalog/deletions.ts';
import {
  addErrand,
  getErrand,
  openErrands,
  updateErrand,
  type ErrandRow,
  type NewErrand,
} from '../catalog/errands.ts';
import type { Tx } from '../catalog/catalog.ts';
import type { ErrandKey } from '../catalog/ids.ts';
import { toFailure } from '../failure.ts';
import {
  clearVault,
  type ClearingBounds,
  type ClearingErrand,
  type ClearingWanted,
} from '../vaults/clearingErrand.ts';
import {
  bringArchive,
  dropPart,
  type DownloadErrand,
  type DownloadProgress,
  type DownloadWanted,
} from '../vaults/downloadErrand.ts';
import type { Errand, Shown } from '../vaults/errand.ts';
import { getInventory, type InventoryErrand } from '../vaults/inventoryErrand.ts';
import { storeFile, type UploadErrand, type UploadProgress } from '../vaults/uploadErrand.ts';
import { VaultJobs } from '../vaults/vaultJobs.ts';
import type { BackupRuns } from './backup.ts';
import type { EngineContext } from './context.ts';
import { openService, targetsAt } from './vaultPlace.ts';
import { refuseInUse } from './vaultUse.ts';

const TELL_EVERY_MS = 300;
/** Nobody waits for each request: long enough for a router's restart. */
const PATIENCE_MS = 15 * 60_000;

/** After these it is over. Everything else is tried again on resume. */
const finalKinds: Readonly<Record<ErrandKind, readonly FailureKind[]>> = {
  inventory: ['invalid', 'unsupported', 'not-found', 'closed', 'bug'],
  upload: ['invalid', 'unsupported', 'not-found', 'closed', 'changed', 'conflict', 'bug'],
  download: ['invalid', 'unsupported', 'not-found', 'closed', 'conflict', 'bug'],
  clearing: ['unsupported', 'not-found', 'closed', 'conflict', 'bug'],
};

/** Downloads that stopped so are only carried on by retrieving the archive again. */
const paidAgain: readonly FailureKind[] = ['changed', 'corrupt'];

type AnyProgress = { readonly shown: Shown };

interface UnderWay {
  readonly stop: AbortController;
  readonly ended: Promise<void>;
}

export class ErrandRuns {
  readonly #context: EngineContext;
  readonly #backups: BackupRuns;
  readonly #jobs: VaultJobs;
  readonly #running = new Map<ErrandKey, UnderWay>();
  /** Given up: they are not started again before that is written down. */
  readonly #cancelled = new Set<ErrandKey>();
  #isClosing = false;

  constructor(context: EngineContext, backups: BackupRuns) {
    this.#context = context;
    this.#backups = backups;
    this.#jobs = new VaultJobs(context.catalog);
  }

  /**
   * Writes the errand down and starts it; one that is open for the same wish goes on instead.
   * @param more written in the same transaction, when the errand is new
   */
  async place(errand: NewErrand, more?: (tx: Tx, id: ErrandKey) => Promise<void>): Promise<ErrandSummary> {
    const row = await this.#context.catalog.transaction(async (tx) => {
      const { row: added, isNew } = await addErrand(tx, errand);
      if (isNew) await more?.(tx, added.id);
      return added;
    });
    this.start(row);
    return errandSummary(row);
  }

  /** Goes on by itself; `errand:changed` tells how. A second call for the same errand does nothing. */
  start(row: ErrandRow): void {
    if (this.#running.has(row.id) || this.#cancelled.has(row.id) || this.#isClosing) return;
    const stop = new AbortController();
    const ended = this.#run(row.id, stop.signal).finally(() => this.#running.delete(row.id));
    this.#running.set(row.id, { stop, ended });
  }

  /**
   * Carries on those that have not ended and are not under way, except what would have to be paid again.
   * @param unasked nobody asked for it now: a download whose name is taken waits for a person too
   */
  async resume(unasked: boolean, kind?: ErrandKind): Promise<readonly ErrandRow[]> {
    const open = await openErrands(this.#context.catalog, kind);
    for (const row of open) {
      const waits = unasked && row.kind === 'download' && row.failure?.kind === 'conflict';
      if (!waits && !isPaidAgain(row)) await this.carryOn(row);
    }
    return open;
  }

  /** Carries one on, if it is not under way. `payAgain`: a person has agreed to that. */
  async carryOn(row: ErrandRow, payAgain = false): Promise<void> {
    if (this.#running.has(row.id)) return;
    // Who looks after this call sees it under way, not what stopped it before.
    const now = await this.#anew(row.id, payAgain);
    if (now !== undefined) this.start(now);
  }

  /** What has happened stays: archives that were deleted or stored, what was paid. */
  async cancel(row: ErrandRow): Promise<void> {
    this.#cancelled.add(row.id);
    try {
      await this.#giveUp(row);
    } finally {
      this.#cancelled.delete(row.id);
    }
  }

  async #giveUp(row: ErrandRow): Promise<void> {
    const running = this.#running.get(row.id);
    running?.stop.abort();
    await running?.ended;
    const now = await getErrand(this.#context.catalog, row.id);
    if (now === undefined || now.endedAt !== null) return;
    await this.#tidy(now);
    const { shown } = now.progress as AnyProgress;
    await this.#end(now.id, { outcome: 'cancelled', shown, failure: null });
  }

  /** Pauses everything at a safe point; it goes on with the next start. */
  async close(): Promise<void> {
    this.#isClosing = true;
    const running = [...this.#running.values()];
    for (const { stop } of running) stop.abort();
    await Promise.all(running.map(({ ended }) => ended));
  }

  /** The errand without what stopped it before; undefined when it has ended. */
  #anew(id: ErrandKey, payAgain = false): Promise<ErrandRow | undefined> {
    return this.#context.catalog.transaction(async (tx) => {
      const row = await getErrand(tx, id);
      if (row === undefined || row.endedAt !== null) return undefined;
      const progress = payAgain ? { ...(row.progress as DownloadProgress), job: null } : row.progress;
      if (row.failure !== null) await updateErrand(tx, id, { failure: null, progress });
      return { ...row, failure: null, progress };
    });
  }

  async #run(id: ErrandKey, signal: AbortSignal): Promise<void> {
    const { catalog, events } = this.#context;
    try {
      const row = await this.#anew(id);
      if (row === undefined) return;
      const service = await openService(this.#context, row.place, { patienceMs: PATIENCE_MS });
      const target = service.target(row.vault);
      try {
        const errand: Errand<unknown, AnyProgress> = {
          row,
          wanted: row.wanted,
          progress: row.progress as AnyProgress,
          service,
          target,
          catalog,
          jobs: this.#jobs,
          signal,
          ...this.#telling(row),
        };
        await this.#end(id, await this.#work(errand));
      } finally {
        target.close();
        service.close();
      }
    } catch (error) {
      if (signal.aborted) return;
      await this.#stopped(id, toFailure(error)).catch((second: unknown) =>
        events.emit('engine:notice', toFailure(second)),
      );
    }
  }

  /** The one place where an errand's kind meets the types of what was written down for it. */
  #work(errand: Errand<unknown, AnyProgress>): Promise<ErrandEnd> {
    switch (errand.row.kind) {
      case 'inventory':
        return getInventory(errand as InventoryErrand);
      case 'upload':
        return storeFile(errand as UploadErrand);
      case 'download':
        return bringArchive(errand as DownloadErrand);
      case 'clearing':
        return clearVault(errand as ClearingErrand, this.#bounds(errand));
    }
  }

  #bounds({ row, signal }: Errand<unknown, AnyProgress>): ClearingBounds {
    const { catalog } = this.#context;
    return {
      refuseInUse: () => refuseInUse(catalog, row.place, row.vault),
      targets: async () =>
        (await targetsAt({ catalog }, row.place)).flatMap(({ row: target, vault }) =>
          vault === row.vault ? [target.id] : [],
        ),
      betweenBackups: (act) => this.#backups.between(act, signal),
    };
  }

  async #stopped(id: ErrandKey, failure: Failure): Promise<void> {
    const row = await getErrand(this.#context.catalog, id);
    if (row === undefined) return;
    const { shown } = row.progress as AnyProgress;
    if (isOver(row, failure)) {
      await this.#end(id, { outcome: 'failed', shown, failure });
      return;
    }
    await this.#context.catalog.transaction((tx) => updateErrand(tx, id, { failure }));
    this.#tell({ ...row, failure });
  }

  /** What the steps of an errand call as it moves on. */
  #telling(row: ErrandRow): Pick<Errand<unknown, AnyProgress>, 'save' | 'tell'> {
    let newest = row;
    let toldAt = 0;
    return {
      save: async (step, progress, notes) => {
        newest = { ...newest, step, progress };
        const change = { step, progress, ...(notes !== undefined && { notes }) };
        await this.#context.catalog.transaction((tx) => updateErrand(tx, row.id, change));
        this.#tell(newest);
      },
      tell: (shown) => {
        const now = performance.now();
        if (now - toldAt < TELL_EVERY_MS) return;
        toldAt = now;
        this.#tell({ ...newest, progress: { shown } });
      },
    };
  }

  async #end(id: ErrandKey, { outcome, shown, failure }: ErrandEnd): Promise<void> {
    const { catalog } = this.#context;
    const row = await getErrand(catalog, id);
    if (row === undefined) return;
    const progress = { ...(row.progress as AnyProgress), shown };
    const change = { step: 'over', progress, outcome, failure, endedAt: Date.now(), notes: null } as const;
    await catalog.transaction(async (tx) => {
      await updateErrand(tx, id, change);
      if (row.kind !== 'clearing') return;
      await settlePacks(tx, id);
      await forgetDeletions(tx, id, outcome === 'done' && (row.wanted as ClearingWanted).close);
    });
    this.#tell({ ...row, ...change });
  }

  /** Removes what an errand that is given up would leave: parts at the service, a half file here. */
  async #tidy(row: ErrandRow): Promise<void> {
    if (row.kind === 'download') await dropPart((row.wanted as DownloadWanted).to, row.uid);
    if (row.kind !== 'upload') return;
    const { uploadId } = row.progress as UploadProgress;
    if (uploadId === null) return;
    const service = await openService(this.#context, row.place);
    const target = service.target(row.vault);
    try {
      await target.abortUpload(uploadId);
    } finally {
      target.close();
      service.close();
    }
  }

  #tell(row: ErrandRow): void {
    this.#context.events.emit('errand:changed', errandSummary(row));
  }
}

/** Whether carrying it on costs its price once more: only done when a person has agreed. */
export function isPaidAgain({ kind, endedAt, failure }: ErrandRow): boolean {
  return kind === 'download' && endedAt === null && failure !== null && paidAgain.includes(failure.kind);
}

/** A retrieval that was paid for is not given up by itself. */
function isOver({ kind, progress }: ErrandRow, failure: Failure): boolean {
  if (kind === 'download' && (progress as DownloadProgress).job !== null) return failure.kind === 'bug';
  return finalKinds[kind].includes(failure.kind);
}

/** An errand as hosts see it. */
export function errandSummary(row: ErrandRow): ErrandSummary {
  const { shown } = row.progress as AnyProgress;
  const closes = row.kind === 'clearing' && (row.wanted as ClearingWanted).close;
  return {
    id: row.uid,
    kind: row.kind,
    vault: row.vault,
    place: 'target' in row.place ? row.place.target : row.place.region,
    step: row.step,
    createdAt: row.createdAt,
    endedAt: row.endedAt,
    outcome: row.outcome,
    ...shown,
    closes,
    paidAgain: isPaidAgain(row),
    estimate: row.estimate,
    failure: row.failure,
  };
}
