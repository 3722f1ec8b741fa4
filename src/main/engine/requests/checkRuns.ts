/** Checks under way: starts them, carries them on, tells how far they are, and stops them. */
import type { CheckOutcome, CheckSummary } from '../../../shared/checkTypes.ts';
import type { FailureKind } from '../../../shared/failure.ts';
import { checkCatalog } from '../catalog/catalog.ts';
import { getCheck, openChecks, updateCheck, type CheckRow } from '../catalog/checks.ts';
import type { CheckKey } from '../catalog/ids.ts';
import { getTarget, type TargetRow } from '../catalog/targets.ts';
import type { CheckJob } from '../check/checkJob.ts';
import { runCheck } from '../check/runCheck.ts';
import { crashpoint } from '../crashpoint.ts';
import { toFailure } from '../failure.ts';
import { VaultJobs } from '../vaults/vaultJobs.ts';
import type { BackupRuns } from './backup.ts';
import { checkSummary } from './checkSummary.ts';
import type { EngineContext } from './context.ts';
import type { ErrandRuns } from './errandRuns.ts';
import { openHoldings } from './openHoldings.ts';
import { RequestCounts } from './requestCounts.ts';

/** After these it is over. Everything else is tried again when it is carried on. */
const finalKinds: readonly FailureKind[] = ['unsupported', 'closed', 'bug'];

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
    const { holdings, close } = await openHoldings(this.#context, this.#errands, this.#jobs, targetRow, {
      signal,
      onWaiting,
    });
    const target = await targets.open(targetRow, {
      onRequest: ledger.add,
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
      await ledger.book(catalog, { target: targetRow.id });
    }
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
