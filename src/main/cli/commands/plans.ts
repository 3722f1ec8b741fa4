import type { Command } from 'commander';
import { retentionWords } from '../../../shared/retentionWords.ts';
import type { PlanSummary, RulesPreview } from '../../../shared/types.ts';
import { formatAgo, formatBytes, formatCount, formatWhen, plural, shown, table } from '../format.ts';
import type { Output } from '../output.ts';
import { absolutePath } from '../paths.ts';
import { shortId } from '../progress.ts';
import { withSession } from '../session.ts';

export function addPlans(program: Command, output: Output): void {
  const plan = program
    .command('plan')
    .helpCommand(false)
    .description('Which folders are saved, by which rules, to which target.');

  plan
    .command('add')
    .description('Adds a plan.')
    .argument('<name>')
    .requiredOption('--target <target>', 'Where its snapshots go.')
    .requiredOption('--source <dir...>', 'Folders to save.')
    .option('--exclude <rule...>', excludeHelp)
    .option('--schedule <text>', scheduleHelp)
    .option('--keep <counts>', keepHelp)
    .action(async (name: string, options: AddOptions, command: Command) => {
      const { target, source, exclude = [], schedule, keep } = options;
      const sources = source.map((dir) => absolutePath(dir, process.cwd()));
      await withSession(command, output, { keys: 'none' }, async (session) => {
        const summary = await session.ask('plans:add', {
          ...{ name, target, sources, excludes: exclude },
          ...(schedule !== undefined && { schedule }),
          ...(keep !== undefined && { retention: keep }),
        });
        await output.result(summary, () => [
          `Plan ${summary.name} saves ${summary.sources.map(shown).join(', ')} to ${summary.target}.`,
          ...scheduleLines(summary),
          `Run it with: permafrost backup ${quoted(summary.name)}`,
        ]);
      });
    });

  addEdit(plan, output);
  addRules(plan, output);

  plan
    .command('list')
    .description('All plans.')
    .action(async (_options: object, command: Command) => {
      await withSession(command, output, { keys: 'none' }, async (session) => {
        const plans = await session.ask('plans:list', {});
        const now = Date.now();
        await output.result(plans, () => (plans.length === 0 ? [noPlans] : planTable(plans, now)));
      });
    });

  plan
    .command('show')
    .description('One plan.')
    .argument('<name>')
    .action(async (name: string, _options: object, command: Command) => {
      await withSession(command, output, { keys: 'none' }, async (session) => {
        const summary = await session.ask('plans:show', { name });
        await output.result(summary, () => planLines(summary, Date.now()));
      });
    });

  plan
    .command('take-over')
    .description('Goes on here with a plan of another computer.')
    .argument('<name>')
    .option('--source <dir...>', 'Folders to save from now on, if they lie elsewhere on this computer.')
    .action(async (name: string, { source }: { source?: string[] }, command: Command) => {
      const sources = source?.map((dir) => absolutePath(dir, process.cwd()));
      await withSession(command, output, { keys: 'none' }, async (session) => {
        const summary = await session.ask('plans:takeOver', {
          name,
          ...(sources !== undefined && { sources }),
        });
        await output.result(summary, () => [
          `Plan ${summary.name} goes on here with ${summary.sources.map(shown).join(', ')}.`,
          `Run it with: permafrost backup ${quoted(summary.name)}`,
          'The first run reads every file once, and stores only what is not stored yet.',
        ]);
      });
    });

  plan
    .command('remove')
    .description('Forgets a plan and its snapshots here; archives stay at the target.')
    .argument('<name>')
    .option('--forget-snapshots', 'For good: what only they needed is deleted there when that costs nothing.')
    .action(async (name: string, { forgetSnapshots }: RemoveOptions, command: Command) => {
      await withSession(command, output, { keys: 'none' }, async (session) => {
        const snapshots = forgetSnapshots === true ? 'forget' : 'keep';
        const nothing = await session.ask('plans:remove', { name, snapshots });
        await output.result(nothing, () => [
          snapshots === 'keep'
            ? `Plan ${name} is forgotten here; its archives stay at the target.`
            : `Plan ${name} and its snapshots are forgotten; see what waits for its deletion: permafrost prune --dry-run`,
        ]);
      });
    });
}

interface AddOptions {
  readonly target: string;
  readonly source: string[];
  readonly exclude?: string[];
  readonly schedule?: string;
  readonly keep?: string;
}

interface EditOptions {
  readonly rename?: string;
  readonly source?: string[];
  readonly exclude?: string[];
  readonly everything?: true;
  readonly schedule?: string;
  readonly keep?: string;
}

interface RemoveOptions {
  readonly forgetSnapshots?: true;
}

const excludeHelp =
  'What to leave out: patterns as in .gitignore, and @usual (trash, thumbnails and the like), @caches (CACHEDIR.TAG), @larger 2GB, @older 5y.';

const scheduleHelp =
  'When it runs by itself, while "permafrost watch" or "serve" does: manual, when changed, every 30m, daily 02:00, weekly sunday 03:00, or cron text.';

const keepHelp =
  'Which snapshots are kept: everything, or the newest of so many days, weeks, months or years that have any, as last=3,daily=7,weekly=4,monthly=12,yearly=10.';

function addEdit(plan: Command, output: Output): void {
  plan
    .command('edit')
    .description('Changes a plan. What leaves it stays in the snapshots that have it.')
    .argument('<name>')
    .option('--rename <name>', 'Another name.')
    .option('--source <dir...>', 'Folders to save from now on, instead of those it has.')
    .option('--exclude <rule...>', 'What to leave out from now on, instead of what it leaves out.')
    .option('--everything', 'Leave nothing out.')
    .option('--schedule <text>', scheduleHelp)
    .option('--keep <counts>', keepHelp)
    .action(async (name: string, options: EditOptions, command: Command) => {
      const { rename, source, exclude, everything, schedule, keep } = options;
      if (exclude !== undefined && everything === true)
        command.error('error: --exclude and --everything contradict each other');
      const excludes = everything === true ? [] : exclude;
      const sources = source?.map((dir) => absolutePath(dir, process.cwd()));
      await withSession(command, output, { keys: 'none' }, async (session) => {
        const summary = await session.ask('plans:edit', {
          name,
          ...(rename !== undefined && { rename }),
          ...(sources !== undefined && { sources }),
          ...(excludes !== undefined && { excludes }),
          ...(schedule !== undefined && { schedule }),
          ...(keep !== undefined && { retention: keep }),
        });
        await output.result(summary, () => planLines(summary, Date.now()));
      });
    });
}

function addRules(plan: Command, output: Output): void {
  plan
    .command('rules')
    .description('What the rules of a plan leave out, with counts and sizes; or what others would.')
    .argument('<name>')
    .option('--exclude <rule...>', 'Other rules than it has.')
    .action(async (name: string, { exclude }: { exclude?: string[] }, command: Command) => {
      await withSession(command, output, { keys: 'none' }, async (session) => {
        const { sources, excludes } = await session.ask('plans:show', { name });
        const preview = await session.ask('rules:preview', {
          sources: [...sources],
          excludes: exclude ?? [...excludes],
        });
        await output.result(preview, () => rulesLines(preview));
      });
    });
}

function rulesLines({ files, bytes, rules, isPartial }: RulesPreview): string[] {
  const rows = rules.map((one) => [
    shown(one.rule),
    formatCount(one.files),
    formatBytes(one.bytes),
    one.examples.slice(0, 1).map(shown).join(''),
  ]);
  return [
    ...(rules.length === 0
      ? ['It leaves nothing out.']
      : table([['RULE', 'LEAVES OUT', 'SIZE', 'FOR EXAMPLE'], ...rows], ['left', 'right', 'right', 'left'])),
    `Saved: ${plural(files, 'file')}, ${formatBytes(bytes)}.`,
    ...(isPartial ? ['There is more than could be looked at in a few seconds: all of this is too low.'] : []),
  ];
}

function scheduleLines({ schedule, nextRunAt }: PlanSummary): string[] {
  if (nextRunAt === null) return [];
  return [`It runs ${schedule}, next ${formatWhen(nextRunAt)}, while "permafrost watch" does.`];
}

const noPlans = 'No plans yet. Add one with "permafrost plan add".';

function planTable(plans: readonly PlanSummary[], now: number): string[] {
  const rows = plans.map((p) => [
    p.name,
    p.target,
    formatCount(p.snapshots),
    p.belongsTo === null ? ran(p, now) : `of ${shown(p.belongsTo)}`,
    p.nextRunAt === null ? '' : p.nextRunAt <= now ? 'due now' : formatWhen(p.nextRunAt),
    p.sources.map(shown).join(', '),
  ]);
  return table(
    [['NAME', 'TARGET', 'SNAPSHOTS', 'LAST RUN', 'NEXT', 'SOURCES'], ...rows],
    ['left', 'left', 'right', 'left', 'left', 'left'],
  );
}

function planLines(p: PlanSummary, now: number): string[] {
  const latest = p.latestSnapshot;
  return table(
    [
      ['Plan', p.name],
      ['Target', p.target],
      ...p.sources.map((source, i) => [i === 0 ? 'Sources' : '', shown(source)]),
      ...p.excludes.map((pattern, i) => [i === 0 ? 'Leaves out' : '', shown(pattern)]),
      ...(p.belongsTo === null ? [['Keeps', retentionWords(p.retention)]] : []),
      ...(p.storm === null
        ? []
        : [['Held', `most files changed at once in ${shortId(p.storm.snapshot)}: prune --accept-changes`]]),
      ['Added', formatWhen(p.createdAt)],
      ...(p.belongsTo === null ? [['Runs', nextWords(p, now)]] : []),
      p.belongsTo === null ? ['Last run', ran(p, now)] : ['Belongs to', shown(p.belongsTo)],
      ['Snapshots', formatCount(p.snapshots)],
      ...(latest === null
        ? []
        : [
            [
              'Latest',
              `${shortId(latest.id)}, ${plural(latest.files, 'file')}, ${formatBytes(latest.bytes)}`,
            ],
          ]),
    ],
    ['left', 'left'],
  );
}

const stateWords = {
  running: 'running',
  done: 'done',
  problems: 'done with problems',
  failed: 'failed',
  cancelled: 'stopped',
} as const;

/** `daily 02:00, next 2026-11-28 02:00` */
function nextWords({ schedule, nextRunAt }: PlanSummary, now: number): string {
  if (nextRunAt === null) return 'when it is asked to';
  return `${schedule}, ${nextRunAt <= now ? 'due now' : `next ${formatWhen(nextRunAt)}`}`;
}

function ran({ lastRun: run }: PlanSummary, now: number): string {
  if (run === null) return 'never run';
  return `${stateWords[run.state]}, ${formatAgo(run.endedAt ?? run.startedAt, now)}`;
}

/** For a shell, as far as plan names go: they hold no quotes. */
function quoted(name: string): string {
  return name.includes(' ') ? `"${name}"` : name;
}
