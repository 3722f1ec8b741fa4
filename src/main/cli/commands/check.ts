import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';
import type { CheckSummary } from '../../../shared/checkTypes.ts';
import {
  archiveLines,
  checkLines,
  exitCodeOfCheck,
  extrasLines,
  previewLines,
  whenStopped,
} from '../checkText.ts';
import { failed } from '../failed.ts';
import { followCheck, hasEnded, isAtRest } from '../followCheck.ts';
import { shown } from '../format.ts';
import { positiveNumber } from '../options.ts';
import type { Output } from '../output.ts';
import { withSession, type Session } from '../session.ts';
import { confirm } from './vault/confirm.ts';
import { errandLines, exitCodeOfErrand } from './vault/errandText.ts';
import { followErrand, hasEnded as hasErrandEnded } from './vault/followErrand.ts';

interface CheckOptions {
  readonly read?: number;
  readonly maxCost?: number;
  readonly wait?: true;
  readonly dryRun?: true;
  readonly yes?: true;
  readonly archives?: true;
  readonly deleteExtras?: true;
  readonly cancel?: true;
}

export function addCheck(program: Command, output: Output): void {
  program
    .command('check')
    .description('Says whether what was stored is still there and whole. Without targets: all of them.')
    .argument('[target...]')
    .option('--read <percent>', 'Read back so much of it and prove it, like 5%.', percentage)
    .option('--max-cost <usd>', 'What reading back may cost at most, for each target.', positiveNumber)
    .option('--wait', 'Stay until it is through, which takes hours at a vault.')
    .option('--dry-run', 'Only say what reading back would cost.')
    .option('--archives', 'Only list what was proven of each archive, and when.')
    .option('--delete-extras', 'Delete the second copies that the last check found, after showing the price.')
    .option('--cancel', 'Give up a check that is under way.')
    .option('--yes', 'Agree to prices without being asked.')
    .action(async (names: string[], options: CheckOptions, command: Command) => {
      const keys = options.read === undefined || options.dryRun === true ? 'welcome' : 'needed';
      await withSession(command, output, { keys, whenStopped }, async (session) => {
        const targets = names.length > 0 ? names : await allTargets(session);
        if (options.archives === true) await tellArchives(session, targets);
        else if (options.dryRun === true) await tellPrices(session, targets, options.read ?? 0);
        else if (options.cancel === true) await cancel(session, targets);
        else if (options.deleteExtras === true) await deleteExtras(session, targets, options.yes === true);
        else await check(session, targets, options);
      });
    });
}

async function allTargets(session: Session): Promise<string[]> {
  const targets = await session.ask('targets:list', {});
  if (targets.length > 0) return targets.map(({ name }) => name);
  throw failed('not-found', 'There is no target to check yet.', 'Add one: permafrost target add.');
}

async function check(session: Session, targets: readonly string[], options: CheckOptions): Promise<void> {
  const until = options.wait === true ? hasEnded : isAtRest;
  const asked: { target: string; readPercent?: number; maxUsd?: number }[] = [];
  for (const target of targets) asked.push(await agreed(session, target, options));
  // Side by side: each vault takes its hours.
  const checks: CheckSummary[] = await Promise.all(
    asked.map((one) => followCheck(session, () => session.ask('check:start', one), until)),
  );
  await session.output.result(checks, () => checks.flatMap(checkLines));
  process.exitCode = worst(checks.map(exitCodeOfCheck));
}

/** Where nobody has said what it may cost, the price is shown and a yes is needed. */
async function agreed(
  session: Session,
  target: string,
  { read: readPercent, maxCost, yes }: CheckOptions,
): Promise<{ target: string; readPercent?: number; maxUsd?: number }> {
  if (readPercent === undefined) return { target };
  if (maxCost !== undefined) return { target, readPercent, maxUsd: maxCost };
  const open = await session.ask('check:show', { target });
  const preview = await session.ask('check:preview', { target, readPercent });
  const { usd } = preview.estimate;
  if (usd > 0 && (open === null || hasEnded(open)))
    await confirm(session, yes === true, previewLines(preview));
  return { target, readPercent, maxUsd: usd };
}

/** A failure of one outweighs the problems of another. */
function worst(codes: readonly number[]): number {
  return codes.includes(1) ? 1 : Math.max(0, ...codes);
}

async function tellArchives(session: Session, targets: readonly string[]): Promise<void> {
  const all = await Promise.all(
    targets.map(async (target) => ({ target, archives: await session.ask('check:archives', { target }) })),
  );
  await session.output.result(all, () =>
    all.flatMap(({ target, archives }) => [
      ...(all.length > 1 ? [`${shown(target)}:`] : []),
      ...archiveLines(archives),
    ]),
  );
}

async function tellPrices(session: Session, targets: readonly string[], readPercent: number): Promise<void> {
  const previews = await Promise.all(
    targets.map((target) => session.ask('check:preview', { target, readPercent })),
  );
  await session.output.result(previews, () => previews.flatMap(previewLines));
}

async function cancel(session: Session, targets: readonly string[]): Promise<void> {
  const checks: CheckSummary[] = [];
  for (const target of targets) checks.push(await session.ask('check:cancel', { target }));
  await session.output.result(checks, () => checks.flatMap(checkLines));
}

async function deleteExtras(session: Session, targets: readonly string[], yes: boolean): Promise<void> {
  const codes: number[] = [];
  const results: unknown[] = [];
  const lines: string[] = [];
  for (const target of targets) {
    const preview = await session.ask('check:extras', { target });
    results.push(preview);
    if (preview.extras.length === 0) {
      lines.push(...extrasLines(preview));
      continue;
    }
    await confirm(session, yes, extrasLines(preview));
    const errand = await deleted(session, target);
    if (errand === null) lines.push(`${shown(target)}: the second copies are deleted.`);
    else {
      lines.push(...errandLines(errand));
      codes.push(exitCodeOfErrand(errand));
    }
  }
  await session.output.result(results, () => lines);
  process.exitCode = worst(codes);
}

async function deleted(session: Session, target: string) {
  const started = await session.ask('check:deleteExtras', { target, accept: true });
  if (started === null) return null;
  return followErrand(session, () => session.ask('errands:show', { id: started.id }), hasErrandEnded);
}

function percentage(text: string): number {
  const value = Number(/^(\d+(?:\.\d+)?) ?%?$/.exec(text.trim())?.[1]);
  if (value > 0 && value <= 100) return value;
  throw new InvalidArgumentError('It has to be a share above 0 and up to 100, like 5%.');
}
