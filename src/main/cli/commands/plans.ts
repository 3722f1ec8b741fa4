import type { Command } from 'commander';
import type { PlanSummary } from '../../../shared/types.ts';
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
    .option('--exclude <pattern...>', 'What to leave out, in the syntax of .gitignore.')
    .action(async (name: string, options: AddOptions, command: Command) => {
      const { target, source, exclude = [] } = options;
      const sources = source.map((dir) => absolutePath(dir, process.cwd()));
      await withSession(command, output, { keys: 'none' }, async (session) => {
        const summary = await session.ask('plans:add', { name, target, sources, excludes: exclude });
        await output.result(summary, () => [
          `Plan ${summary.name} saves ${summary.sources.map(shown).join(', ')} to ${summary.target}.`,
          `Run it with: permafrost backup ${quoted(summary.name)}`,
        ]);
      });
    });

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
    .action(async (name: string, _options: object, command: Command) => {
      await withSession(command, output, { keys: 'none' }, async (session) => {
        const nothing = await session.ask('plans:remove', { name });
        await output.result(nothing, () => [
          `Plan ${name} is forgotten here; its archives stay at the target.`,
        ]);
      });
    });
}

interface AddOptions {
  readonly target: string;
  readonly source: string[];
  readonly exclude?: string[];
}

const noPlans = 'No plans yet. Add one with "permafrost plan add".';

function planTable(plans: readonly PlanSummary[], now: number): string[] {
  const rows = plans.map((p) => [
    p.name,
    p.target,
    formatCount(p.snapshots),
    p.belongsTo === null ? ran(p, now) : `of ${shown(p.belongsTo)}`,
    p.sources.map(shown).join(', '),
  ]);
  return table(
    [['NAME', 'TARGET', 'SNAPSHOTS', 'LAST RUN', 'SOURCES'], ...rows],
    ['left', 'left', 'right', 'left', 'left'],
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
      ['Added', formatWhen(p.createdAt)],
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

function ran({ lastRun: run }: PlanSummary, now: number): string {
  if (run === null) return 'never run';
  return `${stateWords[run.state]}, ${formatAgo(run.endedAt ?? run.startedAt, now)}`;
}

/** For a shell, as far as plan names go: they hold no quotes. */
function quoted(name: string): string {
  return name.includes(' ') ? `"${name}"` : name;
}
