import type { Command } from 'commander';
import type {
  OtherWriter,
  PruneSummary,
  PruningLine,
  RetentionPreview,
} from '../../../shared/retentionTypes.ts';
import { retentionWords } from '../../../shared/retentionWords.ts';
import { formatBytes, formatDay, formatUsd, formatWhen, plural, shown, table } from '../format.ts';
import type { Output } from '../output.ts';
import { shortId } from '../progress.ts';
import { Failed } from '../failed.ts';
import { type Session, withSession } from '../session.ts';

interface PruneOptions {
  readonly dryRun?: true;
  readonly wait?: true;
  readonly acceptChanges?: string;
}

/** Which snapshots go by their plans' rules, and deleting what only they needed. */
export function addPrune(program: Command, output: Output): void {
  const prune = program
    .command('prune')
    .helpCommand(false)
    .usage('[target] [--dry-run] [--wait] [--accept-changes plan] | writers <target> | history')
    .description(
      'Lets snapshots go by the rules of their plans, and deletes archives that nothing needs when that costs nothing.',
    )
    .argument('[target]', 'Only there.')
    .option('--dry-run', 'Only say what would go, and when.')
    .option(
      '--wait',
      'Wait for a vault’s inventory, some hours, and until everything that is due is deleted.',
    )
    .option(
      '--accept-changes <plan>',
      'Most files of this plan changed at once, and that is as it should be.',
    )
    .action(async (target: string | undefined, options: PruneOptions, command: Command) => {
      const where = target === undefined ? {} : { target };
      const keys = options.dryRun === true ? 'none' : 'needed';
      await withSession(command, output, { keys }, async (session) => {
        if (options.acceptChanges !== undefined) {
          await session.ask('retention:acceptStorm', { plan: options.acceptChanges });
          output.note(`The rules of ${options.acceptChanges} hold again.`);
        }
        if (options.dryRun === true) return preview(session, output, where);
        const after = await pruned(session, where, options.wait === true);
        await output.result(after, () => after.flatMap(targetLines));
        const held = after.find(({ failure }) => failure !== null)?.failure ?? null;
        if (held !== null) throw new Failed(held);
      });
    });

  prune
    .command('writers')
    .description('Other installations that have written to a target.')
    .argument('<target>')
    .option('--retire <tag>', 'That one does not write there any more: it keeps nothing from being deleted.')
    .action(async (target: string, { retire }: { retire?: string }, command: Command) => {
      await withSession(command, output, { keys: 'none' }, async (session) => {
        const writers =
          retire === undefined
            ? await session.ask('writers:list', { target })
            : await session.ask('writers:retire', { target, tag: retire });
        await output.result(writers, () => writerLines(writers, target));
      });
    });

  prune
    .command('history')
    .description('What was deleted, the newest first.')
    .action(async (_options: object, command: Command) => {
      await withSession(command, output, { keys: 'none' }, async (session) => {
        const lines = await session.ask('prune:history', {});
        await output.result(lines, () =>
          lines.length === 0 ? ['Nothing was deleted yet.'] : historyTable(lines),
        );
      });
    });
}

export function addForgetting(program: Command, output: Output): void {
  program
    .command('tag')
    .description(
      'Names a snapshot, which keeps it whatever the rules of its plan; without names, takes them away.',
    )
    .argument('<snapshot>')
    .argument('[tag...]')
    .action(async (snapshot: string, tags: string[], _options: object, command: Command) => {
      await withSession(command, output, { keys: 'none' }, async (session) => {
        const summary = await session.ask('snapshots:tag', { snapshot, tags });
        await output.result(summary, () => [
          summary.tags.length === 0
            ? `Snapshot ${shortId(summary.id)} has no tag; the rules of ${summary.plan} decide about it.`
            : `Snapshot ${shortId(summary.id)} is kept as ${summary.tags.map(shown).join(', ')}.`,
        ]);
      });
    });

  program
    .command('forget')
    .description(
      'Lets snapshots go by hand. What only they needed is deleted when that costs nothing: see prune.',
    )
    .argument('<snapshot...>')
    .action(async (snapshots: string[], _options: object, command: Command) => {
      await withSession(command, output, { keys: 'none' }, async (session) => {
        const gone = await session.ask('snapshots:forget', { snapshots });
        await output.result(gone, () => [
          `${plural(gone.length, 'snapshot')} forgotten: ${gone.map(({ id }) => shortId(id)).join(', ')}.`,
          'What only they needed waits for its deletion: permafrost prune --dry-run.',
        ]);
      });
    });
}

/** The rules applied to nothing, then what waits at the targets. */
async function preview(session: Session, output: Output, where: { target?: string }): Promise<void> {
  const plans = (await session.ask('plans:list', {})).filter(
    ({ target, belongsTo }) => belongsTo === null && (where.target ?? target) === target,
  );
  const rules: RetentionPreview[] = [];
  for (const { name } of plans) rules.push(await session.ask('retention:preview', { plan: name }));
  const targets = await session.ask('prune:preview', where);
  await output.result({ plans: rules, targets }, () => [
    ...rules.flatMap(planLines),
    ...targets.flatMap((target) => ['', ...targetLines(target)]),
  ]);
}

function planLines({ plan, retention, snapshots, storm }: RetentionPreview): string[] {
  const going = snapshots.filter(({ reasons }) => reasons.length === 0);
  const rows = snapshots
    .filter(({ reasons }) => reasons.length > 0)
    .map(({ id, startedAt, reasons, goesAt, tags }) => [
      shortId(id),
      formatWhen(startedAt),
      [...tags.map(shown), ...reasons.filter((one) => one !== 'tagged')].join(', '),
      goesAt === null ? 'stays' : `about ${formatDay(goesAt)}`,
    ]);
  const kept = table([['SNAPSHOT', 'MADE', 'KEPT AS', 'GOES'], ...rows], ['left', 'left', 'left', 'left']);
  return [
    `Plan ${plan} keeps ${retentionWords(retention)}.`,
    ...(storm === null
      ? going.length === 0
        ? ['None of its snapshots goes now.']
        : [
            `${plural(going.length, 'snapshot')} would go now: ${going.map(({ id }) => shortId(id)).join(', ')}.`,
          ]
      : [
          `Most of its files changed at once in ${shortId(storm.snapshot)} (${formatWhen(storm.at)}): until that is accepted, none goes.`,
        ]),
    ...(snapshots.length === 0 || retention === 'everything' ? [] : kept),
  ];
}

function targetLines(summary: PruneSummary): string[] {
  const { target, bytes, liveBytes, deadSpace, days, chargedNow, isWaiting, isDeleting } = summary;
  const unused = bytes - liveBytes;
  return [
    `Target ${target}: ${formatBytes(bytes)} of data, of which ${formatBytes(unused)} in archives that are still partly needed` +
      (deadSpace.usd > 0 ? ` (${formatUsd(deadSpace.usd)} a month).` : '.'),
    ...days.map(
      ({ day, archives, bytes: size }) =>
        `  ${day <= Date.now() ? 'due now' : `free from ${formatDay(day)}`}: ${plural(archives, 'archive')}, ${formatBytes(size)}`,
    ),
    ...(days.length === 0 ? ['  Nothing waits for its deletion.'] : []),
    ...(chargedNow.usd > 0
      ? [`  Deleted today they would still be charged ${formatUsd(chargedNow.usd)}.`]
      : []),
    ...(isWaiting
      ? ['  Waits for the vault’s inventory, some hours; "permafrost watch" or another prune goes on then.']
      : isDeleting
        ? ['  The deletion is under way.']
        : []),
  ];
}

/** Starts, and stays until nothing is under way, or (unless it is to be waited for) only a vault’s inventory is awaited. */
async function pruned(
  session: Session,
  where: { target?: string },
  wait: boolean,
): Promise<readonly PruneSummary[]> {
  const { engine, output, signal } = session;
  const newest = new Map<string, PruneSummary>();
  let look = () => undefined as unknown;
  const off = engine.on('prune:changed', (summary) => {
    newest.set(summary.target, summary);
    look();
  });
  try {
    for (const summary of await session.ask('prune:start', where))
      if (!newest.has(summary.target)) newest.set(summary.target, summary);
    return await new Promise((resolve, reject) => {
      const stop = (): void => reject(signal.reason as Error);
      if (signal.aborted) stop();
      else signal.addEventListener('abort', stop, { once: true });
      look = () => {
        const all = [...newest.values()];
        const busy = all.filter(({ isDeleting }) => isDeleting);
        if (busy.every(({ isWaiting }) => isWaiting && !wait)) resolve(all);
        else output.status.show(() => statusLine(busy));
      };
      look();
    });
  } finally {
    off();
    output.status.clear();
  }
}

function statusLine(busy: readonly PruneSummary[]): string {
  return busy.some(({ isWaiting }) => isWaiting)
    ? 'Waiting for the vault’s inventory: some hours. Ctrl-C loses nothing.'
    : 'Deleting what nothing needs any more.';
}

function writerLines(writers: readonly OtherWriter[], target: string): string[] {
  if (writers.length === 0) return [`Nobody else is known to write to ${target}.`];
  const rows = writers.map(({ tag, host, plans, retiredAt }) => [
    tag,
    host === null ? 'unknown' : shown(host),
    plans.map(shown).join(', '),
    retiredAt === null ? 'may still write' : `retired ${formatDay(retiredAt)}`,
  ]);
  return table([['TAG', 'COMPUTER', 'PLANS', ''], ...rows], ['left', 'left', 'left', 'left']);
}

function historyTable(lines: readonly PruningLine[]): string[] {
  const rows = lines.map(({ target, startedAt, archives, bytes, feeUsd, failure }) => [
    formatWhen(startedAt),
    target,
    plural(archives, 'archive'),
    formatBytes(bytes),
    formatUsd(feeUsd),
    failure === null ? '' : failure.message,
  ]);
  return table(
    [['WHEN', 'TARGET', 'DELETED', 'SIZE', 'CHARGED', ''], ...rows],
    ['left', 'left', 'right', 'right', 'right', 'left'],
  );
}
