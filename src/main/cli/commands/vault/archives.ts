import type { Command } from 'commander';
import type { Outputs } from '../../../../shared/contract.ts';
import { formatBytes, formatWhen, plural, shown, table } from '../../format.ts';
import { wholeNumber } from '../../options.ts';
import type { Output } from '../../output.ts';
import { withSession } from '../../session.ts';
import { noneYet } from './inventory.ts';
import { vaultIn, withVault, type VaultOptions } from './place.ts';

interface ArchivesOptions extends VaultOptions {
  readonly after?: number;
  readonly limit: number;
}

export function addArchives(vault: Command, output: Output): void {
  withVault(vault.command('archives'))
    .description('Archives of the inventory that was read, whichever tool stored them.')
    .argument('[text]', 'Part of a name, description or id.')
    .option('--limit <n>', 'How many at most.', wholeNumber(1, 5000), 1000)
    .option('--after <number>', 'Go on after the last one shown.', wholeNumber(0, Number.MAX_SAFE_INTEGER))
    .action(async (text: string | undefined, options: ArchivesOptions, command: Command) => {
      const { after, limit } = options;
      const asked = {
        ...vaultIn(options, command),
        ...(text !== undefined && { search: text }),
        ...(after !== undefined && { after }),
        limit,
      };
      await withSession(command, output, { keys: 'none' }, async (session) => {
        const found = await session.ask('archives:list', asked);
        await output.result(found, () => archiveLines(found));
      });
    });
}

/** Ids come last: they are long, and whole, to be copied. */
function archiveLines({ inventory, archives, more }: Outputs['archives:list']): string[] {
  if (inventory === null) return [noneYet];
  const title = `Inventory of ${formatWhen(inventory.takenAt)}: ${plural(inventory.archives, 'archive')}, ${formatBytes(inventory.bytes)}.`;
  if (archives.length === 0) return [title, 'No archive fits.'];
  const rows = archives.map((one) => [
    formatWhen(one.createdAt),
    formatBytes(one.size),
    one.tool,
    one.gone ? 'deleted' : '-',
    one.name === null ? '-' : shown(one.name),
    one.archive,
  ]);
  const last = archives.at(-1);
  return [
    title,
    ...table(
      [['CREATED', 'SIZE', 'TOOL', 'SINCE', 'NAME', 'ID'], ...rows],
      ['left', 'right', 'left', 'left', 'left', 'left'],
    ),
    ...(more && last !== undefined ? [`There are more: go on with --after ${last.number}`] : []),
  ];
}
