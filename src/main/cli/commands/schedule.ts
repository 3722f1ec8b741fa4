import { type Command, InvalidArgumentError } from 'commander';
import type { UnattendedSummary } from '../../../shared/types.ts';
import { readClock, clock } from '../../../shared/schedule.ts';
import { formatWhen } from '../format.ts';
import { parseMoment } from '../moment.ts';
import type { Output } from '../output.ts';
import { withSession } from '../session.ts';

interface PauseOptions {
  readonly until?: number;
}

/** When nothing begins by itself. What is asked for by hand always begins. */
export function addSchedule(program: Command, output: Output): void {
  const schedule = program
    .command('schedule')
    .helpCommand(false)
    .description('What holds for plans that run by themselves.')
    .usage('[pause [--until time] | resume | quiet <from> <to> | quiet off]')
    .action(async (_options: object, command: Command) => {
      await withSession(command, output, { keys: 'none' }, async (session) => {
        const now = await session.ask('unattended:show', {});
        await output.result(now, () => lines(now));
      });
    });

  schedule
    .command('pause')
    .description('Lets no plan run by itself.')
    .option('--until <time>', 'As 18:20, +2h or 2026-12-01; without it, until "schedule resume".', moment)
    .action((options: PauseOptions, command: Command) =>
      set(command, output, { pausedUntil: options.until ?? 'always' }),
    );

  schedule
    .command('resume')
    .description('Lets plans run by themselves again.')
    .action((_options: object, command: Command) => set(command, output, { pausedUntil: null }));

  schedule
    .command('quiet')
    .description('Hours of the day in which no plan begins by itself, as 08:00 18:00; "off" ends that.')
    .argument('<from>', 'HH:MM, or off', timeOrOff)
    .argument('[to]', 'HH:MM', timeOfDay)
    .action(async (from: string, to: string | undefined, _options: object, command: Command) => {
      if (from !== 'off' && to === undefined)
        command.error('error: name both ends: schedule quiet 08:00 18:00');
      await set(command, output, { quiet: to === undefined ? null : { from, to } });
    });
}

async function set(
  command: Command,
  output: Output,
  change: {
    readonly quiet?: { readonly from: string; readonly to: string } | null;
    readonly pausedUntil?: number | 'always' | null;
  },
): Promise<void> {
  await withSession(command, output, { keys: 'none' }, async (session) => {
    const now = await session.ask('unattended:set', change);
    await output.result(now, () => lines(now));
  });
}

function lines({ quiet, pausedUntil, isPaused }: UnattendedSummary): string[] {
  const paused =
    !isPaused || pausedUntil === null
      ? 'Plans run by themselves, by their schedules.'
      : pausedUntil === 'always'
        ? 'No plan runs by itself until "permafrost schedule resume".'
        : `No plan runs by itself until ${formatWhen(pausedUntil)}.`;
  return [paused, ...(quiet === null ? [] : [`None begins from ${quiet.from} to ${quiet.to}.`])];
}

function moment(text: string): number {
  return parseMoment(text, Date.now());
}

function timeOrOff(text: string): string {
  return text === 'off' ? text : timeOfDay(text);
}

function timeOfDay(text: string): string {
  const time = readClock(text);
  if (time === null) throw new InvalidArgumentError('A time of day is written like 22:30.');
  return clock(time);
}
