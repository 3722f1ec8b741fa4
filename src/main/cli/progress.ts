/** One line on how far a run or an order is, for a terminal of a given width. Pure. */
import type { OrderSummary, RunProgress } from '../../shared/types.ts';
import { displayWidth, elide, formatBytes, formatDuration, plural, shown } from './format.ts';

/** Room below which a file's name would say nothing. */
const SHORTEST_NAME = 12;

/** What a narrow terminal has to do without, first to last. */
const droppable = ['waiting', 'read', 'rate'] as const;

/** `docs: 1,204 files, 3.10 GB · read 900 MB · sent 120 MB · 85.0 MB/s · 2 min 10 s left · …/IMG_2.jpg` */
export function runLine(progress: RunProgress, width: number): string {
  const parts = new Map([
    ['seen', `${shown(progress.plan)}: ${plural(progress.files, 'file')}, ${formatBytes(progress.bytes)}`],
  ]);
  if (progress.phase === 'committing') parts.set('phase', 'finishing');
  if (progress.readBytes > 0) parts.set('read', `read ${formatBytes(progress.readBytes)}`);
  if (progress.sentBytes > 0) parts.set('sent', `sent ${formatBytes(progress.sentBytes)}`);
  if (progress.waitingBytes > 0) parts.set('waiting', `${formatBytes(progress.waitingBytes)} to send`);
  if (progress.bytesPerSecond > 0) parts.set('rate', `${formatBytes(progress.bytesPerSecond)}/s`);
  const seconds = Math.ceil(progress.secondsLeft ?? 0);
  if (seconds > 0) parts.set('left', `${formatDuration(seconds * 1000)} left`);

  if (progress.heldUpBy !== null) return `${shown(progress.plan)}: ${heldUp(progress.heldUpBy)}`;

  const joined = () => [...parts.values()].join(' · ');
  for (const part of droppable) if (displayWidth(joined()) > width) parts.delete(part);
  const line = joined();
  const room = width - displayWidth(line) - 3;
  if (progress.currentFile === null || room < SHORTEST_NAME) return line;
  return `${line} · ${elide(shown(progress.currentFile), room)}`;
}

/** `waiting and trying again. The service cannot be reached.` */
function heldUp(reason: string): string {
  return `waiting and trying again. ${shown(reason)}`;
}

/** `Order 9f3a21c0: thawing · 3 of 8 ready · restored 120 files, 1.20 GB of 4.00 GB` */
export function orderLine(order: OrderSummary): string {
  if (order.heldUpBy !== null) return `Order ${shortId(order.id)}: ${heldUp(order.heldUpBy)}`;
  const { total, ready, fetched } = order.retrievals;
  const parts = [`Order ${shortId(order.id)}: ${order.state}`];
  if (total > 0) parts.push(`${ready} of ${total} ready`, `${fetched} downloaded`);
  parts.push(
    `restored ${plural(order.restoredFiles, 'file')}, ` +
      `${formatBytes(order.restoredBytes)} of ${formatBytes(order.bytes)}`,
  );
  return parts.join(' · ');
}

/** The beginning of an id that people read and type. */
export function shortId(id: string): string {
  return id.slice(0, 8);
}
