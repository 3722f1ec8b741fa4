/** How an order reads, placed, under way or ended. */
import type { OrderState, OrderSummary } from '../../shared/types.ts';
import { exitCode } from './exitCode.ts';
import { failureLines } from './failed.ts';
import { hasEnded } from './followOrder.ts';
import {
  formatAgo,
  formatBytes,
  formatCount,
  formatUsd,
  formatWhen,
  plural,
  shown,
  table,
} from './format.ts';
import { shortId } from './progress.ts';

const LISTED_PROBLEMS = 1000;

export const whenStopped =
  'An order that was placed stays: carry it on with "permafrost orders resume --wait".';

/** An order that only waits has gone as far as it was asked to. */
export function exitCodeOfOrder(order: OrderSummary): number {
  const isStuck = order.failure !== null && !hasEnded(order);
  if (isStuck || order.state === 'failed' || order.state === 'cancelled') return exitCode.failed;
  return order.state === 'problems' ? exitCode.problems : exitCode.done;
}

export const stateWords: Readonly<Record<OrderState, string>> = {
  ordered: 'ordered',
  thawing: 'thawing',
  downloading: 'downloading',
  done: 'done',
  problems: 'done with problems',
  failed: 'failed',
  cancelled: 'cancelled',
};

export function orderLines(order: OrderSummary): string[] {
  const title = `Order ${shortId(order.id)} of snapshot ${shortId(order.snapshot)} (${order.plan})`;
  if (!hasEnded(order)) {
    const { total, ready, fetched } = order.retrievals;
    return [
      `${title}: ${stateWords[order.state]}, ${plural(order.files, 'file')}, ${formatBytes(order.bytes)} to ${shown(order.to)}.`,
      `${ready} of ${plural(total, 'retrieval')} ready, ${fetched} downloaded; ${priceWords(order)}.`,
      ...(order.failure === null ? [] : failureLines(order.failure)),
      'Carry it on with: permafrost orders resume --wait',
    ];
  }
  return [
    `${title}: ${stateWords[order.state]}.`,
    `${formatCount(order.restoredFiles)} of ${plural(order.files, 'file')} restored, ${formatBytes(order.restoredBytes)}; ${formatCount(order.verifiedFiles)} checked against the snapshot.`,
    ...(order.restoredFiles === 0
      ? []
      : order.roots.map((root) => `${shown(root.source)} is in ${shown(root.to)}`)),
    ...(order.actual === null
      ? []
      : [`Cost ${formatUsd(order.actual.usd)}; about ${formatUsd(order.estimate.usd)} was expected.`]),
    ...(order.failure === null ? [] : failureLines(order.failure)),
    ...problemLines(order),
  ];
}

/** What it has cost beside what was said when it was placed. */
function priceWords({ estimate, actual }: OrderSummary): string {
  const expected = `about ${formatUsd(estimate.usd)}`;
  return actual === null ? expected : `${formatUsd(actual.usd)} so far of ${expected}`;
}

function problemLines(order: OrderSummary): string[] {
  const lines: string[] = [];
  if (order.failedFiles > 0) lines.push(`${plural(order.failedFiles, 'file')} could not be restored.`);
  if (order.metadataProblems > 0) {
    lines.push(`${plural(order.metadataProblems, 'file')} restored without all times or permissions.`);
  }
  for (const problem of order.problems.slice(0, LISTED_PROBLEMS)) {
    lines.push(`  ${shown(problem.path)}: ${shown(problem.message)}`);
  }
  const rest = order.problems.length - LISTED_PROBLEMS;
  if (rest > 0) lines.push(`  ... and ${rest} more`);
  return lines;
}

export function orderTable(orders: readonly OrderSummary[], now: number): string[] {
  const rows = orders.map((order) => [
    shortId(order.id),
    order.plan,
    `${formatWhen(order.createdAt)}, ${formatAgo(order.createdAt, now)}`,
    stateWords[order.state],
    `${formatBytes(order.restoredBytes)} of ${formatBytes(order.bytes)}`,
    shown(order.to),
  ]);
  return table(
    [['ORDER', 'PLAN', 'PLACED', 'STATE', 'RESTORED', 'TO'], ...rows],
    ['left', 'left', 'left', 'left', 'right', 'left'],
  );
}
