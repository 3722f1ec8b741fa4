/** An order as a parcel on its way: the steps it takes, how far each is, and what to expect of the clock. */
import type { OrderState, OrderSummary, TargetKind, Tier } from '../../shared/types.ts';
import { isEnded } from '../../shared/types.ts';
import { formatBytes, formatCount, formatCounted, formatWindow } from '../format.ts';

export interface Step {
  readonly name: string;
  readonly state: 'done' | 'now' | 'ahead' | 'stopped';
  /** Stands under the name; may be empty. */
  readonly count: string;
}

const HOUR_MS = 3_600_000;

/** Hours from order to ready, as the service states them for most retrievals. */
const usualHours: Readonly<Record<Tier, readonly [from: number, to: number]>> = {
  expedited: [1 / 60, 5 / 60],
  standard: [3, 5],
  bulk: [5, 12],
};

/** Steps in order. All before the first unfinished one are done; that one is `now`, or `stopped` if the order ended there. */
export function orderSteps(order: OrderSummary): readonly Step[] {
  const { total, requested, ready, fetched } = order.retrievals;
  const isDone = order.state === 'done' || order.state === 'problems';
  const isPast = order.state !== 'ordered';
  const facts = [
    { name: 'Ordered', isDone: isPast && requested >= total, count: ofAll(requested, total) },
    {
      name: 'Thawing',
      isDone: isPast && ready >= total,
      count: requested > ready ? `${formatCount(requested - ready)} to go` : '',
    },
    { name: 'Ready', isDone: isPast && ready >= total, count: ofAll(ready, total) },
    {
      name: 'Downloading',
      isDone: isPast && fetched >= total && order.state !== 'thawing',
      count: ofAll(fetched, total),
    },
    {
      name: 'Checked',
      isDone,
      count: order.verifiedFiles > 0 ? formatCounted(order.verifiedFiles, 'file') : '',
    },
    { name: 'Done', isDone, count: isDone ? formatBytes(order.restoredBytes) : '' },
  ];
  const open = facts.findIndex((fact) => !fact.isDone);
  return facts.map(({ name, count }, at) => {
    if (open === -1 || at < open) return { name, count, state: 'done' };
    if (at > open) return { name, count, state: 'ahead' };
    return { name, count, state: isEnded(order.state) ? 'stopped' : 'now' };
  });
}

function ofAll(some: number, all: number): string {
  return all === 0 ? '' : `${formatCount(some)} of ${formatCount(all)}`;
}

/** What is to be expected while an order is under way; empty when there is nothing to wait for. */
export function waitWords(order: OrderSummary, kind: TargetKind | undefined, now: number): string {
  if (order.state !== 'ordered' && order.state !== 'thawing') return '';
  if (kind === 'folder') return '';
  const [from, to] = usualHours[order.tier];
  if (kind === 'practice') {
    return `A vault needs ${order.tier === 'expedited' ? 'a few minutes' : `${from} to ${to} hours`} for this. Here you need not wait for them.`;
  }
  const [first, last] = [order.createdAt + from * HOUR_MS, order.createdAt + to * HOUR_MS];
  if (last < now) return 'This takes longer than usual. It goes on by itself.';
  const window = `Usually ready ${formatWindow(first, last, now)}.`;
  return `${window} You can close this window: the vault goes on thawing, and Permafrost fetches what is ready whenever it runs.`;
}

/** How an order stands, in a few words. */
export const orderWords: Readonly<Record<OrderState, string>> = {
  ordered: 'Ordered',
  thawing: 'Thawing',
  downloading: 'Downloading',
  done: 'Done',
  problems: 'Done with problems',
  failed: 'Failed',
  cancelled: 'Stopped',
};
