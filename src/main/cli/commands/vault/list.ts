import type { Command } from 'commander';
import type { Outputs, RequestInput, RequestName } from '../../../../shared/contract.ts';
import type { Failure } from '../../../../shared/failure.ts';
import type { LockStatus, VaultSummary } from '../../../../shared/vaultTypes.ts';
import { Failed } from '../../failed.ts';
import { formatBytes, formatCount, formatDuration, formatWhen, plural, shown, table } from '../../format.ts';
import type { Output } from '../../output.ts';
import { withSession, type Session } from '../../session.ts';
import { notificationsText } from './notifications.ts';
import { placeOf, vaultIn, withPlace, type PlaceOptions } from './place.ts';
import { tagText } from './tags.ts';

export function addList(vault: Command, output: Output): void {
  withPlace(vault.command('list'))
    .description('All vaults of the account in a region, as the service last counted them.')
    .action(async (options: PlaceOptions, command: Command) => {
      const place = placeOf(options, command);
      await withSession(command, output, { keys: 'none' }, async (session) => {
        const vaults = await session.ask('vaults:list', place);
        await output.result(vaults, () => (vaults.length === 0 ? ['No vaults.'] : vaultTable(vaults)));
      });
    });
}

export function addShow(vault: Command, output: Output): void {
  withPlace(vault.command('show'))
    .description('One vault with its settings.')
    .argument('[vault]', 'Its name; with a target, by default its own.')
    .action(async (name: string | undefined, options: PlaceOptions, command: Command) => {
      const place = vaultIn({ ...options, ...(name !== undefined && { vault: name }) }, command);
      await withSession(command, output, { keys: 'none' }, async (session) => {
        const summary = await session.ask('vaults:show', place);
        const notifications = await allowed(session, 'notifications:show', place);
        const accessPolicy = await allowed(session, 'accessPolicy:show', place);
        const lock = await allowed(session, 'vaultLock:show', place);
        const tags = await allowed(session, 'tags:list', place);
        await output.result({ ...summary, notifications, accessPolicy, lock, tags }, () =>
          table(
            [
              ...summaryRows(summary),
              ['Notifications', textOf(notifications, (set) => set && notificationsText(set))],
              ['Access policy', textOf(accessPolicy, (set) => set && plural(set.length, 'character'))],
              ['Lock', textOf(lock, lockText)],
              ['Tags', textOf(tags, (all) => all.map(tagText).join(', '))],
            ],
            ['left', 'left'],
          ),
        );
      });
    });
}

/** The answer, or that these credentials may not see it: the rest of a vault is shown all the same. */
async function allowed<R extends RequestName>(
  session: Session,
  request: R,
  input: RequestInput<R>,
): Promise<Outputs[R] | { readonly denied: Failure }> {
  try {
    return await session.ask(request, input);
  } catch (error) {
    if (error instanceof Failed && error.failure.kind === 'denied') return { denied: error.failure };
    throw error;
  }
}

/** `-` for nothing. */
function textOf<T>(answer: T | { readonly denied: Failure }, text: (answer: T) => string | null): string {
  if (isDenied(answer)) return 'not allowed to see it';
  return text(answer) || '-';
}

function isDenied(answer: unknown): answer is { readonly denied: Failure } {
  return typeof answer === 'object' && answer !== null && 'denied' in answer;
}

function vaultTable(vaults: readonly VaultSummary[]): string[] {
  const rows = vaults.map((vault) => [
    vault.vault,
    formatCount(vault.archives),
    formatBytes(vault.bytes),
    countedText(vault),
    targetsText(vault),
  ]);
  return table(
    [['VAULT', 'ARCHIVES', 'SIZE', 'COUNTED', 'TARGET'], ...rows],
    ['left', 'right', 'right', 'left', 'left'],
  );
}

/** A vault as the service last counted it. */
export function summaryRows(vault: VaultSummary): string[][] {
  return [
    ['Vault', vault.vault],
    ['ARN', shown(vault.arn)],
    ['Created', formatWhen(vault.createdAt)],
    ['Counted', countedText(vault)],
    ['Holds', `${plural(vault.archives, 'archive')}, ${formatBytes(vault.bytes)}`],
    ['Target', targetsText(vault)],
  ];
}

function countedText({ inventoryAt }: VaultSummary): string {
  return inventoryAt === null ? 'not yet' : formatWhen(inventoryAt);
}

function targetsText({ targets }: VaultSummary): string {
  return targets.length === 0 ? '-' : targets.join(', ');
}

function lockText({ state, leftMs }: LockStatus): string | null {
  switch (state) {
    case 'none':
      return null;
    case 'testing':
      return `being tested for another ${formatDuration(leftMs ?? 0)}`;
    case 'locked':
      return 'locked for good';
  }
}
