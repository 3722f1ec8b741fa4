import type { Command } from 'commander';
import type { RunSummary } from '../../../shared/types.ts';
import { formatBytes, formatWhen, plural, shown } from '../format.ts';
import { untilAborted } from '../interruption.ts';
import type { Output } from '../output.ts';
import { withSession } from '../session.ts';

/** For servers: plans run by their schedules, orders and checks go on, until it is stopped. One line for each thing that ends. */
export function addWatch(program: Command, output: Output): void {
  program
    .command('watch')
    .description(
      'Runs plans by their schedules and carries restores on, in the foreground. Ends with Ctrl-C.',
    )
    .action(async (_options: object, command: Command) => {
      const how = { keys: 'needed', stopsItself: true, resident: true } as const;
      await withSession(command, output, how, async (session) => {
        const { engine, signal } = session;
        const say = (line: string): void => output.note(`${formatWhen(Date.now())}  ${line}`);
        const ends = [
          engine.on('run:started', ({ plan }) => say(`${shown(plan)}: backup started`)),
          engine.on('run:ended', (run) => say(`${shown(run.plan)}: ${runWords(run)}`)),
          engine.on('order:changed', (order) => {
            if (order.endedAt !== null) say(`Restore to ${shown(order.to)}: ${order.state}`);
          }),
          engine.on('engine:notice', ({ message, advice }) => say(`${shown(message)} ${shown(advice)}`)),
        ];
        const plans = (await session.ask('plans:list', {})).filter(({ nextRunAt }) => nextRunAt !== null);
        for (const { name, schedule, nextRunAt } of plans)
          say(`${shown(name)}: ${schedule}, next ${formatWhen(Math.max(nextRunAt ?? 0, Date.now()))}`);
        if (plans.length === 0)
          say('No plan has a schedule: permafrost plan edit NAME --schedule "daily 02:00".');
        await untilAborted(signal);
        for (const end of ends) end();
      });
    });
}

function runWords({ state, counts, changed, failure }: RunSummary): string {
  if (failure !== null) return `${state}. ${shown(failure.message)} ${shown(failure.advice)}`;
  const what = changed ? `sent ${formatBytes(counts.sentBytes)}` : 'nothing had changed';
  const problems = counts.problems === 0 ? '' : `, ${plural(counts.problems, 'problem')}`;
  return `${plural(counts.files, 'file')}, ${what}${problems}`;
}
