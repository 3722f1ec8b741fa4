import type { Command } from 'commander';
import type { ProblemLine, RunSummary } from '../../../shared/types.ts';
import { exitCode } from '../exitCode.ts';
import { failureLines } from '../failed.ts';
import { formatBytes, formatDuration, plural, shown } from '../format.ts';
import type { Output } from '../output.ts';
import { shortId } from '../progress.ts';
import { runBackup } from '../runBackup.ts';
import { withSession } from '../session.ts';
import type { Session } from '../session.ts';

/** Problems and left-out names that are listed one by one. */
const LISTED_PROBLEMS = 1000;
const MOST_PROBLEMS = 10_000;

export function addBackup(program: Command, output: Output): void {
  program
    .command('backup')
    .description('Runs plans: saves what is new or has changed.')
    .usage('<plan>... | --all [options]')
    .argument('[plan...]')
    .option('--all', 'Every plan.')
    .option('--accept-empty', 'Go on although a source folder that held files is now empty.')
    .action(async (names: string[], options: BackupOptions, command: Command) => {
      if (options.all === true ? names.length > 0 : names.length === 0) {
        command.error("error: name the plans to run, or '--all'");
      }
      await withSession(command, output, { keys: 'needed', stopsItself: true }, async (session) => {
        const plans = options.all === true ? await allPlans(session) : names;
        const runs: (RunSummary & { readonly problems: readonly ProblemLine[] })[] = [];
        for (const plan of plans) {
          const run = await runBackup(session, plan, options.acceptEmpty === true);
          const problems = await problemsOf(session, run);
          runs.push({ ...run, problems });
          noteProblems(session, problems, run);
          if (session.signal.aborted) break;
        }
        await output.result(runs, () => runs.flatMap(runLines));
        process.exitCode = exitCodeOf(runs);
      });
    });
}

interface BackupOptions {
  readonly all?: true;
  readonly acceptEmpty?: true;
}

async function allPlans(session: Session): Promise<string[]> {
  const plans = await session.ask('plans:list', {});
  if (plans.length === 0) session.output.note('There are no plans yet. Add one with "permafrost plan add".');
  return plans.map((plan) => plan.name);
}

/** The worst of several runs decides. */
export function exitCodeOf(runs: readonly RunSummary[]): number {
  if (runs.some((run) => run.state === 'failed' || run.state === 'cancelled')) return exitCode.failed;
  return runs.some((run) => run.state === 'problems') ? exitCode.problems : exitCode.done;
}

/** What a run did, for a person. */
export function runLines(run: RunSummary): string[] {
  const { counts, failure } = run;
  const took = formatDuration((run.endedAt ?? run.startedAt) - run.startedAt);
  const seen = `${run.plan}: ${plural(counts.files, 'file')} in ${plural(counts.folders, 'folder')}, ${formatBytes(counts.bytes)}`;
  if (failure !== null) {
    return [
      `${run.plan}: ${run.state === 'cancelled' ? 'stopped' : 'failed'} after ${took}.`,
      ...failureLines(failure),
    ];
  }
  if (!run.changed) return [`${seen}; nothing has changed, nothing was sent (${took}).`, ...leftOut(run)];
  const inPacks = counts.packs === 0 ? '' : ` in ${plural(counts.packs, 'pack')}`;
  const sent = `sent ${formatBytes(counts.sentBytes)}${inPacks}`;
  return [
    `${seen}; ${formatBytes(counts.newBytes)} new, ${sent} (${took}).`,
    ...(run.snapshot === null ? [] : [`${run.plan}: snapshot ${shortId(run.snapshot)}.`]),
    ...leftOut(run),
  ];
}

function leftOut({ plan, counts }: RunSummary): string[] {
  const lines: string[] = [];
  if (counts.problems > 0)
    lines.push(`${plan}: ${plural(counts.problems, 'problem')}; everything else is saved.`);
  if (counts.skipped > 0) {
    lines.push(
      `${plan}: ${plural(counts.skipped, 'socket, pipe or device', 'sockets, pipes or devices')} left out.`,
    );
  }
  return lines;
}

/** What could not be read, and what was left out. */
async function problemsOf(session: Session, { id, counts }: RunSummary): Promise<readonly ProblemLine[]> {
  if (counts.problems + counts.skipped === 0) return [];
  return session.ask('runs:problems', { run: id, limit: MOST_PROBLEMS });
}

function noteProblems(session: Session, problems: readonly ProblemLine[], { counts }: RunSummary): void {
  session.output.note(...problems.slice(0, LISTED_PROBLEMS).map(problemLine));
  const rest = counts.problems + counts.skipped - Math.min(problems.length, LISTED_PROBLEMS);
  if (rest > 0) session.output.note(`... and ${rest} more.`);
}

export function problemLine(problem: ProblemLine): string {
  return `${problem.kind}: ${shown(problem.path)}: ${shown(problem.message)}`;
}
