import type { Command } from 'commander';
import { Option } from 'commander';
import type { NotificationEvent, VaultNotifications } from '../../../../shared/vaultTypes.ts';
import { shown } from '../../format.ts';
import type { Output } from '../../output.ts';
import { withSession } from '../../session.ts';
import { vaultIn, withVault, type VaultOptions } from './place.ts';

interface SetOptions extends VaultOptions {
  readonly topic: string;
  readonly on?: readonly ('archive' | 'inventory')[];
}

const events = {
  archive: 'archive-ready',
  inventory: 'inventory-ready',
} as const satisfies Record<string, NotificationEvent>;

export function addNotifications(vault: Command, output: Output): void {
  const notifications = vault
    .command('notifications')
    .helpCommand(false)
    .description('The topic of Amazon SNS that is told when jobs of a vault are done.');

  withVault(notifications.command('show', { isDefault: true }))
    .description('Which topic is told, and of what.')
    .action(async (options: VaultOptions, command: Command) => {
      const place = vaultIn(options, command);
      await withSession(command, output, { keys: 'none' }, async (session) => {
        const set = await session.ask('notifications:show', place);
        await output.result(set, () => [set === null ? 'Nobody is told.' : notificationsText(set)]);
      });
    });

  withVault(notifications.command('set'))
    .description('Tells a topic, in place of the one before.')
    .requiredOption('--topic <arn>', 'The topic, arn:aws:sns:…; it has to let the vault publish.')
    .addOption(new Option('--on <job...>', 'Of which jobs; by default of both.').choices(Object.keys(events)))
    .action(async (options: SetOptions, command: Command) => {
      const { topic, on, ...rest } = options;
      const place = vaultIn(rest, command);
      const wanted = on === undefined ? {} : { events: on.map((job) => events[job]) };
      await withSession(command, output, { keys: 'none' }, async (session) => {
        const set = await session.ask('notifications:set', { ...place, topic, ...wanted });
        await output.result(set, () => [notificationsText(set)]);
      });
    });

  withVault(notifications.command('delete'))
    .description('Tells nobody any more.')
    .action(async (options: VaultOptions, command: Command) => {
      const place = vaultIn(options, command);
      await withSession(command, output, { keys: 'none' }, async (session) => {
        const nothing = await session.ask('notifications:delete', place);
        await output.result(nothing, () => ['Nobody is told any more.']);
      });
    });
}

const eventTexts: Readonly<Record<NotificationEvent, string>> = {
  'archive-ready': 'retrieved archives',
  'inventory-ready': 'inventories',
};

export function notificationsText({ topic, events: of }: VaultNotifications): string {
  return `${shown(topic)} is told of ${of.map((event) => eventTexts[event]).join(' and ')}.`;
}
