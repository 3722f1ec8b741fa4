import type { Command } from 'commander';
import { table } from '../../format.ts';
import type { Output } from '../../output.ts';
import { withSession } from '../../session.ts';
import { summaryRows } from './list.ts';
import { placeOf, withPlace, type PlaceOptions } from './place.ts';

export function addCreate(vault: Command, output: Output): void {
  withPlace(vault.command('create'))
    .description('Makes a vault; one that is there already stays as it is.')
    .argument('<vault>', '1-255 letters, digits, hyphens, underscores and dots.')
    .action(async (name: string, options: PlaceOptions, command: Command) => {
      const place = placeOf(options, command);
      await withSession(command, output, { keys: 'none' }, async (session) => {
        const summary = await session.ask('vaults:create', { ...place, vault: name });
        await output.result(summary, () => table(summaryRows(summary), ['left', 'left']));
      });
    });
}

export function addDelete(vault: Command, output: Output): void {
  withPlace(vault.command('delete'))
    .description('Deletes a vault that is empty. Its policy, tags and notifications go with it.')
    .argument('<vault>')
    .action(async (name: string, options: PlaceOptions, command: Command) => {
      const place = placeOf(options, command);
      await withSession(command, output, { keys: 'none' }, async (session) => {
        const nothing = await session.ask('vaults:delete', { ...place, vault: name });
        await output.result(nothing, () => [`Vault ${name} is deleted.`]);
      });
    });
}
