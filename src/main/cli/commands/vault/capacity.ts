import type { Command } from 'commander';
import type { CapacityUnit } from '../../../../shared/vaultTypes.ts';
import { formatEstimate, formatWhen, shown, table } from '../../format.ts';
import type { Output } from '../../output.ts';
import { withSession } from '../../session.ts';
import { confirm } from './confirm.ts';
import { placeOf, withPlace, type PlaceOptions } from './place.ts';

interface BuyOptions extends PlaceOptions {
  readonly dryRun?: true;
  readonly yes?: true;
}

export function addCapacity(vault: Command, output: Output): void {
  const capacity = vault
    .command('capacity')
    .helpCommand(false)
    .description('Provisioned capacity: expedited retrievals that are always taken, for a month.');

  withPlace(capacity.command('list', { isDefault: true }))
    .description('Units the account has in a region.')
    .action(async (options: PlaceOptions, command: Command) => {
      const place = placeOf(options, command);
      await withSession(command, output, { keys: 'none' }, async (session) => {
        const units = await session.ask('capacity:list', place);
        await output.result(units, () => unitLines(units));
      });
    });

  withPlace(capacity.command('buy'))
    .description('Buys one unit for a month, from now on. It cannot be given back.')
    .option('--dry-run', 'Only say what it costs.')
    .option('--yes', 'Agree to the price without being asked.')
    .action(async (options: BuyOptions, command: Command) => {
      const place = placeOf(options, command);
      await withSession(command, output, { keys: 'none' }, async (session) => {
        const preview = await session.ask('capacity:preview', place);
        const price = [...unitLines(preview.units), ...formatEstimate(preview.estimate)];
        if (options.dryRun === true) {
          await output.result(preview, () => price);
          return;
        }
        await confirm(session, options.yes === true, price);
        const units = await session.ask('capacity:buy', { ...place, accept: true });
        await output.result(units, () => unitLines(units));
      });
    });
}

function unitLines(units: readonly CapacityUnit[]): string[] {
  if (units.length === 0) return ['No provisioned capacity.'];
  const rows = units.map(({ id, startsAt, expiresAt }) => [
    shown(id),
    formatWhen(startsAt),
    formatWhen(expiresAt),
  ]);
  return table([['UNIT', 'FROM', 'UNTIL'], ...rows], ['left', 'left', 'left']);
}
