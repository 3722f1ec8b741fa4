import { Argument, type Command } from 'commander';
import type {
  FileStep,
  OrderArchive,
  OrderFolder,
  OrderSummary,
  Tier,
  TierChange,
} from '../../../shared/types.ts';
import { followOrder, hasEnded, isAtRest } from '../followOrder.ts';
import {
  formatBytes,
  formatEstimate,
  formatHours,
  formatUsd,
  formatWhen,
  plural,
  shown,
  table,
} from '../format.ts';
import { exitCodeOfOrder, orderLines, orderTable, whenStopped } from '../orderText.ts';
import type { Output } from '../output.ts';
import { withSession } from '../session.ts';
import { addPutBack } from './putBack.ts';
import { confirm } from './vault/confirm.ts';

interface ShowOptions {
  readonly archives?: true;
  /** True: from the top. */
  readonly folders?: string | true;
}

interface TierOptions {
  readonly dryRun?: true;
  readonly yes?: true;
}

export function addOrders(program: Command, output: Output): void {
  const orders = program
    .command('orders')
    .helpCommand(false)
    .description('Restores that were ordered; with an id, one of them.')
    .usage(
      '[id [--archives | --folders [path]]] | first <id> <path...> | tier <id> <tier> | put-back <id> | cancel <id> | resume [--wait]',
    )
    .argument('[id]')
    .option('--archives', 'Each stretch of an archive that it needs, and where that stands.')
    .option('--folders [path]', 'How far it is, folder by folder: those in the folder that is named.')
    .action(async (id: string | undefined, options: ShowOptions, command: Command) => {
      if (id === undefined && (options.archives === true || options.folders !== undefined))
        command.error('error: name the order first: permafrost orders ID --folders');
      await withSession(command, output, { keys: 'none' }, async (session) => {
        if (id === undefined) {
          const all = await session.ask('orders:list', {});
          await output.result(all, () => (all.length === 0 ? ['No orders.'] : orderTable(all, Date.now())));
        } else if (options.archives === true) {
          const archives = await session.ask('orders:archives', { id });
          await output.result(archives, () => archiveLines(archives));
        } else if (options.folders !== undefined) {
          const at = options.folders === true ? {} : { at: { text: options.folders } };
          const folders = await session.ask('orders:folders', { id, ...at });
          await output.result(folders, () => folderLines(folders));
        } else {
          const order = await session.ask('orders:show', { id });
          await output.result(order, () => orderLines(order));
        }
      });
    });

  orders
    .command('cancel')
    .description('Ends an order. Files that are back already stay; retrievals that were asked for are paid.')
    .argument('<id>')
    .action(async (id: string, _options: object, command: Command) => {
      await withSession(command, output, { keys: 'none' }, async (session) => {
        const order = await session.ask('orders:cancel', { id });
        await output.result(order, () => orderLines(order));
      });
    });

  orders
    .command('first')
    .description('Has the archives of some files or folders asked for and read before all others.')
    .argument('<id>')
    .argument('<path...>')
    .action(async (id: string, paths: readonly string[], _options: object, command: Command) => {
      await withSession(command, output, { keys: 'none' }, async (session) => {
        const order = await session.ask('orders:first', { id, paths: paths.map((text) => ({ text })) });
        await output.result(order, () => [`${paths.map(shown).join(', ')} will come first.`]);
      });
    });

  orders
    .command('tier')
    .description('Takes another tier for what was not asked for yet. What was asked for keeps its own.')
    .argument('<id>')
    .addArgument(new Argument('<tier>').choices(['expedited', 'standard', 'bulk']))
    .option('--dry-run', 'Only say what it changes.')
    .option('--yes', 'Agree to the price without being asked.')
    .action(async (id: string, tier: Tier, options: TierOptions, command: Command) => {
      await withSession(command, output, { keys: 'none' }, async (session) => {
        const told = await session.ask('orders:tier', { id, tier });
        if (options.dryRun === true || told.retrievals === 0) {
          await output.result(told, () => tierLines(told, tier));
          return;
        }
        await confirm(session, options.yes === true, tierLines(told, tier));
        const done = await session.ask('orders:tier', { id, tier, accept: true });
        await output.result(done, () => ['Carry it on with: permafrost orders resume --wait']);
      });
    });

  addPutBack(orders, output);

  orders
    .command('resume')
    .description('Carries on every order that has not ended, as far as it goes now.')
    .option('--wait', 'Stay until they have all ended.')
    .action(async (options: { wait?: true }, command: Command) => {
      await withSession(command, output, { keys: 'needed', whenStopped }, async (session) => {
        const open = await session.ask('orders:resume', {});
        const until = options.wait === true ? hasEnded : isAtRest;
        const followed: OrderSummary[] = await Promise.all(
          open.map(({ id }) => followOrder(session, () => session.ask('orders:show', { id }), until)),
        );
        await output.result(followed, () =>
          followed.length === 0 ? ['No order is under way.'] : followed.flatMap(orderLines),
        );
        process.exitCode = Math.max(0, ...followed.map(exitCodeOfOrder));
      });
    });
}

function archiveLines(archives: readonly OrderArchive[]): string[] {
  if (archives.length === 0) return ['Nothing has to be retrieved for this order.'];
  const rows = archives.map(({ pack, first, bytes, tier, state, readyAt, reason }) => [
    pack.slice(0, 12),
    formatBytes(first),
    formatBytes(bytes),
    tier,
    stateOfArchive[state],
    readyAt === null ? '' : formatWhen(readyAt),
    reason === null ? '' : shown(reason),
  ]);
  return table(
    [['PACK', 'FROM', 'BYTES', 'TIER', 'STATE', 'READY', ''], ...rows],
    ['left', 'right', 'right', 'left', 'left', 'left', 'left'],
  );
}

const stateOfArchive: Readonly<Record<OrderArchive['state'], string>> = {
  planned: 'not asked for yet',
  requested: 'thawing',
  ready: 'ready',
  fetched: 'downloaded',
  failed: 'failed',
  expired: 'expired',
};

function folderLines(folders: readonly OrderFolder[]): string[] {
  const [itself] = folders;
  const steps = inOrder.filter((step) => (itself?.steps[step] ?? 0) > 0);
  const rows = folders.map(({ path, files, bytes, steps: counts }) => [
    path === '' ? 'all of it' : shown(path),
    files.toLocaleString('en-US'),
    formatBytes(bytes),
    ...steps.map((step) => (counts[step] === 0 ? '' : counts[step].toLocaleString('en-US'))),
  ]);
  return table(
    [['FOLDER', 'FILES', 'BYTES', ...steps.map((step) => step.toUpperCase())], ...rows],
    ['left', 'right', 'right', ...steps.map(() => 'right' as const)],
  );
}

/** As an order goes on. */
const inOrder: readonly FileStep[] = [
  'ordered',
  'thawing',
  'ready',
  'downloaded',
  'done',
  'expired',
  'failed',
];

function tierLines(told: TierChange, tier: Tier): string[] {
  const kept =
    told.tooLarge === 0 ? [] : [`${plural(told.tooLarge, 'retrieval')} larger than 250 MB keep their tier.`];
  if (told.retrievals === 0)
    return ['Everything that can be is asked for already, or has that tier.', ...kept];
  const more = told.extraUsd < 0 ? 'less' : 'more';
  return [
    `${plural(told.retrievals, 'retrieval')}, ${formatBytes(told.bytes)} together, would be ${tier}: usually ready after ${formatHours(told.hours)}, ${formatUsd(Math.abs(told.extraUsd))} ${more} than before.`,
    ...kept,
    'The whole order then:',
    ...formatEstimate(told.estimate),
  ];
}
