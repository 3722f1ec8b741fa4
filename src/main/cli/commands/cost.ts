import { type Command, InvalidArgumentError } from 'commander';
import type { BudgetSummary, CostSummary, HistoryKind, HistoryLine } from '../../../shared/costTypes.ts';
import { createWriteStream } from 'node:fs';
import { once } from 'node:events';
import { countWords } from '../../../shared/historyWords.ts';
import { formatBytes, formatCount, formatUsd, formatWhen, plural, shown, table } from '../format.ts';
import type { Output } from '../output.ts';
import { absolutePath } from '../paths.ts';
import { failed } from '../failed.ts';
import { withSession } from '../session.ts';

/** What months cost, and how much they may. */
export function addCost(program: Command, output: Output): void {
  program
    .command('cost')
    .description('What this month has cost so far, and will have cost at its end.')
    .option('--month <month>', 'Another month, as 2026-11.')
    .action(async ({ month }: { month?: string }, command: Command) => {
      await withSession(command, output, { keys: 'none' }, async (session) => {
        const costs = await session.ask('costs:show', month === undefined ? {} : { month });
        await output.result(costs, () => costLines(costs));
      });
    });

  const budget = program
    .command('budget')
    .helpCommand(false)
    .usage('[set <usd> | off | allow | policy <target> [--accept]]')
    .description(
      'What a month may cost: at that line nothing goes on by itself. What is asked for by hand does.',
    )
    .action(async (_options: object, command: Command) => {
      await withSession(command, output, { keys: 'none' }, async (session) => {
        const { budget: now } = await session.ask('costs:show', {});
        await output.result(now, () => budgetLines(now));
      });
    });
  const set = (
    name: string,
    description: string,
    monthlyUsd: (text: string) => number | null,
    argument?: string,
  ) => {
    const command = budget.command(name).description(description);
    if (argument !== undefined) command.argument(argument);
    command.action(async (...given: unknown[]) => {
      const own = given.at(-1) as Command;
      await withSession(own, output, { keys: 'none' }, async (session) => {
        const now = await session.ask('budget:set', { monthlyUsd: monthlyUsd(own.args[0] ?? '') });
        await output.result(now, () => budgetLines(now));
      });
    });
  };
  set('set', 'Sets it, in US dollars a month.', usd, '<usd>');
  set('off', 'Sets none.', () => null);
  budget
    .command('allow')
    .description('Lets things go on by themselves this month, whatever it costs.')
    .action(async (_options: object, command: Command) => {
      await withSession(command, output, { keys: 'none' }, async (session) => {
        const now = await session.ask('budget:lift', {});
        await output.result(now, () => budgetLines(now));
      });
    });
  budget
    .command('policy')
    .description(
      'The data-retrieval policy of the account that fits it: nobody can retrieve for more in a month.',
    )
    .argument('<target>')
    .option('--accept', 'Set it. It holds for all vaults of the account in that region.')
    .action(async (target: string, { accept }: { accept?: true }, command: Command) => {
      await withSession(command, output, { keys: 'none' }, async (session) => {
        const policy = await session.ask('budget:policy', { target, ...(accept === true && { accept }) });
        await output.result(policy, () => [
          policy.isSet
            ? `At most ${formatBytes(policy.bytesPerHour)} an hour are retrieved from now on; what is larger is refused.`
            : `It would let ${formatBytes(policy.bytesPerHour)} an hour be retrieved. Set it with --accept.`,
        ]);
      });
    });
}

function usd(text: string): number {
  const value = Number(text.replace(/^\$/, ''));
  if (!(value > 0)) throw new InvalidArgumentError('a budget is an amount in US dollars, like 5 or 2.50');
  return value;
}

function costLines({ month, isOver, targets, usd: sum, forecastUsd, budget }: CostSummary): string[] {
  const rows = targets.flatMap(({ target, lines, usd: own, isPractice }) => [
    [`${target}${isPractice ? ' (practice, not real)' : ''}`, '', formatUsd(own)],
    ...lines.map(({ what, usd: part }) => ['', what, formatUsd(part)]),
  ]);
  const dates = [
    ...new Set(targets.filter(({ priceDate }) => priceDate !== '').map((t) => `${t.priceDate}, ${t.region}`)),
  ];
  return [
    ...table([['TARGET', 'FOR', 'COST'], ...rows], ['left', 'left', 'right']),
    isOver
      ? `${month} cost ${formatUsd(sum)}.`
      : `${month} has cost ${formatUsd(sum)} so far; at its end about ${formatUsd(forecastUsd)}, if days go on as they were.`,
    ...(dates.length === 0
      ? []
      : [
          `By the price list of ${dates.join('; ')}. What is free for an account each month is not taken off.`,
        ]),
    ...(isOver ? [] : budgetLines(budget)),
  ];
}

function budgetLines({ monthlyUsd, isReached, isLifted }: BudgetSummary): string[] {
  if (monthlyUsd === null) return ['There is no budget. Set one with "permafrost budget set 5".'];
  if (isReached)
    return [
      `The budget of ${formatUsd(monthlyUsd)} a month is ${isLifted ? 'passed, which is allowed this month' : 'reached: nothing is backed up by itself'}.`,
    ];
  return [`The budget is ${formatUsd(monthlyUsd)} a month.`];
}

interface HistoryOptions {
  readonly kind?: string[];
  readonly search?: string;
  readonly since?: number;
  readonly until?: number;
  readonly limit: number;
  readonly export?: string;
}

const kinds: readonly HistoryKind[] = ['backup', 'restore', 'check', 'recovery', 'deletion', 'archives'];

/** Everything that was done. */
export function addHistory(program: Command, output: Output): void {
  program
    .command('history')
    .description('What was done, the newest first, with what it cost.')
    .option('--kind <kind...>', `Only: ${kinds.join(', ')}.`)
    .option('--search <text>', 'In names, outcomes and messages.')
    .option('--since <time>', 'As 2026-11-01 or "2026-11-01 18:20".', past)
    .option('--until <time>', 'Before that.', past)
    .option('--limit <n>', 'So many at most.', Number, 50)
    .option('--export <file>', 'Writes all of it to a new file, as .csv or .json.')
    .action(async (options: HistoryOptions, command: Command) => {
      const { kind, search, since, until, limit, export: file } = options;
      const unknown = (kind ?? []).filter((one) => !kinds.includes(one as HistoryKind));
      if (unknown.length > 0)
        command.error(`error: there is no kind ${unknown.join(', ')}; there are ${kinds.join(', ')}`);
      await withSession(command, output, { keys: 'none' }, async (session) => {
        const lines = await session.ask('history:list', {
          ...(kind !== undefined && { kinds: kind as HistoryKind[] }),
          ...(search !== undefined && { text: search }),
          ...(since !== undefined && { since }),
          ...(until !== undefined && { until }),
          limit: file === undefined ? limit : 100_000,
        });
        if (file === undefined)
          await output.result(lines, () => (lines.length === 0 ? ['Nothing yet.'] : historyTable(lines)));
        else {
          await write(absolutePath(file, process.cwd()), lines);
          output.note(`${plural(lines.length, 'line')} written to ${shown(file)}.`);
        }
      });
    });
}

/** A day that has been, or a moment of it. */
function past(text: string): number {
  const [, date, time = '00:00'] = /^(\d{4}-\d{2}-\d{2})(?:[ T](\d{2}:\d{2}))?$/.exec(text) ?? [];
  const at = date === undefined ? NaN : new Date(`${date}T${time}`).getTime();
  if (Number.isNaN(at)) throw new InvalidArgumentError('Write it like 2026-11-01 or "2026-11-01 18:20".');
  return at;
}

function historyTable(lines: readonly HistoryLine[]): string[] {
  const rows = lines.map((line) => [
    formatWhen(line.startedAt),
    line.kind,
    shown(line.what),
    line.outcome,
    line.problems === 0 ? '' : plural(line.problems, 'problem'),
    line.actualUsd === null ? '' : formatUsd(line.actualUsd),
    countWords(line.counts, formatCount, formatBytes),
  ]);
  return table(
    [['WHEN', 'WHAT', 'OF', 'ENDED', '', 'COST', ''], ...rows],
    ['left', 'left', 'left', 'left', 'left', 'right', 'left'],
  );
}

const columns = [
  'startedAt',
  'endedAt',
  'kind',
  'what',
  'outcome',
  'counts',
  'problems',
  'estimateUsd',
  'actualUsd',
  'message',
] as const satisfies readonly (keyof HistoryLine)[];

/** @throws Failed when the file is there already, or its name says no format */
async function write(path: string, lines: readonly HistoryLine[]): Promise<void> {
  const isCsv = path.endsWith('.csv');
  if (!isCsv && !path.endsWith('.json'))
    throw failed('invalid', `${path} says no format.`, 'Name a file that ends in .csv or .json.');
  const stream = createWriteStream(path, { flags: 'wx', mode: 0o600 });
  try {
    await once(stream, 'open');
  } catch {
    throw failed(
      'conflict',
      `${path} cannot be made.`,
      'Name a file that does not exist yet, in a folder that does.',
    );
  }
  stream.end(isCsv ? csv(lines) : `${JSON.stringify(lines, null, 2)}\n`);
  await once(stream, 'close');
}

function csv(lines: readonly HistoryLine[]): string {
  const rows = lines.map((line) =>
    columns.map((name) => {
      const value = line[name];
      if (value === null) return '';
      if (typeof value === 'object')
        return cell(
          Object.entries(value)
            .map((pair) => pair.join('='))
            .join(' '),
        );
      return name === 'startedAt' || name === 'endedAt' ? new Date(Number(value)).toISOString() : cell(value);
    }),
  );
  return [columns, ...rows].map((row) => `${row.join(',')}\r\n`).join('');
}

/** As RFC 4180 has it; a text that a spreadsheet would take for a formula is kept from being one. */
function cell(value: string | number): string {
  if (typeof value === 'number') return String(value);
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
