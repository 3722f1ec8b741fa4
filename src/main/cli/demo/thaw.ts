import type { OrderSummary } from '../../../shared/types.ts';
import { failed } from '../failed.ts';
import { followOrder, hasEnded, isAtRest } from '../followOrder.ts';
import type { Session } from '../session.ts';

/** A standard retrieval is ready after three to five hours. */
const FIRST_HOURS = 5;
/** What has not come by then never will. */
const MOST_HOURS = 72;
/** Real ms without news before more hours pass. The engine looks at a near vault every five seconds at least. */
const PATIENCE_MS = 8000;

/** Places an order and lets virtual hours pass at `target` until everything is there. */
export async function thaw(
  session: Session,
  target: string,
  place: () => Promise<OrderSummary>,
): Promise<{ readonly order: OrderSummary; readonly hours: number }> {
  const clock = new PassingHours((hours) => session.ask('practice:advance', { target, hours }));
  try {
    const ended = followOrder(session, place, (order) => {
      clock.see(order);
      return hasEnded(order);
    });
    const order = await Promise.race([ended, clock.gaveUp]);
    return { order, hours: clock.hours };
  } finally {
    clock.stop();
  }
}

/** Lets hours pass whenever the order has nothing to do but wait. */
class PassingHours {
  hours = 0;
  /** Rejects when waiting leads nowhere. */
  readonly gaveUp: Promise<never>;
  #giveUp: (reason: Error) => void = () => undefined;
  #timer: NodeJS.Timeout | undefined;
  readonly #advance: (hours: number) => Promise<unknown>;

  constructor(advance: (hours: number) => Promise<unknown>) {
    this.#advance = advance;
    this.gaveUp = new Promise((_, reject) => (this.#giveUp = reject));
    this.gaveUp.catch(() => undefined);
  }

  /** An order under way says so a few times a second: only one at rest starts the clock, once. */
  see(order: OrderSummary): void {
    if (!isAtRest(order) || hasEnded(order)) this.stop();
    else if (this.#timer === undefined) this.#passSoon();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #passSoon(): void {
    const isFirst = this.hours === 0;
    const pass = () => {
      this.#pass(isFirst ? FIRST_HOURS : 1).catch((error: unknown) => {
        this.#giveUp(error instanceof Error ? error : new Error(String(error)));
      });
    };
    this.#timer = setTimeout(pass, isFirst ? 0 : PATIENCE_MS);
  }

  async #pass(hours: number): Promise<void> {
    if (this.hours + hours > MOST_HOURS) {
      throw failed(
        'offline',
        `Nothing more came out of the practice vault in ${this.hours} virtual hours.`,
        'Run the demo again; if it happens again, report it.',
      );
    }
    this.hours += hours;
    await this.#advance(hours);
    // Unless it was stopped meanwhile.
    if (this.#timer !== undefined) this.#passSoon();
  }
}
