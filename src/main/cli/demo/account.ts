/** The demo's account: what happened, in lines for a person, and what that means for the exit code. Pure. */
import type { PriceLine } from '../../../shared/types.ts';
import { exitCode } from '../exitCode.ts';
import { formatBytes, formatCount, formatDuration, formatUsd, plural, shown, table } from '../format.ts';
import type { DemoFacts, Step } from './demo.ts';

/** Lines of one kind that are listed before the rest is only counted. */
const LISTED = 20;

/** Done only when every byte and all metadata agree. */
export function exitCodeOfDemo(facts: DemoFacts): number {
  if (unexplainedCount(facts) > 0 || facts.order.failedFiles > 0) return exitCode.failed;
  const { run, order, differences, comparison } = facts;
  const isWhole =
    run.counts.problems === 0 &&
    order.state === 'done' &&
    differences.changedMeanwhile.length === 0 &&
    comparison.unreadable === 0;
  return isWhole ? exitCode.done : exitCode.problems;
}

export function accountLines(facts: DemoFacts): string[] {
  const { run, target, order, hours, comparison, backupEstimate } = facts;
  const { counts } = run;
  const rows = [
    [
      'Saved',
      `${amount(counts.files, counts.folders)}, ${formatBytes(counts.bytes)} of ${shown(facts.source)}`,
    ],
    [
      'Sent',
      `${formatBytes(counts.sentBytes)} in ${plural(counts.packs, 'pack')}, ${plural(counts.parts, 'part')}, ` +
        `${plural(counts.requests, 'request')}; the vault holds ${plural(target.archives, 'archive')}`,
    ],
    [
      'Restored',
      `${plural(order.restoredFiles, 'file')}, ${formatBytes(order.restoredBytes)}, ` +
        `by ${plural(order.retrievals.total, 'retrieval')}; ${plural(hours, 'hour')} passed in the vault`,
    ],
    [
      'Compared',
      `${amount(comparison.files, comparison.folders)}, ${formatBytes(comparison.bytes)}${specialKinds(facts)}`,
    ],
    ['Price', priceText(facts)],
    ['', `in a real vault (list of ${backupEstimate.priceDate}, ${backupEstimate.region})`],
    ['Time', facts.steps.map(stepText).join(', ')],
    ['Memory', `${formatBytes(facts.peakMemoryBytes)} at most`],
  ];
  return [...table(rows, ['left', 'left']), ...complaints(facts), '', verdict(facts)];
}

function amount(files: number, folders: number): string {
  return `${plural(files, 'file')} in ${plural(folders, 'folder')}`;
}

function specialKinds({ comparison }: DemoFacts): string {
  const { symlinks, hardLinks, sparseFiles } = comparison;
  const kinds = [
    symlinks > 0 && plural(symlinks, 'symbolic link'),
    hardLinks > 0 && plural(hardLinks, 'hard link'),
    sparseFiles > 0 && plural(sparseFiles, 'file with holes', 'files with holes'),
  ].filter((kind) => kind !== false);
  return kinds.length === 0 ? '' : `; with ${kinds.join(', ')}`;
}

function priceText({ backupEstimate, order }: DemoFacts): string {
  const [upload, storage] = backupEstimate.lines;
  return (
    `${usd(upload)} to upload, ${usd(storage)} a month to keep, ` +
    `${formatUsd(order.estimate.usd)} to restore everything,`
  );
}

function usd(line: PriceLine | undefined): string {
  return formatUsd(line?.usd ?? 0);
}

const stepWords = {
  look: 'look',
  backup: 'back up',
  restore: 'thaw and restore',
  compare: 'compare',
} as const;

function stepText({ what, ms }: Step): string {
  return `${stepWords[what]} ${formatDuration(ms)}`;
}

function complaints(facts: DemoFacts): string[] {
  const { problems, order, differences, comparison, run } = facts;
  const skipped = problems.filter((p) => p.kind === 'skipped').map(pathAnd);
  const unread = problems.filter((p) => p.kind !== 'skipped').map(pathAnd);
  return [
    ...list('Left out, because they are no files', skipped, run.counts.skipped),
    ...list('Could not be saved', unread, run.counts.problems),
    ...list('Restored with problems', order.problems.map(pathAnd), order.problems.length),
    ...list(
      'Changed by somebody while the demo ran',
      differences.changedMeanwhile.map(pathAnd),
      differences.changedMeanwhile.length,
    ),
    ...list('DIFFERENT', differences.unexplained.map(pathAnd), unexplainedCount(facts)),
    ...(comparison.otherOwners > 0
      ? [
          '',
          `${plural(comparison.otherOwners, 'name belongs', 'names belong')} to another owner: setting owners takes rights.`,
        ]
      : []),
  ];
}

function pathAnd(thing: { readonly path: string; readonly what?: string; readonly message?: string }) {
  return { text: `${shown(thing.path)}: ${shown(thing.what ?? thing.message ?? '')}` };
}

function list(title: string, things: readonly { readonly text: string }[], count: number): string[] {
  if (count === 0) return [];
  const lines = things.slice(0, LISTED).map(({ text }) => `  ${text}`);
  const rest = count - lines.length;
  return [
    '',
    `${title} (${formatCount(count)}):`,
    ...lines,
    ...(rest > 0 ? [`  and ${formatCount(rest)} more`] : []),
  ];
}

/** Differences beyond those that were listed are nobody's to explain. */
function unexplainedCount({ comparison, differences }: DemoFacts): number {
  return comparison.differenceCount - differences.changedMeanwhile.length;
}

function verdict(facts: DemoFacts): string {
  switch (exitCodeOfDemo(facts)) {
    case exitCode.done:
      return 'Every byte and all metadata agree.';
    case exitCode.problems:
      return 'What could be saved agrees in every byte and all metadata; see above for the rest.';
    default:
      return 'The restored folder is NOT what was saved; see above.';
  }
}
