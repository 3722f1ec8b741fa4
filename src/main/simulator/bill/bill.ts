/** The bill for a stretch of time: every charge as a row, and totals by line and by month. */
import { type Charge, chargesOf, monthStart, type Stretch } from './charges.ts';
import type { Records } from './records.ts';

export interface Row {
  /** Virtual epoch ms: of the event; of requests, the hour they are counted in; of storage, where it begins. */
  readonly at: number;
  readonly service: Charge['service'];
  readonly line: string;
  readonly quantity: number;
  readonly unit: Charge['unit'];
  readonly usd: number;
  readonly operation: string;
  /** Vault or bucket. */
  readonly place: string;
  /** Archive, object or upload; null for requests, which are counted together. */
  readonly id: string | null;
}

export type Line = Pick<Row, 'service' | 'line' | 'quantity' | 'unit' | 'usd'>;

export interface Month {
  /** `YYYY-MM`, UTC. */
  readonly month: string;
  readonly usd: number;
  readonly lines: readonly Line[];
}

export interface Totals extends Stretch {
  readonly usd: number;
  readonly lines: readonly Line[];
  readonly months: readonly Month[];
}

export interface Bill extends Totals {
  /** In order of time. */
  readonly rows: readonly Row[];
}

const HOUR = 3_600_000;

export function billOf(records: Records, stretch: Stretch, freeRetrieval: boolean): Bill {
  const rows: Row[] = [];
  const totals = totalsOf(charges(), stretch);
  return { ...totals, rows: rows.sort((a, b) => a.at - b.at) };

  function* charges(): Generator<Charge> {
    for (const charge of chargesOf(records, stretch, freeRetrieval)) {
      const { at, id, line, operation, place, service, unit } = charge;
      rows.push({ at, service, line, ...priced(charge), unit, operation, place, id });
      yield charge;
    }
  }
}

/** As `billOf`, without the rows: a year of a hundred thousand archives has a million. */
export function billTotals(records: Records, stretch: Stretch, freeRetrieval: boolean): Totals {
  return totalsOf(chargesOf(records, stretch, freeRetrieval), stretch);
}

function totalsOf(charges: Iterable<Charge>, { from, to }: Stretch): Totals {
  const byMonth = new Map<number, Map<string, Charge>>();
  for (const charge of charges) {
    const start = monthStart(charge.at);
    const lines = byMonth.get(start) ?? new Map<string, Charge>();
    byMonth.set(start, lines);
    const key = `${charge.service} ${charge.line}`;
    const sum = lines.get(key);
    lines.set(key, sum === undefined ? charge : added(sum, charge));
  }
  const inOrderOfTime = [...byMonth].sort(([a], [b]) => a - b);
  const months = inOrderOfTime.map(([start, sums]): Month => {
    const lines = [...sums.values()].map(asLine).sort(inOrder);
    return { month: new Date(start).toISOString().slice(0, 7), usd: sumOf(lines), lines };
  });
  const lines = overMonths(inOrderOfTime.flatMap(([, sums]) => [...sums.values()]));
  return { from, to, usd: sumOf(lines), lines, months };
}

/** The price of a byte-hour differs from month to month, so dollars are added and not worked out again. */
function overMonths(sums: readonly Charge[]): Line[] {
  const byLine = Map.groupBy(sums, ({ line, service }) => `${service} ${line}`);
  return [...byLine.values()]
    .flatMap((ofLine) => {
      const [first] = ofLine;
      if (first === undefined) return [];
      const amount = ofLine.reduce((sum, charge) => sum + charge.amount, 0n);
      return { ...asLine({ ...first, amount }), usd: sumOf(ofLine.map(asLine)) };
    })
    .sort(inOrder);
}

function added(sum: Charge, charge: Charge): Charge {
  if (sum.usd !== charge.usd || sum.per !== charge.per)
    throw new RangeError(`two prices in one line: ${charge.line}`);
  return { ...sum, amount: sum.amount + charge.amount, free: sum.free + charge.free };
}

function asLine(sum: Charge): Line {
  const { line, service, unit } = sum;
  return { service, line, ...priced(sum), unit };
}

function priced({ amount, free, per, unit, usd }: Charge): { quantity: number; usd: number } {
  return {
    quantity: unit === 'byte-hours' ? Number(amount) / HOUR : Number(amount),
    usd: (Number(amount - free) * usd) / per,
  };
}

function sumOf(items: readonly { readonly usd: number }[]): number {
  return items.reduce((sum, { usd }) => sum + usd, 0);
}

function inOrder(a: Line, b: Line): number {
  const [x, y] = [`${a.service} ${a.line}`, `${b.service} ${b.line}`];
  return x < y ? -1 : x > y ? 1 : 0;
}
