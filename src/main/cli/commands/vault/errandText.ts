/** How an errand reads, under way or ended. */
import type { ErrandKind, ErrandStep, ErrandSummary } from '../../../../shared/archiveTypes.ts';
import { exitCode } from '../../exitCode.ts';
import { failureLines } from '../../failed.ts';
import { formatAgo, formatBytes, formatCount, formatWhen, shown, table } from '../../format.ts';
import { shortId } from '../../progress.ts';

const kindWords: Readonly<Record<ErrandKind, string>> = {
  inventory: 'Inventory',
  upload: 'Upload',
  download: 'Download',
  clearing: 'Clearing',
};

const stepWords: Readonly<Record<ErrandStep, string>> = {
  asking: 'asking the service',
  hashing: 'reading the file',
  sending: 'sending',
  waiting: 'waiting for the service',
  downloading: 'downloading',
  reading: 'reading',
  deleting: 'deleting',
  closing: 'deleting the vault',
  over: 'over',
};

/** `12 of 40 archives`, `3.2 MB of 10 MB`. */
function countsText({ kind, done, total }: ErrandSummary): string {
  if (kind === 'clearing') return `${formatCount(done)} of ${formatCount(total)} archives`;
  if (kind === 'inventory') return `${formatCount(done)} archives`;
  return `${formatBytes(done)} of ${formatBytes(total)}`;
}

/** One line while it goes on. */
export function errandLine(errand: ErrandSummary): string {
  return `${kindWords[errand.kind]} ${shortId(errand.id)}: ${stepWords[errand.step]}, ${countsText(errand)}`;
}

export function errandLines(errand: ErrandSummary): string[] {
  const { kind, id, vault, outcome, failure, step, paidAgain } = errand;
  const title = `${kindWords[kind]} ${shortId(id)} (vault ${shown(vault)})`;
  const trouble = failure === null ? [] : failureLines(failure);
  if (outcome === null) {
    return [
      `${title}: ${stepWords[step]}, ${countsText(errand)}.`,
      ...trouble,
      paidAgain ? howToPayAgain(id) : howToGoOn,
    ];
  }
  const word = { done: 'done', problems: 'done with problems', failed: 'failed', cancelled: 'cancelled' };
  return [`${title}: ${word[outcome]}, ${countsText(errand)}.`, ...factLines(errand), ...trouble];
}

const howToGoOn = 'Carry it on with: permafrost vault errands resume --wait';

function howToPayAgain(id: string): string {
  return `See the price and carry it on with: permafrost vault errands resume ${shortId(id)}`;
}

export const whenStopped = `What was begun stays. ${howToGoOn}`;

function factLines({ kind, path, archive, verified, outcome, closes }: ErrandSummary): string[] {
  const isDone = outcome === 'done' || outcome === 'problems';
  if (!isDone) return [];
  switch (kind) {
    case 'upload':
      return [`${shown(path ?? '')} is stored as archive`, archive ?? ''];
    case 'download':
      return [
        verified === 'nothing'
          ? `${shown(path ?? '')} is written. The service has no hash for this range, so it was not verified as a whole.`
          : `${shown(path ?? '')} is written, and its tree hash is the service’s.`,
      ];
    case 'clearing':
      return closes && outcome === 'done' ? ['The vault is deleted.'] : [];
    case 'inventory':
      return [];
  }
}

export function errandTable(errands: readonly ErrandSummary[], now: number): string[] {
  const rows = errands.map((errand) => [
    shortId(errand.id),
    kindWords[errand.kind].toLowerCase(),
    shown(errand.vault),
    `${formatWhen(errand.createdAt)}, ${formatAgo(errand.createdAt, now)}`,
    errand.outcome ?? (errand.failure === null ? stepWords[errand.step] : 'stopped'),
    countsText(errand),
    errand.path === null ? '-' : shown(errand.path),
  ]);
  return table(
    [['ERRAND', 'KIND', 'VAULT', 'ASKED FOR', 'STATE', 'DONE', 'FILE'], ...rows],
    ['left', 'left', 'left', 'left', 'left', 'right', 'left'],
  );
}

export function exitCodeOfErrand({ outcome, failure }: ErrandSummary): number {
  if (outcome === 'problems') return exitCode.problems;
  return failure !== null || outcome === 'failed' || outcome === 'cancelled'
    ? exitCode.failed
    : exitCode.done;
}
