/** How a recovery reads, under way or ended. */
import type { RecoverySummary } from '../../shared/recoveryTypes.ts';
import { exitCode } from './exitCode.ts';
import { failureLines } from './failed.ts';
import { formatBytes, formatHours, formatUsd, formatWhen, plural, shown } from './format.ts';

/** One that only waits has gone as far as it could. */
export function exitCodeOfRecovery({ outcome, failure, endedAt }: RecoverySummary): number {
  if (failure !== null || (endedAt !== null && outcome === 'cancelled')) return exitCode.failed;
  return outcome === 'problems' ? exitCode.problems : exitCode.done;
}

/** `Recovery from attic: 3 of 8 records here` */
export function recoveryLine(recovery: RecoverySummary): string {
  return `Recovery from ${shown(recovery.target)}: ${stepWords(recovery)}`;
}

function stepWords({ step, waiting, toFetch, fetched }: RecoverySummary): string {
  const here = `${fetched} of ${plural(toFetch, 'archive')} here`;
  switch (step) {
    case 'listing':
      return waiting ? 'waiting for the list of what is there' : 'asking what is there';
    case 'keys':
      return `fetching what the passphrase opens, ${here}`;
    case 'locked':
      return 'waiting for the passphrase or the recovery code';
    case 'records':
      return `fetching the records of the snapshots, ${here}`;
    case 'gaps':
      return `asking archives that no record tells of, ${here}`;
    case 'over':
      return 'over';
  }
}

export const howToGoOn = 'Carry it on with: permafrost recover (and --wait to stay until it is through).';
export const whenStopped = `What was asked for stays. ${howToGoOn}`;

export function recoveryLines(recovery: RecoverySummary): string[] {
  const { endedAt, failure } = recovery;
  const trouble = failure === null ? [] : failureLines(failure);
  if (endedAt === null) return [...underWay(recovery), ...trouble, howToGoOn];
  return [...ended(recovery), ...trouble];
}

function underWay(recovery: RecoverySummary): string[] {
  const { listing, waiting, estimate, hours, browsable } = recovery;
  const isLocked = recovery.step === 'locked';
  return [
    `${recoveryLine(recovery)}.`,
    ...(listing === null ? [] : [listed(recovery)]),
    ...(estimate.usd > 0 ? [`What was asked for costs ${formatUsd(estimate.usd)} in all.`] : []),
    ...(browsable ? ['There are snapshots to restore from already: permafrost snapshots'] : []),
    ...(isLocked
      ? ['Give it with --passphrase-file or PERMAFROST_PASSPHRASE, or run this in a terminal.']
      : []),
    ...(waiting ? [`The service takes ${formatHours(hours)} for this; nobody needs to wait beside it.`] : []),
  ];
}

function listed({ target, listing }: RecoverySummary): string {
  if (listing === null) return '';
  const { takenAt, archives, bytes } = listing;
  const by = takenAt === null ? '' : `, by the inventory of ${formatWhen(takenAt)}`;
  return `${shown(target)} holds ${plural(archives, 'archive')} of Permafrost, ${formatBytes(bytes)}${by}.`;
}

function ended(recovery: RecoverySummary): string[] {
  const { target, outcome, result } = recovery;
  if (outcome === 'cancelled')
    return [`The recovery from ${shown(target)} was given up; what was found stays.`];
  if (result === null) return [`The recovery from ${shown(target)} ended before anything was found.`];
  const { plans, snapshots, files, bytes, bytesRead, snapshotsLost, packsMissing, filesIncomplete } = result;
  const lines = [
    `${plural(plans, 'plan')} and ${plural(snapshots, 'snapshot')} are known again: ${plural(files, 'file')}, ${formatBytes(bytes)} in the newest.`,
    `${formatBytes(bytesRead)} were read for that.`,
  ];
  if (snapshotsLost > 0)
    lines.push(`${plural(snapshotsLost, 'record')} of snapshots could not be read or put together.`);
  if (packsMissing > 0)
    lines.push(
      `${plural(packsMissing, 'archive')} that the records tell of ${packsMissing === 1 ? 'is' : 'are'} not there; files in them are lost, unless an older snapshot has them.`,
    );
  if (filesIncomplete > 0)
    lines.push(
      `${plural(filesIncomplete, 'file')} cannot be restored whole: what they hold is in none of the archives.`,
    );
  if (snapshots === 0) {
    lines.push(
      'No snapshot can be restored: what tells the names of the files is lost. A backup of the same files stores nothing twice.',
    );
    return lines;
  }
  return [
    ...lines,
    'Look at them with: permafrost snapshots. Restore with: permafrost restore latest --plan NAME --to DIR',
    'To go on backing up here: permafrost plan take-over NAME. A lost passphrase is replaced by: permafrost passphrase',
  ];
}
