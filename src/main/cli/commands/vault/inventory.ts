import type { Command } from 'commander';
import { InvalidArgumentError, Option } from 'commander';
import type { InventorySummary } from '../../../../shared/archiveTypes.ts';
import { formatBytes, formatCount, formatWhen, plural, shown, table } from '../../format.ts';
import { wholeNumber } from '../../options.ts';
import type { Output } from '../../output.ts';
import { absolutePath } from '../../paths.ts';
import { withSession } from '../../session.ts';
import { whenStopped } from './errandText.ts';
import { hasEnded, isAtRest, runErrand } from './followErrand.ts';
import { vaultIn, withVault, type VaultOptions } from './place.ts';

interface RequestOptions extends VaultOptions {
  readonly from?: number;
  readonly until?: number;
  readonly limit?: number;
  readonly format: 'json' | 'csv';
  readonly wait?: true;
}

interface ExportOptions extends VaultOptions {
  readonly format: 'json' | 'csv';
  readonly out: string;
}

const formats = (about: string): Option =>
  new Option('--format <format>', about).choices(['json', 'csv']).default('json');

export function addInventory(vault: Command, output: Output): void {
  const inventory = vault
    .command('inventory')
    .helpCommand(false)
    .description('The vault’s own list of its archives, up to a day old.');

  withVault(inventory.command('list', { isDefault: true }))
    .description('Inventories that were read here.')
    .action(async (options: VaultOptions, command: Command) => {
      const place = vaultIn(options, command);
      await withSession(command, output, { keys: 'none' }, async (session) => {
        const all = await session.ask('inventories:list', place);
        await output.result(all, () => (all.length === 0 ? [noneYet] : inventoryTable(all)));
      });
    });

  withVault(inventory.command('request'))
    .description('Asks for the newest one, which takes hours, and reads it when it is ready. Free of charge.')
    .option('--from <date>', 'Only archives made from then on, like 2024-01-31.', date)
    .option('--until <date>', 'Only archives made before then.', date)
    .option('--limit <n>', 'At most so many archives.', wholeNumber(1, Number.MAX_SAFE_INTEGER))
    .addOption(formats('The form in which the service sends it.'))
    .option('--wait', 'Stay until it is read.')
    .action(async (options: RequestOptions, command: Command) => {
      const { from, until, limit, format } = options;
      const asked = {
        ...vaultIn(options, command),
        ...(from !== undefined && { from }),
        ...(until !== undefined && { until }),
        ...(limit !== undefined && { limit }),
        format,
      };
      await withSession(command, output, { keys: 'none', whenStopped }, (session) =>
        runErrand(
          session,
          () => session.ask('inventories:request', asked),
          options.wait === true ? hasEnded : isAtRest,
        ),
      );
    });

  withVault(inventory.command('export'))
    .description(
      'Writes the one that was read to a file: JSON in the service’s form, or CSV for spreadsheets.',
    )
    .addOption(formats('Which.'))
    .requiredOption('--out <file>', 'A file that does not exist yet.')
    .action(async (options: ExportOptions, command: Command) => {
      const to = absolutePath(options.out, process.cwd());
      const asked = { ...vaultIn(options, command), format: options.format, to };
      await withSession(command, output, { keys: 'none' }, async (session) => {
        const result = await session.ask('inventories:export', asked);
        await output.result(result, () => [
          `${plural(result.archives, 'archive')} are listed in ${shown(result.path)}.`,
        ]);
      });
    });
}

function date(text: string): number {
  const at = /^\d{4}-\d\d-\d\d(T[\d:.]+Z)?$/.test(text) ? Date.parse(text) : NaN;
  if (!Number.isNaN(at) && at >= 0) return at;
  throw new InvalidArgumentError('It has to be a date like 2024-01-31 or 2024-01-31T12:00:00Z.');
}

export const noneYet =
  'No inventory has been read here. Ask for one with "permafrost vault inventory request".';

function inventoryTable(all: readonly InventorySummary[]): string[] {
  const rows = all.map((one) => [
    formatWhen(one.takenAt),
    formatWhen(one.readAt),
    formatCount(one.archives),
    formatBytes(one.bytes),
    one.isWhole ? 'everything' : 'a part',
  ]);
  return table(
    [['TAKEN', 'READ', 'ARCHIVES', 'SIZE', 'OF'], ...rows],
    ['left', 'left', 'right', 'right', 'left'],
  );
}
