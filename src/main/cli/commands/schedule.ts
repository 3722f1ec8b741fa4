import { type Command, InvalidArgumentError } from 'commander';
import type { RequestInput } from '../../../shared/contract.ts';
import type { UnattendedSummary } from '../../../shared/types.ts';
import { readClock, clock } from '../../../shared/schedule.ts';
import { formatBytes, formatWhen, shown } from '../format.ts';
import { parseMoment } from '../moment.ts';
import type { Output } from '../output.ts';
import { withSession } from '../session.ts';

interface OnlyOptions {
  readonly network?: string[];
  readonly notOnBattery?: true;
  readonly notMetered?: true;
}

interface PauseOptions {
  readonly until?: number;
}

/** When nothing begins by itself. What is asked for by hand always begins. */
export function addSchedule(program: Command, output: Output): void {
  const schedule = program
    .command('schedule')
    .helpCommand(false)
    .description('What holds for plans that run by themselves.')
    .usage('[pause [--until time] | resume | quiet <from> <to> | only [options] | upload-limit <rate>]')
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
    .command('only')
    .description(
      'Under which conditions plans run by themselves, as far as this system tells; without options, under any.',
    )
    .option('--network <name...>', 'Only while connected to one of these.')
    .option('--not-on-battery', 'Only while the power supply is on.')
    .option('--not-metered', 'Only over a connection that is not paid by what goes through it.')
    .action((options: OnlyOptions, command: Command) =>
      set(command, output, {
        conditions: {
          onBattery: options.notOnBattery !== true,
          onMetered: options.notMetered !== true,
          networks: options.network ?? null,
        },
      }),
    );

  schedule
    .command('upload-limit')
    .description('How fast all uploads together may be, as 2MB (a second); "off" ends that.')
    .argument('<rate>', 'Bytes a second, as 500KB or 2MB; or off', rateOrOff)
    .option('--between <times...>', 'Only in these hours of the day: 08:00 18:00.')
    .action(async (rate: number | 'off', { between }: { between?: string[] }, command: Command) => {
      const [from = null, to = null] = (between ?? []).map(timeOfDay);
      if (between !== undefined && between.length !== 2)
        command.error('error: name both ends: --between 08:00 18:00');
      await withSession(command, output, { keys: 'none' }, async (session) => {
        const { limits } = await session.ask('unattended:show', {});
        const others = limits.filter((limit) => limit.from !== from || limit.to !== to);
        const next =
          rate === 'off'
            ? between === undefined
              ? []
              : others
            : [...others, { bytesPerSecond: rate, from, to }];
        const now = await session.ask('unattended:set', { limits: [...next] });
        await output.result(now, () => lines(now));
      });
    });

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

async function set(command: Command, output: Output, change: RequestInput<'unattended:set'>): Promise<void> {
  await withSession(command, output, { keys: 'none' }, async (session) => {
    const now = await session.ask('unattended:set', change);
    await output.result(now, () => lines(now));
  });
}

function lines({ quiet, pausedUntil, isPaused, waitsFor, conditions, limits }: UnattendedSummary): string[] {
  const paused =
    !isPaused || pausedUntil === null
      ? 'Plans run by themselves, by their schedules.'
      : pausedUntil === 'always'
        ? 'No plan runs by itself until "permafrost schedule resume".'
        : `No plan runs by itself until ${formatWhen(pausedUntil)}.`;
  return [
    paused,
    ...(quiet === null ? [] : [`None begins from ${quiet.from} to ${quiet.to}.`]),
    ...conditionLines(conditions),
    ...(waitsFor === null ? [] : [`Just now they wait ${waitsFor}.`]),
    ...limits.map(({ bytesPerSecond, from, to }) => {
      const hours = from === null || to === null ? '' : ` from ${from} to ${to}`;
      return `Uploads take at most ${formatBytes(bytesPerSecond)} a second${hours}.`;
    }),
  ];
}

function conditionLines({ onBattery, onMetered, networks }: UnattendedSummary['conditions']): string[] {
  return [
    ...(networks === null ? [] : [`They run only while connected to ${networks.map(shown).join(' or ')}.`]),
    ...(onBattery ? [] : ['They do not run on battery.']),
    ...(onMetered ? [] : ['They do not run over a metered connection.']),
  ];
}

/** `500KB`, `2MB`: bytes a second, in powers of ten. */
function rateOrOff(text: string): number | 'off' {
  if (text === 'off') return text;
  const [, number, unit = ''] = /^(\d+(?:\.\d+)?) ?([KMG]?)B?(?:\/s)?$/i.exec(text) ?? [];
  const rate = Math.round(Number(number) * ({ k: 1e3, m: 1e6, g: 1e9 }[unit.toLowerCase()] ?? 1));
  if (!(rate >= 1024)) throw new InvalidArgumentError('Write it like 500KB or 2MB (a second), or off.');
  return rate;
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
