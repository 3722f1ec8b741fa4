/**
 * The sentence at the top of Home. It must not lie: it speaks of what was stored when, never of what is, because
 * nobody looked at the folders since; and a practice vault protects nothing, so it never counts as a backup.
 */
import type { PlanSummary, RunSummary, TargetSummary } from '../../shared/types.ts';
import { formatAgo, formatCount, formatCounted, formatNames } from '../format.ts';

export interface Status {
  readonly sentence: string;
  /** What follows from it, or what to do; may be empty. */
  readonly detail: string;
  readonly tone: 'calm' | 'busy' | 'trouble';
}

const MOST_NAME = 32;
const SINCE = 'What has changed since then is stored by the next backup.';

/** @param targets all that the plans use; one that is not among them counts as real */
export function statusOf(
  plans: readonly PlanSummary[],
  targets: readonly TargetSummary[],
  now: number,
): Status {
  if (plans.length === 0) return { sentence: 'Nothing is backed up yet.', detail: '', tone: 'calm' };
  const running = plans.filter((plan) => plan.lastRun?.state === 'running');

  const practice = new Set(targets.filter(({ kind }) => kind === 'practice').map(({ name }) => name));
  const real = plans.filter((plan) => !practice.has(plan.target));
  const trouble = worst(plans, now);
  if (running.length > 0) return busy(running, trouble);
  if (trouble !== undefined) return trouble;
  if (real.length === 0) return practised(plans, now);
  const unprotected = plans.filter((plan) => practice.has(plan.target));
  const detail = unprotected.length === 0 ? SINCE : `${SINCE} ${practiceNote(unprotected)}`;
  return { sentence: `${everythingIn(real)} was backed up ${when(real, now)}.`, detail, tone: 'calm' };
}

function busy(running: readonly PlanSummary[], trouble: Status | undefined): Status {
  return {
    sentence: `Backing up ${named(running)}.`.replace('….', '…'),
    // What is under way must not hide what is not well.
    detail: trouble?.sentence ?? 'It goes on for as long as Permafrost runs.',
    tone: 'busy',
  };
}

/** The first of these that is so: never stored, failed, stopped, files left out. */
function worst(plans: readonly PlanSummary[], now: number): Status | undefined {
  const failed = endedAs(plans, 'failed');
  const [firstFailed] = failed;
  if (firstFailed !== undefined) {
    const at = failed.length === 1 ? ` ${formatAgo(endOf(firstFailed), now)}` : '';
    return {
      sentence: `${named(failed)} could not be backed up${at}.`,
      detail: stillThere(failed, now),
      tone: 'trouble',
    };
  }
  const never = plans.filter(isNeverStored);
  if (never.length > 0) {
    const verb = never.length === 1 ? 'has' : 'have';
    return { sentence: `${named(never)} ${verb} not been backed up yet.`, detail: '', tone: 'trouble' };
  }
  const stopped = endedAs(plans, 'cancelled');
  if (stopped.length > 0) {
    return {
      sentence: `The backup of ${named(stopped)} was stopped.`,
      detail: stillThere(stopped, now),
      tone: 'trouble',
    };
  }
  const leftOut = endedAs(plans, 'problems');
  if (leftOut.length > 0) {
    const count = leftOut.reduce((sum, plan) => sum + (plan.lastRun?.counts.problems ?? 0), 0);
    return {
      sentence: `${formatCounted(count, 'file or folder', 'files or folders')} in ${named(leftOut)} could not be backed up.`,
      detail: 'Everything else there was. Open the plan to see which, and why.',
      tone: 'trouble',
    };
  }
  return undefined;
}

function practised(plans: readonly PlanSummary[], now: number): Status {
  return {
    sentence: `${everythingIn(plans)} went to a practice vault ${when(plans, now)}.`,
    detail: 'A practice vault is on this computer: it shows how things go and protects nothing.',
    tone: 'calm',
  };
}

function practiceNote(plans: readonly PlanSummary[]): string {
  const verb = plans.length === 1 ? 'goes' : 'go';
  return `${named(plans)} ${verb} to a practice vault, which protects nothing.`;
}

/** Names in a sentence; a very long one gives up its end. */
function named(plans: readonly PlanSummary[]): string {
  return formatNames(
    plans.map(({ name }) => (name.length > MOST_NAME ? `${name.slice(0, MOST_NAME)}…` : name)),
  );
}

function everythingIn(plans: readonly PlanSummary[]): string {
  const folders = plans.flatMap(({ sources }) => sources);
  return folders.length === 1
    ? 'Everything in one folder'
    : `Everything in ${formatCount(folders.length)} folders`;
}

/** Said of the plan whose last run is the longest ago, so that no folder is older than the sentence says. */
function when(plans: readonly PlanSummary[], now: number): string {
  const oldest = Math.min(...plans.map(startOf));
  if (plans.length === 1 || plans.every((plan) => formatAgo(startOf(plan), now) === formatAgo(oldest, now))) {
    return formatAgo(oldest, now);
  }
  return `${formatAgo(oldest, now)} or later`;
}

function stillThere(plans: readonly PlanSummary[], now: number): string {
  const [only] = plans;
  if (plans.length !== 1 || only === undefined) return 'The snapshots from before are still there.';
  const snapshot = only.latestSnapshot;
  if (snapshot === null) return 'Nothing of it is stored yet.';
  return `Its snapshot taken ${formatAgo(snapshot.startedAt, now)} is still there.`;
}

function endedAs(plans: readonly PlanSummary[], state: RunSummary['state']): PlanSummary[] {
  return plans.filter((plan) => plan.lastRun?.state === state);
}

function isNeverStored({ lastRun, latestSnapshot }: PlanSummary): boolean {
  if (lastRun === null) return true;
  return latestSnapshot === null && (lastRun.state === 'cancelled' || lastRun.state === 'failed');
}

/** What a run stores is what it finds after its start: a file may have changed right after it was read. */
function startOf(plan: PlanSummary): number {
  return plan.lastRun?.startedAt ?? 0;
}

function endOf(plan: PlanSummary): number {
  return plan.lastRun?.endedAt ?? startOf(plan);
}
