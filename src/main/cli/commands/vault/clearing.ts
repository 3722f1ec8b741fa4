/** `vault delete-archive` and `vault empty`: deleting, one archive or all of them and the vault. */
import type { Command } from 'commander';
import type { ClearingPreview } from '../../../../shared/archiveTypes.ts';
import type { RequestInput } from '../../../../shared/contract.ts';
import { formatBytes, formatCount, formatEstimate, formatWhen, plural, shown } from '../../format.ts';
import { positiveNumber } from '../../options.ts';
import type { Output } from '../../output.ts';
import { withSession } from '../../session.ts';
import { confirm } from './confirm.ts';
import { errandLines, errandTable, exitCodeOfErrand, whenStopped } from './errandText.ts';
import { followErrand, hasEnded, isAtRest, runErrand } from './followErrand.ts';
import { placeOf, vaultIn, withPlace, withVault, type PlaceOptions, type VaultOptions } from './place.ts';

interface ClearOptions {
  readonly includingSnapshots?: true;
  readonly rate?: number;
  readonly dryRun?: true;
  readonly yes?: true;
}

interface DeleteOptions extends VaultOptions, ClearOptions {
  readonly archive?: readonly string[];
  readonly search?: string;
}

interface EmptyOptions extends PlaceOptions, ClearOptions {
  readonly close?: true;
  readonly wait?: true;
  readonly status?: true;
  readonly resume?: true;
}

type Asked = RequestInput<'clearings:preview'>;

function withClearing(command: Command): Command {
  return command
    .option('--including-snapshots', 'Permafrost’s own archives too: snapshots are lost with them.')
    .option('--rate <n>', 'Deletions a second; 5 by default.', positiveNumber)
    .option('--dry-run', 'Only say what would go and what it costs.')
    .option('--yes', 'Agree without being asked.');
}

export function addDeleteArchive(vault: Command, output: Output): void {
  withClearing(withVault(vault.command('delete-archive')))
    .description('Deletes archives for good. Those under 90 days old are charged for the days that are left.')
    .argument('[archive...]', 'Their ids. One that begins with - goes after --, or as --archive=ID.')
    .option('--archive <id...>', 'The same.')
    .option('--search <text>', 'All of the read inventory with this in their name.')
    .action(async (named: string[], options: DeleteOptions, command: Command) => {
      const archives = [...named, ...(options.archive ?? [])];
      const { search } = options;
      if (archives.length > 0 === (search !== undefined))
        command.error("error: name the archives, or give '--search'");
      const which = search === undefined ? { archives } : { search };
      const asked = {
        ...vaultIn(options, command),
        which,
        alsoOurs: options.includingSnapshots === true,
      };
      await clear(command, output, asked, options, {});
    });
}

export function addEmpty(vault: Command, output: Output): void {
  withClearing(withPlace(vault.command('empty')))
    .description('Deletes all archives of a vault. It goes on by itself after any interruption.')
    .argument('[vault]', 'Its name; with a target, by default its own.')
    .option('--close', 'Delete the vault too, once the service counts it as empty: a day or two later.')
    .option('--wait', 'With --close: stay until the vault is deleted.')
    .option('--status', 'Only say how far this is.')
    .option('--resume', 'Carry on what was begun.')
    .action(async (name: string | undefined, options: EmptyOptions, command: Command) => {
      if (options.status === true) return status(command, output);
      if (options.resume === true) return resume(command, output, options.wait === true);
      const place =
        name === undefined ? vaultIn(options, command) : { ...placeOf(options, command), vault: name };
      const alsoOurs = options.includingSnapshots === true;
      const { close, wait } = options;
      await clear(command, output, { ...place, which: { all: true }, alsoOurs }, options, { close, wait });
    });
}

async function clear(
  command: Command,
  output: Output,
  asked: Asked,
  { rate, dryRun, yes }: ClearOptions,
  { close, wait }: { readonly close?: true | undefined; readonly wait?: true | undefined },
): Promise<void> {
  await withSession(command, output, { keys: 'none', whenStopped }, async (session) => {
    const preview = await session.ask('clearings:preview', asked);
    const lines = [...previewLines(preview), ...(close === true ? [closing(preview)] : [])];
    if (dryRun === true) {
      await output.result(preview, () => lines);
      return;
    }
    await confirm(session, yes === true, lines);
    const wanted = {
      ...asked,
      close: close === true,
      ...(rate !== undefined && { rate }),
      accept: true,
    } as const;
    const until = close === true && wait !== true ? isAtRest : hasEnded;
    await runErrand(session, () => session.ask('clearings:start', wanted), until);
  });
}

async function status(command: Command, output: Output): Promise<void> {
  await withSession(command, output, { keys: 'none' }, async (session) => {
    const errands = await session.ask('errands:list', { kind: 'clearing' });
    await output.result(errands, () =>
      errands.length === 0 ? ['Nothing was to be deleted.'] : errandTable(errands, Date.now()),
    );
  });
}

async function resume(command: Command, output: Output, wait: boolean): Promise<void> {
  await withSession(command, output, { keys: 'none', whenStopped }, async (session) => {
    const open = (await session.ask('errands:list', { kind: 'clearing' })).filter((one) => !hasEnded(one));
    const followed = await Promise.all(
      open.map(({ id }) =>
        followErrand(
          session,
          async () => {
            await session.ask('errands:resume', { kind: 'clearing' });
            return session.ask('errands:show', { id });
          },
          wait ? hasEnded : isAtRest,
        ),
      ),
    );
    await output.result(followed, () =>
      followed.length === 0 ? ['Nothing is under way.'] : followed.flatMap(errandLines),
    );
    process.exitCode = Math.max(0, ...followed.map(exitCodeOfErrand));
  });
}

function previewLines(preview: ClearingPreview): string[] {
  const { archives, bytes, names, unknown, ours, plans, inventoryAt, freeAt } = preview;
  return [
    `Deletes ${plural(archives, 'archive')} of vault ${preview.vault}, ${formatBytes(bytes)}, for good.`,
    ...names.map((name) => `  ${shown(name)}`),
    ...(archives > names.length && names.length > 0
      ? [`  and ${formatCount(archives - names.length)} more`]
      : []),
    ...(inventoryAt === null ? [] : [`By the inventory of ${formatWhen(inventoryAt)}.`]),
    ...(unknown === 0
      ? []
      : [
          `No inventory here lists ${plural(unknown, 'of them', 'of them')}: their size, age and charge are unknown.`,
        ]),
    ...(ours === 0 ? [] : [`${plural(ours, 'archive')} of Permafrost’s own, with snapshots in them.`]),
    ...(plans.length === 0 ? [] : [`Snapshots of these plans are lost: ${plans.join(', ')}.`]),
    ...(freeAt === null ? [] : [`From ${formatWhen(freeAt)} on it costs nothing.`]),
    ...formatEstimate(preview.estimate),
  ];
}

function closing({ vault }: ClearingPreview): string {
  return `Then vault ${vault} itself is deleted, with its policy, tags and notifications.`;
}
