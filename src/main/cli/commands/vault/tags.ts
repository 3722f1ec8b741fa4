import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';
import type { Tag } from '../../../../shared/vaultTypes.ts';
import { shown } from '../../format.ts';
import type { Output } from '../../output.ts';
import { withSession } from '../../session.ts';
import { vaultIn, withVault, type VaultOptions } from './place.ts';

export function addTags(vault: Command, output: Output): void {
  const tags = vault
    .command('tags')
    .helpCommand(false)
    .description('Tags of a vault, to find it on bills and in policies.');

  withVault(tags.command('list', { isDefault: true }))
    .description('All tags.')
    .action(async (options: VaultOptions, command: Command) => {
      const place = vaultIn(options, command);
      await withSession(command, output, { keys: 'none' }, async (session) => {
        const all = await session.ask('tags:list', place);
        await output.result(all, () => tagLines(all));
      });
    });

  withVault(tags.command('add'))
    .description('Adds tags, or gives those that are there other values.')
    .argument('<key=value...>', 'Up to the first = is the key.', collectTag)
    .action(async (added: Tag[], options: VaultOptions, command: Command) => {
      const place = vaultIn(options, command);
      await withSession(command, output, { keys: 'none' }, async (session) => {
        const all = await session.ask('tags:add', { ...place, tags: added });
        await output.result(all, () => tagLines(all));
      });
    });

  withVault(tags.command('remove'))
    .description('Removes tags.')
    .argument('<key...>')
    .action(async (keys: string[], options: VaultOptions, command: Command) => {
      const place = vaultIn(options, command);
      await withSession(command, output, { keys: 'none' }, async (session) => {
        const all = await session.ask('tags:remove', { ...place, keys });
        await output.result(all, () => tagLines(all));
      });
    });
}

function collectTag(text: string, before: readonly Tag[] = []): Tag[] {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('It has to be like project=photos.');
  return [...before, { key: text.slice(0, at), value: text.slice(at + 1) }];
}

export function tagText({ key, value }: Tag): string {
  return `${shown(key)}=${shown(value)}`;
}

function tagLines(tags: readonly Tag[]): string[] {
  return tags.length === 0 ? ['No tags.'] : tags.map(tagText);
}
