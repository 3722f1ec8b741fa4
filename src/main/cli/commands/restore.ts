import type { Command } from 'commander';
import { Option } from 'commander';
import type { RestorePreview, Tier } from '../../../shared/types.ts';
import { followOrder, hasEnded, isAtRest } from '../followOrder.ts';
import { formatBytes, formatEstimate, formatHours, formatUsd, formatWindow, plural } from '../format.ts';
import { parseMoment } from '../moment.ts';
import { positiveNumber } from '../options.ts';
import { exitCodeOfOrder, orderLines, whenStopped } from '../orderText.ts';
import type { Output } from '../output.ts';
import { absolutePath } from '../paths.ts';
import { shortId } from '../progress.ts';
import { withSession } from '../session.ts';

interface RestoreOptions {
  readonly to?: string;
  readonly plan?: string;
  readonly tier?: Tier;
  readonly by?: number;
  readonly maxCost?: number;
  readonly dryRun?: true;
  readonly wait?: true;
  readonly archiveOnly?: true;
  readonly ownership?: true;
  readonly specialBits?: true;
}

export function addRestore(program: Command, output: Output): void {
  program
    .command('restore')
    .description('Orders files of a snapshot back into a new folder. Without paths: everything.')
    .argument('<snapshot>', 'Its id, the beginning of it, or "latest".')
    .argument('[path...]', 'Full paths, or paths below a source folder.')
    .option('--to <dir>', 'Where to: a folder that does not exist yet or is empty.')
    .option('--plan <plan>', 'Whose "latest".')
    .addOption(
      new Option('--tier <tier>', 'How fast, how dear; standard unless said otherwise.').choices([
        'expedited',
        'standard',
        'bulk',
      ]),
    )
    .option('--by <time>', 'Have it by then, as cheaply as that goes: 18:20, 2026-12-01, +8h.', moment)
    .option('--max-cost <usd>', 'Spend at most so much, and have it as soon as that goes.', positiveNumber)
    .option('--archive-only', 'Have everything from the archives, also what is still on this computer.')
    .option('--dry-run', 'Only say what it takes and what it costs.')
    .option('--ownership', 'Give files their owner and group by number, which takes the right to do so.')
    .option('--special-bits', 'Set setuid, setgid and sticky too; they are left out otherwise.')
    .option('--wait', 'Stay until every file is back, which takes hours at a vault.')
    .action(async (snapshot: string, texts: string[], options: RestoreOptions, command: Command) => {
      const { to, plan, tier, by, maxCost } = options;
      const ownership = options.ownership === true;
      const specialBits = options.specialBits === true;
      const asked = {
        snapshot,
        ...(plan !== undefined && { plan }),
        paths: texts.map((text) => ({ text })),
        ...(tier !== undefined && { tier }),
        ...(by !== undefined && { by }),
        ...(maxCost !== undefined && { maxUsd: maxCost }),
        archiveOnly: options.archiveOnly === true,
      };
      if (options.dryRun === true) {
        await withSession(command, output, { keys: 'none' }, async (session) => {
          const preview = await session.ask('restore:preview', asked);
          await output.result(preview, () => previewLines(preview));
        });
        return;
      }
      const folder = absolutePath(
        to ?? command.error("error: required option '--to <dir>' not specified"),
        process.cwd(),
      );
      await withSession(command, output, { keys: 'needed', whenStopped }, async (session) => {
        const place = () => session.ask('restore:order', { ...asked, to: folder, ownership, specialBits });
        const order = await followOrder(session, place, options.wait === true ? hasEnded : isAtRest);
        await output.result(order, () => orderLines(order));
        process.exitCode = exitCodeOfOrder(order);
      });
    });
}

function moment(text: string): number {
  return parseMoment(text, Date.now());
}

function previewLines(preview: RestorePreview): string[] {
  const { retrievals, packs } = preview;
  const time = formatHours(preview.hours);
  return [
    `Snapshot ${shortId(preview.snapshot)}: ${plural(preview.files, 'file')} in ${plural(preview.folders, 'folder')}, ${formatBytes(preview.bytes)}.`,
    ...(preview.local.files === 0
      ? []
      : [
          `${plural(preview.local.files, 'file')}, ${formatBytes(preview.local.bytes)}, are still on this computer and are copied from there.`,
        ]),
    ...(preview.keptBytes === 0
      ? []
      : [`${formatBytes(preview.keptBytes)} are still here from earlier retrievals and are not paid again.`]),
    `Takes ${plural(retrievals, 'retrieval')}${tierWords(preview)} from ${plural(packs, 'pack')}, ${formatBytes(preview.retrieveBytes)} together.`,
    time === ''
      ? 'It can be read at once.'
      : `Ordered now, it is usually ready ${formatWindow(preview.hours, Date.now())}: after ${time}.`,
    ...formatEstimate(preview.estimate),
    ...otherWays(preview),
  ];
}

function tierWords({ tiers }: Pick<RestorePreview, 'tiers'>): string {
  const used = (['expedited', 'standard', 'bulk'] as const).filter((tier) => tiers[tier] > 0);
  const [only] = used;
  if (only === undefined) return '';
  return ` (${used.length === 1 ? only : used.map((tier) => `${tiers[tier]} ${tier}`).join(', ')})`;
}

function otherWays({ ways, estimate }: RestorePreview): string[] {
  const others = ways.filter(({ usd }) => Math.abs(usd - estimate.usd) > 1e-9);
  if (others.length === 0) return [];
  const words = others.map((way) => `${formatUsd(way.usd)} after ${formatHours(way.hours)}${tierWords(way)}`);
  return [`Other ways: ${words.join('; ')}. Choose with --tier, --by or --max-cost.`];
}
