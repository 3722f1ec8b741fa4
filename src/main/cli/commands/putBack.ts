import { type Command, Option } from 'commander';
import type { ConflictChoice, OrderSummary, PutBackPreview, ThingKind } from '../../../shared/types.ts';
import { exitCode } from '../exitCode.ts';
import { failureLines } from '../failed.ts';
import { followOrder } from '../followOrder.ts';
import { formatBytes, formatCount, plural, shown } from '../format.ts';
import type { Output } from '../output.ts';
import { shortId } from '../progress.ts';
import { withSession } from '../session.ts';

interface PutBackOptions {
  readonly dryRun?: true;
  readonly conflicts?: ConflictChoice;
}

const whenStopped = 'What was moved is in its place; the same command goes on with the rest.';

export function addPutBack(orders: Command, output: Output): void {
  orders
    .command('put-back')
    .description(
      'Moves the files of an order that is done to where they came from. Nothing that stands there is written to or lost.',
    )
    .argument('<id>')
    .option('--dry-run', 'Only say what stands in their places.')
    .addOption(
      new Option(
        '--conflicts <choice>',
        'Where something else stands: put the restored one beside it, set it aside and replace it, or skip.',
      ).choices(['keep-both', 'replace', 'skip']),
    )
    .action(async (id: string, options: PutBackOptions, command: Command) => {
      await withSession(command, output, { keys: 'needed', whenStopped }, async (session) => {
        if (options.dryRun === true) {
          const preview = await session.ask('orders:putBackPreview', { id });
          await output.result(preview, () => previewLines(preview));
          return;
        }
        const choice = options.conflicts;
        const start = () => session.ask('orders:putBack', { id, ...(choice !== undefined && { choice }) });
        const order = await followOrder(session, start, isOver, putBackLine);
        await output.result(order, () => putBackLines(order));
        process.exitCode = exitCodeOf(order);
      });
    });
}

function isOver({ putBack }: OrderSummary): boolean {
  return putBack !== null && putBack.state !== 'moving';
}

function exitCodeOf({ putBack }: OrderSummary): number {
  if (putBack?.state === 'done') return exitCode.done;
  return putBack?.state === 'problems' ? exitCode.problems : exitCode.failed;
}

/** `Order 9f3a21c0: moved 120 of 400 files, 1.20 GB` */
function putBackLine({ id, files, putBack }: OrderSummary): string {
  const { moved, movedBytes } = putBack ?? { moved: 0, movedBytes: 0 };
  return `Order ${shortId(id)}: moved ${formatCount(moved)} of ${plural(files, 'file')}, ${formatBytes(movedBytes)}`;
}

const kindWords: Readonly<Record<ThingKind, string>> = {
  file: 'another file',
  folder: 'a folder',
  link: 'a link',
  special: 'a pipe, socket or device',
};

function previewLines(preview: PutBackPreview): string[] {
  const { fresh, freshBytes, newFolders, same, conflicts, conflictsShown, missing, failed } = preview;
  const rest = conflicts - conflictsShown.length;
  return [
    `${plural(fresh, 'file')}, ${formatBytes(freshBytes)}, and ${plural(newFolders, 'new folder')}: nothing stands in their places.`,
    ...(same > 0 ? [`${plural(same, 'file')}: there already, with the same content.`] : []),
    ...(missing > 0 ? [`${plural(missing, 'file')}: not in the restore folder.`] : []),
    ...(failed > 0 ? [`${plural(failed, 'file')}: their places cannot be looked at.`] : []),
    ...preview.problems.map(({ path, message }) => `  ${shown(path)}: ${shown(message)}`),
    ...(conflicts > 0 ? [`${plural(conflicts, 'file')}: something else stands there.`] : []),
    ...conflictsShown.map(({ path, is }) => `  ${shown(path)}: ${kindWords[is]}`),
    ...(rest > 0 && conflictsShown.length >= 1000 ? [`  ... and ${formatCount(rest)} more`] : []),
    ...(conflicts > 0
      ? ['Choose what becomes of them: --conflicts keep-both, replace (what is there is set aside) or skip.']
      : []),
  ];
}

function putBackLines({ to, putBack }: OrderSummary): string[] {
  if (putBack === null) return [];
  const { moved, movedBytes, same, keptBoth, replaced, replacedIn, skipped, missing, failed } = putBack;
  return [
    `${plural(moved, 'file')}, ${formatBytes(movedBytes)}, moved to where they came from.`,
    ...(keptBoth > 0
      ? [`${formatCount(keptBoth)} of them stand beside something else, under a numbered name.`]
      : []),
    ...(replaced > 0
      ? [
          `${formatCount(replaced)} of them took the place of something else, which is in ${shown(replacedIn ?? to)}.`,
        ]
      : []),
    ...(same > 0
      ? [
          `${plural(same, 'file')} were there already, with the same content; the restored ones stay in ${shown(to)}.`,
        ]
      : []),
    ...(skipped > 0 ? [`${plural(skipped, 'file')} skipped; they stay in ${shown(to)}.`] : []),
    ...(missing > 0 ? [`${plural(missing, 'file')} not found in ${shown(to)}.`] : []),
    ...(failed > 0 ? [`${plural(failed, 'file')} could not be moved; they stay in ${shown(to)}.`] : []),
    ...putBack.problems.map(({ path, message }) => `  ${shown(path)}: ${shown(message)}`),
    ...(putBack.failure === null ? [] : failureLines(putBack.failure)),
    ...(putBack.state === 'stopped' ? [whenStopped] : []),
  ];
}
