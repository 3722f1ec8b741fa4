import { randomBytes } from 'node:crypto';
import type { Routes } from '../../../shared/contract.ts';
import type { Failure } from '../../../shared/failure.ts';
import type { ProblemLine, RunSummary } from '../../../shared/types.ts';
import type { BackupJob } from '../backup/backupJob.ts';
import { refuseWhileRecovering } from './recovering.ts';
import { recoverRuns } from '../backup/recover.ts';
import { runBackup } from '../backup/runBackup.ts';
import { RunMeter } from '../backup/runMeter.ts';
import type { RunId } from '../catalog/ids.ts';
import { buryUnneeded } from '../catalog/needed.ts';
import { listPlans, type PlanRow } from '../catalog/plans.ts';
import { getRun, listProblems, listRuns, startRun, updateRun, type RunRow } from '../catalog/runs.ts';
import { getSnapshot, restartSnapshot, runningSnapshots, startSnapshot } from '../catalog/snapshots.ts';
import { getTarget } from '../catalog/targets.ts';
import { crashpoint } from '../crashpoint.ts';
import { EngineError, toFailure } from '../failure.ts';
import { letGo } from '../retain/applyRules.ts';
import { localTimezone } from '../schedule/scheduler.ts';
import { UNATTENDED_PATIENCE_MS } from '../target/openTarget.ts';
import type { EngineContext } from './context.ts';
import type { Leave } from './leave.ts';
import { namedPlan } from './plans.ts';
import { RequestCounts } from './requestCounts.ts';
import { runSummary } from './runSummary.ts';
import { refuseClosing } from './vaultUse.ts';

type BackupRoutes = Pick<
  Routes,
  'backup:start' | 'backup:queue' | 'backup:unqueue' | 'backup:cancel' | 'runs:list' | 'runs:problems'
>;

interface RunUnderWay {
  readonly id: RunId;
  readonly plan: string;
  readonly stop: AbortController;
  readonly ended: Promise<void>;
}

interface HowToRun {
  readonly acceptEmptySource: boolean;
  readonly by: 'hand' | 'unattended';
}

/** Starts, stops and remembers runs. One run at a time: two would fight for the same disk and line. */
export class BackupRuns {
  readonly #context: EngineContext;
  readonly #leave: Leave;
  #current: RunUnderWay | null = null;
  #starting: { readonly plan: string; readonly begun: Promise<unknown> } | null = null;
  #isClosing = false;
  /** Names of plans that run as soon as nothing else does, in this order. */
  #waiting: string[] = [];
  /** What no backup may run beside. */
  #held: Promise<unknown> | null = null;

  constructor(context: EngineContext, leave: Leave) {
    this.#context = context;
    this.#leave = leave;
  }

  isWaiting(planName: string): boolean {
    return this.#waiting.includes(planName);
  }

  /** Has plans run one after the other, after what is under way; one that waits or runs already is not added. */
  async queue(planNames: readonly string[]): Promise<void> {
    const { catalog, events, keys } = this.#context;
    keys.newest();
    for (const name of planNames) refuseForeign(await namedPlan(catalog, name));
    for (const name of planNames) {
      const isOn = this.#current?.plan === name || this.#starting?.plan === name;
      if (!isOn && !this.isWaiting(name)) this.#waiting.push(name);
    }
    this.#startNext();
    events.emit('lists:changed', {});
  }

  unqueue(planName: string): void {
    this.#waiting = this.#waiting.filter((name) => name !== planName);
    this.#context.events.emit('lists:changed', {});
  }

  get isBusy(): boolean {
    return this.#current !== null || this.#starting !== null;
  }

  /** Resolves when the run has its row; it goes on by itself. One that nobody asked for stops at the budget. */
  async start(
    planName: string,
    acceptEmptySource: boolean,
    by: 'hand' | 'unattended' = 'hand',
  ): Promise<RunSummary> {
    if (this.#isClosing)
      throw new EngineError('cancelled', 'Permafrost is closing.', 'Start it again, then back up.');
    while (this.#held !== null) await this.#held;
    if (this.isBusy) {
      throw new EngineError(
        'conflict',
        `A backup${this.#current === null ? '' : ` of ${this.#current.plan}`} is under way.`,
        'Wait for its end, or cancel it.',
      );
    }
    const starting = this.#start(planName, { acceptEmptySource, by });
    this.#starting = { plan: planName, begun: starting.catch(() => undefined) };
    try {
      return await starting;
    } finally {
      this.#starting = null;
    }
  }

  /** Runs `act` while no backup is under way; one that is asked for meanwhile begins after it. */
  async between<T>(act: () => Promise<T>, signal: AbortSignal): Promise<T> {
    const aborted = new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    for (;;) {
      signal.throwIfAborted();
      const busy = this.#current?.ended ?? this.#starting?.begun ?? this.#held;
      if (busy === null) break;
      await Promise.race([busy, aborted]);
    }
    const acting = act();
    this.#held = acting.catch(() => undefined);
    try {
      return await acting;
    } finally {
      this.#held = null;
    }
  }

  #startNext(): void {
    if (this.isBusy || this.#isClosing) return;
    const next = this.#waiting.shift();
    if (next === undefined) return;
    this.start(next, false).catch((error: unknown) => {
      if (this.isBusy)
        this.#waiting.unshift(next); // another was quicker: after it
      else {
        this.#context.events.emit('engine:notice', toFailure(error));
        this.#context.events.emit('lists:changed', {});
        this.#startNext();
      }
    });
  }

  /** Asks the run to stop at the next safe point. */
  cancel(run: number): void {
    if (this.#current?.id === run) this.#current.stop.abort();
  }

  /** Stops what is under way and waits for it. */
  async close(): Promise<void> {
    this.#isClosing = true;
    await this.#starting?.begun;
    this.#current?.stop.abort();
    await this.#current?.ended;
  }

  async #start(planName: string, how: HowToRun): Promise<RunSummary> {
    const { catalog, events, keys, profile } = this.#context;
    const plan = await namedPlan(catalog, planName);
    keys.newest();
    refuseForeign(plan);
    await refuseWhileRecovering(catalog, plan.target);
    await recoverRuns(catalog, profile.staging);
    const id = await catalog.transaction(async (tx) => {
      const target = await getTarget(tx, plan.target);
      if (target !== undefined) await refuseClosing(tx, target);
      const resumed = (await runningSnapshots(tx)).find((snapshot) => snapshot.plan === plan.id);
      const startedAt = Date.now();
      const uid = randomBytes(16).toString('hex');
      const snapshot = resumed?.id ?? (await startSnapshot(tx, { plan: plan.id, uid, startedAt }));
      await restartSnapshot(tx, snapshot, startedAt);
      return startRun(tx, { plan: plan.id, snapshot, kind: 'backup', startedAt });
    });
    crashpoint('run-noted');
    const run = await this.#row(id);
    const stop = new AbortController();
    const ended = this.#run(run, plan, stop.signal, how);
    this.#current = { id, plan: plan.name, stop, ended };
    const summary = await runSummary(catalog, run, plan.name);
    events.emit('run:started', summary);
    return summary;
  }

  async #run(run: RunRow, plan: PlanRow, signal: AbortSignal, how: HowToRun): Promise<void> {
    const { catalog, events } = this.#context;
    const meter = new RunMeter(run.id, plan.name, (progress) => events.emit('run:progress', progress));
    const change = await this.#attempt(run, plan, signal, how, meter).catch((error: unknown) =>
      endedBy(error, signal),
    );
    const ended = { ...change, endedAt: Date.now(), counts: meter.counts };
    try {
      await catalog.transaction((tx) => updateRun(tx, run.id, ended));
      crashpoint('run-ended');
    } catch (error) {
      events.emit('engine:notice', toFailure(error));
    }
    const row = { ...run, ...ended };
    // Before it is told: whoever hears of the end may start the next run.
    this.#current = null;
    this.#startNext();
    events.emit(
      'run:ended',
      await runSummary(catalog, row, plan.name).catch(() => bareSummary(row, plan.name)),
    );
    events.emit('lists:changed', {});
  }

  async #attempt(
    run: RunRow,
    plan: PlanRow,
    signal: AbortSignal,
    { acceptEmptySource, by }: HowToRun,
    meter: RunMeter,
  ) {
    const { catalog, events, keys, profile, targets, writer } = this.#context;
    const targetRow = await getTarget(catalog, plan.target);
    if (targetRow === undefined || run.snapshot === null)
      throw new RangeError('a run without target or snapshot');
    const ledger = new RequestCounts();
    const target = await targets.open(targetRow, {
      patienceMs: UNATTENDED_PATIENCE_MS,
      onTrouble: (failure) => meter.holdUp(failure?.message ?? null),
      onRequest: (operation, bytes, asked) => {
        meter.counts.requests++;
        if (operation === 'sendPart') meter.counts.parts++;
        ledger.add(operation, bytes, asked);
      },
    });
    const job: BackupJob = {
      run: run.id,
      snapshot: run.snapshot,
      plan,
      targetRow,
      target,
      catalog,
      keys: keys.newest(),
      allKeys: keys.all(),
      slots: keys.slots(),
      writer,
      profile,
      meter,
      signal,
      acceptEmptySource,
      assertMayGoOn: () => (by === 'hand' ? Promise.resolve() : this.#leave.assertMayGoOn()),
      onNotice: (error) => events.emit('engine:notice', toFailure(error)),
    };
    try {
      const { changed } = await runBackup(job);
      if (changed) await this.#keepByRules(job);
      const state = meter.counts.problems > 0 ? ('problems' as const) : ('done' as const);
      return { state, ...(!changed && { snapshot: null }) };
    } finally {
      target.close();
      await ledger.book(catalog, { target: targetRow.id, run: run.id });
    }
  }

  /** What the plan's rules let go goes now; nothing at the target is touched. What fails here costs nothing but space. */
  async #keepByRules({ plan, snapshot, onNotice }: BackupJob): Promise<void> {
    const { catalog } = this.#context;
    try {
      const committed = await getSnapshot(catalog, snapshot);
      if (committed?.storm === 'open') onNotice(stormy(plan));
      const gone = await letGo(catalog, plan, localTimezone(), Date.now());
      crashpoint('rules-applied');
      if (gone.length > 0) await buryUnneeded(catalog, plan.target, Date.now());
    } catch (error) {
      onNotice(error);
    }
  }

  async #row(id: RunId): Promise<RunRow> {
    const row = await getRun(this.#context.catalog, id);
    if (row === undefined)
      throw new EngineError('not-found', `There is no run ${id}.`, 'See the runs there are.');
    return row;
  }
}

export function backupRoutes(context: EngineContext, runs: BackupRuns): BackupRoutes {
  const { catalog } = context;
  return {
    'backup:start': ({ plan, acceptEmptySource }) => runs.start(plan, acceptEmptySource),
    'backup:queue': async ({ plans }) => {
      await runs.queue(plans);
      return null;
    },
    'backup:unqueue': ({ plan }) => {
      runs.unqueue(plan);
      return Promise.resolve(null);
    },
    'backup:cancel': ({ run }) => {
      runs.cancel(run);
      return Promise.resolve(null);
    },
    'runs:list': async ({ plan, limit }) => {
      const only = plan === undefined ? null : (await namedPlan(catalog, plan)).id;
      const names = new Map((await listPlans(catalog)).map(({ id, name }) => [id, name]));
      const rows = await listRuns(catalog, only, limit);
      return Promise.all(rows.map((row) => runSummary(catalog, row, names.get(row.plan) ?? '')));
    },
    'runs:problems': async ({ run, limit }) => {
      const problems = await listProblems(catalog, run as RunId, limit);
      return problems.map(({ path, kind, message }): ProblemLine => ({
        path: path.toString(),
        kind,
        message,
      }));
    },
  };
}

function stormy({ name }: PlanRow): EngineError {
  return new EngineError(
    'conflict',
    `Most files of ${name} have changed or gone since the snapshot before.`,
    `If you did that, say so: permafrost prune --accept-changes ${name}. If not, restore from the snapshot before.`,
    { safe: 'All snapshots before it are kept until then.' },
  );
}

/** Its writer may still be at work, and nothing says that this computer has its folders. */
function refuseForeign({ name, host, writer }: PlanRow): void {
  if (writer === null) return;
  throw new EngineError(
    'conflict',
    `The plan ${name} belongs to another installation (${host ?? 'unknown'}); here its snapshots can be restored.`,
    `To go on with it on this computer: permafrost plan take-over ${name}.`,
    { safe: 'Nothing was changed.' },
  );
}

/** Whatever a run that was asked to stop stumbled over first: it was stopped. */
function endedBy(error: unknown, signal: AbortSignal): { state: 'cancelled' | 'failed'; failure: Failure } {
  if (!signal.aborted) return { state: 'failed', failure: toFailure(error) };
  const failure: Failure = {
    kind: 'cancelled',
    message: 'The backup was stopped as asked.',
    safe: 'What it had packed is kept.',
    advice: 'Run it again: it goes on from there.',
  };
  return { state: 'cancelled', failure };
}

/** Where the catalog itself is what failed. */
function bareSummary(run: RunRow, plan: string): RunSummary {
  const { id, state, startedAt, endedAt, counts, failure } = run;
  return { id, plan, state, startedAt, endedAt, changed: true, snapshot: null, counts, failure };
}
