/** The recovery under way: starts it, carries it on, tells how far it is, and stops it. */
import { readdirSync } from 'node:fs';
import { z } from 'zod';
import type { FailureKind } from '../../../shared/failure.ts';
import type { RecoveryOutcome, RecoverySummary } from '../../../shared/recoveryTypes.ts';
import type { RecoveryKey } from '../catalog/ids.ts';
import { getRecovery, openRecoveries, updateRecovery, type RecoveryRow } from '../catalog/recoveries.ts';
import { readSetting } from '../catalog/settings.ts';
import { getTarget, type TargetRow } from '../catalog/targets.ts';
import { crashpoint } from '../crashpoint.ts';
import { toFailure } from '../failure.ts';
import { ArchiveStore } from '../recover/archiveStore.ts';
import type { RecoverJob } from '../recover/recoverJob.ts';
import { runRecovery } from '../recover/runRecovery.ts';
import { noteWait } from '../recover/waits.ts';
import { UNATTENDED_PATIENCE_MS } from '../target/openTarget.ts';
import { VaultJobs } from '../vaults/vaultJobs.ts';
import type { EngineContext } from './context.ts';
import type { ErrandRuns } from './errandRuns.ts';
import { assertOwnKeys } from './keyCheck.ts';
import { openHoldings } from './openHoldings.ts';
import { tellProfile } from './profileStatus.ts';
import { recoverySummary } from './recoverySummary.ts';
import { RequestCounts } from './requestCounts.ts';

/** The installation that this profile was before its catalog got lost. */
export const FORMER_WRITER = 'recover.formerWriter';

/** After these it is over. Everything else is tried again when it is carried on. */
const finalKinds: readonly FailureKind[] = ['unsupported', 'closed', 'bug'];

interface UnderWay {
  readonly stop: AbortController;
  readonly ended: Promise<void>;
  /** It was asked to go on while it was about to stop for want of the keys. */
  again: boolean;
}

export class RecoveryRuns {
  readonly #context: EngineContext;
  readonly #errands: ErrandRuns;
  readonly #jobs: VaultJobs;
  readonly #running = new Map<RecoveryKey, UnderWay>();
  readonly #waiting = new Set<RecoveryKey>();
  #isClosing = false;

  constructor(context: EngineContext, errands: ErrandRuns) {
    this.#context = context;
    this.#errands = errands;
    this.#jobs = new VaultJobs(context.catalog);
  }

  /** What was fetched for a recovery that is over is of no more use. */
  async tidy(): Promise<void> {
    const { catalog, profile } = this.#context;
    const open = new Set((await openRecoveries(catalog)).map(({ uid }) => uid));
    for (const uid of readdirSync(profile.recover))
      if (!open.has(uid)) new ArchiveStore(profile.recover, uid).clear();
  }

  /** Goes on by itself; `recovery:changed` tells how. A second call for the same recovery does nothing. */
  start(row: RecoveryRow): void {
    const { id } = row;
    const running = this.#running.get(id);
    if (running !== undefined) running.again = true;
    if (running !== undefined || this.#isClosing) return;
    const stop = new AbortController();
    const ended = this.#run(id, stop.signal).then((outcome) => {
      const again = this.#running.get(id)?.again === true;
      this.#running.delete(id);
      this.#waiting.delete(id);
      if (outcome !== 'locked') return;
      if (again && this.#context.keys.state === 'open') this.start(row);
      // Told when it has stopped: whoever hears of it may open the keys and have it go on.
      else void this.#tell(id).catch(() => undefined);
    });
    this.#running.set(id, { stop, ended, again: false });
  }

  summary(row: RecoveryRow): Promise<RecoverySummary> {
    return recoverySummary(this.#context, row, row.endedAt === null && this.#waiting.has(row.id));
  }

  /** Carries on those that have not ended and are not under way. */
  async resume(): Promise<void> {
    for (const row of await openRecoveries(this.#context.catalog)) this.start(row);
  }

  /** What was found stays; what was asked for is paid. */
  async cancel(row: RecoveryRow): Promise<void> {
    const running = this.#running.get(row.id);
    running?.stop.abort();
    await running?.ended;
    const now = await getRecovery(this.#context.catalog, row.id);
    if (now?.endedAt === null) await this.#end(now, 'cancelled');
  }

  /** Pauses everything at a safe point; it goes on with the next start. */
  async close(): Promise<void> {
    this.#isClosing = true;
    const running = [...this.#running.values()];
    for (const { stop } of running) stop.abort();
    await Promise.all(running.map(({ ended }) => ended));
  }

  async #run(id: RecoveryKey, signal: AbortSignal): Promise<'locked' | 'over'> {
    const { catalog, events } = this.#context;
    try {
      await catalog.transaction((tx) => updateRecovery(tx, id, { failure: null }));
      const recovery = await getRecovery(catalog, id);
      const targetRow = recovery && (await getTarget(catalog, recovery.target));
      if (targetRow === undefined || recovery === undefined || recovery.endedAt !== null) return 'over';
      const outcome = await this.#work(recovery, targetRow, signal);
      if (outcome !== 'locked') await this.#end(recovery, outcome);
      return outcome === 'locked' ? 'locked' : 'over';
    } catch (error) {
      if (signal.aborted) return 'over';
      await this.#stopped(id, error).catch((second: unknown) =>
        events.emit('engine:notice', toFailure(second)),
      );
      return 'over';
    }
  }

  async #work(
    recovery: RecoveryRow,
    targetRow: TargetRow,
    signal: AbortSignal,
  ): Promise<RecoveryOutcome | 'locked'> {
    const { catalog, keys, profile, targets } = this.#context;
    const ledger = new RequestCounts();
    const onWaiting = async (isWaiting: boolean): Promise<void> => {
      if (isWaiting) this.#waiting.add(recovery.id);
      else if (!this.#waiting.delete(recovery.id)) return;
      await this.#tell(recovery.id);
    };
    const onInventory = async (isWaiting: boolean): Promise<void> => {
      if (isWaiting) await noteWait({ catalog, recovery }, 'listing');
      await onWaiting(isWaiting);
    };
    const { holdings, close } = await openHoldings(this.#context, this.#errands, this.#jobs, targetRow, {
      signal,
      onWaiting: onInventory,
    });
    const target = await targets.open(targetRow, {
      patienceMs: UNATTENDED_PATIENCE_MS,
      onRequest: ledger.add,
    });
    const job: RecoverJob = {
      recovery,
      targetRow,
      target,
      holdings,
      catalog,
      keys,
      store: new ArchiveStore(profile.recover, recovery.uid),
      formerWriter: z
        .string()
        .nullable()
        .catch(null)
        .parse(await readSetting(catalog, FORMER_WRITER)),
      signal,
      onOpened: async () => {
        await assertOwnKeys(catalog, keys);
        await tellProfile(this.#context);
      },
      onWaiting,
      onChange: () => this.#tell(recovery.id),
    };
    try {
      return await runRecovery(job);
    } finally {
      target.close();
      close();
      await ledger.book(catalog, { target: targetRow.id });
    }
  }

  async #stopped(id: RecoveryKey, error: unknown): Promise<void> {
    const failure = toFailure(error);
    await this.#context.catalog.transaction((tx) => updateRecovery(tx, id, { failure }));
    const row = await getRecovery(this.#context.catalog, id);
    if (row !== undefined && finalKinds.includes(failure.kind)) await this.#end(row, 'problems');
    else await this.#tell(id);
  }

  async #end({ id, uid }: RecoveryRow, outcome: RecoveryOutcome): Promise<void> {
    const { catalog, events, profile } = this.#context;
    const change = { step: 'over', outcome, endedAt: Date.now() } as const;
    await catalog.transaction((tx) => updateRecovery(tx, id, change));
    crashpoint('rebuild-ended');
    new ArchiveStore(profile.recover, uid).clear();
    await this.#tell(id);
    events.emit('lists:changed', {});
  }

  async #tell(id: RecoveryKey): Promise<void> {
    const row = await getRecovery(this.#context.catalog, id);
    if (row !== undefined) this.#context.events.emit('recovery:changed', await this.summary(row));
  }
}
