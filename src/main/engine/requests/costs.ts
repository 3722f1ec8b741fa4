/** Money: what months cost, what they will have cost, and the budget at which unattended work stops. */
import type { BudgetSummary, CostSummary, MonthCost, TargetCost } from '../../../shared/costTypes.ts';
import type { Routes } from '../../../shared/contract.ts';
import type { PriceLine } from '../../../shared/types.ts';
import { listTargets, type TargetRow } from '../catalog/targets.ts';
import { isAtLine, readBudget, retrievalRateFor, writeBudget, type Budget } from '../cost/budget.ts';
import { monthName, monthOf, type Month } from '../cost/month.ts';
import { spentAt, type Spent } from '../cost/spent.ts';
import { EngineError, toFailure } from '../failure.ts';
import { pricesOf } from '../restore/quote.ts';
import { deletionDay } from '../retain/deletionDay.ts';
import type { EngineContext } from './context.ts';
import { namedTarget } from './namedTarget.ts';
import { locateTarget, withService } from './vaultPlace.ts';

type CostRoutes = Pick<
  Routes,
  'costs:show' | 'costs:months' | 'budget:set' | 'budget:lift' | 'budget:policy'
>;

/** What money allows. One for an engine. */
export class Purse {
  readonly #context: EngineContext;
  /** The month in which it was said that the budget is reached. */
  #told: string | null = null;

  constructor(context: EngineContext) {
    this.#context = context;
  }

  /** Says, once a month, that unattended work has come to the line; resolves to whether it may go on. */
  async mayGoOn(): Promise<boolean> {
    const { catalog, events } = this.#context;
    const budget = await readBudget(catalog);
    const month = monthOf(Date.now());
    if (budget.monthlyUsd === null || !(await this.#isReached(budget, month))) return true;
    if (this.#told !== monthName(month)) events.emit('engine:notice', toFailure(reached(budget.monthlyUsd)));
    this.#told = monthName(month);
    return false;
  }

  /** @throws EngineError `conflict` where `mayGoOn` is false */
  async assertMayGoOn(): Promise<void> {
    if (await this.mayGoOn()) return;
    throw reached((await readBudget(this.#context.catalog)).monthlyUsd ?? 0);
  }

  async summary(): Promise<BudgetSummary> {
    const budget = await readBudget(this.#context.catalog);
    const month = monthOf(Date.now());
    return {
      monthlyUsd: budget.monthlyUsd,
      isReached: await this.#isReached(budget, month),
      isLifted: budget.liftedFor === monthName(month),
    };
  }

  async #isReached(budget: Budget, month: Month): Promise<boolean> {
    if (budget.monthlyUsd === null) return false;
    let certain = 0;
    for (const target of await listTargets(this.#context.catalog)) {
      if (target.settings.kind === 'practice') continue;
      certain += sumUsd((await this.spent(target, month))?.certain ?? []);
    }
    return isAtLine(budget, monthName(month), certain);
  }

  /** Null for a target that charges nothing. */
  async spent(target: TargetRow, month: Month): Promise<Spent | null> {
    const prices = pricesOf(target);
    if (prices === null) return null;
    const located = locateTarget(target);
    const place =
      located === null || located.vault === null ? null : { service: located.key, vault: located.vault };
    return spentAt(this.#context.catalog, target, place, prices, month, Date.now(), (pack) =>
      deletionDay(pack, prices.minimumDays),
    );
  }
}

export function costRoutes(context: EngineContext, purse: Purse): CostRoutes {
  const { catalog, events } = context;
  return {
    'costs:show': async ({ month: text }) => {
      const month = text === undefined ? monthOf(Date.now()) : monthOf(Date.parse(`${text}-01T00:00:00Z`));
      return summaryOf(await costsOf(context, purse, month), month, await purse.summary());
    },
    'costs:months': async ({ count }) => {
      const months: MonthCost[] = [];
      for (let n = 1 - count; n <= 0; n++) {
        const month = monthOf(Date.now(), n);
        const real = (await costsOf(context, purse, month)).filter(({ isPractice }) => !isPractice);
        const lines = joined(real.flatMap((target) => target.lines));
        months.push({ month: monthName(month), usd: sumUsd(lines), lines });
      }
      const first = months.findIndex(({ usd }) => usd > 0);
      return first === -1 ? months.slice(-1) : months.slice(first);
    },
    'budget:set': async ({ monthlyUsd }) => {
      await catalog.transaction((tx) => writeBudget(tx, { monthlyUsd, liftedFor: null }));
      events.emit('lists:changed', {});
      return purse.summary();
    },
    'budget:lift': async () => {
      const budget = await readBudget(catalog);
      const liftedFor = monthName(monthOf(Date.now()));
      await catalog.transaction((tx) => writeBudget(tx, { ...budget, liftedFor }));
      events.emit('lists:changed', {});
      return purse.summary();
    },
    'budget:policy': async ({ target: name, accept }) => {
      const prices = pricesOf(await namedTarget(catalog, name));
      const { monthlyUsd } = await readBudget(catalog);
      if (prices === null || monthlyUsd === null) {
        throw new EngineError(
          'invalid',
          prices === null ? `${name} charges nothing for retrieval.` : 'There is no budget to match.',
          prices === null ? 'Choose a target that is a vault.' : 'Set one first: permafrost budget set 5.',
        );
      }
      const bytesPerHour = retrievalRateFor(monthlyUsd, prices);
      if (accept === true) {
        const policy = { kind: 'rate', bytesPerHour } as const;
        await withService(context, { target: name }, (service) => service.setRetrievalPolicy(policy));
      }
      return { bytesPerHour, isSet: accept === true };
    },
  };
}

async function costsOf(
  { catalog }: EngineContext,
  purse: Purse,
  month: Month,
): Promise<readonly TargetCost[]> {
  const costs: TargetCost[] = [];
  for (const target of await listTargets(catalog)) {
    const spent = await purse.spent(target, month);
    const prices = pricesOf(target);
    costs.push({
      target: target.name,
      isPractice: target.settings.kind === 'practice',
      lines: spent?.lines ?? [],
      usd: sumUsd(spent?.lines ?? []),
      forecastUsd: sumUsd(spent?.forecast ?? []),
      priceDate: prices?.date ?? '',
      region: prices?.region ?? '',
    });
  }
  return costs;
}

function summaryOf(targets: readonly TargetCost[], month: Month, budget: BudgetSummary): CostSummary {
  const real = targets.filter(({ isPractice }) => !isPractice);
  return {
    month: monthName(month),
    isOver: Date.now() >= month.until,
    targets,
    usd: real.reduce((sum, { usd }) => sum + usd, 0),
    forecastUsd: real.reduce((sum, { forecastUsd }) => sum + forecastUsd, 0),
    budget,
  };
}

function joined(lines: readonly PriceLine[]): readonly PriceLine[] {
  const sums = new Map<string, PriceLine>();
  for (const line of lines) {
    const seen = sums.get(line.what);
    sums.set(
      line.what,
      seen === undefined
        ? line
        : { ...line, quantity: seen.quantity + line.quantity, usd: seen.usd + line.usd },
    );
  }
  return [...sums.values()];
}

function sumUsd(lines: readonly PriceLine[]): number {
  return lines.reduce((sum, { usd }) => sum + usd, 0);
}

function reached(monthlyUsd: number): EngineError {
  return new EngineError(
    'conflict',
    `The budget of $${monthlyUsd.toFixed(2)} is reached for this month, so nothing is backed up by itself.`,
    'Allow more for this month (permafrost budget allow), raise it, or back up by hand.',
    { safe: 'Everything that was stored stays stored.' },
  );
}
