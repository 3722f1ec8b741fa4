/** How a check reads, under way or ended, and the second copies it finds. */
import type {
  CheckPreview,
  CheckProblem,
  CheckSummary,
  ExtrasPreview,
  ProvenArchive,
} from '../../shared/checkTypes.ts';
import { exitCode } from './exitCode.ts';
import { failureLines } from './failed.ts';
import {
  formatBytes,
  formatEstimate,
  formatHours,
  formatUsd,
  formatWhen,
  plural,
  shown,
  table,
} from './format.ts';

const LISTED_PROBLEMS = 100;

/** One that only waits has gone as far as it was asked to. */
export function exitCodeOfCheck({ outcome, failure, endedAt }: CheckSummary): number {
  if (failure !== null && endedAt === null) return exitCode.failed;
  if (outcome === 'failed' || outcome === 'cancelled') return exitCode.failed;
  return outcome === 'problems' ? exitCode.problems : exitCode.done;
}

/** `Check of attic: 3 of 8 ranges read back · 2 problems` */
export function checkLine(check: CheckSummary): string {
  const { ranges, read, unread } = check.reads;
  const parts = [
    `Check of ${shown(check.target)}: ${check.listing === null ? 'waiting for the inventory' : 'compared with what is listed'}`,
  ];
  if (ranges > 0) parts.push(`${read + unread} of ${plural(ranges, 'range')} read back`);
  if (check.problemCount > 0) parts.push(plural(check.problemCount, 'problem'));
  return parts.join(' · ');
}

export function checkLines(check: CheckSummary): string[] {
  const { endedAt, failure } = check;
  const trouble = failure === null ? [] : failureLines(failure);
  if (endedAt === null) return [...underWay(check), ...problemLines(check), ...trouble, howToGoOn];
  return [title(check), ...listingLines(check), ...readLines(check), ...problemLines(check), ...trouble];
}

const howToGoOn = 'Carry it on with the same command, or with --wait to stay until it is through.';
export const whenStopped = `What was asked for stays. ${howToGoOn}`;

function underWay(check: CheckSummary): string[] {
  const { ranges, asked, read, unread } = check.reads;
  return [
    `${checkLine(check)}.`,
    ...(ranges === 0
      ? []
      : [
          `${asked} of ${plural(ranges, 'range')} asked for, ${read + unread} came back; ${formatUsd(check.estimate.usd)} in all.`,
        ]),
    ...(check.waiting ? ['The service takes some hours for this; nobody needs to wait beside it.'] : []),
  ];
}

function title({ target, outcome, problemCount }: CheckSummary): string {
  const name = shown(target);
  switch (outcome) {
    case 'problems':
      return `${name}: ${problemCount === 0 ? 'not all of it could be proven' : `${plural(problemCount, 'archive')} missing or damaged`}.`;
    case 'failed':
      return `${name}: the check failed.`;
    case 'cancelled':
      return `${name}: the check was given up.`;
    default:
      return `${name}: all right.`;
  }
}

function listingLines({ target, listing, proof, outcome }: CheckSummary): string[] {
  if (listing === null) return [];
  const { takenAt, present, newer, cleared, extras, strangers, foreign, keySlots } = listing;
  const by = takenAt === null ? '' : ` by the inventory of ${formatWhen(takenAt)}`;
  const lines = [
    present === 0 && newer === proof.archives && newer > 0
      ? 'The service has no inventory yet that tells of anything here; check again in two days.'
      : `${plural(present, 'archive is', 'archives are')} there as stored${by}.`,
  ];
  if (newer > 0 && present > 0)
    lines.push(
      `${plural(newer, 'archive is', 'archives are')} too new for that to tell; check again in two days.`,
    );
  if (cleared > 0)
    lines.push(
      `${plural(cleared, 'archive')} that seemed lost ${cleared === 1 ? 'is' : 'are'} there after all.`,
    );
  if (extras > 0) {
    lines.push(
      `${plural(extras, 'second copy', 'second copies')} of archives: see the price and delete them with "permafrost check ${shown(target)} --delete-extras".`,
    );
  }
  if (strangers > 0)
    lines.push(`${plural(strangers, 'archive')} of Permafrost that this profile does not know; left alone.`);
  if (foreign > 0) lines.push(`${plural(foreign, 'archive')} of other programs; left alone.`);
  if (keySlots === false)
    lines.push(
      'The key slots are missing, without which the passphrase opens nothing. The next backup stores them again.',
    );
  return outcome === 'cancelled' ? [] : lines;
}

function readLines({ reads, proof }: CheckSummary): string[] {
  const { ranges, bytes, provenBytes, unread, reason } = reads;
  const lines: string[] = [];
  if (ranges > 0)
    lines.push(
      `Read back ${formatBytes(bytes)} in ${plural(ranges, 'range')}: ${formatBytes(provenBytes)} proven to be what was stored.`,
    );
  if (unread > 0)
    lines.push(`${plural(unread, 'range')} could not be had: ${shown(reason ?? 'no reason was given')}`);
  if (proof.provenArchives > 0) {
    const oldest =
      proof.oldestAt === null ? '' : ` None was last proven before ${formatWhen(proof.oldestAt)}.`;
    lines.push(
      `Proven by reading so far: ${formatBytes(proof.provenBytes)} of ${formatBytes(proof.bytes)}, in ${proof.provenArchives} of ${plural(proof.archives, 'archive')}.${oldest}`,
    );
  }
  return lines;
}

const problemWords: Readonly<Record<CheckProblem['kind'], string>> = {
  missing: 'missing',
  differs: 'another size or hash',
  damaged: 'damaged',
};

const holdsWords: Readonly<Record<CheckProblem['holds'], string>> = {
  data: 'files',
  manifest: 'record of a snapshot',
  catalog: 'copy of the catalog',
};

function problemLines({ problems, problemCount, listing }: CheckSummary): string[] {
  if (problemCount === 0) return [];
  const rows = problems
    .slice(0, LISTED_PROBLEMS)
    .map(({ kind, size, holds, archive }) => [
      problemWords[kind],
      formatBytes(size),
      holdsWords[holds],
      archive,
    ]);
  const rest = problemCount - rows.length;
  const files = listing?.filesToStoreAgain ?? 0;
  return [
    ...table([['PROBLEM', 'SIZE', 'HOLDS', 'ARCHIVE'], ...rows], ['left', 'right', 'left', 'left']),
    ...(rest > 0 ? [`... and ${rest} more`] : []),
    'Nothing relies on these archives any more. The next backup reads the files in them again and stores them anew,',
    `as far as they are still on this computer${files > 0 ? ` (${plural(files, 'file')} of the newest snapshots)` : ''}. Run it now: permafrost backup --all`,
  ];
}

export function previewLines(preview: CheckPreview): string[] {
  const { target, archives, bytes, ranges, readBytes, hours, estimate } = preview;
  const time = formatHours(hours);
  return [
    `${shown(target)}: ${plural(archives, 'archive')}, ${formatBytes(bytes)}.`,
    `Reads back ${formatBytes(readBytes)} in ${plural(ranges, 'range')}${time === '' ? '' : `, usually after ${time}`}.`,
    ...formatEstimate(estimate),
  ];
}

/** Ids come last: they are long, and whole, to be copied. */
export function extrasLines(preview: ExtrasPreview): string[] {
  const { target, extras, bytes, keeping, deleting, freeAt } = preview;
  if (extras.length === 0) return [`${shown(target)} has no second copies.`];
  const rows = extras.map(({ archive, size, createdAt }) => [
    formatBytes(size),
    formatWhen(createdAt),
    archive,
  ]);
  return [
    ...table([['SIZE', 'STORED', 'ARCHIVE'], ...rows], ['right', 'left', 'left']),
    `${plural(extras.length, 'second copy', 'second copies')}, ${formatBytes(bytes)}, of archives that are there.`,
    `Keeping them costs ${formatUsd(keeping.usd)} a month.`,
    ...(freeAt === null ? [] : [`From ${formatWhen(freeAt)} on deleting them costs nothing; now:`]),
    ...formatEstimate(deleting),
  ];
}

export function archiveLines(archives: readonly ProvenArchive[]): string[] {
  if (archives.length === 0) return ['Nothing is stored.'];
  const rows = archives.map(({ provenAt, provenShare, listedAt, size, holds, suspect, archive }) => [
    provenAt === null ? 'never' : formatWhen(provenAt),
    `${Math.floor(provenShare * 100)}%`,
    listedAt === null ? 'never' : formatWhen(listedAt),
    formatBytes(size),
    suspect ? `${holdsWords[holds]} (suspect)` : holdsWords[holds],
    archive,
  ]);
  return table(
    [['LAST PROVEN', 'SHARE', 'LAST LISTED', 'SIZE', 'HOLDS', 'ARCHIVE'], ...rows],
    ['left', 'right', 'left', 'right', 'left', 'left'],
  );
}
