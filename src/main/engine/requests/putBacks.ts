/** Restored orders on their way back into their source folders: looked at, moved, told of and stopped. */
import { join } from 'node:path';
import type { Routes } from '../../../shared/contract.ts';
import {
  type ConflictChoice,
  isEnded,
  type OrderSummary,
  type PutBack,
  type PutBackPreview,
} from '../../../shared/types.ts';
import type { OrderKey } from '../catalog/ids.ts';
import { getOrder, type OrderRow, updateOrder } from '../catalog/orders.ts';
import { getPlan } from '../catalog/plans.ts';
import { getSnapshot } from '../catalog/snapshots.ts';
import { EngineError, isAbort, toFailure } from '../failure.ts';
import { planOrder } from '../restore/orderPlan.ts';
import { previewPutBack } from '../restore/putBack/preview.ts';
import { asideName, putBack } from '../restore/putBack/putBack.ts';
import { PutBackTally } from '../restore/putBack/putBackTally.ts';
import type { PutBackJob } from '../restore/putBack/trees.ts';
import { Turns } from '../vaults/turns.ts';
import { planAt } from './chosenSnapshot.ts';
import type { EngineContext } from './context.ts';
import { namedOrder } from './namedOrder.ts';
import { orderSummary } from './orderSummary.ts';

export type PutBackRoutes = Pick<Routes, 'orders:putBackPreview' | 'orders:putBack'>;

const TELL_EVERY_MS = 300;

interface Moving {
  readonly stop: AbortController;
  readonly ended: Promise<void>;
  readonly now: () => PutBack;
}

export class PutBacks {
  readonly #context: EngineContext;
  readonly #moving = new Map<OrderKey, Moving>();
  readonly #turns = new Turns();
  #isClosing = false;

  constructor(context: EngineContext) {
    this.#context = context;
  }

  routes(): PutBackRoutes {
    return {
      'orders:putBackPreview': async ({ id }) =>
        previewPutBack(await this.#job(await this.#ended(id), new AbortController().signal)),
      // One at a time: two clicks would both find that nothing is being moved.
      'orders:putBack': ({ id, choice }) => this.#turns.take('putBack', () => this.#ask(id, choice)),
    };
  }

  /** As it is now. What is written down as moving and is not was cut off. */
  of({ id, result }: OrderRow): PutBack | null {
    const moving = this.#moving.get(id);
    if (moving !== undefined) return moving.now();
    const last = result.putBack ?? null;
    return last?.state === 'moving' ? { ...last, state: 'stopped' } : last;
  }

  /** @returns whether there was anything to stop */
  async stop(order: OrderKey): Promise<boolean> {
    const moving = this.#moving.get(order);
    if (moving === undefined) return false;
    moving.stop.abort();
    await moving.ended;
    return true;
  }

  /** Stops all at a safe point. */
  async close(): Promise<void> {
    this.#isClosing = true;
    await Promise.all([...this.#moving.keys()].map((order) => this.stop(order)));
  }

  async #ask(id: string, choice: ConflictChoice | undefined): Promise<OrderSummary> {
    const order = await this.#ended(id);
    if (this.#moving.has(order.id) || this.#isClosing) return this.#summary(order);
    const stop = new AbortController();
    const job = await this.#job(order, stop.signal);
    if (choice === undefined) assertNoConflicts(await previewPutBack(job), order);
    const tally = new PutBackTally();
    const startedAt = Date.now();
    // Without a choice nothing stood in the way; what has come since is not touched.
    const chosen = choice ?? 'skip';
    const told = (state: PutBack['state'], failure: PutBack['failure']): PutBack => ({
      ...{ state, choice: chosen, startedAt, endedAt: state === 'moving' ? null : Date.now(), failure },
      ...tally.counts(),
      replacedIn: tally.hasReplaced ? join(order.destination, asideName(order.uid)) : null,
    });
    await this.#write(order.id, told('moving', null));
    const ended = this.#move(job, chosen, tally, told).finally(() => this.#moving.delete(order.id));
    this.#moving.set(order.id, { stop, ended, now: () => told('moving', null) });
    return this.#summary(order);
  }

  async #move(
    job: PutBackJob,
    choice: ConflictChoice,
    tally: PutBackTally,
    told: (state: PutBack['state'], failure: PutBack['failure']) => PutBack,
  ): Promise<void> {
    const { order } = job;
    let toldAt = 0;
    const onProgress = (): void => {
      const now = performance.now();
      if (now - toldAt < TELL_EVERY_MS) return;
      toldAt = now;
      this.#tellSoon(order, told('moving', null));
    };
    let end: PutBack;
    try {
      await putBack(job, choice, tally, onProgress);
      end = told(tally.hasProblems ? 'problems' : 'done', null);
    } catch (error) {
      end = told('stopped', isAbort(error) ? null : toFailure(error));
    }
    try {
      await this.#write(order.id, end);
      await this.#tell(order, end);
    } catch (error) {
      this.#context.events.emit('engine:notice', toFailure(error));
    }
  }

  async #write(id: OrderKey, now: PutBack): Promise<void> {
    const { catalog } = this.#context;
    await catalog.transaction(async (tx) => {
      const order = await getOrder(tx, id);
      if (order !== undefined) await updateOrder(tx, id, { result: { ...order.result, putBack: now } });
    });
  }

  #tellSoon(order: OrderRow, now: PutBack): void {
    void this.#tell(order, now).catch((error: unknown) => {
      this.#context.events.emit('engine:notice', toFailure(error));
    });
  }

  async #tell(order: OrderRow, now: PutBack): Promise<void> {
    const summary = await orderSummary(this.#context.catalog, order, { heldUpBy: null, putBack: now });
    this.#context.events.emit('order:changed', summary);
  }

  #summary(order: OrderRow): Promise<OrderSummary> {
    return orderSummary(this.#context.catalog, order, { heldUpBy: null, putBack: this.of(order) });
  }

  async #ended(id: string): Promise<OrderRow> {
    this.#context.keys.newest(); // what is moved is proven with them
    const order = await namedOrder(this.#context.catalog, id);
    if (isEnded(order.state)) return order;
    throw new EngineError(
      'conflict',
      'This order is still under way.',
      'Put its files back when it is done: permafrost orders resume --wait carries it on.',
      { safe: 'Nothing was moved.' },
    );
  }

  async #job(order: OrderRow, signal: AbortSignal): Promise<PutBackJob> {
    const { catalog, keys } = this.#context;
    const snapshot = await getSnapshot(catalog, order.snapshot);
    const plan = snapshot && (await getPlan(catalog, snapshot.plan));
    if (plan === undefined) {
      throw new EngineError(
        'not-found',
        'The snapshot of this order is no longer known here, so its files cannot be proven.',
        'Move them by hand, or order the restore again from another snapshot.',
        { safe: 'Nothing was moved.' },
      );
    }
    const selection = { plan: plan.id, snapshot: order.snapshot, paths: order.selection };
    const { sources } = await planAt(catalog, plan, order.snapshot);
    return { order, sources, plan: await planOrder(catalog, selection), catalog, keys, signal };
  }
}

function assertNoConflicts({ conflicts, conflictsShown }: PutBackPreview, { uid }: OrderRow): void {
  if (conflicts === 0) return;
  const [first] = conflictsShown;
  const many = conflicts === 1 ? 'Something else stands' : 'Other things stand';
  const where = first === undefined ? '' : ` (${first.path}${conflicts === 1 ? '' : ' and more'})`;
  throw new EngineError(
    'conflict',
    `${many} in the place of ${conflicts.toLocaleString('en-US')} of the files${where}.`,
    `Look at them with "permafrost orders put-back ${uid.slice(0, 8)} --dry-run", then choose: keep both, replace or skip.`,
    { safe: 'Nothing was moved.' },
  );
}
