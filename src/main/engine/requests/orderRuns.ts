/** Orders under way: places them, carries them on, tells how far they are, and stops them. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { OrderState, OrderSummary } from '../../../shared/types.ts';
import { isEnded } from '../../../shared/types.ts';
import type { OrderKey } from '../catalog/ids.ts';
import { forgetOrderProgress, loadLocalFiles, loadOrderProgress } from '../catalog/orderProgress.ts';
import {
  findOrders,
  getOrder,
  openOrders,
  updateOrder,
  type OrderResult,
  type OrderRow,
} from '../catalog/orders.ts';
import { getPlan, type PlanRow } from '../catalog/plans.ts';
import { getPacks } from '../catalog/packs.ts';
import { countRetrievals, isKept, listRetrievals, wasAsked } from '../catalog/retrievals.ts';
import { getSnapshot } from '../catalog/snapshots.ts';
import { getTarget, type TargetRow } from '../catalog/targets.ts';
import { crashpoint } from '../crashpoint.ts';
import { EngineError, toFailure } from '../failure.ts';
import type { Failure, FailureKind } from '../../../shared/failure.ts';
import type { OrderJob } from '../restore/orderJob.ts';
import { isMarked } from '../restore/localFiles.ts';
import { type OrderPlan, planOrder } from '../restore/orderPlan.ts';
import { OrderTally } from '../restore/orderTally.ts';
import { runOrder } from '../restore/runOrder.ts';
import { segmentsOf } from '../restore/ranges.ts';
import { SegmentStore } from '../restore/segmentStore.ts';
import { openDestination } from '../restore/treeWriter.ts';
import type { TargetTraits } from '../target/target.ts';
import { UNATTENDED_PATIENCE_MS } from '../target/openTarget.ts';
import { planAt } from './chosenSnapshot.ts';
import type { EngineContext } from './context.ts';
import { orderSummary } from './orderSummary.ts';
import type { PutBacks } from './putBacks.ts';
import { RequestCounts } from './requestCounts.ts';

const TELL_EVERY_MS = 300;
/** After these an order that has not begun is over. Everything else is tried again on resume. */
const finalKinds: readonly FailureKind[] = [
  'conflict',
  'invalid',
  'unsupported',
  'not-found',
  'denied',
  'closed',
  'bug',
];

interface OrderUnderWay {
  readonly stop: AbortController;
  readonly ended: Promise<void>;
  readonly tally: OrderTally;
  /** What keeps the target from answering for now. */
  heldUpBy: string | null;
}

export class OrderRuns {
  readonly #context: EngineContext;
  readonly #putBacks: PutBacks;
  readonly #running = new Map<OrderKey, OrderUnderWay>();
  #isClosing = false;

  constructor(context: EngineContext, putBacks: PutBacks) {
    this.#context = context;
    this.#putBacks = putBacks;
  }

  /**
   * Carries on every order that has not ended and is not under way.
   * @param unasked nobody asked for it now: orders that would have to pay again are left to a person
   */
  async resume(unasked: boolean): Promise<void> {
    this.#context.keys.newest();
    for (const order of await openOrders(this.#context.catalog)) {
      const { expired } = await countRetrievals(this.#context.catalog, order.id);
      if (!unasked || expired === 0) this.start(order);
    }
  }

  /** After a kill: takes away what orders left that had just ended. Before anything else is asked of orders. */
  async tidy(): Promise<void> {
    const { catalog, profile } = this.#context;
    for (const uid of readdirSync(profile.restore)) {
      const [order] = await findOrders(catalog, uid);
      if (order === undefined) new SegmentStore(profile.restore, uid).clear();
      // A folder that somebody has changed since is theirs.
      else if (isEnded(order.state)) await this.#leave(order).catch(ignoreExpected);
    }
  }

  /**
   * Goes on by itself; `order:changed` tells how. A second call for the same order does nothing.
   * @param plan the order's, if it was just made: making it again takes a second for each 100,000 files
   */
  start(order: OrderRow, plan?: OrderPlan): void {
    if (this.#running.has(order.id) || this.#isClosing) return;
    const stop = new AbortController();
    const tally = new OrderTally(order.result);
    const ended = this.#run(order, tally, stop.signal, plan).finally(() => this.#running.delete(order.id));
    this.#running.set(order.id, { stop, ended, tally, heldUpBy: null });
  }

  /** What is restored stays; what was paid is paid. */
  async cancel(order: OrderRow): Promise<void> {
    const running = this.#running.get(order.id);
    if (running !== undefined) {
      running.stop.abort();
      await running.ended;
    }
    const now = await getOrder(this.#context.catalog, order.id);
    if (now === undefined || isEnded(now.state)) return;
    await this.#keepSegments(now).catch(ignoreExpected);
    await this.#end(now, 'cancelled', running?.tally.result(null) ?? now.result);
  }

  /** Stops the order at a safe point while `act` runs; it goes on afterwards if it was under way. */
  async whilePaused<T>(order: OrderRow, act: () => Promise<T>): Promise<T> {
    const running = this.#running.get(order.id);
    if (running === undefined) return act();
    running.stop.abort();
    await running.ended;
    try {
      return await act();
    } finally {
      const now = await getOrder(this.#context.catalog, order.id);
      if (now !== undefined && !isEnded(now.state)) this.start(now);
    }
  }

  /** Pauses everything at a safe point; it goes on with the next start. */
  async close(): Promise<void> {
    this.#isClosing = true;
    const running = [...this.#running.values()];
    for (const { stop } of running) stop.abort();
    await Promise.all(running.map(({ ended }) => ended));
  }

  async #run(order: OrderRow, tally: OrderTally, signal: AbortSignal, planned?: OrderPlan): Promise<void> {
    const ledger = new RequestCounts();
    try {
      const { plan, target: targetRow } = await this.#belongings(order);
      const target = await this.#context.targets.open(targetRow, {
        patienceMs: UNATTENDED_PATIENCE_MS,
        onRequest: ledger.add,
        onTrouble: (failure) => this.#holdUp(order, tally, failure?.message ?? null),
      });
      try {
        const { catalog, keys, kept, profile } = this.#context;
        const selection = { plan: plan.id, snapshot: order.snapshot, paths: order.selection };
        const local = await loadLocalFiles(catalog, order.id);
        const orderPlan = planned ?? (await planOrder(catalog, selection, (file) => isMarked(local, file)));
        const job: OrderJob = {
          order,
          hasBegun: await this.#hasBegun(order),
          plan,
          target,
          catalog,
          keys,
          profile,
          kept: mayKeep(targetRow, target.traits) ? kept : null,
          signal,
          ...this.#telling(order, tally),
        };
        await runOrder(job, orderPlan, tally, () =>
          this.#recordEnd(order, endState(order, tally), tally.result(nothingRestored(order, tally))),
        );
      } finally {
        target.close();
        await this.#book(order, targetRow, ledger);
      }
      await this.#tell(order.id);
    } catch (error) {
      if (!signal.aborted) await this.#stopped(order, tally, error);
    }
  }

  async #stopped(order: OrderRow, tally: OrderTally, error: unknown): Promise<void> {
    const failure = toFailure(error);
    try {
      const result = tally.result(failure);
      const isFinal = finalKinds.includes(failure.kind) && !(await this.#hasBegun(order));
      if (isFinal) await this.#end(order, 'failed', result);
      else {
        await this.#context.catalog.transaction((tx) => updateOrder(tx, order.id, { result }));
        await this.#tell(order.id);
      }
    } catch (second) {
      this.#context.events.emit('engine:notice', toFailure(second));
    }
  }

  /**
   * Whether anything was asked of the target or written for it: then no failure ends it but a person, because what
   * was paid would be lost.
   */
  async #hasBegun({ id, uid, destination }: OrderRow): Promise<boolean> {
    const { catalog } = this.#context;
    if (await wasAsked(catalog, id)) return true;
    if ((await loadOrderProgress(catalog, id)) !== undefined) return true;
    // Nothing is written before everything is asked for; where nothing has to be, the folder tells.
    const { planned } = await countRetrievals(catalog, id);
    return planned === 0 && existsSync(join(destination, `.permafrost-${uid}`));
  }

  /** What the steps of the order call as it moves on. */
  #telling(order: OrderRow, tally: OrderTally): Pick<OrderJob, 'onState' | 'onProgress'> {
    let state: OrderState = order.state;
    let toldAt = 0;
    const write = async (): Promise<void> => {
      const result = tally.result(null);
      await this.#context.catalog.transaction((tx) => updateOrder(tx, order.id, { state, result }));
      await this.#tell(order.id);
    };
    return {
      onState: async (next) => {
        if (next === state) return;
        state = next;
        await write();
      },
      onProgress: () => {
        const now = performance.now();
        if (now - toldAt < TELL_EVERY_MS) return;
        toldAt = now;
        this.#tellSoon(order.id, tally);
      },
    };
  }

  #holdUp({ id }: OrderRow, tally: OrderTally, reason: string | null): void {
    const running = this.#running.get(id);
    if (running === undefined) return;
    running.heldUpBy = reason;
    this.#tellSoon(id, tally);
  }

  /** Counts that move many times a second are told from memory, and written with the next state. */
  #tellSoon(id: OrderKey, tally: OrderTally): void {
    void this.#tell(id, tally.result(null)).catch((error: unknown) => {
      this.#context.events.emit('engine:notice', toFailure(error));
    });
  }

  async #tell(id: OrderKey, result?: OrderResult): Promise<void> {
    const row = await getOrder(this.#context.catalog, id);
    if (row === undefined) return;
    const shown = result === undefined || isEnded(row.state) ? row : { ...row, result };
    this.#context.events.emit('order:changed', await this.summary(shown));
  }

  async #end(order: OrderRow, state: OrderState, result: OrderResult): Promise<void> {
    await this.#recordEnd(order, state, result);
    await this.#leave(order);
    await this.#tell(order.id);
  }

  async #recordEnd(order: OrderRow, state: OrderState, result: OrderResult): Promise<void> {
    await this.#context.catalog.transaction(async (tx) => {
      await updateOrder(tx, order.id, { state, endedAt: Date.now(), result });
      await forgetOrderProgress(tx, order.id);
    });
    crashpoint('order-ended');
  }

  /** What was retrieved and not used is kept for the next order. */
  async #keepSegments(order: OrderRow): Promise<void> {
    const { catalog, kept, profile, targets } = this.#context;
    const { target } = await this.#belongings(order);
    if (!mayKeep(target, targets.traitsOf(target))) return;
    const store = new SegmentStore(profile.restore, order.uid);
    const rows = (await listRetrievals(catalog, order.id, ['fetched'])).filter((row) => !isKept(row));
    const packs = await getPacks(catalog, new Set(rows.map(({ pack }) => pack)));
    for (const pack of packs.values()) {
      const ranges = rows.filter((row) => row.pack === pack.id).map(({ range }) => segmentsOf(range, pack));
      if (store.has(pack.uid)) await kept.take(store, pack, ranges);
    }
  }

  /** What an order that has ended still has lying about, where it restored to and in the profile. */
  async #leave(order: OrderRow): Promise<void> {
    const { profile } = this.#context;
    await leaveDestination(order, profile.root);
    new SegmentStore(profile.restore, order.uid).clear();
  }

  async #book(order: OrderRow, target: TargetRow, ledger: RequestCounts): Promise<void> {
    await ledger.book(this.#context.catalog, { target: target.id, order: order.id });
  }

  summary(order: OrderRow): Promise<OrderSummary> {
    const heldUpBy = this.#running.get(order.id)?.heldUpBy ?? null;
    return orderSummary(this.#context.catalog, order, { heldUpBy, putBack: this.#putBacks.of(order) });
  }

  async #belongings(order: OrderRow): Promise<{ plan: PlanRow; target: TargetRow }> {
    const { catalog } = this.#context;
    const snapshot = await getSnapshot(catalog, order.snapshot);
    const plan = snapshot && (await getPlan(catalog, snapshot.plan));
    const target = plan && (await getTarget(catalog, plan.target));
    if (plan === undefined || target === undefined) {
      throw new EngineError(
        'not-found',
        'The snapshot of this order is no longer known here.',
        'Order the restore again from another snapshot.',
      );
    }
    return { plan: await planAt(catalog, plan, order.snapshot), target };
  }
}

/** A practice vault is there to be restored from, and where reading is free nothing is gained. */
export function mayKeep({ settings }: Pick<TargetRow, 'settings'>, { instantRead }: TargetTraits): boolean {
  return !instantRead && settings.kind !== 'practice';
}

/** A restore that restored nothing has failed, whatever else is true. */
function nothingRestored(order: OrderRow, tally: OrderTally): Failure | null {
  const { restoredFiles, failedFiles } = tally.result(null);
  if (order.result.files === 0 || restoredFiles > 0 || failedFiles === 0) return null;
  return {
    kind: 'corrupt',
    message: 'Not one of the files could be restored.',
    safe: 'The archives were not touched.',
    advice: 'See the reasons listed with the order, and try another snapshot.',
  };
}

function endState(order: OrderRow, tally: OrderTally): OrderState {
  if (nothingRestored(order, tally) !== null) return 'failed';
  return tally.hasProblems || !tally.isComplete ? 'problems' : 'done';
}

function ignoreExpected(error: unknown): void {
  if (!(error instanceof EngineError)) throw error;
}

/** An order that ends before it is through leaves what it restored, and nothing of its own. */
async function leaveDestination(order: OrderRow, profile: string): Promise<void> {
  if (!existsSync(join(order.destination, `.permafrost-${order.uid}`))) return;
  const writer = openDestination(Buffer.from(order.destination), {
    order: order.uid,
    avoid: [Buffer.from(profile)],
  });
  await writer.end();
}
